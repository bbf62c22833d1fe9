"""Markdown of tables, lists and folded parts. The tables are those of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syntrust_metrics.report.cells import Cell, Row, Table


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; the first cell of each row names the row."""
    lines = [_line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join(lines)


def write_report_table(table: Table) -> str:
    """Write a table of the report; small print stands beside a cell's text, in brackets."""
    return write_table(table.head, [_texts(row) for row in table.rows])


def _texts(row: Row) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: Cell | str | int) -> str:
    if not isinstance(cell, Cell):
        return str(cell)
    small = f" ({'; '.join(cell.small)})" if cell.small else ""
    return f"**{cell.text}**{small}" if cell.kind == "strong" else f"{cell.text}{small}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def write_list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def fold(summary: str, text: str) -> str:
    """Fold a part away under one line; GitHub shows it at a click."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"
