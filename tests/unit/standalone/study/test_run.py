"""Which experiments a study finds again on a platform, and which it asks for anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from syntrust.client import Client
from syntrust_core.contracts.base import RECIPES, Kind
from syntrust_standalone.study import run
from syntrust_standalone.study.spec import StudyExperiment

EXPERIMENT = StudyExperiment(name="mixes", alphas=(0, 1), seeds=(0,))
REQUEST = {"dataset": "ds", "alphas": [0, 1], "seeds": [0]}


class Platform:
    """The experiments of a platform as a client shows them, and what was asked of it."""

    def __init__(self) -> None:
        self.held: list[dict[str, Any]] = []
        self.retried: list[str] = []
        self.client = cast("Client", SimpleNamespace(experiments=self))

    def list(self) -> list[dict[str, Any]]:
        return self.held

    def create(self, dataset: str, alphas: object, **settings: Any) -> dict[str, Any]:
        made = {"id": f"{dataset}-{len(self.held)}", "state": "running", **settings}
        self.held.append(made)
        return made

    def retry(self, experiment: str) -> None:
        self.retried.append(experiment)

    def ask(self, **changed: Any) -> str:
        return run._ask(self.client, EXPERIMENT, {**REQUEST, **changed})


@pytest.fixture
def platform() -> Platform:
    return Platform()


def test_the_same_request_is_asked_for_once(platform: Platform) -> None:
    assert platform.ask() == platform.ask()
    assert len(platform.held) == 1


def test_another_request_is_another_experiment(platform: Platform) -> None:
    assert platform.ask() != platform.ask(seeds=[1])


def test_a_failed_experiment_is_tried_again(platform: Platform) -> None:
    first = platform.ask()
    platform.held[0]["state"] = "failed"

    assert platform.ask() == first
    assert platform.retried == [first]


def test_a_cancelled_experiment_is_asked_for_anew(platform: Platform) -> None:
    first = platform.ask()
    platform.held[0]["state"] = "cancelled"

    assert platform.ask() != first


def test_an_experiment_of_former_recipes_is_asked_for_anew(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = platform.ask()
    newer = {**RECIPES, Kind.BUILD_REPORT: RECIPES[Kind.BUILD_REPORT] + 1}
    monkeypatch.setattr(run, "RECIPES", newer)

    assert platform.ask() != first
