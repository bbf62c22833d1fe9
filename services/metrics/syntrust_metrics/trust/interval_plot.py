"""Where each part of a plot of intervals stands; `templates/interval_plot.svg` draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_ROW, _TOP, _LEFT, _RIGHT, _WIDTH = 28, 16, 104, 84, 520
_ABOVE: Final = 6  # of the first row's edge, where band and zero line begin
_BELOW: Final = 26  # the axis, for its numbers
_LABEL: Final = 14  # characters that fit left of the axis
Bounds = Sequence[float]


@dataclass(frozen=True)
class Mark:
    """One row of a plot; `reference` is an open square beside the value."""

    name: str
    value: float | None
    interval: Bounds | None
    reference: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A mark in units of the drawing."""

    label: str
    y: float
    value: float | None
    interval: tuple[float, float] | None
    reference: float | None
    note: str


@dataclass(frozen=True)
class IntervalPlot:
    """A plot in units of the drawing; `band` is its left edge and width."""

    bottom: int
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    band: tuple[float, float] | None
    zero: float | None
    top: int = _TOP - _ABOVE
    left: int = _LEFT
    right: int = _WIDTH - _RIGHT
    width: int = _WIDTH

    @property
    def height(self) -> int:
        return self.bottom + _BELOW


def plot_intervals(
    marks: Sequence[Mark], *, band: tuple[float, float] | None = None, zero: bool = False
) -> IntervalPlot:
    """Place points with intervals on one axis, a row for each mark.

    Parameters
    ----------
    marks : sequence of Mark
        The rows, from top to bottom.
    band : tuple of float, optional
        A range to shade behind the rows.
    zero : bool
        Mark 0 with a line; the axis may then begin below it.
    """
    low, high = _reach(marks, band, zero=zero)

    def x(value: float) -> float:
        place: float = _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)
        return round(place, 1)

    return IntervalPlot(
        bottom=_TOP + _ROW * len(marks),
        rows=[_row(mark, _TOP + _ROW * (i + 0.5), x) for i, mark in enumerate(marks)],
        ticks=[(x(place), f"{place:g}") for place in _ticks(low, high)],
        band=(x(band[0]), round(x(band[1]) - x(band[0]), 1)) if band else None,
        zero=x(0) if zero else None,
    )


def _reach(marks: Sequence[Mark], band: Bounds | None, *, zero: bool) -> tuple[float, float]:
    """Ends of the axis: it holds 0, the band and everything that is drawn."""
    reach = [0.0, *(band or ()), *(x for mark in marks for x in _numbers(mark))]
    low, high = min(reach), max(reach)
    pad = 0.06 * (high - low) or 0.01
    return low - (pad if zero else 0), high + pad


def _numbers(mark: Mark) -> Iterator[float]:
    found = (mark.value, *(mark.interval or ()), mark.reference)
    return (x for x in found if x is not None)


def _row(mark: Mark, y: float, x: Callable[[float], float]) -> Row:
    return Row(
        label=mark.name if len(mark.name) <= _LABEL else f"{mark.name[: _LABEL - 1]}…",
        y=y,
        value=None if mark.value is None else x(mark.value),
        interval=(x(mark.interval[0]), x(mark.interval[1])) if mark.interval else None,
        reference=None if mark.reference is None else x(mark.reference),
        note=mark.note,
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers over the axis, three to seven of them."""
    for step in (s * 10.0**e for e in range(-6, 2) for s in (1, 2, 5)):
        first, last = -int(-low // step), int(high // step)
        if last - first <= 6:
            return [round(i * step, 8) for i in range(first, last + 1)]
    return [0.0]
