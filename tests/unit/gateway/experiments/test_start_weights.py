"""Start weights and probabilities of an experiment: what is planned, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.experiment_steps import PredictCases, TrainSegmenter
from syntrust_core.contracts.grid import Grid
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.datasets.planner_view import CaseView, DatasetView
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec, select_settings
from syntrust_gateway.models.planner_view import GeneratorView, StartView, view_start
from syntrust_gateway.models.registry import FoundModel

GRID = Grid(shape=(64, 64, 64), spacing_mm=(3, 3, 3))
CASES = tuple(CaseView(f"p{i:02d}", None, f"{i:064x}", f"{i:x}") for i in range(20))
DATASET = DatasetView("ds", "d" * 64, GRID, CASES)
GENERATOR = GeneratorView("tiny", "e" * 64, "ddim", 10, 250, GRID, frozenset(), frozenset())
REF = Ref(kind=Kind.TRAIN_SEGMENTER, id="7" * 64)
START = StartView(
    name="ours",
    model=REF,
    preset="tiny",
    config={"preset": "tiny", "feature_size": 12, "head": "labels"},
    seen_cases=frozenset(),
    seen_steps=frozenset(),
)


def resolved(start: StartView | None = None, **fields: Any) -> ResolvedSpec:
    asked = ExperimentSpec.model_validate({"dataset": "ds", "alphas": [0, 1], **fields})
    return resolve(asked, DATASET, GENERATOR, start)


def test_every_training_starts_from_the_weights_that_were_named() -> None:
    planned = plan(resolved(START), DATASET)

    trainings = [step for step in planned.steps if isinstance(step, TrainSegmenter)]
    assert [training.start for training in trainings] == [REF, REF]
    assert all(REF in training.needs() for training in trainings)


def test_probabilities_are_predicted_where_they_were_asked_for() -> None:
    planned = plan(resolved(segmenter={"probabilities": True}), DATASET)

    predictions = [step for step in planned.steps if isinstance(step, PredictCases)]
    assert predictions
    assert all(step.probabilities for step in predictions)


def test_an_experiment_without_either_is_the_same_as_before_they_could_be_asked_for() -> None:
    segmenter = select_settings(resolved())["segmenter"]

    overrides = {"precision": "float32"}
    assert segmenter == {"preset": "tiny", "iterations": 80, "overrides": overrides}


@pytest.mark.parametrize(
    ("segmenter", "pointer"),
    [
        ({"preset": "base"}, "/segmenter/preset"),
        ({"overrides": {"feature_size": 24}}, "/segmenter/overrides/feature_size"),
    ],
)
def test_weights_of_another_network_are_refused_before_any_work(
    segmenter: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidRequest, match="those of a network with") as caught:
        resolved(START, segmenter=segmenter)

    assert caught.value.pointer == pointer


def test_another_head_or_rate_starts_from_the_same_weights() -> None:
    asked = {"overrides": {"head": "regions", "learning_rate": 1e-4, "feature_size": 12}}

    assert resolved(START, segmenter=asked).segmenter.start is not None


def test_a_random_split_tests_on_nobody_that_the_start_weights_were_trained_on() -> None:
    seen = frozenset(case.id for case in CASES[:8])

    spec = resolved(replace(START, seen_cases=seen))

    assert not seen & {*spec.test, *spec.validation}
    assert spec.seen == ()


@pytest.mark.parametrize("seen", ["case", "step"])
def test_a_test_case_that_the_start_weights_were_trained_on_is_refused(seen: str) -> None:
    split = {"train": ["p00", "p01", "p02"], "test": ["p03", "p04"]}
    start = replace(
        START,
        seen_cases=frozenset({"p04"} if seen == "case" else ()),
        seen_steps=frozenset({CASES[4].step} if seen == "step" else ()),
    )

    with pytest.raises(InvalidRequest, match="trained on p04") as caught:
        resolved(start, split=split)

    assert caught.value.pointer == "/split/test/1"


def test_imported_weights_say_their_preset_and_nothing_of_what_they_have_seen() -> None:
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="3" * 64)
    card = {"layout": "encoder", "preset": "full", "source": "swin.pt", "weights_digest": "7" * 64}

    view = view_start(FoundModel("m", "swin", "start_weights", ref, card, None))

    assert (view.preset, view.config, view.seen_cases) == ("full", {}, frozenset())
    with pytest.raises(InvalidRequest, match="preset full, not tiny"):
        resolved(view)


def test_a_segmenter_says_which_cases_it_was_trained_on() -> None:
    images = [f"{'1' * 64} (real)", f"{'2' * 64} (real)", f"{'2' * 64} (twin)"]
    config = {"preset": "tiny", "feature_size": 12}
    card = {"config": config, "training_images": images, "weights_digest": "6" * 64}
    made = {"cases": [{"id": "p01"}, {"id": "p02"}]}

    view = view_start(FoundModel("m", "ours", "segmenter", REF, card, None, made))

    assert view.preset == "tiny"
    assert view.seen_cases == {"p01", "p02"}
    assert view.seen_steps == {"1" * 64, "2" * 64}
