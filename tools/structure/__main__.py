"""Print the figures of a checkout: `python -m tools.structure [--root PATH] [--json] [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tools.structure.figures import Figures, Large, Row, measure, missed

_HEAD = ("package", "files", "lines", "functions", "median", "p90", "p99", "longest", "typed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for; the exit status is 1 if `--check` finds a missed target."""
    asked = _parse(arguments)
    figures = measure(asked.root.resolve())
    print(json.dumps(asdict(figures), indent=1) if asked.json else "\n".join(_table(figures)))
    if not asked.check:
        return 0
    sentences = list(missed(figures))
    print("\n".join(sentences or ["All targets are met."]), file=sys.stderr)
    return 1 if sentences else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="structure", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="checkout to measure")
    parser.add_argument("--json", action="store_true", help="print JSON, to compare two checkouts")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    return parser.parse_args(arguments)


def _table(figures: Figures) -> Iterator[str]:
    yield _line(_HEAD)
    for row in (*figures.rows, figures.products, figures.around):
        yield _line(_cells(row))
    yield from _listing("functions over the p99 target", map(_large, figures.functions))
    yield from _listing("modules with too many lines", map(_large, figures.modules))
    yield from _listing("folders with too many files", map(_large, figures.folders))
    yield from _listing("functions not fully typed", figures.untyped)
    yield from _listing("import circles of modules", map(" ".join, figures.module_circles))
    yield from _listing("import circles of folders", map(" ".join, figures.folder_circles))
    yield from _listing(
        "duplicates", (f"{d.length:5} {d.first} = {d.second}" for d in figures.duplicates)
    )


def _cells(row: Row) -> tuple[str, ...]:
    share = f"{100 * row.typed / row.functions:.1f} %" if row.functions else "-"
    counts = (row.files, row.lines, row.functions, row.median, row.p90, row.p99, row.longest)
    return (row.name, *map(str, counts), share)


def _line(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"{first:22}" + "".join(f"{cell:>10}" for cell in others)


def _large(each: Large) -> str:
    return f"{each.size:5} {each.place} {each.name}"


def _listing(title: str, items: Iterator[str] | list[str]) -> Iterator[str]:
    lines = list(items)
    yield f"\n{title}: {len(lines) or 'none'}"
    yield from (f"  {line}" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
