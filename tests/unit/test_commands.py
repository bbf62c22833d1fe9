"""The commands of the platform: their version, their help, and one sentence for what goes wrong."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

import syntrust_gateway.cli
import syntrust_generator.cli
import syntrust_segmenter.cli
import syntrust_standalone.cli
from syntrust_core.command_line import FAULT, TRACEBACK, run
from syntrust_core.configuration import EXIT_CODE

Run = Callable[..., int]
MAIN: Final[dict[str, Callable[[], None]]] = {
    "syntrust-gateway": syntrust_gateway.cli.main,
    "syntrust-generator": syntrust_generator.cli.main,
    "syntrust-segmenter": syntrust_segmenter.cli.main,
    "syntrust-standalone": syntrust_standalone.cli.main,
}
TREES: Final = {
    "syntrust-gateway": syntrust_gateway.cli.cli,
    "syntrust-generator": syntrust_generator.cli.app,
    "syntrust-standalone": syntrust_standalone.cli.app,
}


def leaves(program: str) -> Iterator[tuple[str, ...]]:
    """Every command of a program."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(TREES[program]))]
    while waiting:
        path, command = waiting.pop()
        below = getattr(command, "commands", None)
        if below is None:
            yield (program, *path)
        waiting += [((*path, name), each) for name, each in (below or {}).items()]


LEAVES: Final = [path for program in TREES for path in leaves(program)]


class Shell:
    """Runs programs with streams in latin-1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.out = self.err = ""

    def run(self, program: str, *arguments: str) -> int:
        written = (io.BytesIO(), io.BytesIO())
        out, err = (io.TextIOWrapper(each, "latin-1", write_through=True) for each in written)
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "argv", [program, *arguments])
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            try:
                MAIN[program]()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
        self.out, self.err = (each.getvalue().decode("latin-1") for each in written)
        return code


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    for name in [name for name in os.environ if name.startswith("SYNTRUST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch)


@pytest.mark.parametrize("program", MAIN)
def test_a_program_tells_its_version(shell: Shell, program: str) -> None:
    assert shell.run(program, "--version") == 0
    assert shell.out.startswith(f"{program} ")
    assert len(shell.out.splitlines()) == 1


@pytest.mark.parametrize("program", MAIN)
def test_a_command_that_is_not_there_is_wrong_usage(shell: Shell, program: str) -> None:
    assert shell.run(program, "no-such-command") == 2
    assert "Traceback" not in shell.err


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_help_of_a_command_can_be_read_in_any_locale(
    shell: Shell, path: tuple[str, ...]
) -> None:
    assert shell.run(*path, "--help") == 0
    assert shell.out.startswith("Usage: ")
    assert " ".join(path) in shell.out


SETTINGS: Final = {
    ("migrate",): "SYNTRUST_GATEWAY__DATABASE_URL",
    ("serve",): "SYNTRUST_STORAGE__ENDPOINT",
    ("orchestrate",): "SYNTRUST_STORAGE__ENDPOINT",
    ("admin", "verify"): "SYNTRUST_STORAGE__ENDPOINT",
}


@pytest.mark.parametrize("path", SETTINGS, ids=" ".join)
def test_a_command_without_its_settings_names_them_in_one_sentence(
    shell: Shell, path: tuple[str, ...]
) -> None:
    if path == ("migrate",):
        shell.monkeypatch.setenv("SYNTRUST_GATEWAY__DATABASE_UR", "sqlite:///x")

    assert shell.run("syntrust-gateway", *path) == EXIT_CODE
    assert len(shell.err.splitlines()) == 1
    assert SETTINGS[path] in shell.err


def test_a_database_without_tables_is_told_with_the_command_that_makes_them(shell: Shell) -> None:
    shell.monkeypatch.setenv("SYNTRUST_GATEWAY__DATABASE_URL", "sqlite:///empty.sqlite")

    assert shell.run("syntrust-gateway", "key", "list") == 1
    assert shell.err.startswith("error: The database cannot be used: no such table")
    assert "`syntrust-gateway migrate` makes its tables." in shell.err


FILES: Final = [
    ("syntrust-standalone", "up", "--port", "0", "--allow-local-users", "--data", "{file}"),
    ("syntrust-standalone", "demo", "--data", "{file}"),
    ("syntrust-standalone", "phantom", "make", "{file}", "--preset", "demo", "--count", "1"),
    ("syntrust-generator", "draw", "{file}", "out"),
    ("syntrust-generator", "draw", "absent", "out", "--model", "absent"),
    ("syntrust-generator", "train", "{file}", "out"),
    ("syntrust-generator", "train", "absent", "out", "--config", "{file}"),
    ("syntrust-generator", "train", "absent", "out", "--config", "absent"),
    ("syntrust-generator", "import", "{file}", "out"),
    ("syntrust-generator", "import", "absent", "out"),
    ("syntrust-segmenter", "import", "{file}", "out"),
    ("syntrust-segmenter", "export", "absent", "out"),
    ("syntrust-segmenter", "export", "{file}", "out"),
    ("syntrust-gateway", "admin", "tombstones", "/nowhere/file"),
]


@pytest.mark.parametrize("arguments", FILES, ids=" ".join)
def test_a_path_that_cannot_be_used_is_told_in_one_sentence(
    shell: Shell, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "[red]file"
    file.write_text('{"a": NaN, "iterations": 0}')
    shell.monkeypatch.setenv("SYNTRUST_GATEWAY__DATABASE_URL", "sqlite:///empty.sqlite")

    code = shell.run(*(each.format(file=file) for each in arguments))

    assert code == 1, shell.err
    assert shell.err.splitlines()[-1].startswith("error: ")
    assert len(shell.err.splitlines()) <= 2, shell.err  # a bar may be above


def test_a_fault_shows_its_traceback_when_asked(shell: Shell) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a secret may be in this text")

    shell.monkeypatch.setitem(MAIN, "syntrust-gateway", lambda: run(fail))

    assert shell.run("syntrust-gateway") == FAULT
    assert shell.err == (
        f"error: The program failed by a fault of its own (ZeroDivisionError). {TRACEBACK}=1 tells "
        "more.\n"
    )
    shell.monkeypatch.setenv(TRACEBACK, "1")
    assert shell.run("syntrust-gateway") == FAULT
    assert "Traceback" in shell.err
