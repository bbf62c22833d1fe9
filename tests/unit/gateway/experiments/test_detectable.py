"""The smallest differences that a dry run tells of, and where their spread comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.metrics.conftest import make_experiment

from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Dataset
from syntrust_metrics.experiment.results import build_results
from syntrust_metrics.planning import Plan, measure_experiment, plan_power, use_published
from syntrust_metrics.planning.design import QUESTIONS

pytestmark = pytest.mark.any_database

Finish = Callable[..., str]


@pytest.fixture
def large_dataset(container: Container, ready_dataset: str) -> str:
    """Forty cases, so that twelve can be tested."""
    with container.write.begin() as session:
        like = session.scalars(select(Case).where(Case.dataset_id == ready_dataset)).first()
        assert like is not None
        assert like.record is not None
        for number in range(10, 40):
            more = Case(dataset_id=ready_dataset, case_id=f"case-{number}", files={})
            more.state, more.step = like.state, f"{number:064d}"
            more.record = like.record | {"fingerprint": f"{number:064d}"}
            session.add(more)
        session.get_one(Dataset, ready_dataset).digest = "e" * 64
    return ready_dataset


def ask(api: Any, dataset: str, **fields: Any) -> Any:
    body = {"dataset": dataset, "alphas": [0, 1], "split": {"test_fraction": 0.3}}
    return api.post("/experiments?dry_run=true", json=body | fields).json()["detectable"]


def make_results(alphas: tuple[str, ...] = ("0", "1"), test: int = 12) -> dict[str, Any]:
    made = make_experiment(alphas=alphas, seeds=(0, 1), test=test)
    found: dict[str, Any] = json.loads(json.dumps(build_results(made.request, made.scores)))
    return found


def test_without_an_experiment_the_spread_is_that_of_published_scores(
    api: Any, large_dataset: str
) -> None:
    found = ask(api, large_dataset)

    assert (found["cases"], found["seeds"]) == (12, 1)
    assert (found["source"]["kind"], found["source"]["experiment"]) == ("published", None)
    for question in QUESTIONS:
        plan = plan_power(Plan(12, 1, question), use_published())
        assert found["regions"]["ET"][question] == plan["regions"]["ET"]["detectable"]
    codes = [each["code"] for each in found["warnings"]]
    assert codes[:2] == ["few_cases", "few_seeds"]


def test_an_earlier_experiment_on_the_dataset_gives_the_spread(
    api: Any, large_dataset: str, finish: Finish
) -> None:
    results = make_results()
    finish(make_results(("0.5",)), alphas=[0.5])
    experiment = finish(results, alphas=[0, 1])
    finish(make_results(("0.5",)), alphas=[0.5])

    found = ask(api, large_dataset, seeds=[0, 1, 2])

    assert found["source"]["experiment"] == experiment
    plan = plan_power(Plan(12, 3), measure_experiment(results, "non_inferiority"))
    assert plan["overall"] is not None
    assert found["overall"]["non_inferiority"] == plan["overall"]["detectable"]


def test_an_experiment_of_too_few_cases_gives_none(
    api: Any, large_dataset: str, finish: Finish
) -> None:
    finish(make_results(test=9), alphas=[0, 1])

    assert ask(api, large_dataset)["source"]["kind"] == "published"


def test_a_dry_run_without_real_data_alone_says_that_nothing_is_compared_with_it(
    api: Any, large_dataset: str
) -> None:
    found = ask(api, large_dataset, alphas=[0, 0.5])

    assert found["warnings"][-1]["code"] == "no_real_alone"


def test_another_clients_experiment_gives_no_spread(
    admin: Any, large_dataset: str, finish: Finish
) -> None:
    finish(make_results(), alphas=[0, 1])

    assert ask(admin, large_dataset)["source"]["kind"] == "published"
