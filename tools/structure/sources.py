"""The Python files of a checkout, package by package."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

AROUND: Final = ("tests", "benchmarks", "tools")
"""Folders of a checkout that hold code and are no distribution."""
_GIVEN: Final = "tests/data"
"""Facts that were brought in as they are."""
_GENERATED: Final = "# Made from "
"""How a file begins that a program has written; its code is that of its source."""
_SKIPPED: Final = frozenset({"build", "dist", "__pycache__", "node_modules"})
_NO_CODE: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)


@dataclass(frozen=True)
class Source:
    """One module: where it lies, what it is called and what it holds."""

    path: Path
    place: str
    """Its path from the root of the checkout."""
    module: str
    """The name by which it is imported."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.place)

    @cached_property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def code(self) -> dict[int, str]:
        """Line numbers and text of the code lines, without indentation and comments."""
        docstrings = {line for node in _docstrings(self.tree) for line in lines_of(node)}
        lines = self.text.splitlines()
        found = dict.fromkeys(sorted(_occupied(self.text) - docstrings), "")
        comments = _comments(self.text)
        return {line: lines[line - 1][: comments.get(line)].strip() for line in found}


@dataclass(frozen=True)
class Package:
    """The modules below one folder. A product is what a user installs."""

    name: str
    product: bool
    sources: tuple[Source, ...]


def read_packages(root: Path) -> list[Package]:
    """Return the import packages of every distribution below `root`, then the folders around."""
    folders = sorted(_import_packages(root), key=lambda folder: folder.name)
    products = [Package(each.name, True, _read(root, each, each.parent)) for each in folders]
    around = [root / name for name in AROUND if (root / name).is_dir()]
    return products + [Package(each.name, False, _read(root, each, root)) for each in around]


def lines_of(node: ast.stmt | ast.expr) -> range:
    """Return the numbers of the lines that a node covers."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _import_packages(root: Path) -> Iterator[Path]:
    """Find `NAME/__init__.py` beside each `pyproject.toml`, or in a `src` folder beside it."""
    for project in _files(root, "pyproject.toml"):
        if project.parent == root:
            continue
        for parent in (project.parent, project.parent / "src"):
            yield from (init.parent for init in sorted(parent.glob("*/__init__.py")))


def _read(root: Path, folder: Path, top: Path) -> tuple[Source, ...]:
    return tuple(
        Source(path, str(path.relative_to(root)), _module(path, top), text)
        for path in sorted(_files(folder, "*.py"))
        if not path.is_relative_to(root / _GIVEN)
        and not (text := path.read_text("utf-8")).startswith(_GENERATED)
    )


def _module(path: Path, top: Path) -> str:
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    for path in folder.rglob(pattern):
        between = path.relative_to(folder).parts[:-1]
        if not any(part in _SKIPPED or part.startswith(".") for part in between):
            yield path


def _docstrings(tree: ast.Module) -> Iterator[ast.Expr]:
    """Yield strings that stand alone: docstrings, and notes below an attribute."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield node


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _occupied(text: str) -> set[int]:
    tokens = (token for token in _tokens(text) if token.type not in _NO_CODE)
    return {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}


def _comments(text: str) -> dict[int, int]:
    """Return line and column of every comment."""
    return {
        token.start[0]: token.start[1] for token in _tokens(text) if token.type == tokenize.COMMENT
    }
