"""Numbers as cells of a table: a value above its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.report.markup import Html, element, join, text

Leaf = Mapping[str, Any]
FACTOR_DIGITS: Final[Mapping[str, int]] = {"t3": 4}
DIGITS: Final = 3


def digits_of(factor: str) -> int:
    return FACTOR_DIGITS.get(factor, DIGITS)


def leaf_cell(leaf: Leaf, digits: int = DIGITS) -> Html:
    """A leaf of an answer: value, spread over seeds and interval."""
    if leaf["value"] is None:
        return element("span", text(f"undefined: {leaf['reason']}"), class_="none")
    spread = leaf.get("seed_sd")
    beside = f" (seed sd {number(spread, digits)})" if spread is not None else ""
    value = text(f"{number(leaf['value'], digits)}{beside}")
    if leaf["ci"] is None:
        # Too few cases is said once, among the warnings.
        few = (leaf["reason"] or "fewer").startswith("fewer")
        reason = "no interval" if few else f"no interval: {leaf['reason']}"
        return join([value, element("span", text(reason), class_="ci")])
    return join([value, element("span", text(bounds(leaf["ci"], digits)), class_="ci")])


def number(value: float | None, digits: int = DIGITS) -> str:
    # z: what rounds to zero has no sign.
    return "undefined" if value is None else f"{value:z.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int = DIGITS) -> str:
    return "undefined" if value is None else f"{value:+z.{digits}f}".replace("-", "−")


def bounds(interval: Sequence[float], digits: int = DIGITS) -> str:
    low, high = interval
    return f"{number(low, digits)} to {number(high, digits)}"


def number_cell(value: float | None, digits: int = DIGITS) -> Html:
    kind = {"class_": "none"} if value is None else {}
    return element("span", text(number(value, digits)), **kind)


def probability(p: float | None) -> str:
    if p is None:
        return "no test"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
