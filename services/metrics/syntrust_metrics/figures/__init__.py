"""Figures, named as in the paper: fig2 twins, fig3 volumes, fig4 to fig8 the factors T1 to T5.

Beside the paper's: Dice against size, real against synthetic, and T3 and T4 against their floors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from syntrust_metrics.figures.cases import bland_altman, dice_volume
from syntrust_metrics.figures.factors import fig4, fig5, fig6, fig7, fig8
from syntrust_metrics.figures.noise_floor import floors
from syntrust_metrics.figures.style import save
from syntrust_metrics.figures.twins import TwinPair, fig2
from syntrust_metrics.figures.volumes import CaseVolumes, fig3


def draw_all(
    results: Mapping[str, Any], pairs: Sequence[TwinPair], volumes: Sequence[CaseVolumes]
) -> dict[str, Figure]:
    """Draw every figure of an experiment, by name. Without pairs there is no fig2."""
    figures = {"fig2": fig2(pairs)} if pairs else {}
    figures["fig3"] = fig3(volumes)
    over_alpha = {"fig4": fig4, "fig5": fig5, "fig6": fig6, "fig7": fig7, "fig8": fig8}
    figures |= {name: draw(results) for name, draw in over_alpha.items()}
    return figures | {
        "dice_volume": dice_volume(results, volumes),
        "bland_altman": bland_altman(results),
        "floors": floors(results),
    }


def save_all(figures: Mapping[str, Figure], folder: Path) -> dict[str, Path]:
    """Write every figure as SVG and PNG; paths by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for name, figure in figures.items() for path in save(figure, folder / name)]
    return {path.name: path for path in paths}


__all__ = [
    "CaseVolumes",
    "TwinPair",
    "bland_altman",
    "dice_volume",
    "draw_all",
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "floors",
    "save",
    "save_all",
]
