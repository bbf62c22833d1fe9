"""Set a report's page as a PDF with Typst, by the template `templates/report.typ`.

Typst and its text fonts are in its wheel; letters that these lack come from the fonts in
Matplotlib's, of which the last has a sign for each letter. Fonts of the machine are not used, and
no time but the cover's, so that the same input gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import typst
from matplotlib import get_data_path

from syntrust_metrics.html import TEMPLATES
from syntrust_metrics.printing.outline import read_outline

PDF_FILE: Final = "report.pdf"
TEMPLATE: Final = "report.typ"
LONGEST_TITLE: Final = 60
"""Characters of a title in the running header, which has one line."""


@dataclass(frozen=True)
class Cover:
    """What one experiment's printout is told apart by.

    `finished` has a time zone; `digest` is that of the results, which every page shows. The texts
    are any text of a client: none of it is read as Typst.
    """

    title: str
    experiment: str
    finished: datetime
    dataset: str
    digest: str

    @property
    def date(self) -> str:
        return f"{self.finished.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    def as_json(self) -> dict[str, object]:
        """Give the texts of cover, header, footer and document, by the template's names."""
        finished = self.finished.astimezone(UTC)
        units = ("year", "month", "day", "hour", "minute", "second")
        title = " ".join(self.title.split())
        return {
            "title": title,
            "document": f"{title} · SynTrust report · {self.experiment}",
            "day": {unit: getattr(finished, unit) for unit in units},
            "left": f"{_shorten(title)} · {self.date}",
            "right": f"experiment {self.experiment}",
            "digest": self.digest,
            "facts": [
                ["Experiment", self.experiment],
                ["Finished", self.date],
                ["Dataset", " ".join(self.dataset.split())],
            ],
        }


def typeset(page: str, cover: Cover, folder: Path) -> Path:
    """Write `report.pdf` into a folder, which is made if it is not there.

    Parameters
    ----------
    page : str
        The report's page, as the report's step has written it.
    cover : Cover
        Whose report it is.
    folder : Path
        Where Typst finds its input, too; it reads nothing outside.

    Returns
    -------
    Path
        A4 pages, tagged by PDF/UA-1. Figures are vector graphics, as in the page.

    Raises
    ------
    ValueError
        If the page is not one of a report.
    """
    outline = read_outline(page)
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in outline.drawings.items():
        (folder / name).write_bytes(svg)
    content = {"cover": cover.as_json(), "blocks": outline.blocks}
    (folder / "document.json").write_text(json.dumps(content), encoding="utf-8")
    shutil.copyfile(TEMPLATES / TEMPLATE, folder / TEMPLATE)
    _compile(folder / TEMPLATE, folder / PDF_FILE, cover.finished)
    return folder / PDF_FILE


def _compile(template: Path, target: Path, made: datetime) -> None:
    typst.compile(
        template,
        target,
        format="pdf",
        font_paths=[Path(get_data_path(), "fonts", "ttf")],
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(made.timestamp()),
    )


def _shorten(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
