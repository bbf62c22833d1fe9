"""Numbers as cells of a table: a value above its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.html import Html, element, join, text

Estimate = Mapping[str, Any]
FACTOR_DIGITS: Final[Mapping[str, int]] = {"t3": 4}
DIGITS: Final = 3


def choose_digits(factor: str) -> int:
    return FACTOR_DIGITS.get(factor, DIGITS)


def estimate_cell(estimate: Estimate, digits: int = DIGITS) -> Html:
    """An estimate of the answer: value, interval and spread over seeds."""
    if estimate["value"] is None:
        return element("span", text(f"undefined: {estimate['reason']}"), class_="none")
    lines = [
        text(format_number(estimate["value"], digits)),
        _small(_format_interval(estimate, digits)),
    ]
    spread = estimate.get("seed_sd")
    lines += [] if spread is None else [_small(f"seed sd {format_number(spread, digits)}")]
    return join(lines)


def _format_interval(estimate: Estimate, digits: int) -> str:
    if estimate["ci"] is not None:
        return format_bounds(estimate["ci"], digits)
    # Too few cases is said once, among the warnings.
    few = (estimate["reason"] or "fewer").startswith("fewer")
    return "no interval" if few else f"no interval: {estimate['reason']}"


def _small(said: str) -> Html:
    return element("span", text(said), class_="ci")


def format_number(value: float | None, digits: int = DIGITS) -> str:
    # z: what rounds to zero has no sign.
    return "undefined" if value is None else f"{value:z.{digits}f}".replace("-", "−")


def format_signed(value: float | None, digits: int = DIGITS) -> str:
    return "undefined" if value is None else f"{value:+z.{digits}f}".replace("-", "−")


def format_bounds(interval: Sequence[float], digits: int = DIGITS) -> str:
    low, high = interval
    return f"{format_number(low, digits)} to {format_number(high, digits)}"


def number_cell(value: float | None, digits: int = DIGITS) -> Html:
    kind = {"class_": "none"} if value is None else {}
    return element("span", text(format_number(value, digits)), **kind)


def format_probability(p: float | None) -> str:
    if p is None:
        return "no test"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
