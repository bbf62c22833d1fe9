"""Compare interval methods factor by factor: how often they hold the truth, and how wide they are.

Ends are cut at what the factor can be. An interval of all that it can be says nothing and counts
as withheld.

One draw of cases and resamples serves every method. T1 and T2 are those of the case means on each
side, T3 to T5 those of each region.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from benchmarks.trust.interval_methods import (
    FACTORS,
    METHODS,
    Bounds,
    Problem,
    cap_t5,
    draw_counts,
    draw_nested,
)
from benchmarks.trust.populations import Population
from numpy.typing import NDArray

Array = NDArray[np.float64]
CAPPED = "bootstrap-t-log, capped"
RESAMPLES, OUTER, INNER = 1000, 200, 100
NESTED_CASES = 60  # above, a second bootstrap takes too long
ROUNDING = 1e-12


@dataclass
class Tally:
    """What one method did for one number over all repetitions."""

    held: int = 0
    widths: list[float] = field(default_factory=list)
    withheld: int = 0

    def add(self, bounds: Bounds | None, truth: float, possible: Bounds) -> None:
        if bounds is None or (bounds[0] <= possible[0] and bounds[1] >= possible[1]):
            self.withheld += 1
            return
        low, high = max(bounds[0], possible[0]), min(bounds[1], possible[1])
        self.held += low - ROUNDING <= truth <= high + ROUNDING
        self.widths.append(high - low)


def compare_methods(population: Population, cases: int, repetitions: int) -> None:
    """Print coverage, median width and withheld share of every method."""
    truths = [
        float(FACTORS[factor](x, y, np.full((1, len(x)), 1 / len(x))).value[0])
        for factor, x, y in _columns(population.cases)
    ]
    tallies: dict[tuple[int, str], Tally] = {}
    beyond = t5s = 0
    for number in range(repetitions):
        for i, (factor, found) in enumerate(_run(population, cases, number)):
            for method, bounds in found.items():
                tally = tallies.setdefault((i, method), Tally())
                tally.add(bounds, truths[i], _limit(factor, cases))
            plain = found["bootstrap-t-log"]
            if factor == "t5" and plain is not None:
                t5s += 1
                beyond += plain[1] > math.sqrt(cases - 1)
    _report(population, cases, tallies)
    print(f"  T5 upper ends beyond sqrt(M - 1) without the cap: {beyond / max(t5s, 1):.0%}")


def _run(
    population: Population, cases: int, number: int
) -> Iterator[tuple[str, dict[str, Bounds | None]]]:
    rng = np.random.default_rng([number, cases])
    dice = population.draw(rng, cases)
    counts = draw_counts(rng, cases, RESAMPLES)
    nested = draw_nested(rng, counts[:OUTER], INNER) if cases <= NESTED_CASES else None
    for factor, x, y in _columns(dice):
        problem = Problem(factor, x, y, counts, nested)
        found = {name: method(problem) for name, method in METHODS.items()}
        if nested is None:
            del found["double"]
        if factor == "t5":
            plain = found["bootstrap-t-log"]
            found[CAPPED] = None if plain is None else cap_t5(plain, x)
        yield factor, found


def _limit(factor: str, cases: int) -> Bounds:
    """Lowest and highest value of a factor of so many cases."""
    if factor == "t5":
        return 0.0, math.sqrt(cases - 1)
    return (0.5, 1.0) if factor == "t2" else (0.0, 1.0)


def _columns(dice: Array) -> Iterator[tuple[str, Array, Array]]:
    means = dice.mean(axis=2)
    for side in (0, 1):
        yield from ((factor, means[side], means[1 - side]) for factor in ("t1", "t2"))
    for k in range(dice.shape[2]):
        yield from ((factor, dice[0, :, k], dice[1, :, k]) for factor in ("t3", "t4", "t5"))
        yield "t5", dice[1, :, k], dice[0, :, k]


def _report(population: Population, cases: int, tallies: dict[tuple[int, str], Tally]) -> None:
    factors = [factor for factor, *_ in _columns(population.cases[:, :2])]
    print(f"\n{population.name}, {cases} cases: coverage, median width, withheld")
    for factor in FACTORS:
        rows = [i for i, name in enumerate(factors) if name == factor]
        for method in [*METHODS, CAPPED]:
            found = [tallies[i, method] for i in rows if (i, method) in tallies]
            given = [tally for tally in found if tally.widths]
            if not given:
                continue
            shares = [tally.held / len(tally.widths) for tally in given]
            width = np.median(np.concatenate([tally.widths for tally in given]))
            total = sum(tally.withheld + len(tally.widths) for tally in found)
            withheld = sum(tally.withheld for tally in found) / total
            print(
                f"  {factor} {method:24s} {min(shares):6.1%} to {max(shares):6.1%}"
                f"  width {width:.4f}  withheld {withheld:.1%}"
            )
