"""The one HTML layer of trust page and report: Jinja2 templates that share their macros.

`templates/base.html` is the frame of a page, `templates/macros.html` holds the shared elements
(section, table, items, figure, folded, ...). A page is a template that extends the frame and that
`render` fills; code that builds a part in Python calls the macros with `macro`, or with the typed
functions below. Text is escaped wherever it enters; `Markup` is what has been through that.

Loads Jinja2 and the standard library alone, so that a gateway can write the trust page.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

TEMPLATES: Final = Path(__file__).parent / "templates"
Html = Markup


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


@cache
def _macros() -> object:
    return _environment().get_template("macros.html").module


def macro(name: str, *arguments: object, **settings: object) -> Markup:
    """Call a macro of `templates/macros.html`; arguments that are no `Markup` are escaped in it."""
    made: Markup = getattr(_macros(), name)(*arguments, **settings)
    return made


def text(value: object) -> Markup:
    """Escape anything for use as text or inside a quoted attribute."""
    return escape(str(value))


def join(parts: Iterable[Markup]) -> Markup:
    """Put parts below each other."""
    return Markup("\n").join(parts)


def element(name: str, *content: Markup, **attributes: str) -> Markup:
    """Build an element; `class_` stands for class and `aria_label` for aria-label."""
    given = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
    )
    inside = Markup("").join(content)
    return Markup("<{name}{given}>{inside}</{name}>").format(name=name, given=given, inside=inside)


def paragraph(value: object) -> Markup:
    return element("p", text(value))


def items(values: Iterable[object]) -> Markup:
    return macro("items", values)


def section(title: str, *content: Markup) -> Markup:
    return macro("section", title, Markup("").join(content))


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], *, caption: str = "", kind: str = ""
) -> Markup:
    """Build a table whose first column names the row; `kind` is its class."""
    return macro("table", head, rows, caption=caption, kind=kind)


def beside(figure: Markup, numbers: Markup, *, wide: bool = False) -> Markup:
    """Put a figure and its numbers side by side, or below each other where `wide`."""
    return macro("beside", figure, numbers, wide=wide)


def folded(name: str, title: object, *content: Markup) -> Markup:
    """Fold content that a screen shows on demand; `name` is unique in the page."""
    return macro("folded", name, title, Markup("").join(content))


def svg_figure(svg: bytes, *, alternative: str, caption: str) -> Markup:
    """Embed an SVG as an image, so that its ids and styles stay its own."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
    return macro("figure", macro("image", source, alternative), caption)


def facts(tree: Mapping[str, Any]) -> Markup:
    """List every leaf of nested settings with its path as the name."""
    return macro("facts", flatten(tree))


def flatten(tree: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    """Give path and text of every leaf of nested settings."""
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
