"""The figures of a checkout, and the targets they are held to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.structure.duplicates import Duplicate, duplicates
from tools.structure.functions import Function, functions_of, percentile
from tools.structure.imports import circles, folder_graph, import_graph
from tools.structure.sources import Package, Source, read_packages

MEDIAN_LENGTH: Final = 7
P99_LENGTH: Final = 35
MODULE_LINES: Final = 400
FOLDER_FILES: Final = 15
_MIGRATIONS: Final = "/migrations/versions/"


@dataclass(frozen=True)
class Row:
    """The figures of one package, or of several together."""

    name: str
    files: int
    lines: int
    functions: int
    median: int
    p90: int
    p99: int
    longest: int
    typed: int


@dataclass(frozen=True)
class Large:
    """Something larger than its target: a function, a module or a folder."""

    place: str
    name: str
    size: int


@dataclass(frozen=True)
class Figures:
    """All that is measured. Lists name what is over a target, the largest first."""

    rows: list[Row]
    products: Row
    around: Row
    functions: list[Large]
    modules: list[Large]
    folders: list[Large]
    untyped: list[str]
    module_circles: list[list[str]]
    folder_circles: list[list[str]]
    duplicates: list[Duplicate]


def measure(root: Path) -> Figures:
    """Measure the checkout at `root`."""
    packages = read_packages(root)
    sources = [source for package in packages for source in package.sources]
    functions = {package.name: _functions(package.sources) for package in packages}
    everything = [each for own in functions.values() for each in own]
    graph = import_graph(sources)
    return Figures(
        rows=[_row(each.name, each.sources, functions[each.name]) for each in packages],
        products=_together("products", [each for each in packages if each.product]),
        around=_together("around them", [each for each in packages if not each.product]),
        functions=_larger((Large(f.place, f.name, f.length) for f in everything), P99_LENGTH),
        modules=_larger((Large(s.place, s.module, s.lines) for s in sources), MODULE_LINES),
        folders=_larger(_folders(root, sources), FOLDER_FILES),
        untyped=[f"{each.place} {each.name}" for each in everything if not each.typed],
        module_circles=circles(graph),
        folder_circles=circles(folder_graph(graph)),
        duplicates=duplicates([each for each in sources if _MIGRATIONS not in each.place]),
    )


def missed(figures: Figures) -> Iterator[str]:
    """Yield one sentence for every target that is missed."""
    for row in (figures.products, figures.around):
        if row.median > MEDIAN_LENGTH:
            yield f"The median function of {row.name} has {row.median} lines, not {MEDIAN_LENGTH}."
        if row.p99 > P99_LENGTH:
            yield f"The p99 function of {row.name} has {row.p99} lines, not {P99_LENGTH}."
    for each in figures.modules:
        yield f"{each.place} has {each.size} lines, more than {MODULE_LINES}."
    for each in figures.folders:
        yield f"{each.place} has {each.size} files, more than {FOLDER_FILES}."
    for place in figures.untyped:
        yield f"{place} is not fully typed."
    for circle in figures.module_circles:
        yield f"These modules import each other in a circle: {', '.join(circle)}."
    for twice in figures.duplicates:
        yield f"{twice.first} and {twice.second} hold the same {twice.length} code lines."


def _together(name: str, packages: Iterable[Package]) -> Row:
    sources = [source for package in packages for source in package.sources]
    return _row(name, sources, _functions(sources))


def _row(name: str, sources: Sequence[Source], functions: Sequence[Function]) -> Row:
    lengths = [each.length for each in functions]
    return Row(
        name=name,
        files=len(sources),
        lines=sum(source.lines for source in sources),
        functions=len(functions),
        median=percentile(lengths, 0.5),
        p90=percentile(lengths, 0.9),
        p99=percentile(lengths, 0.99),
        longest=max(lengths, default=0),
        typed=sum(each.typed for each in functions),
    )


def _functions(sources: Iterable[Source]) -> list[Function]:
    return [each for source in sources for each in functions_of(source)]


def _folders(root: Path, sources: Iterable[Source]) -> Iterator[Large]:
    for folder in sorted({source.path.parent for source in sources}):
        files = sum(path.is_file() and not path.name.startswith(".") for path in folder.iterdir())
        place = str(folder.relative_to(root))
        yield Large(place, place, files)


def _larger(found: Iterable[Large], target: int) -> list[Large]:
    over = [each for each in found if each.size > target]
    return sorted(over, key=lambda each: (-each.size, each.place))
