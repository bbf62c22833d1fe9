"""The figures of a study in the paper's order: figure 2 as it was drawn, the others drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import Wording
from syntrust_metrics.figures import (
    CaseVolumes,
    draw_fig3,
    draw_fig4,
    draw_fig5,
    draw_fig6,
    draw_fig7,
    draw_fig8,
    save_figure,
)
from syntrust_metrics.report.prose import FIGURES
from syntrust_standalone.study.page.design import find_wording
from syntrust_standalone.study.results_file import PICTURE, StudyResults, find_picture

OVER_ALPHA: Final[Mapping[str, Callable[[ShownResults, Wording], Figure]]] = {
    "fig4": draw_fig4,
    "fig5": draw_fig5,
    "fig6": draw_fig6,
    "fig7": draw_fig7,
    "fig8": draw_fig8,
}


def list_figures(study: StudyResults) -> list[str]:
    """List the file names of the figures in the paper's order; without a picture no figure 2."""
    drawn = [f"{name}.svg" for name in ("fig3", *OVER_ALPHA)]
    return [*study["pictures"], *drawn]


def describe_figure(name: str) -> tuple[str, str]:
    """Give the number and title of a figure, and its caption, as the report has them."""
    stem = name.partition(".")[0]
    title, caption = FIGURES[stem]
    return f"Figure {stem.removeprefix('fig')}. {title}", caption


def write_figures(study: StudyResults, results: ShownResults, file: Path, folder: Path) -> None:
    """Write every figure into a folder; `file` is that of the results."""
    folder.mkdir(parents=True, exist_ok=True)
    if study["pictures"]:
        (folder / PICTURE).write_bytes(find_picture(file).read_bytes())
    figures = {"fig3": draw_fig3(_list_volumes(study))}
    wording = find_wording(study)
    figures |= {name: draw(results, wording) for name, draw in OVER_ALPHA.items()}
    for name, figure in figures.items():
        _, png = save_figure(figure, folder / name)
        png.unlink()  # a page on the web shows the other


def _list_volumes(study: StudyResults) -> list[CaseVolumes]:
    return [
        CaseVolumes(id=name, part=case["part"], volumes_ml=case["volumes_ml"])
        for name, case in study["cases"].items()
    ]
