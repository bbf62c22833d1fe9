"""`POST /experiments`: what is accepted, written out, and refused by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from syntrust_core.contracts.base import Ref

pytestmark = pytest.mark.any_database


def test_an_accepted_experiment_says_where_to_watch_it(
    post_experiment: Callable[..., httpx.Response], ready_dataset: str
) -> None:
    answer = post_experiment(name="first")

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/experiments/{body['id']}"
    assert answer.headers["content-location"] == answer.headers["location"]
    assert int(answer.headers["retry-after"]) > 0
    assert (body["state"], body["name"], body["dataset"]) == ("queued", "first", ready_dataset)
    assert (body["queue_position"], body["eta_seconds"], body["error"]) == (0, None, None)
    assert body["steps"] == {"done": 0, "total": 0, "by_kind": {}}


def test_every_default_and_choice_is_written_out(
    post_experiment: Callable[..., httpx.Response],
) -> None:
    spec = post_experiment(alphas=[1, 0.50, 0]).json()["spec"]

    assert spec["alphas"] == ["0", "0.5", "1"]
    assert spec["generator"]["model"] == {"kind": "imported_model", "id": "9" * 64}
    assert spec["generator"]["steps"] == 10
    assert spec["segmenter"]["iterations"] > 0
    assert set(spec["train"]) & set(spec["test"]) == set()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"alphas": []}, "/alphas"),
        ({"alphas": [0, 1.5]}, "/alphas/1"),
        ({"alphas": [-0.1]}, "/alphas/0"),
        ({"alphas": [0.5, 0, 0.50]}, "/alphas/2"),
        ({"alphas": ["half"]}, "/alphas/0"),
        ({"seeds": []}, "/seeds"),
        ({"seeds": [1, 1]}, "/seeds/1"),
        ({"split": {"train": ["case-0", "case-1"], "test": ["case-1"]}}, "/split/test"),
        ({"split": {"train": ["case-0"], "test": ["case-99"]}}, "/split/test/0"),
        ({"split": {"seed": 0, "test_fraction": 1.5}}, "/split"),
        ({"generator": {"model": "unheard-of"}}, "/generator/model"),
        ({"generator": {"model": "../../secret"}}, "/generator/model"),
        ({"generator": {"steps": 0}}, "/generator/steps"),
        ({"segmenter": {"preset": "enormous"}}, "/segmenter/preset"),
        ({"segmenter": {"overrides": {"speed": 9}}}, "/segmenter/overrides/speed"),
        ({"segmenter": {"overrides": {"a/b": 9}}}, "/segmenter/overrides/a~1b"),
        ({"segmenter": {"overrides": {"batch": 0}}}, "/segmenter/overrides/batch"),
        ({"segmenter": {"overrides": {"batch": "2"}}}, "/segmenter/overrides/batch"),
        ({"segmenter": {"overrides": {"batch": True}}}, "/segmenter/overrides/batch"),
        ({"segmenter": {"overrides": {"deterministic": 1}}}, "/segmenter/overrides/deterministic"),
        ({"segmenter": {"overrides": {"patch": 65}}}, "/segmenter/overrides/patch/0"),
        ({"segmenter": {"overrides": {"head": "shoulders"}}}, "/segmenter/overrides/head"),
        ({"segmenter": {"overrides": {"iterations": 5}}}, "/segmenter/overrides/iterations"),
        ({"segmenter": {"overrides": {"preset": "full"}}}, "/segmenter/overrides/preset"),
        ({"mixing": "stirred"}, "/mixing"),
        ({"name": "a\u0000b"}, "/name"),
        ({"dataset": "00000000-0000-7000-8000-000000000000"}, "/dataset"),
        ({"dataset": "no\u0000uuid"}, "/dataset"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_experiment_is_refused_by_field(
    post_experiment: Callable[..., httpx.Response], fields: dict[str, Any], pointer: str
) -> None:
    answer = post_experiment(**fields)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"])


def test_settings_of_the_segmenter_that_a_training_takes_are_accepted(
    post_experiment: Callable[..., httpx.Response],
) -> None:
    overrides = {"learning_rate": 0.01, "batch": 1, "head": "regions", "deterministic": False}

    answer = post_experiment(segmenter={"overrides": overrides})

    assert answer.status_code == 202
    assert answer.json()["spec"]["segmenter"]["overrides"] == {**overrides, "precision": "float32"}


def test_a_misspelt_setting_is_told_which_one_may_be_meant(
    post_experiment: Callable[..., httpx.Response],
) -> None:
    answer = post_experiment(segmenter={"overrides": {"learning_rat": 0.01}})

    assert "Did you mean learning_rate?" in answer.json()["detail"]


def test_alpha_has_no_nan(api: Any, ready_dataset: str) -> None:
    content = json.dumps({"dataset": ready_dataset, "alphas": [float("nan")]})

    answer = api.post("/experiments", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/alphas/0"


def test_a_dataset_that_is_not_ready_is_a_conflict(api: Any, generator: Ref) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]

    answer = api.post("/experiments", json={"dataset": dataset, "alphas": [0]})

    assert answer.status_code == 409
    assert answer.json()["state"] == "open"


def test_anothers_dataset_is_unknown(stranger: Any, ready_dataset: str) -> None:
    answer = stranger.post("/experiments", json={"dataset": ready_dataset, "alphas": [0]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/dataset"


def test_equal_requests_are_two_experiments(post_experiment: Callable[..., httpx.Response]) -> None:
    assert post_experiment().json()["id"] != post_experiment().json()["id"]
