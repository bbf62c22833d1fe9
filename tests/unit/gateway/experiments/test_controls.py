"""The control arms of a plan: what each is trained on, and what it shares with the mixes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.gateway.experiments.test_plan import (
    IDS,
    by_kind,
    dataset,
    report_of,
    resolved,
    spec,
)

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.experiment_steps import PredictCases, ScoreCases, TrainSegmenter
from syntrust_core.contracts.report import ReportControl, ReportTraining
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.experiments.controls import FEWEST_CASES, derange
from syntrust_gateway.experiments.plan import Plan, plan
from syntrust_gateway.experiments.spec import ResolvedSpec
from syntrust_segmenter.training import training_job as handlers

ALL = ["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]


def planned_with(*controls: str, **changes: object) -> tuple[ResolvedSpec, Plan]:
    asked = resolved(controls=controls, **changes)
    return asked, plan(asked, dataset(IDS))


def trained_in(planned: Plan) -> dict[str, TrainSegmenter]:
    return {step.step_id: step for step in planned.steps if isinstance(step, TrainSegmenter)}


def arm_of(planned: Plan, control: str, alpha: str | None) -> ReportControl:
    arms = report_of(planned).controls
    [found] = [arm for arm in arms if (arm.control, arm.alpha) == (control, alpha)]
    return found


def models(trainings: Iterable[ReportTraining]) -> list[str]:
    return [training.model for training in trainings]


def runs_at(planned: Plan, alpha: str) -> list[ReportTraining]:
    return [run for run in report_of(planned).runs if run.alpha == alpha]


def test_without_controls_a_plan_and_its_report_are_as_they_were() -> None:
    asked = resolved()

    report = report_of(plan(asked, dataset(IDS)))

    assert "controls" not in asked.model_dump(mode="json")
    assert "controls" not in report.model_dump(mode="json")
    assert "controls" not in report.settings


def test_controls_add_steps_and_change_none_of_the_mixes() -> None:
    plain = plan(resolved(), dataset(IDS))

    _, planned = planned_with(*ALL)

    kept = {step.step_id for step in plain.steps} - {plain.report}
    assert kept <= {step.step_id for step in planned.steps}
    assert report_of(planned).runs == report_of(plain).runs
    assert report_of(planned).settings["controls"] == ALL


def test_a_plan_with_controls_is_linear_in_the_trainings_it_adds() -> None:
    _, planned = planned_with(*ALL, seeds=[0, 1, 2])

    # Each seed: 3 mixes, 1 real_only, 1 augmentation_only, 1 real_plus_twins, 2 shuffled_masks.
    assert by_kind(planned)[Kind.TRAIN_SEGMENTER] == 3 * 8
    assert by_kind(planned)[Kind.PREDICT_CASES] == 3 * 8 * 2
    assert by_kind(planned)[Kind.SYNTHESISE_CASE] == 20


def test_every_step_comes_after_the_steps_it_needs() -> None:
    _, planned = planned_with(*ALL, alphas=[1])
    known = {case.step for case in dataset(IDS).cases} | {"e" * 64}

    for step in planned.steps:
        assert {need.id for need in step.needs()} <= known
        known.add(step.step_id)


@pytest.mark.parametrize("control", ["real_only", "augmentation_only", "shuffled_masks"])
def test_at_alpha_1_a_control_of_an_alpha_is_the_mix_itself(control: str) -> None:
    _, planned = planned_with(control, seeds=[0, 1])

    arm = arm_of(planned, control, "1")
    assert models(arm.trainings) == models(runs_at(planned, "1"))
    assert arm.reason is None


def test_real_images_alone_are_those_of_the_mix_in_their_share_of_the_iterations() -> None:
    asked, planned = planned_with("real_only", segmenter={"iterations": 90})

    [run], [training] = runs_at(planned, "0.5"), arm_of(planned, "real_only", "0.5").trainings
    assert training.real_ids == run.real_ids
    assert training.synthetic_ids == ()
    step = trained_in(planned)[training.model]
    share = len(run.real_ids) / len(asked.train)
    assert step.iterations == arm_of(planned, "real_only", "0.5").iterations == round(90 * share)
    assert all(image.twin is None for image in step.train)


def test_augmentation_takes_the_iterations_of_the_twins_and_nothing_else_differs() -> None:
    _, planned = planned_with("real_only", "augmentation_only")

    alone, augmented = (
        trained_in(planned)[arm_of(planned, control, "0.5").trainings[0].model]
        for control in ("real_only", "augmentation_only")
    )
    [run] = runs_at(planned, "0.5")
    assert augmented.iterations == trained_in(planned)[run.model].iterations
    assert alone.iterations < augmented.iterations
    assert augmented.model_copy(update={"iterations": alone.iterations}) == alone


@pytest.mark.parametrize("control", ["real_only", "augmentation_only"])
@pytest.mark.parametrize(
    ("alpha", "reason"),
    [
        (0, "α = 0 has no real image"),
        (0.08, "α = 0.08 has one real image, and a training takes 2"),
    ],
)
def test_too_few_real_images_leave_a_control_undefined_with_its_reason(
    control: str, alpha: float, reason: str
) -> None:
    _, planned = planned_with(control, alphas=[alpha, 1])

    assert arm_of(planned, control, f"{alpha:g}") == ReportControl.model_validate(
        {"control": control, "alpha": f"{alpha:g}", "reason": reason}
    )


def test_a_training_takes_as_many_cases_as_the_segmenter_asks_for() -> None:
    assert FEWEST_CASES == handlers.FEWEST_CASES


def test_every_training_case_enters_as_real_image_and_as_twin_in_one_arm() -> None:
    asked, planned = planned_with("real_plus_twins", alphas=[0.5, 1])

    [training] = arm_of(planned, "real_plus_twins", None).trainings
    step = trained_in(planned)[training.model]
    assert training.real_ids == training.synthetic_ids == asked.train
    views = [(image.case, image.twin is None) for image in step.train]
    cases = {case.id: case.step for case in dataset(IDS).cases}
    assert sorted(views) == sorted((cases[i], real) for i in asked.train for real in (True, False))
    assert step.iterations == trained_in(planned)[runs_at(planned, "1")[0].model].iterations


def test_a_shuffled_mix_differs_from_its_mix_in_the_masks_of_its_twins_alone() -> None:
    _, planned = planned_with("shuffled_masks")

    for alpha in ("0", "0.5"):
        [run], [training] = (
            runs_at(planned, alpha),
            arm_of(planned, "shuffled_masks", alpha).trainings,
        )
        plain, shuffled = trained_in(planned)[run.model], trained_in(planned)[training.model]
        stripped = [image.model_copy(update={"labels": None}) for image in shuffled.train]
        assert shuffled.model_copy(update={"train": tuple(stripped)}) == plain
        twins = [image for image in shuffled.train if image.twin is not None]
        assert all(image.labels is None for image in shuffled.train if image.twin is None)
        assert all(image.labels != image.case for image in twins)
        assert sorted(image.labels or "" for image in twins) == [image.case for image in twins]


def test_one_twin_alone_has_no_other_mask() -> None:
    _, planned = planned_with("shuffled_masks", alphas=[0.93])

    arm = arm_of(planned, "shuffled_masks", "0.93")
    assert (arm.trainings, arm.reason) == ((), "α = 0.93 has one twin, and no other mask for it")


def test_every_seed_of_every_control_is_a_training_of_its_own() -> None:
    _, planned = planned_with(*ALL, seeds=[0, 1, 2])

    for arm in report_of(planned).controls:
        if arm.reason is None:
            assert [training.seed for training in arm.trainings] == [0, 1, 2]
            assert len({*models(arm.trainings)}) == 3


def test_every_seed_deals_the_masks_anew() -> None:
    dealt = [
        tuple(sorted(derange(IDS, seed, {case: case for case in IDS}).items())) for seed in range(5)
    ]

    assert len({*dealt}) == 5


@given(st.sets(st.integers(0, 99), min_size=2, max_size=30), st.integers(0, 5))
def test_no_case_is_dealt_its_own_mask(numbers: set[int], seed: int) -> None:
    ids = [f"c{i}" for i in numbers]

    dealt = derange(ids, seed, {case: case for case in ids})

    assert sorted(dealt) == sorted(dealt.values()) == sorted(ids)
    assert all(case != mask for case, mask in dealt.items())


@given(st.lists(st.integers(1, 4), min_size=4, max_size=10), st.integers(0, 5))
def test_no_case_is_dealt_a_mask_of_its_patient_where_that_can_be(
    visits: list[int], seed: int
) -> None:
    patients = {f"{i}-{t}": f"p{i}" for i, times in enumerate(visits) for t in range(times)}

    dealt = derange(list(patients), seed, patients)

    own = [case for case, mask in dealt.items() if patients[case] == patients[mask]]
    assert not own or 2 * max(visits) > sum(visits)
    assert all(case != mask for case, mask in dealt.items())


def test_no_control_trains_on_a_test_or_validation_case_or_its_mask() -> None:
    asked, planned = planned_with(*ALL, seeds=[0, 1])
    steps = {case.id: case.step for case in dataset(IDS).cases}
    held_back = {steps[case] for case in (*asked.test, *asked.validation)}

    trained = {
        step
        for training in trained_in(planned).values()
        for image in training.train
        for step in (image.case, image.labels)
    }

    assert trained - {None} == {steps[case] for case in asked.train}
    assert not trained & held_back


def test_every_control_is_tested_on_the_images_that_the_mixes_are_tested_on() -> None:
    _, planned = planned_with(*ALL)

    scored = {step.step_id: step for step in planned.steps if isinstance(step, ScoreCases)}
    predicted = {step.step_id: step for step in planned.steps if isinstance(step, PredictCases)}
    for side in ("score_real", "score_synthetic"):
        tested = {
            predicted[scored[getattr(training, side)].prediction].images
            for training in report_of(planned).trainings
        }
        assert len(tested) == 1


def test_controls_mix_independently_where_the_mixes_do() -> None:
    _, planned = planned_with("real_only", "shuffled_masks", mixing="independent")

    [run] = runs_at(planned, "0.5")
    assert arm_of(planned, "real_only", "0.5").trainings[0].real_ids == run.real_ids
    assert arm_of(planned, "shuffled_masks", "0.5").trainings[0].synthetic_ids == run.synthetic_ids


def test_the_order_in_which_controls_are_named_changes_no_step() -> None:
    _, one = planned_with(*ALL)
    _, other = planned_with(*ALL[::-1])

    assert one == other


def test_an_unknown_control_is_refused_by_its_place() -> None:
    with pytest.raises(ValidationError) as refusal:
        spec(controls=["real_only", "placebo"])

    [error] = refusal.value.errors()
    assert error["loc"] == ("controls", 1)
    assert "real_plus_twins" in error["msg"]


def test_a_control_named_twice_is_refused_at_its_field() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        resolved(controls=["real_only", "real_only"])

    assert refusal.value.pointer == "/controls/1"


def test_an_experiment_stored_before_there_were_controls_has_none() -> None:
    stored = resolved().model_dump(mode="json")

    assert ResolvedSpec.model_validate(stored).controls == ()
