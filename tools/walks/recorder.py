"""Watches which files of the platform are entered, in this process and in those it starts."""

from __future__ import annotations

import atexit
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any, Final

PACKAGES: Final = (
    "syntrust_core",
    "syntrust_gateway",
    "syntrust_generator",
    "syntrust_metrics",
    "syntrust_segmenter",
)
STAND_INS: Final = "syntrust_core/testing"
_CHECKOUT: Final = Path(__file__).parents[2]
_AT_START: Final = "from tools.walks.recorder import watch_child\nwatch_child()\n"


@dataclass(frozen=True, order=True)
class Passed:
    """One file on the way: when it was first entered, and by which function."""

    at: float
    file: str
    function: str


@dataclass
class Walk:
    """The files entered so far. `roots` are the folders that hold the packages."""

    roots: tuple[str, ...] = field(default_factory=lambda: tuple(_roots()))
    passed: dict[str, Passed] = field(default_factory=dict)
    children: list[Passed] = field(default_factory=list)
    """What the processes tell that were started on the way."""
    ended: bool = False

    def watch(self, frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - any object
        """Note the file of a function that is called; a profile function of `sys`."""
        code = frame.f_code
        if event != "call" or self.ended or code.co_filename in self.passed:
            return
        if self._counts(code) and not _is_loading(frame):
            file = next(self._relative(code.co_filename))
            self.passed[code.co_filename] = Passed(time.monotonic(), file, code.co_qualname)

    def files(self) -> list[Passed]:
        """Return the files in the order in which they were entered."""
        newest_first = sorted([*self.passed.values(), *self.children], reverse=True)
        return sorted({each.file: each for each in newest_first}.values())

    def _counts(self, code: CodeType) -> bool:
        """Bodies of modules and classes have code as well, but are no functions."""
        is_function = bool(code.co_flags & inspect.CO_OPTIMIZED)
        return is_function and any(
            STAND_INS not in file for file in self._relative(code.co_filename)
        )

    def _relative(self, filename: str) -> Iterator[str]:
        for root in self.roots:
            if filename.startswith(root):
                yield str(Path(filename).relative_to(Path(root).parent))


@contextmanager
def watching() -> Iterator[Walk]:
    """Watch every call until the block ends; processes started in it must have ended by then."""
    walk = Walk()
    with TemporaryDirectory() as folder, _children_tell(Path(folder)):
        _start(walk)
        try:
            yield walk
        finally:
            _start(None)
        for told in sorted(Path(folder).glob("*.json")):
            walk.children += [Passed(*entry) for entry in json.loads(told.read_text("utf-8"))]


def watch_child() -> None:
    """Watch this process from its start, and write what it entered when it ends."""
    walk = Walk()
    folder = Path(os.environ["WALK_FOLDER"])

    def tell() -> None:
        _start(None)
        entries = [(each.at, each.file, each.function) for each in walk.files()]
        (folder / f"{os.getpid()}.json").write_text(json.dumps(entries), encoding="utf-8")

    atexit.register(tell)
    _start(walk)


@contextmanager
def _children_tell(folder: Path) -> Iterator[None]:
    """Let every Python process that is started load `watch_child` first."""
    (folder / "sitecustomize.py").write_text(_AT_START, encoding="utf-8")
    before = dict(os.environ)
    os.environ |= {
        "PYTHONPATH": os.pathsep.join([str(folder), str(_CHECKOUT)]),
        "WALK_FOLDER": str(folder),
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _start(walk: Walk | None) -> None:
    profile = None if walk is None else walk.watch
    threading.setprofile(profile)
    sys.setprofile(profile)


def _is_loading(frame: FrameType | None) -> bool:
    """Say whether a call is made while a module is loaded."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _roots() -> Iterator[str]:
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            yield str(Path(spec.origin).parent) + os.sep
