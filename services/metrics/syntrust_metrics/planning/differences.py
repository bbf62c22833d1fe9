"""Paired differences of Dice, from cases as `POST /trust-score` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import case_mean
from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.table import read_request

Array = NDArray[np.float64]
Cases = Sequence[Mapping[str, object]]
Policy = Mapping[str, object]
Side = Literal["real", "synthetic"]


class Differences(NamedTuple):
    """Differences of Dice by region, and those of the case's mean over its regions.

    `values` is a float array (K + 1, S, M) of region, training seed and case, the mean last; NaN
    where a pair is left out.
    """

    values: Array
    regions: tuple[str, ...]

    @property
    def by_region(self) -> dict[str, Array]:
        """The differences of each region alone, (S, M)."""
        return dict(zip(self.regions, self.values[:-1], strict=True))

    @property
    def overall(self) -> Array:
        """The differences of the case's mean over its regions, (S, M)."""
        overall: Array = self.values[-1]
        return overall


def pair_test_sets(cases: Cases, policy: Policy | None = None) -> Differences:
    """Pair the real test set with the synthetic one: real - synthetic.

    Raises
    ------
    InvalidScores
        If cases cannot be used. The error has the JSON pointer of the field.
    """
    table, settings = read_request({"cases": cases, "policy": policy})
    return Differences(_subtract(apply_rule(table.dice, settings.empty)), table.regions)


def pair_models(
    first: Cases, second: Cases, policy: Policy | None = None, side: Side = "real"
) -> Differences:
    """Pair two models on one test set, by case and training seed: first - second.

    Raises
    ------
    InvalidScores
        If cases cannot be used, or the two lists do not hold the same ids, seeds and regions.
    """
    table, settings = read_request({"cases": first, "policy": policy})
    other, _ = read_request({"cases": second, "policy": policy})
    name = table.name_difference(other)
    if name is not None:
        raise InvalidScores(
            f"The two lists of cases differ in their {name}. Both need the same {name}.",
            pointer="/cases",
        )
    at = ("real", "synthetic").index(side)
    pairs = np.stack([table.dice[:, at], other.dice[:, at]], axis=1)
    return Differences(_subtract(apply_rule(pairs, settings.empty)), table.regions)


def _subtract(dice: Array) -> Array:
    """Subtract the sides of (S, 2, M, K), with the case's mean as a last column: (K + 1, S, M)."""
    every = np.concatenate([dice, case_mean(dice)[..., None]], axis=3)
    differences: Array = (every[:, 0] - every[:, 1]).transpose(2, 0, 1)
    return differences
