"""Code that stands letter for letter at two places."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from tools.structure.sources import Source, lines_of

SHORTEST: Final = 6
"""Code lines that make a duplicate."""
Spot = tuple[int, int]
"""Index of a file, and of a line in it."""


@dataclass(frozen=True)
class Duplicate:
    """The same code lines at two places; a place is a file with first and last line."""

    first: str
    second: str
    length: int


@dataclass(frozen=True)
class _File:
    place: str
    lines: list[int]
    texts: list[str]

    def span(self, start: int, length: int) -> str:
        return f"{self.place}:{self.lines[start]}-{self.lines[start + length - 1]}"


def duplicates(sources: Sequence[Source]) -> list[Duplicate]:
    """Return the longest runs of equal code lines, the longest first."""
    files = [_comparable(source) for source in sources]
    found = [
        Duplicate(files[a].span(i, length), files[b].span(j, length), length)
        for (a, i), (b, j), length in _runs(_equal_windows(files))
    ]
    return sorted(found, key=lambda each: (-each.length, each.first, each.second))


def _comparable(source: Source) -> _File:
    """Return the lines that count: no imports, no lines of punctuation alone."""
    imports = {
        line
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in lines_of(node)
    }
    kept = {
        line: text
        for line, text in source.code.items()
        if line not in imports and any(letter.isalnum() for letter in text)
    }
    return _File(source.place, list(kept), list(kept.values()))


def _equal_windows(files: Sequence[_File]) -> Iterator[tuple[Spot, Spot]]:
    """Yield the pairs of spots at which the same `SHORTEST` lines begin."""
    windows: dict[tuple[str, ...], list[Spot]] = defaultdict(list)
    for index, file in enumerate(files):
        for start in range(len(file.texts) - SHORTEST + 1):
            windows[tuple(file.texts[start : start + SHORTEST])].append((index, start))
    for spots in windows.values():
        yield from combinations(spots, 2)


def _runs(pairs: Iterator[tuple[Spot, Spot]]) -> Iterator[tuple[Spot, Spot, int]]:
    """Join windows that follow each other; in one file the two places must not overlap."""
    known = {pair for pair in pairs if _apart(*pair)}
    for (a, i), (b, j) in known:
        if ((a, i - 1), (b, j - 1)) in known:
            continue
        length = SHORTEST
        while ((a, i + length - SHORTEST + 1), (b, j + length - SHORTEST + 1)) in known:
            length += 1
        yield (a, i), (b, j), length


def _apart(first: Spot, second: Spot) -> bool:
    return first[0] != second[0] or second[1] - first[1] >= SHORTEST
