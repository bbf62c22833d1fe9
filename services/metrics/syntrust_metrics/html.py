"""A few HTML elements. Text is escaped where it enters; `Html` is what has been through that."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NewType

Html = NewType("Html", str)


def text(value: object) -> Html:
    """Escape anything for use as text or inside a quoted attribute."""
    return Html(html.escape(str(value), quote=True))


def join(parts: Iterable[Html], separator: str = "\n") -> Html:
    return Html(separator.join(parts))


def element(name: str, *content: Html, **attributes: str) -> Html:
    """Build an element; `class_` stands for class and `aria_label` for aria-label."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{''.join(content)}</{name}>")


def paragraph(value: object) -> Html:
    return element("p", text(value))


def items(values: Iterable[object]) -> Html:
    return element("ul", *(element("li", text(value)) for value in values))


def section(title: str, *content: Html) -> Html:
    return element("section", element("h2", text(title)), *content)


def table(
    head: Sequence[object], rows: Iterable[Sequence[Html]], *, caption: str = "", kind: str = ""
) -> Html:
    """Build a table whose first column names the row; it scrolls by itself where it is wide.

    The caption stands outside of what scrolls, so that a narrow screen shows all of it.
    """
    titles = element("tr", *(element("th", text(title), scope="col") for title in head))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    words = [element("p", text(caption), class_="caption")] if caption else []
    named = {"class_": kind, "aria_label": caption} if caption else {"class_": kind}
    whole = element("table", element("thead", titles), element("tbody", *body), **named)
    return element("div", *words, element("div", whole, class_="scroll"), class_="table")


def beside(figure: Html, numbers: Html, *, wide: bool = False) -> Html:
    """A figure with its numbers: to the right of it, or below where `wide` needs the room."""
    return element("div", figure, numbers, class_="pair wide" if wide else "pair")


def folded(name: str, title: object, *content: Html) -> Html:
    """Content that a screen shows on demand and paper always; `name` is unique in the page.

    Not `<details>`: no browser opens a closed one for print by style alone.
    """
    box = Html(f'<input type="checkbox" id="{text(name)}">')
    label = element("label", text(title), for_=name)
    return element("div", box, label, element("div", *content), class_="folded")


def svg_figure(svg: bytes, *, alternative: str, caption: str) -> Html:
    """Embed an SVG as an image, so that its ids and styles stay its own."""
    data = base64.b64encode(svg).decode("ascii")
    image = Html(f'<img src="data:image/svg+xml;base64,{data}" alt="{text(alternative)}">')
    scrolling = element("div", image, class_="scroll")
    return element("figure", scrolling, element("figcaption", text(caption)))


def facts(tree: Mapping[str, Any]) -> Html:
    """List every leaf of nested settings with its path as the name."""
    rows = [[text(path), text(value)] for path, value in flatten(tree)]
    return table(["what", "value"], rows, kind="facts")


def flatten(tree: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
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
