"""Hooks of the documentation site.

The pages link files of the source tree, as a reader of a checkout expects. The site has no such
files. There the link's text stays, followed by the file's path. And what no reader's browser asks
for is left out: the site travels in the gateway's image.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

_LINK: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Replace links that leave `docs/`. Called by mkdocs for each page."""
    folder = PurePosixPath(page.file.src_uri).parent
    return _LINK.sub(lambda found: _inside(found, folder), markdown)


def on_post_build(*, config: MkDocsConfig, **_: object) -> None:
    """Remove maps of sources, and the word stems of languages in which nothing is written."""
    for path in Path(config.site_dir).rglob("*.map"):
        path.unlink()
    shutil.rmtree(Path(config.site_dir) / "assets" / "javascripts" / "lunr", ignore_errors=True)


def _inside(found: re.Match[str], folder: PurePosixPath) -> str:
    text, target = found.groups()
    path = _outside(target, folder)
    if path is None:
        return found.group()
    return text if path in text else f"{text} (`{path}`)"


def _outside(target: str, folder: PurePosixPath) -> str | None:
    """Give the path in the source tree of what lies outside `docs/`; None for all else."""
    if ":" in target or target.startswith(("#", "/")):
        return None
    parts = list(("docs" / folder).parts)
    for part in PurePosixPath(target.partition("#")[0]).parts:
        if part != "..":
            parts.append(part)
        elif not parts:
            return None
        else:
            parts.pop()
    return None if parts[:1] == ["docs"] and parts[1:2] != ["openapi.json"] else "/".join(parts)
