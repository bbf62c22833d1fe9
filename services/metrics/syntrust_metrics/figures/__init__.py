"""Figures, named as in the paper: fig2 twins, fig3 volumes, fig4 to fig8 the factors T1 to T5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from syntrust_metrics.figures.factors import fig4, fig5, fig6, fig7, fig8
from syntrust_metrics.figures.style import save
from syntrust_metrics.figures.twins import TwinPair, fig2
from syntrust_metrics.figures.volumes import CaseVolumes, fig3

NAMES: Final = ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "fig8")


def draw_all(
    results: Mapping[str, Any], pairs: Sequence[TwinPair], volumes: Sequence[CaseVolumes]
) -> dict[str, Figure]:
    """Draw every figure of an experiment, by name. Without pairs there is no fig2."""
    figures = {"fig2": fig2(pairs)} if pairs else {}
    figures["fig3"] = fig3(volumes)
    drawn = {"fig4": fig4, "fig5": fig5, "fig6": fig6, "fig7": fig7, "fig8": fig8}
    return figures | {name: draw(results) for name, draw in drawn.items()}


def save_all(figures: Mapping[str, Figure], folder: Path) -> dict[str, Path]:
    """Write every figure as SVG and PNG; paths by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for name, figure in figures.items() for path in save(figure, folder / name)]
    return {path.name: path for path in paths}


__all__ = [
    "NAMES",
    "CaseVolumes",
    "TwinPair",
    "draw_all",
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "save",
    "save_all",
]
