"""One comparison of a claim, and how comparisons decide a claim: holds, fails or undecided.

X > Y holds if the interval of the paired difference lies above 0 and fails if it lies below. "About
equal" is decided by equivalence and never by a difference that was not found. At every α: all hold,
or any fails. At almost every α: at least 90 % hold, or more than 10 % fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syntrust_metrics.trust.schema.inference import ClaimComparison, ClaimNumbers, ClaimVerdict

HOLDS: Final = "holds"
FAILS: Final = "fails"
UNDECIDED: Final = "undecided"
ALMOST: Final = 0.9
SPANS_ZERO: Final = "the interval of the difference holds 0"
Bounds = tuple[float, float] | None


@dataclass(frozen=True)
class Finding:
    """One comparison: its verdict, the reason if undecided, and its numbers."""

    verdict: ClaimVerdict
    reason: str | None
    numbers: ClaimNumbers

    def as_body(self) -> ClaimComparison:
        return {**self.numbers, "verdict": self.verdict, "reason": self.reason}


def decide_above_zero(bounds: Bounds, reason: str | None, numbers: ClaimNumbers) -> Finding:
    """Decide X > Y by the interval of X - Y."""
    if bounds is None:
        return Finding(UNDECIDED, reason, numbers)
    if bounds[0] > 0:
        return Finding(HOLDS, None, numbers)
    return Finding(FAILS, None, numbers) if bounds[1] < 0 else _leave_open(SPANS_ZERO, numbers)


def decide_inside(
    bounds: Bounds, margin: float, reason: str | None, numbers: ClaimNumbers
) -> Finding:
    """Decide X ≈ Y by the 90 % interval of X - Y and a margin."""
    if bounds is None:
        return Finding(UNDECIDED, reason, numbers)
    low, high = bounds
    if -margin < low and high < margin:
        return Finding(HOLDS, None, numbers)
    if low > margin or high < -margin:
        return Finding(FAILS, None, numbers)
    return _leave_open("the interval of the difference reaches across the margin", numbers)


def require_every(findings: Sequence[Finding]) -> tuple[ClaimVerdict, str | None]:
    """Require that all hold; it fails if any fails. Give verdict and reason."""
    failed = [each for each in findings if each.verdict == FAILS]
    if failed:
        return FAILS, f"{len(failed)} of {len(findings)} comparisons say the opposite"
    left = [each for each in findings if each.verdict != HOLDS]
    if not left:
        return HOLDS, None
    return UNDECIDED, _list_reasons(left, len(findings))


def require_almost_every(findings: Sequence[Finding]) -> tuple[ClaimVerdict, str | None]:
    """Require that at least 90 % hold; it fails if more than 10 % fail."""
    holding, failing = (
        sum(each.verdict == verdict for each in findings) / len(findings)
        for verdict in (HOLDS, FAILS)
    )
    if failing > 1 - ALMOST + 1e-12:
        return FAILS, f"{failing:.0%} of the comparisons say the opposite"
    if holding >= ALMOST:
        return HOLDS, None
    left = [each for each in findings if each.verdict == UNDECIDED]
    return UNDECIDED, _list_reasons(left, len(findings))


def _leave_open(reason: str, numbers: ClaimNumbers) -> Finding:
    return Finding(UNDECIDED, reason, numbers)


def _list_reasons(left: Sequence[Finding], total: int) -> str:
    """Say how many comparisons are open, and every reason once."""
    reasons = dict.fromkeys(each.reason for each in left if each.reason)
    why = f": {'; '.join(reasons)}" if reasons else ""
    return f"{len(left)} of {total} comparisons undecided{why}"
