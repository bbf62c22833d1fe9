"""How often intervals hold the truth, and how often equivalence is found that is not there.

Coverage: 95 % intervals of every factor, companion and score at B = 2000 over populations of known
factors (`benchmarks/trust/populations.py`). An open end counts as one that holds. Bounds:
Beta(5,2)/(6,2), M = 251: 93-97 % for every factor; skewed Beta of mean .85 and sd .13, M = 251: at
least 92 %; Beta, M = 30 and 60: at least 91 % for T1 and T4, 90 % for T2, T3, T5. Fewer cases,
populations with failures, the published table, the companions and the score are reported. Each
bound is given two standard errors.

False equivalence: one region whose true difference is the margin; at most 6 % for normal
differences, reported for skewed ones and for rare failures.

`--methods` compares methods of intervals instead (percentile, t, bootstrap-t, BCa, double
bootstrap, profile) and gates nothing; `--seeds` gives the coverage over several trainings.

Long: 4,000 repetitions of a scenario take over a minute on a quiet core. `--scenario` and
`--first` run it in parts; a repetition depends on its number alone.
"""

from __future__ import annotations

import argparse
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

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.trust.comparison import compare_methods
from benchmarks.trust.populations import Population, list_populations
from benchmarks.trust.trainings import report_trainings

Array = NDArray[np.float64]
Differences = Callable[[np.random.Generator, int], Array]
REGIONS = ("ED", "ET", "NCR")
MARGIN = 0.03
SIZES = (12, 30, 60, 125, 251)
FACTORS = ("t1", "t2", "t3", "t4", "t5")
USUAL = frozenset(
    {"beta-12", "beta-30", "beta-60", "beta-251", "skewed-251", "published-12", "published-125"}
)


@dataclass(frozen=True)
class Scenario:
    name: str
    cases: int
    population: Population
    low: dict[str, float] | None
    high: float = 1.0


def scenarios() -> Iterator[Scenario]:
    few = {"t1": 0.91, "t2": 0.90, "t3": 0.90, "t4": 0.91, "t5": 0.90}
    gates = {
        "beta-30": (few, 1.0),
        "beta-60": (few, 1.0),
        "beta-251": (dict.fromkeys(FACTORS, 0.93), 0.97),
        "skewed-251": (dict.fromkeys(FACTORS, 0.92), 1.0),
    }
    for population in list_populations():
        for cases in SIZES:
            name = f"{population.name}-{cases}"
            low, high = gates.get(name, (None, 1.0))
            yield Scenario(name, cases, population, low, high)


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


@dataclass(frozen=True)
class Found:
    """Of each estimate of a family: shares that hold the truth, have an open end, are withheld."""

    held: Array
    open_ends: Array
    withheld: Array


def coverage(scenario: Scenario, first: int, repetitions: int, resamples: int) -> dict[str, Found]:
    """Share of the intervals of each family that hold the population's value, one per estimate.

    Estimates without an interval are left out of it.
    """
    truth = {
        name: [estimate["value"] for estimate in list_estimates(family)]
        for name, family in answer(scenario.population.cases, 0, 0).items()
    }
    counts = {name: np.zeros((3, len(values))) for name, values in truth.items()}
    for number in range(first, first + repetitions):
        rng = np.random.default_rng([number, scenario.cases])
        found = answer(scenario.population.draw(rng, scenario.cases), resamples, seed=0)
        for name, values in truth.items():
            estimates = list_estimates(found[name])
            pairs = zip(values, estimates, strict=True)
            counts[name] += np.array([_judge(*each) for each in pairs]).T
    return {
        name: Found(
            held / np.maximum(given, 1), opened / np.maximum(given, 1), 1 - given / repetitions
        )
        for name, (given, held, opened) in counts.items()
    }


def _judge(truth: float, estimate: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Whether there is an interval or bound, whether it holds, whether an end is open."""
    bound = estimate.get("bound")
    if bound is not None:
        low, high = bound.get("low", -math.inf), bound.get("high", math.inf)
    elif estimate["ci"] is not None:
        low, high = estimate["ci"]
    else:
        return False, False, False
    return True, low <= truth <= high, bound is not None


def report(scenario: Scenario, found: dict[str, Found], repetitions: int) -> bool:
    noise = 2 * math.sqrt(0.05 * 0.95 / repetitions)
    held = True
    print(
        f"\n{scenario.name}: coverage of 95 % intervals, lowest to highest over sides and regions"
    )
    for name, family in found.items():
        shares = family.held
        low = (scenario.low or {}).get(name)
        bound, mark = "", ""
        if low is not None:
            bound = f"  bound {low:.0%} to {scenario.high:.0%}"
            fine = shares.min() >= low - noise and shares.max() <= scenario.high + noise
            mark, held = ("  ok" if fine else "  MISSED"), held and bool(fine)
        opened = f"  open ends {family.open_ends.max():.0%}" if family.open_ends.any() else ""
        opened += f"  withheld {family.withheld.max():.0%}" if family.withheld.any() else ""
        print(f"  {name:12s} {shares.min():6.1%} to {shares.max():6.1%}{bound}{mark}{opened}")
    return held


def false_equivalence(repetitions: int) -> bool:
    """Share of p below the level, and of both verdicts, at a true difference of the margin."""
    print(f"\nequivalence found at a true difference of the margin, {repetitions} repetitions")
    held = True
    for cases in (60, 251):
        for name, sd, draw in differences():
            rng = np.random.default_rng(cases)
            tests = [
                run_paired_test(draw(rng, cases)[None], EQUIVALENCE) for _ in range(repetitions)
            ]
            share = np.mean([p.p_inside is not None and p.p_inside < LEVEL for p in tests])
            verdicts = [decide_alone(p, EQUIVALENCE).verdict for p in tests]
            given, other = (
                np.mean([v == w for v in verdicts]) for w in ("equivalent", "different")
            )
            gated = name == "normal"
            fine = not gated or share <= 0.06
            held = held and bool(fine)
            mark = ("  ok" if fine else "  MISSED") if gated else ""
            what = f"M {cases:3d}  {name:22s} sd {sd:.2f}"
            print(
                f"  {what}  p < .05 {share:5.1%}  given {given:5.1%}  different {other:5.1%}{mark}"
            )
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
    parser.add_argument("--scenario", help="one by name, `all`, or `equivalence`")
    parser.add_argument("--methods", action="store_true")
    parser.add_argument("--seeds", action="store_true")
    given = parser.parse_args()
    if given.seeds:
        report_trainings(given.repetitions)
        return
    chosen = [each for each in scenarios() if _is_chosen(each.name, given.scenario)]
    if given.methods:
        for scenario in chosen:
            compare_methods(scenario.population, scenario.cases, given.repetitions)
        return
    outcomes = [_run(scenario, given) for scenario in chosen]
    held = all(outcomes)
    if given.scenario in {None, "all", "equivalence"}:
        held &= false_equivalence(given.repetitions)
    if not held:
        sys.exit("a bound is missed")


def _is_chosen(name: str, asked: str | None) -> bool:
    return asked in {name, "all"} or (asked is None and name in USUAL)


def _run(scenario: Scenario, given: argparse.Namespace) -> bool:
    start = time.perf_counter()
    found = coverage(scenario, given.first, given.repetitions, given.resamples)
    held = report(scenario, found, given.repetitions)
    print(f"  {given.repetitions} repetitions in {time.perf_counter() - start:.0f} s", flush=True)
    return held


if __name__ == "__main__":
    main()
