"""Plan the steps of a resolved experiment. This is pure: no clock, no chance, no server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import (
    CompareTwin,
    Image,
    PredictCases,
    ScoreCases,
    SynthesiseCase,
    TrainSegmenter,
)
from syntrust_core.contracts.report import (
    BuildReport,
    ReportCase,
    ReportControl,
    ReportRun,
    ReportTraining,
)
from syntrust_gateway.datasets.planner_view import CaseView, DatasetView
from syntrust_gateway.experiments.controls import Arm, make_arms
from syntrust_gateway.experiments.mixing import Mix, mix
from syntrust_gateway.experiments.spec import ResolvedSpec, select_settings

OWN_MASKS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """Every step of an experiment, each after the steps it needs; the last one is the report."""

    steps: tuple[StepMessage, ...]

    @property
    def report(self) -> str:
        return self.steps[-1].step_id


def plan(spec: ResolvedSpec, dataset: DatasetView) -> Plan:
    """Plan the steps of `spec` on `dataset`, each after the steps that it needs."""
    return _Planner(spec, dataset).plan()


class _Planner:
    """Collect steps. Equal ones are one, because their ids are equal."""

    def __init__(self, spec: ResolvedSpec, dataset: DatasetView) -> None:
        self._spec = spec
        self._cases: Mapping[str, CaseView] = {case.id: case for case in dataset.cases}
        self._steps: dict[str, StepMessage] = {}
        self._twins: dict[str, tuple[str, ...]] = {}
        self._comparisons: dict[str, str] = {}

    def plan(self) -> Plan:
        spec = self._spec
        mixes = {
            (alpha, seed): mix(spec.train, alpha, seed, spec.mixing)
            for seed in spec.seeds
            for alpha in spec.alphas
        }
        patients = {case.id: case.patient for case in self._cases.values()}
        arms = make_arms(spec, mixes, patients)
        self._draw_twins([*mixes.values(), *(own for arm in arms for own in arm.mixes.values())])
        self._compare_twins()
        runs = [self._run(alpha, seed, mixed) for (alpha, seed), mixed in mixes.items()]
        controls = [self._control(arm) for arm in arms]
        self._add(self._report(runs, controls))
        return Plan(tuple(self._steps.values()))

    def _add(self, message: StepMessage) -> str:
        step = message.step_id
        self._steps.setdefault(step, message)
        return step

    def _draw_twins(self, mixes: Iterable[Mix]) -> None:
        """Draw first what trainings wait for, they take longest: fewest twins first, then more.

        Every training validates on twins. Those of test cases are needed once one has ended.
        """
        by_need = sorted(
            (mixed.synthetic for mixed in mixes), key=lambda twins: (len(twins), twins)
        )
        trained = [case for synthetic in by_need for case in synthetic]
        for case in dict.fromkeys((*self._spec.validation, *trained, *self._spec.test)):
            self._twins[case] = (self._draw(case, 0),)
        for case in self._spec.test:
            more = range(1, self._spec.generator.twins)
            self._twins[case] += tuple(self._draw(case, twin) for twin in more)

    def _draw(self, case: str, twin: int) -> str:
        generator = self._spec.generator
        return self._add(
            SynthesiseCase(
                case=self._cases[case].step,
                generator=generator.model,
                sampler=generator.sampler,
                steps=generator.steps,
                seed=generator.seed,
                twin=twin,
                precision=generator.precision,
            )
        )

    def _compare_twins(self) -> None:
        for case, twins in self._twins.items():
            compared = CompareTwin(case=self._cases[case].step, twins=twins)
            self._comparisons[case] = self._add(compared)

    def _real(self, ids: Iterable[str]) -> tuple[Image, ...]:
        return tuple(Image(case=self._cases[case].step) for case in ids)

    def _synthetic(
        self, ids: Iterable[str], twin: int = 0, masks: Mapping[str, str] = OWN_MASKS
    ) -> tuple[Image, ...]:
        return tuple(
            Image(
                case=self._cases[case].step,
                twin=self._twins[case][twin],
                labels=self._cases[masks[case]].step if case in masks else None,
            )
            for case in ids
        )

    def _mixed(self, mixed: Mix) -> tuple[Image, ...]:
        """Order the images by case, so that α changes the images and never their order."""
        twins = self._synthetic(mixed.synthetic, masks=mixed.masks)
        named = [*zip(mixed.real, self._real(mixed.real), strict=True)]
        named += zip(mixed.synthetic, twins, strict=True)
        return tuple(image for _, image in sorted(named, key=lambda pair: pair[0]))

    def _run(self, alpha: str, seed: int, mixed: Mix) -> ReportRun:
        training = self._training(seed, mixed, self._spec.segmenter.iterations)
        again = self._score_again(training.model)
        return ReportRun(**dict(training), alpha=alpha, score_again=again)

    def _control(self, arm: Arm) -> ReportControl:
        trainings: list[ReportTraining] = []
        if arm.iterations is not None:
            each = arm.mixes.items()
            trainings = [self._training(seed, mixed, arm.iterations) for seed, mixed in each]
        return ReportControl(
            control=arm.control,
            alpha=arm.alpha,
            iterations=arm.iterations,
            trainings=tuple(trainings),
            reason=arm.reason,
        )

    def _training(self, seed: int, mixed: Mix, iterations: int) -> ReportTraining:
        spec, start = self._spec, self._spec.segmenter.start
        model = self._add(
            TrainSegmenter(
                train=self._mixed(mixed),
                validation=self._real(spec.validation) + self._synthetic(spec.validation),
                preset=spec.segmenter.preset,
                overrides=spec.segmenter.overrides,
                iterations=iterations,
                seed=seed,
                start=None if start is None else start.model,
            )
        )
        return ReportTraining(
            seed=seed,
            real_ids=mixed.real,
            synthetic_ids=mixed.synthetic,
            model=model,
            score_real=self._score(model, self._real(spec.test)),
            score_synthetic=self._score(model, self._synthetic(spec.test)),
        )

    def _score_again(self, model: str) -> str | None:
        """Score the second twins for the noise floor; None if each case has one twin."""
        if self._spec.generator.twins == 1:
            return None
        return self._score(model, self._synthetic(self._spec.test, twin=1))

    def _score(self, model: str, images: tuple[Image, ...]) -> str:
        probabilities = self._spec.segmenter.probabilities
        prediction = self._add(
            PredictCases(model=model, images=images, probabilities=probabilities)
        )
        cases = tuple(image.case for image in images)
        return self._add(ScoreCases(prediction=prediction, cases=cases))

    def _report(self, runs: Sequence[ReportRun], controls: Sequence[ReportControl]) -> BuildReport:
        spec, seen = self._spec, frozenset(self._spec.seen)
        parts = (("train", spec.train), ("validation", spec.validation), ("test", spec.test))
        return BuildReport(
            dataset=spec.dataset_digest,
            cases=tuple(
                ReportCase(
                    id=case,
                    group=self._cases[case].group,
                    case=self._cases[case].step,
                    twin=self._twins[case][0] if case in self._twins else None,
                    part=part,
                    seen=case in seen,
                    comparison=self._comparisons.get(case),
                )
                for part, ids in parts
                for case in ids
            ),
            runs=tuple(runs),
            settings=select_settings(spec),
            generator_training=spec.generator.training,
            controls=tuple(controls),
            origin=spec.origin,
        )
