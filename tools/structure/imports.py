"""Circles of imports, between modules and between the folders of a package."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tools.structure.sources import Source

Graph = Mapping[str, set[str]]
"""What each name imports."""


@dataclass(frozen=True)
class _Importer:
    """A module that resolves what its import statements name."""

    source: Source
    known: frozenset[str]

    def targets(self) -> Iterator[str]:
        for node in _loaded(self.source.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in self.known)
            elif isinstance(node, ast.ImportFrom):
                yield from self._from(node)

    def _from(self, node: ast.ImportFrom) -> Iterator[str]:
        """`from a import b` imports the module `a.b` if there is one, and `a` otherwise."""
        origin = self._origin(node)
        for alias in node.names:
            inner = f"{origin}.{alias.name}"
            yield from [name for name in (inner, origin) if name in self.known][:1]

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.source.module.split(".")
        is_package = self.source.path.name == "__init__.py"
        kept = parts[: len(parts) - node.level + is_package]
        return ".".join([*kept, *([node.module] if node.module else [])])


def import_graph(sources: Iterable[Source]) -> Graph:
    """Return which of these modules each of them imports when it is loaded."""
    own = list(sources)
    known = frozenset(source.module for source in own)
    return {each.module: set(_Importer(each, known).targets()) - {each.module} for each in own}


def folder_graph(graph: Graph) -> Graph:
    """Return the same between folders; a module that lies beside folders stands for itself."""
    folders = {name.rpartition(".")[0] for name in graph}
    above = {folder.rpartition(".")[0] for folder in folders}
    unit = {name: _unit(name, folders, above) for name in graph}
    return {
        each: {unit[to] for name in graph if unit[name] == each for to in graph[name]} - {each}
        for each in set(unit.values())
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of names of which each reaches all others and itself, sorted."""
    reached = {name: _reachable(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _loaded(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that run when a module is loaded."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _loaded(child)


def _unit(name: str, folders: set[str], above: set[str]) -> str:
    folder = name if name in folders else name.rpartition(".")[0]
    return name if folder in above else folder


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found
