"""How every figure looks, and how it is written: equal inputs give equal files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito, "Color Universal Design", 2008: told apart with every common colour blindness.
REAL: Final = "#0072B2"
SYNTHETIC: Final = "#D55E00"
REGION_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"ET": "#CC79A7", "ED": "#009E73", "NCR": "#E69F00", "TC": "#56B4E9", "WT": "#444444"}
)
REGION_MARKERS: Final[Mapping[str, str]] = MappingProxyType(
    {"ET": "o", "ED": "s", "NCR": "D", "TC": "^", "WT": "v"}
)
SIDE_COLOURS: Final[Mapping[str, str]] = MappingProxyType({"real": REAL, "synthetic": SYNTHETIC})
SIDE_MARKERS: Final[Mapping[str, str]] = MappingProxyType({"real": "o", "synthetic": "s"})
SIDE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"real": "real test images", "synthetic": "synthetic test images"}
)
REGION_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ET": "enhancing tumour",
        "ED": "oedema",
        "NCR": "necrotic core",
        "TC": "tumour core",
        "WT": "whole tumour",
    }
)
INK: Final = "#222222"
FAINT: Final = "#6b6b6b"
GRID: Final = "#e4e4e4"
NOTICE: Final = "SynTrust · research use only, not for clinical decisions"
PNG_DPI: Final = 160


def styled() -> Any:  # noqa: ANN401 - matplotlib's context manager has no public type
    """Give a context in which figures are drawn and written in this style."""
    # fonttype path: a page looks the same on a machine without the font. hashsalt: stable ids.
    return mpl.rc_context(
        {
            "svg.hashsalt": "syntrust",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.labelsize": 9.5,
            "axes.edgecolor": "#9a9a9a",
            "axes.labelcolor": INK,
            "axes.titlecolor": INK,
            "text.color": INK,
            "xtick.color": "#555555",
            "ytick.color": "#555555",
            "legend.frameon": False,
            "legend.fontsize": 9,
        }
    )


def new_figure(width_in: float, height_in: float) -> Figure:
    """Open a figure that belongs to no global state; inches."""
    engine = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.06)
    return Figure(figsize=(width_in, height_in), layout=engine, facecolor="white")


def tidy(axes: Axes) -> None:
    """Horizontal guide lines behind the data, no box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def annotate(figure: Figure, *notes: str) -> None:
    """Small print under the figure: what the reader needs, then the research notice."""
    lines = [note for note in notes if note]
    figure.supxlabel("\n".join([*lines, NOTICE]), x=0.01, ha="left", fontsize=7, color=FAINT)


def save(figure: Figure, path_stem: Path) -> tuple[Path, Path]:
    """Write `<stem>.svg` and `<stem>.png`, without dates or versions in them."""
    svg, png = path_stem.with_suffix(".svg"), path_stem.with_suffix(".png")
    with styled():
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return svg, png
