"""Print the walks as Markdown: `python -m tools.walks`, each in a process of its own."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.walks.recorder import Passed

# A walk is loaded only where it is walked, so that nothing of another one is entered.
WALKS: Final = {
    "`POST /experiments` to a step message": ("tools.walks.gateway", "experiment_to_message"),
    "a mask to a twin": ("tools.walks.generator", "mask_to_twin"),
    "Dice to the answer of `POST /trust-score`": ("tools.walks.gateway", "dice_to_answer"),
}
_ALONE: Final = "--one"
_HEAD: Final = """# The way of one value

Which files of the platform one small value passes, in this order, found by watching every call
while the real code handles it. `make walks` writes this page.
"""


def main(arguments: Sequence[str]) -> None:
    """Print every walk, or tell one to the process that asked for it."""
    if arguments[:1] == [_ALONE]:
        print(json.dumps([[each.at, each.file, each.function] for each in _walk(arguments[1])]))
        return
    print(_HEAD)
    for title in WALKS:
        print("\n".join(_told(title, _in_own_process(title))))


def _walk(title: str) -> list[Passed]:
    module, function = WALKS[title]
    with TemporaryDirectory() as folder:
        found: list[Passed] = getattr(import_module(module), function)(Path(folder))
    return found


def _in_own_process(title: str) -> list[Passed]:
    command = [sys.executable, "-m", "tools.walks", _ALONE, title]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
    return [Passed(*entry) for entry in json.loads(done.stdout.splitlines()[-1])]


def _told(title: str, files: Sequence[Passed]) -> Iterator[str]:
    folders = {Path(each.file).parent for each in files}
    yield f"## From {title}\n"
    yield f"{len(files)} files in {len(folders)} folders.\n"
    yield "| | file | first entered by | what it is there for |\n|---|---|---|---|"
    for number, each in enumerate(files, start=1):
        entered = each.function.removeprefix("_with_routes.<locals>.")
        yield f"| {number} | `{each.file}` | `{entered}` | {_reason(each.file)} |"
    yield ""


def _reason(file: str) -> str:
    """Give the first line of a module's own docstring."""
    spec = find_spec(file.partition("/")[0])
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parents[1] / file
    told = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    return told.splitlines()[0].replace("|", "/")


if __name__ == "__main__":
    main(sys.argv[1:])
