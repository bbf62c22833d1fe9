"""`POST /comparisons`: what differs between experiments that have ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.metrics.conftest import make_experiment

from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Experiment
from syntrust_metrics.experiment.results import build_results

pytestmark = pytest.mark.any_database

Finish = Callable[..., str]


@pytest.fixture
def results() -> dict[str, Any]:
    made = make_experiment(alphas=("0", "1"), test=12)
    found: dict[str, Any] = json.loads(json.dumps(build_results(made.request, made.scores)))
    return found


@pytest.fixture
def pair(finish: Finish, container: Container, results: dict[str, Any]) -> list[str]:
    """Two experiments that differ in their iterations, on twelve known test cases."""
    found = [
        finish(results, alphas=[0, 1], segmenter={"iterations": number}) for number in (10, 20)
    ]
    with container.write.begin() as session:
        for identity in found:
            row = session.get_one(Experiment, identity)
            row.spec = row.spec | {"test": [f"test-{number:02d}" for number in range(12)]}
        for number in range(12):
            case = Case(dataset_id=row.dataset_id, case_id=f"test-{number:02d}", files={})
            case.record = {"fingerprint": f"{number:064d}"}
            session.add(case)
    return found


def test_two_experiments_are_compared_in_settings_and_in_results(
    api: Any, pair: list[str], results: dict[str, Any]
) -> None:
    answer = api.post("/comparisons", json={"experiments": pair})

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [each["id"] for each in body["experiments"]] == pair
    assert body["settings"] == [{"setting": "/segmenter/iterations", "values": [10, 20]}]
    factors = results["alphas"][0]["trust"]["factors"]
    assert [each["factors"] for each in body["alphas"][0]["experiments"]] == [factors, factors]
    real = body["differences"][0]["real"]
    assert (real["cases"], real["seeds"], real["reason"]) == (12, 1, None)
    assert real["overall"] == {
        "value": 0.0,
        "ci": [0.0, 0.0],
        "scope": "this trained model",
        "reason": None,
    }


def test_cases_whose_content_is_not_known_are_not_paired(
    api: Any, finish: Finish, results: dict[str, Any]
) -> None:
    pair = [finish(results, alphas=[0, 1]) for _ in range(2)]

    body = api.post("/comparisons", json={"experiments": pair}).json()

    assert body["differences"][0]["real"]["regions"] is None
    assert "0 of 12 and 12" in body["differences"][0]["real"]["reason"]


@pytest.mark.parametrize("named", [[0], [0, 0], [0, 1, 0, 1, 0, 1, 0]])
def test_two_to_six_experiments_are_named_once_each(
    api: Any, pair: list[str], named: list[int]
) -> None:
    answer = api.post("/comparisons", json={"experiments": [pair[number] for number in named]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/experiments"


def test_an_experiment_that_has_not_ended_cannot_be_compared(
    api: Any, pair: list[str], post_experiment: Callable[..., httpx.Response]
) -> None:
    running = post_experiment().json()["id"]

    assert api.post("/comparisons", json={"experiments": [pair[0], running]}).status_code == 409


def test_another_clients_experiment_is_as_if_there_were_none(
    stranger: Any, pair: list[str]
) -> None:
    answer = stranger.post("/comparisons", json={"experiments": pair})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/experiments/0"
