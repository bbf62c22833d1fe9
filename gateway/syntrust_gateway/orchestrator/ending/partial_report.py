"""Plan the report of what failed steps leave of an experiment. This is pure, as the plan is.

A training is there if both of its scores are. Reasons name the kind of step and of error alone, so
that equal failures give equal reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.report import (
    BuildReport,
    Missing,
    MissingTraining,
    MissingTwin,
    ReportCase,
    ReportControl,
    ReportRun,
    ReportTraining,
)

WORK: Final[Mapping[Kind, str]] = {
    Kind.SYNTHESISE_CASE: "drawing a twin",
    Kind.COMPARE_TWIN: "comparing the twins",
    Kind.TRAIN_SEGMENTER: "training the segmenter",
    Kind.PREDICT_CASES: "predicting the test cases",
    Kind.SCORE_CASES: "scoring the predictions",
}
Reasons = Mapping[str, str]


def describe_failure(kind: Kind, error: Mapping[str, Any]) -> str:
    """Say which work failed, and how, in words that are the same wherever it fails so."""
    return f"{WORK.get(kind, kind.value)} failed ({error.get('slug', 'internal')})"


def plan_partial_report(report: BuildReport, reasons: Reasons) -> BuildReport | None:
    """Plan the report of what is there; None if no mix has a training that is.

    Parameters
    ----------
    report : BuildReport
        The report of the whole experiment.
    reasons : mapping of str to str
        The steps that have failed or can never begin, each with the reason.
    """
    runs = tuple(_keep_second_twins(run, reasons) for run in report.runs if not _why(run, reasons))
    if not runs:
        return None
    return report.model_copy(
        update={
            "cases": tuple(_keep_case(case, reasons) for case in report.cases),
            "runs": runs,
            "controls": tuple(_keep_control(arm, reasons) for arm in report.controls),
            "missing": _list_missing(report, reasons),
        }
    )


def _why(training: ReportTraining, reasons: Reasons) -> str | None:
    """Give the reason why a training is missing; None if it is there."""
    return reasons.get(training.score_real) or reasons.get(training.score_synthetic)


def _keep_second_twins(run: ReportRun, reasons: Reasons) -> ReportRun:
    return run.model_copy(update={"score_again": None}) if run.score_again in reasons else run


def _keep_case(case: ReportCase, reasons: Reasons) -> ReportCase:
    lost = {name: None for name in ("twin", "comparison") if getattr(case, name) in reasons}
    return case.model_copy(update=lost) if lost else case


def _keep_control(arm: ReportControl, reasons: Reasons) -> ReportControl:
    lost = [(each.seed, why) for each in arm.trainings if (why := _why(each, reasons))]
    if not lost:
        return arm
    left = tuple(each for each in arm.trainings if not _why(each, reasons))
    reason = "; ".join(f"seed {seed}: {why}" for seed, why in lost)
    return arm.model_copy(update={"trainings": left, "reason": reason})


def _list_missing(report: BuildReport, reasons: Reasons) -> Missing:
    mixes = (_missing(run, reasons, alpha=run.alpha, control=None) for run in report.runs)
    controls = (
        _missing(each, reasons, alpha=arm.alpha, control=arm.control)
        for arm in report.controls
        for each in arm.trainings
    )
    twins = (
        MissingTwin(case=case.id, reason=reasons[case.comparison])
        for case in report.cases
        if case.comparison is not None and case.comparison in reasons
    )
    return Missing(
        trainings=_drop_none((*mixes, *controls)),
        twins=tuple(twins),
        second_twins=_why_no_second_twins(report, reasons),
    )


def _missing(training: ReportTraining, reasons: Reasons, **arm: Any) -> MissingTraining | None:  # noqa: ANN401 - alpha and control
    why = _why(training, reasons)
    return None if why is None else MissingTraining(seed=training.seed, reason=why, **arm)


def _drop_none(found: Iterable[MissingTraining | None]) -> tuple[MissingTraining, ...]:
    return tuple(each for each in found if each is not None)


def _why_no_second_twins(report: BuildReport, reasons: Reasons) -> str | None:
    """Give the reason why a training that is there lacks its scores on second twins."""
    there = (run for run in report.runs if not _why(run, reasons))
    lost = (reasons.get(run.score_again) for run in there if run.score_again is not None)
    return next((why for why in lost if why is not None), None)
