"""How long functions are, and whether they are typed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from tools.structure.sources import Source, lines_of


@dataclass(frozen=True)
class Function:
    """One function or method."""

    place: str
    """File and line of its `def`."""
    name: str
    """With the classes and functions around it."""
    length: int
    typed: bool


def functions_of(source: Source) -> list[Function]:
    """Return every function of a module, inner ones after the outer one."""
    return [
        Function(
            place=f"{source.place}:{node.lineno}",
            name=name,
            length=sum(line in source.code for line in lines_of(node)),
            typed=_is_typed(node, method=in_class),
        )
        for node, name, in_class in _definitions(source.tree, "", in_class=False)
    ]


def percentile(lengths: Sequence[int], share: float) -> int:
    """Return the nearest-rank percentile; 0 of no length."""
    ranked = sorted(lengths)
    return ranked[max(ceil(share * len(ranked)), 1) - 1] if ranked else 0


_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def _definitions(
    node: ast.AST, prefix: str, *, in_class: bool
) -> Iterator[tuple[_Definition, str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            yield child, prefix + child.name, in_class
            yield from _definitions(child, f"{prefix}{child.name}.", in_class=False)
        elif isinstance(child, ast.ClassDef):
            yield from _definitions(child, f"{prefix}{child.name}.", in_class=True)
        else:
            yield from _definitions(child, prefix, in_class=in_class)


def _is_typed(node: _Definition, *, method: bool) -> bool:
    given = [*node.args.posonlyargs, *node.args.args]
    if method and not _is_static(node):
        given = given[1:]
    variadic = [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    everything = [*given, *node.args.kwonlyargs, *variadic]
    return node.returns is not None and all(each.annotation is not None for each in everything)


def _is_static(node: _Definition) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list
    )
