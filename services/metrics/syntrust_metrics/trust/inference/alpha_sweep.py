"""The scores of one experiment over α: every α has the same cases and training seeds.

One draw of cases serves every α, seed, side and region: `draw_weights` depends on the number
of cases, of resamples and the policy's seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factors import Factors
from syntrust_metrics.trust.estimation.intervals import Interval, Sampling, percentile_interval
from syntrust_metrics.trust.estimation.resampled import Resampled
from syntrust_metrics.trust.estimation.seeds import SeedSpread
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.request.table import Table, read_request

Array = NDArray[np.float64]
CasesByAlpha = Mapping[float, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class Quantity:
    """One factor of one side or region: its value for a model, and its row of the resamples."""

    value: Callable[[Factors], float]
    row: Callable[[Resampled], Array]

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(
            lambda factors: self.value(factors) - other.value(factors),
            lambda part: self.row(part) - other.row(part),
        )


def t1(side: int) -> Quantity:
    return Quantity(lambda f: float(f.t1[side]), lambda r: r.draws("t1").value[side])


def t2(side: int) -> Quantity:
    return Quantity(lambda f: float(f.t2[side]), lambda r: r.draws("t2").value[side])


def t3(k: int) -> Quantity:
    return Quantity(lambda f: float(f.t3[k]), lambda r: r.draws("t3").value[k])


def t4(k: int) -> Quantity:
    return Quantity(lambda f: float(f.t4[k]), lambda r: r.draws("t4").value[k])


def t5(side: int, k: int) -> Quantity:
    return Quantity(
        lambda f: float(f.t5[side, k]),
        lambda r: np.split(r.draws("t5").value, 2)[side][k],
    )


@dataclass(frozen=True)
class Sweep:
    """Estimators in the order of α."""

    alphas: tuple[float, ...]
    estimators: tuple[Estimator, ...]

    @property
    def regions(self) -> tuple[str, ...]:
        return self.estimators[0].regions

    @property
    def seeds(self) -> int:
        return len(self.estimators[0].seeds)

    @property
    def policy(self) -> Policy:
        return self.estimators[0].policy

    @property
    def cases(self) -> int:
        """Cases of the region and α that has the fewest."""
        return min(min(each.cases, *each.used) for each in self.estimators)

    def by_seed(self, quantity: Quantity) -> Array:
        """Compute values per α and seed, (A, S); NaN where undefined."""
        return np.array([[quantity.value(v) for v in each.values] for each in self.estimators])

    def draws(self, index: int, quantity: Quantity) -> Array | None:
        """Give the resamples at one α, averaged over seeds, (B + 1,)."""
        found = self.estimators[index].draws(lambda part: quantity.row(part)[None])
        return None if found is None else found[0]

    def interval(
        self, index: int, quantity: Quantity, *, confidence: float | None = None
    ) -> Interval:
        """Compute the interval at one α, with the policy's confidence or another.

        It is the percentile interval over cases, widened by the spread over training seeds.
        """
        found = self.interval_over_cases(index, quantity, confidence=confidence)
        by_seed = self.by_seed(quantity)[index]
        if found.bounds is None or np.isnan(by_seed).any():
            return found
        spread = SeedSpread.of(by_seed, confidence or self.policy.confidence)
        return Interval(spread.widen(found.bounds, float(by_seed.mean())))

    def interval_over_cases(
        self, index: int, quantity: Quantity, *, confidence: float | None = None
    ) -> Interval:
        """Compute the percentile interval at one α over cases alone."""
        estimator, draws = self.estimators[index], self.draws(index, quantity)
        refused = estimator.sampling.explain_missing(min(estimator.cases, *estimator.used))
        if refused or draws is None:
            return refused or Interval(None, "no resamples")
        policy = replace(self.policy, confidence=confidence or self.policy.confidence)
        return percentile_interval(draws, Sampling(policy, self.seeds))

    def find_alphas(self, *, within: float, near: float) -> list[int]:
        """Give the indices of the α that lie no further than `within` from `near`."""
        return [i for i, alpha in enumerate(self.alphas) if abs(alpha - near) <= within + 1e-9]


def read_sweep(cases_by_alpha: CasesByAlpha, policy: Mapping[str, object] | None) -> Sweep:
    """Check the scores of every α as `POST /trust-score` does, and that α can be compared.

    Raises
    ------
    InvalidScores
        If there is no α, cases cannot be used, or α differ in their ids, seeds or regions.
    """
    if not cases_by_alpha:
        raise InvalidScores("There must be at least one α.", pointer="")
    alphas = tuple(sorted(cases_by_alpha))
    read = [read_request({"cases": cases_by_alpha[alpha], "policy": policy}) for alpha in alphas]
    first, settings = read[0]
    for alpha, (table, _) in zip(alphas, read, strict=True):
        refuse_different(first, table, alpha)
    estimators = [
        Estimator(apply_rule(table.dice, settings.empty), first.regions, first.seeds, settings)
        for table, _ in read
    ]
    return Sweep(tuple(map(float, alphas)), tuple(estimators))


def refuse_different(first: Table, table: Table, alpha: float) -> None:
    """Refuse an α whose cases cannot be paired with those of another."""
    name = first.name_difference(table)
    if name is not None:
        raise InvalidScores(
            f"α = {alpha:g} has other {name} than another α. Every α needs the same {name}.",
            pointer="/cases",
        )
