"""Draw the figures, named as in the paper: fig2 twins, fig3 volumes, fig4 to fig8 T1 to T5.

Three more are not in the paper: Dice against size, real against synthetic, and T3 and T4 against
their noise floors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from syntrust_metrics.experiment.partial import describe_missing
from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.cases import draw_bland_altman, draw_dice_against_volume
from syntrust_metrics.figures.factors import draw_fig4, draw_fig5, draw_fig6, draw_fig7, draw_fig8
from syntrust_metrics.figures.noise_floor import draw_noise_floors
from syntrust_metrics.figures.style import prepend_note, save_figure, shorten_list
from syntrust_metrics.figures.twins import TwinPair, draw_fig2
from syntrust_metrics.figures.volumes import CaseVolumes, draw_fig3


def draw_all(
    results: ShownResults,
    pairs: Sequence[TwinPair],
    volumes: Sequence[CaseVolumes],
    wording: Wording = PATIENTS,
) -> dict[str, Figure]:
    """Draw every figure of an experiment, by name. Without pairs there is no fig2.

    `wording` names the cases. Each figure of partial results says so, and names what is missing.
    """
    figures = {"fig2": draw_fig2(pairs, wording)} if pairs else {}
    figures["fig3"] = draw_fig3(volumes)
    over_alpha = {
        "fig4": draw_fig4,
        "fig5": draw_fig5,
        "fig6": draw_fig6,
        "fig7": draw_fig7,
        "fig8": draw_fig8,
    }
    figures |= {name: draw(results, wording) for name, draw in over_alpha.items()}
    figures |= {
        "dice_volume": draw_dice_against_volume(results, volumes, wording),
        "bland_altman": draw_bland_altman(results, wording),
        "floors": draw_noise_floors(results, wording),
    }
    if lacks := describe_missing(results):
        for figure in figures.values():
            prepend_note(figure, shorten_list("PARTIAL RESULTS.", lacks))
    return figures


def save_all(figures: Mapping[str, Figure], folder: Path) -> dict[str, Path]:
    """Write every figure as SVG and PNG; paths by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        path for name, figure in figures.items() for path in save_figure(figure, folder / name)
    ]
    return {path.name: path for path in paths}


__all__ = [
    "CaseVolumes",
    "TwinPair",
    "draw_all",
    "draw_bland_altman",
    "draw_dice_against_volume",
    "draw_fig2",
    "draw_fig3",
    "draw_fig4",
    "draw_fig5",
    "draw_fig6",
    "draw_fig7",
    "draw_fig8",
    "draw_noise_floors",
    "save_all",
    "save_figure",
]
