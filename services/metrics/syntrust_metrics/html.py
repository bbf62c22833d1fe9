"""The one HTML layer of trust page and report: Jinja2 templates that share their macros.

`templates/base.html` is the frame of a page, `templates/macros.html` holds the elements that both
pages share (section, table, items, figure, folded, ...). A page is a template that extends the
frame; `render` fills it. Jinja2 escapes every text.

This module loads Jinja2 and the standard library alone, so that a gateway can write the trust page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES: Final = Path(__file__).parent / "templates"


def decimals(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number with so many decimals and a true minus."""
    return f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters["decimals"] = decimals
    return made


def render(template: str, **context: object) -> str:
    """Fill a template of `templates/`; a name that it lacks is an error."""
    return _environment().get_template(template).render(context)


def encode_svg(svg: bytes) -> str:
    """Give an SVG as the address of an image, so that its ids and styles stay its own."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"


def flatten(tree: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    """Give path and text of every value of nested settings."""
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and value:
            found += flatten(value, here)
        elif isinstance(value, list | tuple):
            found.append((here, ", ".join(map(str, value)) or "none"))
        else:
            found.append((here, "none" if value in (None, {}) else str(value)))
    return found
