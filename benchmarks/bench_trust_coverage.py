"""How often intervals hold the truth, and how often equivalence is found that is not there.

Coverage: 95 % intervals of every factor, companion and score at B = 2000 over populations of known
factors. Real and synthetic Dice have the named margins and a Gaussian copula of correlation .7.
Bounds: Beta(5,2)/(6,2), M = 251: 93-97 % for every factor; skewed Beta of mean .85 and sd .13,
M = 251: at least 92 %; M = 30: at least 91 % for T1 and T4, 90 % for T2, T3, T5. The published
table, the companions and the score are reported. Each bound is given two standard errors.

False equivalence: one region whose true difference is the margin; at most 6 % for normal
differences, reported for skewed ones and for rare failures.

Long: 4,000 repetitions of a scenario take over a minute on a quiet core. `--scenario` and
`--first` run it in parts; a repetition depends on its number alone.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from syntrust_metrics.trust.estimation.companion_estimates import estimate_companions
from syntrust_metrics.trust.estimation.composite_score import compute_score
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factor_estimates import estimate_factors
from syntrust_metrics.trust.inference.margin_tests import (
    LEVEL,
    decide_alone,
    equivalence_margin,
    run_paired_test,
)
from syntrust_metrics.trust.request.policy import Policy

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Array]
Differences = Callable[[np.random.Generator, int], Array]
REGIONS = ("ED", "ET", "NCR")
CORRELATION, POPULATION, MARGIN = 0.7, 400_000, 0.03
GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "trust_golden.json"
SKEWED = (0.85 * 6.545, 0.15 * 6.545)  # Beta of mean .85 and sd .13


@dataclass(frozen=True)
class Scenario:
    name: str
    cases: int
    draw: Draw
    population: Array
    low: dict[str, float] | None
    high: float = 1.0


def coupled(real: tuple[float, float], synthetic: tuple[float, float]) -> Draw:
    """Draw (2, M, 3) Dice with these Beta margins and a Gaussian copula."""
    grid = np.linspace(0, 1, 20_001)
    quantiles = [stats.beta.ppf(grid, *shape) for shape in (real, synthetic)]

    def draw(rng: np.random.Generator, cases: int) -> Array:
        shared, own = rng.normal(size=(2, cases, 3))
        other = CORRELATION * shared + math.sqrt(1 - CORRELATION**2) * own
        ranks = stats.norm.cdf(np.stack([shared, other]))
        return np.stack([np.interp(u, grid, q) for u, q in zip(ranks, quantiles, strict=True)])

    return draw


def published() -> Array:
    """Give the published table, (2, 125, 3)."""
    cases = json.loads(GOLDEN.read_text())["request"]["cases"]
    return np.array(
        [[list(case[side].values()) for case in cases] for side in ("real", "synthetic")]
    )


def scenarios() -> Iterator[Scenario]:
    even, skewed = coupled((5, 2), (6, 2)), coupled(SKEWED, SKEWED)
    big = [draw(np.random.default_rng(1), POPULATION) for draw in (even, skewed)]
    table = published()

    def from_table(rng: np.random.Generator, cases: int) -> Array:
        return table[:, rng.integers(0, table.shape[1], cases)]

    every = dict.fromkeys(("t1", "t2", "t3", "t4", "t5"), 0.93)
    few = {"t1": 0.91, "t2": 0.90, "t3": 0.90, "t4": 0.91, "t5": 0.90}
    yield Scenario("beta-251", 251, even, big[0], every, 0.97)
    yield Scenario("skewed-251", 251, skewed, big[1], dict.fromkeys(every, 0.92))
    yield Scenario("beta-30", 30, even, big[0], few)
    yield Scenario("published-125", 125, from_table, table, None)


def answer(dice: Array, resamples: int, seed: int) -> dict[str, Any]:
    """Give the estimates of one table by family, without the cost of a request."""
    policy = Policy(resamples=resamples, seed=seed)
    estimator = Estimator(dice[None], REGIONS, (0,), policy)
    factors, companions = estimate_factors(estimator), estimate_companions(estimator)
    return {
        **factors,
        "t2_regions": companions["t2_regions"],
        "t2_within": companions["t2_within"],
        "correlation": {r: companions["t3"][r]["correlation"] for r in REGIONS},
        "concordance": {r: companions["t3"][r]["concordance"] for r in REGIONS},
        "bias": {r: companions["t4"][r]["bias"] for r in REGIONS},
        "score": compute_score(estimator, factors, companions),
    }


def list_estimates(tree: dict[str, Any]) -> list[dict[str, Any]]:
    if "value" in tree:
        return [tree]
    return [estimate for branch in tree.values() for estimate in list_estimates(branch)]


def coverage(scenario: Scenario, first: int, repetitions: int, resamples: int) -> dict[str, Array]:
    """Share of the intervals of each family that hold the population's value, one per estimate."""
    truth = {
        name: [estimate["value"] for estimate in list_estimates(family)]
        for name, family in answer(scenario.population, 0, 0).items()
    }
    held = {name: np.zeros(len(values)) for name, values in truth.items()}
    for number in range(first, first + repetitions):
        rng = np.random.default_rng([number, scenario.cases])
        found = answer(scenario.draw(rng, scenario.cases), resamples, seed=0)
        for name, values in truth.items():
            bounds = [estimate["ci"] for estimate in list_estimates(found[name])]
            held[name] += [
                low <= true <= high for true, (low, high) in zip(values, bounds, strict=True)
            ]
    return {name: count / repetitions for name, count in held.items()}


def report(scenario: Scenario, found: dict[str, Array], repetitions: int) -> bool:
    noise = 2 * math.sqrt(0.05 * 0.95 / repetitions)
    held = True
    print(
        f"\n{scenario.name}: coverage of 95 % intervals, lowest to highest over sides and regions"
    )
    for name, shares in found.items():
        low = (scenario.low or {}).get(name)
        bound, mark = "", ""
        if low is not None:
            bound = f"  bound {low:.0%} to {scenario.high:.0%}"
            fine = shares.min() >= low - noise and shares.max() <= scenario.high + noise
            mark, held = ("  ok" if fine else "  MISSED"), held and bool(fine)
        print(f"  {name:12s} {shares.min():6.1%} to {shares.max():6.1%}{bound}{mark}")
    return held


def false_equivalence(repetitions: int) -> bool:
    """Share of p below the level, and of verdicts, at a true difference equal to the margin."""
    print(f"\nequivalence found at a true difference of the margin, {repetitions} repetitions")
    held = True
    for cases in (60, 251):
        for name, sd, draw in differences():
            rng = np.random.default_rng(cases)
            tests = [
                run_paired_test(draw(rng, cases)[None], EQUIVALENCE) for _ in range(repetitions)
            ]
            share = np.mean([p.p_inside is not None and p.p_inside < LEVEL for p in tests])
            given = np.mean([decide_alone(p, EQUIVALENCE).verdict == "equivalent" for p in tests])
            gated = name == "normal"
            fine = not gated or share <= 0.06
            held = held and bool(fine)
            mark = ("  ok" if fine else "  MISSED") if gated else ""
            what = f"M {cases:3d}  {name:22s} sd {sd:.2f}"
            print(f"  {what}  p < .05 {share:5.1%}  verdict {given:5.1%}{mark}")
    return held


EQUIVALENCE = equivalence_margin(MARGIN)


def differences() -> Iterator[tuple[str, float, Differences]]:
    for sd in (0.05, 0.15):
        yield "normal", sd, partial(_normal, sd)
        yield "skewed towards equal", sd, partial(_skewed, sd)
        yield "skewed away", sd, partial(_skewed, -sd)
    yield "rare failures of 0.9", 0.16, _rare


def _normal(sd: float, rng: np.random.Generator, cases: int) -> Array:
    return rng.normal(MARGIN, sd, cases)


def _skewed(sd: float, rng: np.random.Generator, cases: int) -> Array:
    """Give exponential differences about the margin: most below it if `sd` is positive."""
    return MARGIN + sd * (rng.exponential(size=cases) - 1)


def _rare(rng: np.random.Generator, cases: int) -> Array:
    """Give a difference of 0.9 in 1 of 30 cases and none elsewhere but noise: its mean is 0.03."""
    failed = rng.random(cases) < MARGIN / 0.9
    noisy: Array = np.where(failed, 0.9, 0.0) + rng.normal(0, 0.02, cases)
    return noisy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--scenario", help="one by name, or `equivalence`; all by default")
    given = parser.parse_args()
    held = True
    for scenario in scenarios():
        if given.scenario in {None, scenario.name}:
            start = time.perf_counter()
            found = coverage(scenario, given.first, given.repetitions, given.resamples)
            held &= report(scenario, found, given.repetitions)
            print(f"  {given.repetitions} repetitions in {time.perf_counter() - start:.0f} s")
    if given.scenario in {None, "equivalence"}:
        held &= false_equivalence(given.repetitions)
    if not held:
        sys.exit("a bound is missed")


if __name__ == "__main__":
    main()
