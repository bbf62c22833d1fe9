"""Numbers as cells of a table: a value above its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.html import Html, element, join, text

Leaf = Mapping[str, Any]
FACTOR_DIGITS: Final[Mapping[str, int]] = {"t3": 4}
DIGITS: Final = 3


def digits_of(factor: str) -> int:
    return FACTOR_DIGITS.get(factor, DIGITS)


def leaf_cell(leaf: Leaf, digits: int = DIGITS) -> Html:
    """A leaf of an answer: value, interval and spread over seeds."""
    if leaf["value"] is None:
        return element("span", text(f"undefined: {leaf['reason']}"), class_="none")
    lines = [text(number(leaf["value"], digits)), _small(_interval(leaf, digits))]
    spread = leaf.get("seed_sd")
    lines += [] if spread is None else [_small(f"seed sd {number(spread, digits)}")]
    return join(lines)


def _interval(leaf: Leaf, digits: int) -> str:
    if leaf["ci"] is not None:
        return bounds(leaf["ci"], digits)
    # Too few cases is said once, among the warnings.
    few = (leaf["reason"] or "fewer").startswith("fewer")
    return "no interval" if few else f"no interval: {leaf['reason']}"


def _small(said: str) -> Html:
    return element("span", text(said), class_="ci")


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
