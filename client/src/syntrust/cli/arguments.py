"""Reading what a person typed: grids, schemes and lists of numbers."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

import typer

from syntrust.bodies import GridSpec, Scheme
from syntrust.errors import SynTrustError
from syntrust.sending.scores import read_json as parse_json

STDIN = "-"
_GRID = re.compile(r"(\d+)x(\d+)x(\d+)@([\d.]+)(?:x([\d.]+)x([\d.]+))?")


def parse_file(text: str) -> Path:
    """The path of a file that can be read, or `-` for stdin.

    typer's own check takes a dash for the name of a file.
    """
    path = Path(text)
    if text == STDIN:
        return path
    if not path.exists():
        raise typer.BadParameter(f"file {text!r} does not exist.")
    if path.is_dir():
        raise typer.BadParameter(f"file {text!r} is a directory.")
    if not os.access(path, os.R_OK):
        raise typer.BadParameter(f"file {text!r} is not readable.")
    return path


def parse_grid(text: str) -> GridSpec:
    """`native`, or voxels and their edges in mm as 64x64x64@3 or 240x240x155@1x1x1.2."""
    if text == "native":
        return "native"
    match = _GRID.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r}: write native, or voxels@mm as 64x64x64@3 or 240x240x155@1x1x1.2.",
            param_hint="--grid",
        )
    x, y, z, first, *rest = match.groups()
    edges = [_number(edge or first, "--grid") for edge in (first, *rest)]
    return {"shape": [int(x), int(y), int(z)], "spacing_mm": edges}


def grid_text(grid: GridSpec) -> str:
    """A grid as `parse_grid` reads it."""
    if isinstance(grid, str):
        return grid
    shape = "x".join(str(n) for n in grid["shape"])
    edges = [f"{edge:g}" for edge in grid["spacing_mm"]]
    return f"{shape}@{edges[0] if len(set(edges)) == 1 else 'x'.join(edges)}"


def parse_scheme(text: str) -> Scheme:
    """The name of a label scheme, or a mapping as JSON."""
    if not text.startswith("{"):
        return text
    try:
        mapping: Scheme = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not JSON.", param_hint="--scheme") from error
    return mapping


def parse_floats(text: str, option: str) -> list[float]:
    """Numbers separated by commas, as 0,0.5,1."""
    return [_number(part, option) for part in text.split(",")]


def parse_names(text: str) -> list[str]:
    """Read names separated by commas. The server checks whether they exist."""
    return [part.strip() for part in text.split(",")]


def parse_ints(text: str, option: str) -> list[int]:
    """Whole numbers separated by commas, as 0,1,2."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r}: write whole numbers as 0,1,2.", param_hint=option)
    return [int(part) for part in parts]


def given(**fields: object) -> dict[str, Any]:
    """Keep the fields that were given. The server fills in the others."""
    return {name: value for name, value in fields.items() if value is not None}


def read_json(file: Path) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a JSON file, or stdin as `-`.

    Raises
    ------
    SynTrustError
        It is not JSON, or a key stands twice in it.
    """
    content = sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    return parse_json(content, str(file))


def read_names(file: Path) -> list[str]:
    """Read the words of a text file, or of stdin as `-`.

    Raises
    ------
    SynTrustError
        It is not text in UTF-8.
    """
    content = sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    try:
        return content.decode("utf-8-sig").split()
    except UnicodeDecodeError as error:
        raise SynTrustError(f"{file} is not UTF-8 at byte {error.start}.") from None


def read_object(file: Path, *, fields: str = "") -> dict[str, Any]:
    """Read a JSON file that holds an object; `fields` is what an error says about its fields."""
    body = read_json(file)
    if not isinstance(body, dict):
        raise SynTrustError(f"{file} should hold a JSON object{fields}.")
    return body


def _number(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{text!r} is not a number.", param_hint=option)
    return number
