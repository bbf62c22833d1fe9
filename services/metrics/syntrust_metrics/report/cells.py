"""Tables and their cells as plain data: `templates/report_macros.html` writes them as HTML.

A cell with a number shows its value above its interval, or says why there is no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Estimate = Mapping[str, Any]
Topic = Literal[
    "recommendation", "verdict", "interval", "trend", "lowest", "meeting", "claims", "twins"
]
"""What a sentence claims something about; each has an error rate of its own."""
FACTOR_DIGITS: Final[Mapping[str, int]] = {"t3": 4}
DIGITS: Final = 3


@dataclass(frozen=True)
class Evidence:
    """The row that a sentence rests on, by its anchor, and what the link to it says."""

    anchor: str
    label: str


@dataclass(frozen=True)
class Cell:
    """Text of a table with small lines below it; `missing` is a reason in place of a value.

    `anchor` names the row, where the cell is its first one, so that a sentence can point at it. A
    cell that claims something has the `link` to its own numbers and a `topic`.
    """

    text: str
    small: Sequence[str] = ()
    kind: Literal["plain", "missing", "strong"] = "plain"
    anchor: str = ""
    link: Evidence | None = None
    topic: Topic | None = None


Row = Sequence[Cell | str | int]


@dataclass(frozen=True)
class Table:
    """The first cell of each row names the row; `kind` is the class of the HTML element."""

    head: Sequence[str]
    rows: Sequence[Row]
    caption: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence that claims something, where its tests stand, and what it is about."""

    text: str
    evidence: Sequence[Evidence]
    topic: Topic = "verdict"


def name_error_rate(topic: Topic) -> str:
    """Name the row that says how often sentences of a topic err."""
    return f"error-rate-{topic}"


def choose_digits(factor: str) -> int:
    return FACTOR_DIGITS.get(factor, DIGITS)


def estimate_cell(estimate: Estimate, digits: int = DIGITS) -> Cell:
    """Give an estimate of the answer with its interval and its spread over seeds."""
    if estimate["value"] is None:
        return Cell(f"undefined: {estimate['reason']}", kind="missing")
    spread = estimate.get("seed_sd")
    small = [describe_interval(estimate, digits)]
    small += [] if spread is None else [f"seed sd {format_number(spread, digits)}"]
    return Cell(format_number(estimate["value"], digits), small)


def describe_interval(estimate: Estimate, digits: int = DIGITS) -> str:
    """Give the interval of an estimate, its one bounded end, or why there is none.

    An end that so few cases do not bound is said in words: "at least 0.111; 12 cases give no upper
    bound".
    """
    if estimate["ci"] is not None:
        return format_bounds(estimate["ci"], digits)
    if bound := estimate.get("bound"):
        ((end, value),) = bound.items()
        side = "at least" if end == "low" else "at most"
        return f"{side} {format_number(value, digits)}; {estimate['reason']}"
    # Too few cases is said once, among the warnings.
    few = (estimate["reason"] or "fewer").startswith("fewer")
    return "no interval" if few else f"no interval: {estimate['reason']}"


def format_number(value: float | None, digits: int = DIGITS) -> str:
    # z: what rounds to zero has no sign.
    return "undefined" if value is None else f"{value:z.{digits}f}".replace("-", "−")


def format_signed(value: float | None, digits: int = DIGITS) -> str:
    return "undefined" if value is None else f"{value:+z.{digits}f}".replace("-", "−")


def format_bounds(interval: Sequence[float], digits: int = DIGITS) -> str:
    low, high = interval
    return f"{format_number(low, digits)} to {format_number(high, digits)}"


def number_cell(value: float | None, digits: int = DIGITS) -> Cell:
    return Cell(format_number(value, digits), kind="missing" if value is None else "plain")


def format_probability(p: float | None) -> str:
    if p is None:
        return "no test"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
