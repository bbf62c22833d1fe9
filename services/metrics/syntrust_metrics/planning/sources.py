"""Where the spread of a plan comes from: an experiment, a pilot, published scores, or a caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from syntrust_metrics.planning.design import Question
from syntrust_metrics.planning.differences import (
    Cases,
    Differences,
    Policy,
    pair_models,
    pair_test_sets,
)
from syntrust_metrics.planning.published import (
    CASE_SDS,
    DEFAULT_CORRELATION,
    OVERALL_CASE_SD,
    PUBLISHED_CASES,
    spread_of_difference,
)
from syntrust_metrics.planning.spread import Spread, measure_spread
from syntrust_metrics.trust.estimation.intervals import MIN_CASES
from syntrust_metrics.trust.request.errors import InvalidScores

SourceKind = Literal["experiment", "pilot", "published", "given"]
ALL_REAL: Final = 1.0


class Candidate(NamedTuple):
    """A spread, and the α that it was measured at if it was one of several."""

    alpha: float | None
    spread: Spread


@dataclass(frozen=True)
class Source:
    """The spread of paired differences by region, and where it comes from.

    Attributes
    ----------
    regions : mapping of str to sequence of Candidate
        By region, one for each α that was measured; empty where there were too few cases.
    overall : sequence of Candidate
        Of the case's mean over its regions.
    cases, seeds : int or None
        How many were measured.
    correlation : float or None
        What was assumed of two models where one was measured.
    """

    kind: SourceKind
    regions: Mapping[str, Sequence[Candidate]]
    overall: Sequence[Candidate] = ()
    cases: int | None = None
    seeds: int | None = None
    correlation: float | None = None

    @property
    def measured_regions(self) -> list[str]:
        """The regions with cases enough to plan with."""
        return [region for region, found in self.regions.items() if found]


def measure_experiment(
    results: Mapping[str, Any], question: Question, *, alpha: float | None = None
) -> Source:
    """Measure the spread in the results of an experiment.

    Parameters
    ----------
    results : mapping
        The body of `GET /experiments/{id}/results`, complete or partial.
    question : {"non_inferiority", "equivalence"}
        Differences are of each α < 1 and α = 1 on real test images, or of the real and the
        synthetic test set at each α.
    alpha : float, optional
        The only α to measure at.

    Raises
    ------
    InvalidScores
        With the pointer `/alpha` if the experiment has no such α; `/id` if it has no α = 1,
        or no other one, and non-inferiority needs both.
    """
    arms = {arm["alpha"]: arm for arm in results["alphas"] if arm["trust"] is not None}
    asked = [each for each in arms if question == "equivalence" or each != ALL_REAL]
    if question == "non_inferiority" and (ALL_REAL not in arms or not asked):
        raise InvalidScores(
            "The experiment has no results of α = 1 and of a smaller α. Non-inferiority compares "
            "them.",
            pointer="/id",
        )
    if alpha is not None and alpha not in asked:
        there = ", ".join(f"{each:g}" for each in asked)
        raise InvalidScores(
            f"The experiment has no α = {alpha:g} to measure at; it has {there}.", pointer="/alpha"
        )
    chosen = asked if alpha is None else [alpha]
    found = {each: _measure_arm(arms, each, question) for each in chosen}
    return _collect("experiment", {each: one for each, one in found.items() if one is not None})


def _measure_arm(arms: Mapping[float, Any], alpha: float, question: Question) -> Differences | None:
    policy = {"empty": arms[alpha]["trust"]["policy"]["empty"], "resamples": 0}
    cases = _by_seed(arms[alpha])
    if question == "equivalence":
        return pair_test_sets([case for own in cases.values() for case in own], policy)
    real = _by_seed(arms[ALL_REAL])
    shared = sorted(cases.keys() & real.keys())
    if not shared:
        return None
    mine, theirs = ([case for seed in shared for case in each[seed]] for each in (cases, real))
    return pair_models(mine, theirs, policy)


def _by_seed(arm: Mapping[str, Any]) -> dict[int, Cases]:
    return {each["seed"]: each["cases"] for each in arm["seeds"]}


def measure_pilot(
    cases: Cases, real_alone: Cases | None = None, policy: Policy | None = None
) -> Source:
    """Measure the spread in a table of Dice.

    Parameters
    ----------
    cases : list
        `cases` of a `/trust-score` request. Alone, its two test sets are compared.
    real_alone : list, optional
        The same of models that were trained on real data alone. Then both are compared on the real
        test set, as `compare_with_real` does.

    Raises
    ------
    InvalidScores
        With a pointer that begins with `/cases` or `/real_alone`.
    """
    light = {**(policy or {}), "resamples": 0}
    found = pair_test_sets(cases, light)
    if real_alone is not None:
        found = _pair_with_real(cases, real_alone, light)
    return _collect("pilot", {None: found})


def _pair_with_real(cases: Cases, real_alone: Cases, policy: Policy) -> Differences:
    try:
        return pair_models(cases, real_alone, policy)
    except InvalidScores as error:
        inside = error.pointer.removeprefix("/cases")
        raise InvalidScores(error.detail, pointer=f"/real_alone{inside}") from error


def use_published(correlation: float = DEFAULT_CORRELATION) -> Source:
    """Use the spread of published scores, with an assumed correlation of two models' Dice."""
    regions = {
        region: [Candidate(None, spread_of_difference(sd, correlation))]
        for region, sd in CASE_SDS.items()
    }
    overall = [Candidate(None, spread_of_difference(OVERALL_CASE_SD, correlation))]
    return Source("published", regions, overall, PUBLISHED_CASES, 1, correlation)


def use_given(regions: Mapping[str, Spread]) -> Source:
    """Use standard deviations that a caller knows."""
    return Source("given", {name: [Candidate(None, spread)] for name, spread in regions.items()})


def _collect(kind: SourceKind, found: Mapping[float | None, Differences]) -> Source:
    """Measure each region at each α.

    Raises
    ------
    InvalidScores
        If no region has enough cases.
    """
    if not found:
        raise InvalidScores(
            "α = 1 shares no training seed with a smaller α, so nothing is paired.",
            pointer="/id",
        )
    first = next(iter(found.values()))
    regions = {
        region: _measure({alpha: each.by_region[region] for alpha, each in found.items()})
        for region in first.regions
    }
    if not any(regions.values()):
        raise InvalidScores(
            f"Fewer than {MIN_CASES} cases have Dice on both sides; a spread is measured "
            f"on {MIN_CASES} or more.",
            pointer="/id" if kind == "experiment" else "/cases",
        )
    overall = _measure({alpha: each.overall for alpha, each in found.items()})
    _, seeds, cases = first.values.shape
    return Source(kind, regions, overall, cases, seeds)


def _measure(tables: Mapping[float | None, Any]) -> list[Candidate]:
    spreads = ((alpha, measure_spread(table)) for alpha, table in tables.items())
    return [Candidate(alpha, spread) for alpha, spread in spreads if spread is not None]
