"""The claims of the paper over α, each tested on one experiment.

Raja Babu et al., 2025, arXiv 2502.02076, section on results; the rules are those of `findings` and
`trend`. Regions are ED, ET and NCR, α = 0 is training on twins alone, S the synthetic test set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.inference.alpha_curve import trend_over_alpha
from syntrust_metrics.trust.inference.alpha_sweep import (
    CasesByAlpha,
    Quantity,
    Sweep,
    read_sweep,
    t2,
    t3,
    t4,
    t5,
)
from syntrust_metrics.trust.inference.equivalence import assess_equivalence
from syntrust_metrics.trust.inference.findings import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Bounds,
    Finding,
    decide_above_zero,
    decide_inside,
    require_almost_every,
    require_every,
)
from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.trend import (
    MIN_SEEDS,
    NOISE_UNKNOWN,
    interval_over_seeds,
    slope_by_seed,
)
from syntrust_metrics.trust.schema.inference import Claim as ClaimBody
from syntrust_metrics.trust.schema.inference import ClaimId, ClaimNumbers, ClaimVerdict
from syntrust_metrics.trust.serialization import round_numbers

Array = NDArray[np.float64]
REAL, SYNTHETIC = 0, 1
REGIONS: Final = ("ED", "ET", "NCR")
MIDDLE, NEAR, WIDE = 0.5, 0.1, 0.2
EQUIVALENCE_CONFIDENCE: Final = 0.9
Findings = list[Finding]
Join = Callable[[Sequence[Finding]], tuple[ClaimVerdict, str | None]]


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, the comparisons it takes, and how they are joined."""

    id: ClaimId
    sentence: str
    test: Callable[[Sweep], Findings]
    needs: str = ""
    join: Join = require_every


def check_paper_claims(
    cases_by_alpha: CasesByAlpha, policy: Mapping[str, object] | None = None
) -> list[ClaimBody]:
    """Test every claim of the paper on one experiment.

    Parameters
    ----------
    cases_by_alpha, policy : mapping
        As for `describe_alpha_curve`.

    Returns
    -------
    list of schema.inference.Claim
        In the paper's order. A claim whose α or regions the experiment lacks is undecided, with
        that as the reason.

    Raises
    ------
    InvalidScores
        If cases cannot be used, or α differ in ids, seeds or regions.
    """
    sweep = read_sweep(cases_by_alpha, policy)
    return [_test_claim(claim, sweep) for claim in CLAIMS]


def _test_claim(claim: Claim, sweep: Sweep) -> ClaimBody:
    known = set(REGIONS) <= set(sweep.regions)
    findings = claim.test(sweep) if known else []
    verdict, reason = claim.join(findings) if findings else (UNDECIDED, claim.needs)
    if not known:
        reason = f"needs the regions {', '.join(REGIONS)}"
    body: ClaimBody = {
        "id": claim.id,
        "claim": claim.sentence,
        "verdict": verdict,
        "reason": reason,
        "numbers": [finding.as_body() for finding in findings],
    }
    return round_numbers(body)


def _t1_meets_in_the_middle(sweep: Sweep) -> Findings:
    middle, ends = sweep.find_alphas(within=NEAR, near=MIDDLE), _find_ends(sweep)
    if not middle or len(ends) < 2:
        return []
    found = [_test_equivalence(sweep, i) for i in middle]
    return found + [_expect_gap(_test_equivalence(sweep, i)) for i in ends]


def _test_equivalence(sweep: Sweep, index: int) -> Finding:
    """Test T1_R ≈ T1_S at one α: `overall` of the equivalence of both sides."""
    estimator = sweep.estimators[index]
    found = assess_equivalence(estimator.dice, sweep.regions, sweep.policy.margin)["overall"]
    verdicts: Mapping[str, ClaimVerdict] = {"equivalent": HOLDS, "different": FAILS}
    verdict = verdicts.get(found["verdict"], UNDECIDED)
    reason = found["reason"] or "neither equivalence nor a gap is shown"
    numbers: ClaimNumbers = {
        "difference": found["difference"],
        "ci90": found["ci90"],
        "p": found["p"],
        "alpha": sweep.alphas[index],
        "comparison": "T1_R equivalent to T1_S",
    }
    return Finding(verdict, reason if verdict == UNDECIDED else None, numbers)


def _expect_gap(found: Finding) -> Finding:
    """Turn the finding round: the claim is a difference beyond the margin."""
    verdicts: Mapping[ClaimVerdict, ClaimVerdict] = {HOLDS: FAILS, FAILS: HOLDS}
    opposite = verdicts.get(found.verdict, UNDECIDED)
    numbers: ClaimNumbers = {**found.numbers, "comparison": "T1_R different from T1_S"}
    return Finding(opposite, found.reason, numbers)


def _t2_is_higher_on_synthetic(sweep: Sweep) -> Findings:
    return [
        _test_above(sweep, i, t2(SYNTHETIC), t2(REAL), "T2_S > T2_R")
        for i in range(len(sweep.alphas))
    ]


def _t3_is_ordered(sweep: Sweep) -> Findings:
    ed, et, ncr = _region_indices(sweep)
    return [
        _test_above(sweep, i, t3(more), t3(less), what)
        for i in range(len(sweep.alphas))
        for more, less, what in ((ed, et, "T3 of ED > ET"), (et, ncr, "T3 of ET > NCR"))
    ]


def _t3_falls(sweep: Sweep) -> Findings:
    if len(sweep.alphas) < 2:
        return []
    ed, et, ncr = _region_indices(sweep)
    falling = [_test_falling(sweep, k) for k in (ed, et, ncr)]
    steeper = [_test_steeper(sweep, ncr, k) for k in (ed, et)]
    return falling + steeper


def _test_falling(sweep: Sweep, k: int) -> Finding:
    found = trend_over_alpha(sweep, t3(k))
    verdicts: Mapping[str, ClaimVerdict] = {"falling": HOLDS, "rising": FAILS}
    verdict = verdicts.get(found["verdict"], UNDECIDED)
    numbers: ClaimNumbers = {
        "comparison": f"T3 of {sweep.regions[k]} falls",
        "slope": found["slope"],
        "ci": found["ci"],
        "kendall": found["kendall"],
    }
    return Finding(verdict, found["reason"], numbers)


def _test_steeper(sweep: Sweep, k: int, other: int) -> Finding:
    """Test whether T3 falls more for one region than for another, by the slope of each seed."""
    comparison = f"T3 falls more for {sweep.regions[k]} than for {sweep.regions[other]}"
    numbers: ClaimNumbers = {"comparison": comparison}
    by_seed = [sweep.by_seed(t3(region)) for region in (other, k)]
    return _test_over_seeds(
        sweep, [slope_by_seed(np.array(sweep.alphas), each) for each in by_seed], numbers
    )


def _t4_is_lowest_for_ed(sweep: Sweep) -> Findings:
    ed, et, ncr = _region_indices(sweep)
    return [
        _test_above(sweep, i, t4(other), t4(ed), what)
        for i in range(len(sweep.alphas))
        for other, what in ((et, "T4 of ET > ED"), (ncr, "T4 of NCR > ED"))
    ]


def _t4_is_lowest_in_the_middle(sweep: Sweep) -> Findings:
    """Compare each α outside the window with the mean inside, for every region; no α is picked."""
    middle = sweep.find_alphas(within=NEAR, near=MIDDLE)
    others = [i for i in range(len(sweep.alphas)) if i not in middle]
    if not middle or not others:
        return []
    return [
        _test_higher_outside(sweep, k, i, middle) for k in _region_indices(sweep) for i in others
    ]


def _test_higher_outside(sweep: Sweep, k: int, index: int, middle: list[int]) -> Finding:
    by_seed = sweep.by_seed(t4(k))
    comparison = f"T4 of {sweep.regions[k]} above its mean within 0.5 ± 0.1"
    numbers: ClaimNumbers = {"comparison": comparison, "alpha": sweep.alphas[index]}
    return _test_over_seeds(sweep, [by_seed[index], by_seed[middle].mean(axis=0)], numbers)


def _t4_is_ordered_at_zero(sweep: Sweep) -> Findings:
    ed, et, ncr = _region_indices(sweep)
    return [
        _test_above(sweep, i, t4(more), t4(less), what)
        for i in sweep.find_alphas(within=0, near=0)
        for more, less, what in ((ncr, ed, "T4 of NCR > ED"), (ed, et, "T4 of ED > ET"))
    ]


def _t5_is_lower_on_synthetic(sweep: Sweep) -> Findings:
    return [
        _test_above(sweep, i, t5(REAL, k), t5(SYNTHETIC, k), f"T5_R > T5_S of {sweep.regions[k]}")
        for i in range(len(sweep.alphas))
        for k in _region_indices(sweep)
    ]


def _t5_is_stable(sweep: Sweep) -> Findings:
    pairs = list(combinations(sweep.find_alphas(within=WIDE, near=MIDDLE), 2))
    return [_test_stable(sweep, k, *pair) for k in _region_indices(sweep) for pair in pairs]


def _test_stable(sweep: Sweep, k: int, one: int, other: int) -> Finding:
    """Test T5_S of two α for equivalence over seeds: two α are two trainings of each seed."""
    values = sweep.by_seed(t5(SYNTHETIC, k))
    gaps = values[one] - values[other]
    numbers: ClaimNumbers = {
        "comparison": f"T5_S of {sweep.regions[k]} equivalent at both α",
        "alpha": [sweep.alphas[one], sweep.alphas[other]],
        "difference": _mean_or_none(gaps),
    }
    bounds, reason = _seed_interval(sweep, gaps, EQUIVALENCE_CONFIDENCE)
    return _test_about_equal(sweep, bounds, reason, numbers)


def _t5_is_equal_for_ed(sweep: Sweep) -> Findings:
    ed, *_ = _region_indices(sweep)
    return [_test_t5_equal(sweep, i, ed) for i in range(len(sweep.alphas))]


def _test_t5_equal(sweep: Sweep, index: int, k: int) -> Finding:
    quantity = t5(SYNTHETIC, k) - t5(REAL, k)
    found = sweep.interval(index, quantity, confidence=EQUIVALENCE_CONFIDENCE)
    value = _mean_or_none(sweep.by_seed(quantity)[index])
    numbers: ClaimNumbers = {
        "comparison": f"T5_S of {sweep.regions[k]} equivalent to T5_R",
        "alpha": sweep.alphas[index],
        "difference": value,
    }
    return _test_about_equal(
        sweep, found.bounds if value is not None else None, found.reason, numbers
    )


def _test_about_equal(
    sweep: Sweep, bounds: Bounds, reason: str | None, numbers: ClaimNumbers
) -> Finding:
    """Decide as `decide_inside` does, in units of T5, but find nothing equal from few cases."""
    numbers["ci90"] = list(bounds) if bounds else None
    found = decide_inside(bounds, sweep.policy.margin, reason or "undefined", numbers)
    if found.verdict == HOLDS and sweep.cases < MIN_VERDICT_CASES:
        return Finding(UNDECIDED, f"fewer than {MIN_VERDICT_CASES} cases", numbers)
    return found


def _test_above(sweep: Sweep, index: int, more: Quantity, less: Quantity, what: str) -> Finding:
    """Test X > Y at one α by the interval of the paired difference."""
    quantity = more - less
    value = _mean_or_none(sweep.by_seed(quantity)[index])
    found = sweep.interval(index, quantity)
    bounds = found.bounds if value is not None else None
    numbers: ClaimNumbers = {
        "alpha": sweep.alphas[index],
        "comparison": what,
        "difference": value,
    }
    numbers["ci"] = list(bounds) if bounds else None
    return decide_above_zero(bounds, found.reason or "undefined", numbers)


def _test_over_seeds(sweep: Sweep, more_less: list[Array], numbers: ClaimNumbers) -> Finding:
    """Test X > Y across α, where each seed gives one paired difference."""
    gaps = more_less[0] - more_less[1]
    bounds, reason = _seed_interval(sweep, gaps, sweep.policy.confidence)
    numbers["difference"] = _mean_or_none(gaps)
    numbers["ci"] = list(bounds) if bounds else None
    return decide_above_zero(bounds, reason, numbers)


def _seed_interval(sweep: Sweep, gaps: Array, confidence: float) -> tuple[Bounds, str | None]:
    if sweep.seeds < MIN_SEEDS:
        return None, NOISE_UNKNOWN
    if np.isnan(gaps).any():
        return None, "undefined for a seed"
    return interval_over_seeds(gaps, confidence), None


def _mean_or_none(by_seed: Array) -> float | None:
    value = float(by_seed.mean())
    return None if math.isnan(value) else value


def _region_indices(sweep: Sweep) -> tuple[int, int, int]:
    ed, et, ncr = (sweep.regions.index(region) for region in REGIONS)
    return ed, et, ncr


def _find_ends(sweep: Sweep) -> list[int]:
    return sweep.find_alphas(within=0, near=0) + sweep.find_alphas(within=0, near=1)


CLAIMS: Final = (
    Claim(
        "t1_meets_in_the_middle",
        "T1 on real and on synthetic test images is about equal at α = 0.5 ± 0.1, with a gap at "
        "α = 0 and α = 1.",
        _t1_meets_in_the_middle,
        "needs α = 0, α = 1 and an α within 0.5 ± 0.1",
    ),
    Claim(
        "t2_higher_on_synthetic",
        "T2 is higher on synthetic test images at almost every α.",
        _t2_is_higher_on_synthetic,
        join=require_almost_every,
    ),
    Claim("t3_order", "T3 is highest for ED, then ET, then NCR, at every α.", _t3_is_ordered, ""),
    Claim(
        "t3_falls",
        "T3 falls as α grows, most for NCR.",
        _t3_falls,
        "needs two α",
    ),
    Claim("t4_lowest_for_ed", "T4 is lowest for ED at every α.", _t4_is_lowest_for_ed),
    Claim(
        "t4_lowest_in_the_middle",
        "T4 is lowest at α = 0.5 ± 0.1, for every region.",
        _t4_is_lowest_in_the_middle,
        "needs an α within 0.5 ± 0.1 and one outside",
    ),
    Claim(
        "t4_order_at_zero",
        "At α = 0 T4 is highest for NCR, then ED, then ET.",
        _t4_is_ordered_at_zero,
        "needs α = 0",
    ),
    Claim(
        "t5_lower_on_synthetic",
        "T5 is lower on synthetic test images at every α, for every region.",
        _t5_is_lower_on_synthetic,
    ),
    Claim(
        "t5_stable",
        "T5 on synthetic test images is stable within α = 0.5 ± 0.2, for every region.",
        _t5_is_stable,
        "needs two α within 0.5 ± 0.2",
    ),
    Claim(
        "t5_equal_for_ed",
        "T5 of ED is about equal on real and synthetic test images at every α.",
        _t5_is_equal_for_ed,
    ),
)
