from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from time import process_time
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.experiment_steps import (
    CompareTwin,
    PredictCases,
    ScoreCases,
    TrainSegmenter,
)
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.report import BuildReport, GeneratorTraining
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.datasets.planner_view import CaseView, DatasetView
from syntrust_gateway.experiments.mixing import count_real, mix
from syntrust_gateway.experiments.plan import Plan, plan
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec
from syntrust_gateway.models.planner_view import GeneratorView

GRID = Grid(shape=(64, 64, 64), spacing_mm=(3, 3, 3))


def dataset(ids: list[str]) -> DatasetView:
    cases = tuple(CaseView(case, None, f"{i:064x}", f"{i:x}-print") for i, case in enumerate(ids))
    return DatasetView("ds", "d" * 64, GRID, cases)


def generator(seen: tuple[str, ...] = (), fingerprints: tuple[str, ...] = ()) -> GeneratorView:
    return GeneratorView(
        "tiny", "e" * 64, "ddim", 10, 250, GRID, frozenset(seen), frozenset(fingerprints)
    )


def spec(**changes: object) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"dataset": "ds", "alphas": [0, 0.5, 1], **changes})


IDS = [f"p{i:02d}" for i in range(20)]


def resolved(**changes: object) -> ResolvedSpec:
    return resolve(spec(**changes), dataset(IDS), generator())


def by_kind(planned: Plan) -> Counter[Kind]:
    return Counter(step.KIND for step in planned.steps)


def test_a_plan_is_a_pure_function_of_its_arguments() -> None:
    assert plan(resolved(), dataset(IDS)) == plan(resolved(), dataset(IDS))


def test_every_step_comes_after_the_steps_it_needs() -> None:
    known = {case.step for case in dataset(IDS).cases} | {"e" * 64}

    for step in plan(resolved(), dataset(IDS)).steps:
        assert {need.id for need in step.needs()} <= known
        known.add(step.step_id)


def test_each_twin_is_drawn_once_and_each_mix_trained_once() -> None:
    planned = plan(resolved(), dataset(IDS))

    assert by_kind(planned) == {
        Kind.SYNTHESISE_CASE: 20,
        Kind.COMPARE_TWIN: 20,
        Kind.TRAIN_SEGMENTER: 3,
        Kind.PREDICT_CASES: 6,
        Kind.SCORE_CASES: 6,
        Kind.BUILD_REPORT: 1,
    }


def report_of(planned: Plan) -> BuildReport:
    report = planned.steps[-1]
    assert isinstance(report, BuildReport)
    return report


def test_several_twins_are_drawn_of_test_cases_alone() -> None:
    asked = resolved(generator={"twins": 3})

    planned = plan(asked, dataset(IDS))

    assert by_kind(planned)[Kind.SYNTHESISE_CASE] == 20 + 2 * len(asked.test)
    compared = [step for step in planned.steps if isinstance(step, CompareTwin)]
    assert Counter(len(step.twins) for step in compared) == {
        3: len(asked.test),
        1: 20 - len(asked.test),
    }


def test_one_twin_more_changes_neither_training_nor_the_scores_of_the_first() -> None:
    one, two = (plan(resolved(generator={"twins": twins}), dataset(IDS)) for twins in (1, 2))

    first, second = report_of(one).runs, report_of(two).runs
    assert [run.score_again for run in first] == [None] * 3
    assert first == tuple(run.model_copy(update={"score_again": None}) for run in second)


def test_second_twins_are_scored_under_every_model() -> None:
    planned = plan(resolved(generator={"twins": 2}), dataset(IDS))

    again = {run.score_again for run in report_of(planned).runs}
    scored = {step.step_id for step in planned.steps if isinstance(step, ScoreCases)}
    assert again <= scored
    assert len(again) == 3
    assert by_kind(planned)[Kind.SCORE_CASES] == 9


def test_second_twins_are_other_draws_of_the_same_cases() -> None:
    planned = plan(resolved(generator={"twins": 2}), dataset(IDS))

    run = report_of(planned).runs[0]
    predicted = {step.step_id: step for step in planned.steps if isinstance(step, PredictCases)}
    scored = {step.step_id: step for step in planned.steps if isinstance(step, ScoreCases)}
    first, second = (predicted[scored[step].prediction].images for step in run.scores[1:])
    assert [image.case for image in first] == [image.case for image in second]
    assert not {image.twin for image in first} & {image.twin for image in second}


def test_the_report_waits_for_the_comparison_of_every_twin() -> None:
    planned = plan(resolved(), dataset(IDS))

    compared = {step.step_id for step in planned.steps if isinstance(step, CompareTwin)}
    report = report_of(planned)
    assert compared == {case.comparison for case in report.cases if case.twin is not None}
    assert compared == {need.id for need in report.needs() if need.kind is Kind.COMPARE_TWIN}


def test_a_case_without_a_twin_has_nothing_to_compare() -> None:
    report = report_of(plan(resolved(alphas=[1]), dataset(IDS)))

    alone = [case for case in report.cases if case.twin is None]
    assert alone
    assert all(case.comparison is None for case in alone)


def test_an_experiment_stored_before_there_were_several_twins_plans_one() -> None:
    stored = resolved().model_dump(mode="json")
    del stored["generator"]["twins"]

    assert plan(ResolvedSpec.model_validate(stored), dataset(IDS)) == plan(resolved(), dataset(IDS))


def test_the_report_knows_what_the_generator_was_trained_on_and_old_specs_do_not() -> None:
    asked = resolve(spec(), dataset(IDS), generator(seen=("phantom-7-0001", "p99")))
    stored = asked.model_dump(mode="json")
    del stored["generator"]["training"]

    known = report_of(plan(asked, dataset(IDS)))
    unknown = report_of(plan(ResolvedSpec.model_validate(stored), dataset(IDS)))

    assert known.generator_training == GeneratorTraining(cases=2, phantoms=1)
    assert unknown.generator_training is None
    assert known.settings == unknown.settings


def test_forty_thousand_steps_are_planned_in_seconds() -> None:
    ids = [f"p{i:05d}" for i in range(5000)]
    many = dataset(ids)
    asked = resolve(
        spec(alphas=[0, 1], generator={"twins": 8}, split={"test_fraction": 0.9}),
        many,
        generator(seen=tuple(ids[:50])),
    )

    started = process_time()
    planned = plan(asked, many)

    assert len(planned.steps) > 40_000
    assert process_time() - started < 20


def test_alphas_that_coincide_after_rounding_are_one_training() -> None:
    planned = plan(resolved(alphas=[0.45, 0.46]), dataset(IDS))

    assert by_kind(planned)[Kind.TRAIN_SEGMENTER] == 1
    report = planned.steps[-1]
    assert isinstance(report, BuildReport)
    assert [run.alpha for run in report.runs] == ["0.45", "0.46"]


def test_alpha_changes_the_images_and_not_the_order_of_the_cases() -> None:
    trained = [
        [image.case for image in step.train]
        for step in plan(resolved(), dataset(IDS)).steps
        if isinstance(step, TrainSegmenter)
    ]

    assert trained[0] == trained[1] == trained[2]


def test_seeds_share_twins_and_nothing_else() -> None:
    one, two = (plan(resolved(seeds=seeds), dataset(IDS)) for seeds in ([0], [0, 1]))

    assert by_kind(two)[Kind.SYNTHESISE_CASE] == by_kind(one)[Kind.SYNTHESISE_CASE]
    assert by_kind(two)[Kind.TRAIN_SEGMENTER] == 2 * by_kind(one)[Kind.TRAIN_SEGMENTER]


def test_validation_cases_are_never_trained_on() -> None:
    asked = resolved()
    held_back = {int(case[1:]) for case in (*asked.validation, *asked.test)}

    trained = [
        image.case
        for step in plan(asked, dataset(IDS)).steps
        if isinstance(step, TrainSegmenter)
        for image in step.train
    ]

    assert trained
    assert not held_back & {int(case, 16) for case in trained}


@given(st.integers(2, 60), st.integers(0, 5), st.sampled_from(["0", "0.1", "0.25", "0.5", "1"]))
def test_a_disjoint_mix_holds_every_case_exactly_once(n: int, seed: int, alpha: str) -> None:
    ids = [f"c{i}" for i in range(n)]

    mixed = mix(ids, alpha, seed, "disjoint")

    assert sorted(mixed.real + mixed.synthetic) == sorted(ids)
    assert len(mixed.real) == count_real(n, alpha)


@given(st.integers(2, 60), st.integers(0, 5))
def test_real_sets_are_nested_across_alpha(n: int, seed: int) -> None:
    ids = [f"c{i}" for i in range(n)]

    sets = [set(mix(ids, alpha, seed, "disjoint").real) for alpha in ("0", "0.3", "0.7", "1")]

    assert all(small <= large for small, large in pairwise(sets))


@pytest.mark.parametrize(("n", "count"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_half_a_case_is_rounded_to_even(n: int, count: int) -> None:
    assert count_real(n, "0.5") == count


def test_the_order_of_alphas_and_cases_changes_no_step() -> None:
    shuffled = dataset(IDS)
    one = plan(resolved(alphas=[1, 0, 0.5]), shuffled)

    assert [step.step_id for step in one.steps] == [
        step.step_id for step in plan(resolved(), dataset(IDS)).steps
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"alphas": [0.5, 0.50]}, "/alphas/1"),
        ({"seeds": [3, 3]}, "/seeds/1"),
        ({"generator": {"steps": 251}}, "/generator/steps"),
        ({"split": {"train": ["p00"], "test": ["nobody"]}}, "/split/test/0"),
        ({"split": {"train": ["p00", "p00"], "test": ["p01"]}}, "/split/train/1"),
        ({"split": {"train": ["p00"], "test": ["p00"]}}, "/split/test/0"),
        ({"split": {"seed": 0, "test_fraction": 0.99}}, "/split"),
    ],
)
def test_a_contradictory_request_is_refused_at_its_field(
    changes: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        resolved(**changes)

    assert refusal.value.pointer == pointer


@pytest.mark.parametrize(
    "changes",
    [
        {"alphas": []},
        {"alphas": [1.5]},
        {"alphas": [-0.1]},
        {"stray": 1},
        {"generator": {"twins": 0}},
        {"generator": {"twins": 9}},
    ],
)
def test_a_malformed_request_does_not_validate(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        spec(**changes)


def test_two_time_points_of_a_patient_never_part() -> None:
    ids = [f"p{i}_time{t}" for i in range(10) for t in (1, 2)]

    answer = resolve(spec(), dataset(ids), generator())

    parts = (answer.train, answer.validation, answer.test)
    patients = [{case.split("_")[0] for case in part} for part in parts]
    assert sum(map(len, patients)) == len(set().union(*patients))


def same_patients(ids: list[str], patients: list[str]) -> DatasetView:
    view = dataset(ids)
    named = [
        replace(case, named_patient=patient)
        for case, patient in zip(view.cases, patients, strict=True)
    ]
    return replace(view, cases=tuple(named))


def test_two_cases_of_a_patient_that_was_named_never_part() -> None:
    patients = [f"x{i // 2}" for i in range(20)]

    answer = resolve(spec(), same_patients(IDS, patients), generator())

    parts = (answer.train, answer.validation, answer.test)
    owners = [{patients[IDS.index(case)] for case in part} for part in parts]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 10
    split = {"train": ["p00"], "test": ["p01"]}
    with pytest.raises(InvalidRequest, match="p00 in train are the same patient"):
        resolve(spec(split=split), same_patients(IDS, patients), generator())


def test_a_case_is_seen_by_the_patient_that_was_named_as_well_as_by_its_id() -> None:
    view = same_patients(["a", "BraTS2021_00002", "c", "d"], ["BraTS2021_00001", "x", "y", "z"])
    split = {"train": ["c"], "test": ["a", "BraTS2021_00002", "d"]}
    known = generator(seen=("BraTS2021_00001", "BraTS-GLI-00002-000"))

    answer = resolve(spec(split=split), view, known)

    assert answer.seen == ("BraTS2021_00002", "a")


def test_an_explicit_split_across_time_points_is_refused() -> None:
    split = {"train": ["p1_time1"], "test": ["p1_time2"]}

    with pytest.raises(InvalidRequest, match="same patient"):
        resolve(spec(split=split), dataset(["p1_time1", "p1_time2"]), generator())


def test_cases_the_generator_has_seen_stay_in_training_by_default() -> None:
    answer = resolve(
        spec(), dataset(IDS), generator(seen=("p00", "p01"), fingerprints=("5-print",))
    )

    assert answer.seen == ("p00", "p01", "p05")
    assert set(answer.seen) <= set(answer.train)


@pytest.mark.parametrize("grid", ["native", Grid(shape=(80, 80, 51), spacing_mm=(3, 3, 3))])
def test_a_generator_that_crops_takes_every_grid_of_its_spacing(
    grid: Literal["native"] | Grid,
) -> None:
    there = replace(dataset(IDS), grid=grid)
    finer = replace(there, grid=Grid(shape=(64, 64, 64), spacing_mm=(1, 1, 1)))

    resolve(spec(), there, replace(generator(), crops=True))
    with pytest.raises(InvalidRequest, match="or spacing"):
        resolve(spec(), finer, replace(generator(), crops=True))
    with pytest.raises(InvalidRequest, match="register the dataset on that grid, or"):
        resolve(spec(), there, generator())


def test_a_generator_of_another_grid_is_refused() -> None:
    other = DatasetView("ds", "d" * 64, "native", dataset(IDS).cases)

    with pytest.raises(InvalidRequest, match="64x64x64") as refusal:
        resolve(spec(), other, generator())

    assert refusal.value.pointer == "/generator/model"


def test_independent_mixing_keeps_the_counts() -> None:
    mixed = mix(IDS, "0.25", 0, "independent")

    assert (len(mixed.real), len(mixed.synthetic)) == (5, 15)


def test_the_last_step_is_the_report() -> None:
    planned = plan(resolved(), dataset(IDS))
    last: StepMessage = planned.steps[-1]

    assert last.step_id == planned.report
    assert last.KIND is Kind.BUILD_REPORT
