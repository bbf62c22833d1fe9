"""The precision of the installation stands in each step's request, so it is part of its id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.experiments.test_plan import IDS, dataset, generator, spec

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase, TrainSegmenter
from syntrust_gateway.container import Container
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.precision import FLOAT32, Precisions
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ResolvedSpec

BFLOAT16 = Precisions("bf16", "bfloat16")


def planned(precisions: Precisions, **changes: object) -> tuple[StepMessage, ...]:
    asked = resolve(spec(**changes), dataset(IDS), generator(), precisions=precisions)
    return plan(asked, dataset(IDS)).steps


def twins(steps: Iterable[StepMessage]) -> list[SynthesiseCase]:
    return [step for step in steps if isinstance(step, SynthesiseCase)]


def trainings(steps: Iterable[StepMessage]) -> list[TrainSegmenter]:
    return [step for step in steps if isinstance(step, TrainSegmenter)]


@pytest.mark.parametrize("precisions", [FLOAT32, BFLOAT16])
def test_every_twin_and_every_training_names_the_precision_of_the_installation(
    precisions: Precisions,
) -> None:
    steps = planned(precisions)

    assert {twin.precision for twin in twins(steps)} == {precisions.generator}
    assert {each.overrides["precision"] for each in trainings(steps)} == {precisions.segmenter}


def test_steps_of_two_precisions_have_nothing_in_common() -> None:
    one, two = ({step.step_id for step in planned(each)} for each in (FLOAT32, BFLOAT16))

    assert not one & two


def test_a_precision_that_the_caller_names_is_kept() -> None:
    steps = planned(
        BFLOAT16,
        generator={"precision": "fp32"},
        segmenter={"overrides": {"precision": "float32", "batch": 1}},
    )

    assert {twin.precision for twin in twins(steps)} == {"fp32"}
    assert trainings(steps)[0].overrides == {"precision": "float32", "batch": 1}


def test_auto_is_resolved_before_anything_is_planned() -> None:
    steps = planned(BFLOAT16, segmenter={"overrides": {"precision": "auto"}})

    assert {each.overrides["precision"] for each in trainings(steps)} == {"bfloat16"}


def test_a_spec_of_an_earlier_release_plans_the_steps_that_it_planned_then() -> None:
    told = resolve(spec(), dataset(IDS), generator()).model_dump(mode="json")
    del told["generator"]["precision"]
    told["segmenter"]["overrides"] = {}

    steps = plan(ResolvedSpec.model_validate(told), dataset(IDS)).steps

    # No field and no override of it: its ids are those of the steps that were done then.
    assert not any("precision" in twin.identity() for twin in twins(steps))
    assert {str(each.overrides) for each in trainings(steps)} == {"{}"}


@pytest.mark.parametrize(
    ("config", "precisions", "found"),
    [
        ({}, BFLOAT16, "bf16"),
        ({}, FLOAT32, "fp32"),
        ({"recipe": {"iterations": 1}}, Precisions("tf32"), "fp32"),
        ({"recipe": {"precision": "bf16"}}, FLOAT32, "bf16"),
    ],
)
def test_a_training_of_a_generator_names_a_precision(
    config: dict[str, Any], precisions: Precisions, found: str
) -> None:
    assert precisions.complete_training(config)["recipe"]["precision"] == found


def test_a_recipe_that_is_none_is_left_to_be_refused() -> None:
    assert BFLOAT16.complete_training({"recipe": 3}) == {"recipe": 3}


@pytest.fixture
def container(container: Container) -> Container:
    return replace(container, precisions=BFLOAT16)


@pytest.mark.any_database
def test_an_experiment_shows_its_precision_and_is_repeated_in_it_after_a_change(
    api: Api, app: FastAPI, container: Container, post_experiment: Callable[..., httpx.Response]
) -> None:
    first = post_experiment().json()["spec"]
    assert first["generator"]["precision"] == "bf16"
    assert first["segmenter"]["overrides"] == {"precision": "bfloat16"}

    # The operator changes the setting: a spec that is posted again asks for the same steps.
    app.state.container = replace(container, precisions=FLOAT32)
    again = api.post("/experiments", json=first).json()["spec"]
    other = post_experiment().json()["spec"]

    assert again == first
    assert other["generator"]["precision"] == "fp32"
    assert other["segmenter"]["overrides"] == {"precision": "float32"}
