"""Give every figure one look, and write it: equal inputs give equal files.

Figures are at most 7 in wide, so that they stand on a page of A4 or Letter at their own size and
no text is smaller than 7 pt there.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


@dataclass(frozen=True)
class Look:
    """How one thing is drawn: told apart by colour, and without colour by marker and line."""

    colour: str
    marker: str
    line: str = "-"
    filled: bool = True

    @property
    def face(self) -> str:
        return self.colour if self.filled else "white"


INK: Final = "#222222"
FAINT: Final = "#595959"
GRID: Final = "#e4e4e4"
# Told apart with every common colour blindness, and by lightness in print without colour.
REGIONS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "ET": Look("#B8446C", "o", "-"),
        "ED": Look("#C98A00", "s", "--"),
        "NCR": Look("#004488", "D", "-."),
    }
)
SIDES: Final[Mapping[Literal["real", "synthetic"], Look]] = MappingProxyType(
    {"real": Look(INK, "o", "-"), "synthetic": Look("#D55E00", "s", "--", filled=False)}
)
OTHER: Final = Look("#6b6b6b", "o")
SIDE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"real": "real test images", "synthetic": "synthetic test images"}
)
REGION_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ET": "enhancing tumour",
        "ED": "oedema",
        "NCR": "necrotic and non-enhancing core",
        "TC": "tumour core",
        "WT": "whole tumour",
    }
)
PAGE_IN: Final = 7.0
NOTICE: Final = "SynTrust · research use only, not for clinical decisions"
PNG_DPI: Final = 160
RASTER_DPI: Final = 200  # of images inside an SVG
SMALL_PRINT_PT: Final = 7
CHARACTERS_PER_IN: Final = 19  # of small print
TITLE_CHARACTERS: Final = 22
SENTENCES_NAMED: Final = 3  # in small print


def use_style() -> Any:  # noqa: ANN401 - matplotlib's context manager has no public type
    """Give a context in which figures are drawn and written in this style."""
    # fonttype path: a page looks the same on a machine without the font. hashsalt: stable ids.
    return mpl.rc_context(
        {
            "svg.hashsalt": "syntrust",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.titlesize": 9.5,
            "axes.labelsize": 9,
            "axes.edgecolor": "#9a9a9a",
            "axes.labelcolor": INK,
            "axes.titlecolor": INK,
            "text.color": INK,
            "xtick.color": "#555555",
            "ytick.color": "#555555",
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
        }
    )


def new_figure(width_in: float, height_in: float) -> Figure:
    """Open a figure that belongs to no global state; inches."""
    engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06)
    return Figure(figsize=(width_in, height_in), layout=engine, facecolor="white")


def tidy_axes(axes: Axes) -> None:
    """Draw horizontal guide lines behind the data, and no box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def choose_region_look(region: str) -> Look:
    return REGIONS.get(region, OTHER)


def title_region(region: str) -> str:
    """Give the name of a region for a panel or a legend, on two lines where it is long."""
    name = REGION_NAMES.get(region)
    if name is None:
        return region
    return textwrap.fill(f"{region}, {name}", TITLE_CHARACTERS, break_on_hyphens=False)


def annotate_figure(figure: Figure, *notes: str) -> None:
    """Write small print under the figure: what the reader needs, then the research notice."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_IN)
    lines = [textwrap.fill(note, width) for note in notes if note]
    _write_small_print(figure, "\n".join([*lines, NOTICE]))


def prepend_note(figure: Figure, note: str) -> None:
    """Write a note above the small print of a figure."""
    wrapped = textwrap.fill(note, int(figure.get_figwidth() * CHARACTERS_PER_IN))
    _write_small_print(figure, f"{wrapped}\n{figure.get_supxlabel()}")


def shorten_list(first: str, sentences: Sequence[str]) -> str:
    """Join sentences behind a first one; beyond some it only says how many there are."""
    more = len(sentences) - SENTENCES_NAMED
    rest = [f"And {more} more, see the report."] if more > 0 else []
    return " ".join([first, *sentences[:SENTENCES_NAMED], *rest])


def _write_small_print(figure: Figure, text: str) -> None:
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL_PRINT_PT, color=FAINT)


def save_figure(figure: Figure, path_stem: Path) -> tuple[Path, Path]:
    """Write `<stem>.svg` and `<stem>.png`, without dates or versions in them."""
    svg, png = path_stem.with_suffix(".svg"), path_stem.with_suffix(".png")
    with use_style():
        plain = {"Date": None, "Creator": None}
        figure.savefig(svg, format="svg", dpi=RASTER_DPI, metadata=plain)
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return svg, png
