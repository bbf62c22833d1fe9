"""The cover and running header of a report, filled in when it is served.

The stored report has no names, because clients that ask for the same computation share it. What
one client calls its experiment and dataset is therefore added for each answer, and to no file.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

UNNAMED: Final = "Unnamed experiment"
_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,:-]")
_STYLE: Final = """<style>
.cover {{ border: 1px solid #d8dee4; border-radius: 6px; padding: .7rem 1rem;
  margin-bottom: 1.6rem; }}
.cover h1 {{ margin-bottom: .5rem; overflow-wrap: anywhere; }}
.cover dl {{ display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem;
  margin: 0; }}
.cover dt, .cover dd {{ margin: 0; overflow-wrap: anywhere; }}
@page {{ margin-top: 19mm;
  @top-left {{ content: {left}; font: 7.5pt sans-serif; color: #444; width: 50%;
    white-space: pre-line; }}
  @top-right {{ content: {right}; font: 7.5pt sans-serif; color: #444; width: 50%;
    white-space: pre-line; }}
  @bottom-right {{ content: "page " counter(page) " of " counter(pages); font: 7.5pt sans-serif;
    color: #444; }} }}
</style>
"""
LONGEST_NAME: Final = 60
"""Characters of a title or of a dataset's name in the running header, a line for each."""


@dataclass(frozen=True)
class Cover:
    """What one client's printout is told apart by.

    `finished` is in UTC; `title` and `dataset` are any text of the client, None if there is none.
    """

    title: str | None
    experiment: str
    finished: datetime | None
    dataset: str | None

    @property
    def shown_title(self) -> str:
        return self.title or UNNAMED

    @property
    def shown_dataset(self) -> str:
        return self.dataset or "deleted"

    @property
    def date(self) -> str:
        return "not finished" if self.finished is None else f"{self.finished:%Y-%m-%d %H:%M} UTC"


def add_cover(page: bytes, cover: Cover) -> bytes:
    """Give a report the cover, the running header and the title of one experiment.

    Parameters
    ----------
    page : bytes
        The stored report, UTF-8.
    cover : Cover
        Whose report it is. Its texts are escaped, also within the style sheet.

    Returns
    -------
    bytes
        The page as it is served.
    """
    title = cover.shown_title
    head = f"<title>{html.escape(f'{title} · SynTrust report · {cover.experiment}')}</title>"
    style = _STYLE.format(
        left=_css_text(f"{_shorten(title)}\n{_shorten(f'dataset: {cover.shown_dataset}')}"),
        right=_css_text(f"experiment {cover.experiment}\n{cover.date}"),
    )
    text = page.decode()
    text = re.sub("<title>.*?</title>", lambda _: head, text, count=1, flags=re.DOTALL)
    text = text.replace("</head>", f"{style}</head>", 1)
    return text.replace("<main>", f"<main>\n{_write_block(title, cover)}", 1).encode()


def _write_block(title: str, cover: Cover) -> str:
    rows = {
        "Experiment": cover.experiment,
        "Finished": cover.date,
        "Dataset": cover.shown_dataset,
    }
    facts = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in rows.items())
    return f'<div class="cover"><h1>{html.escape(title)}</h1>\n<dl>{facts}</dl></div>\n'


def _shorten(name: str) -> str:
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def _css_text(text: str) -> str:
    """Write a text as a string of a style sheet; all but plain characters as code points.

    So no quote, backslash, line end or `</style>` of a name ends the string or the style sheet.
    """
    return '"' + _PLAIN.sub(lambda found: f"\\{ord(found[0]):x} ", text) + '"'
