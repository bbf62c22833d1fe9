"""Every command of the tree, on each kind of terminal: whole ids, no traceback, known codes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from tests.unit.client.described_api import ID, answer

from syntrust.cli import failures
from syntrust.cli.app import app, main
from syntrust.cli.arguments import parse_file
from syntrust_standalone.study import run as study_run

CODES: Final = {0, 1, 2, 3, 70, 130}
COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
HUE: Final = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|38|9[0-7])(?:;[0-9]+)*m")
CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What no name and type of a parameter says.
# A change must change something.
BESIDE: Final[dict[tuple[str, ...], list[str]]] = {
    ("dataset", "edit"): ["--name", "another"],
    ("experiment", "edit"): ["--name", "another"],
    ("study",): ["--dataset", ID],
}
STUDY: Final = Path(__file__).parents[4] / "studies" / "brats2021.json"
GIVEN: Final = {"alphas": "0,1", "seeds": "0", "iterations": "10", "value": "5"}


def tree(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and click command of every leaf; a new one is there by itself."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from tree(below, (*path, name))


def reads_file(parameter: Any) -> bool:
    info = parameter.type_descriptor.parameter_info
    return getattr(info, "exists", False) or getattr(info, "parser", None) is parse_file


LEAVES: Final = dict(tree())
ALL: Final = pytest.mark.parametrize("path", LEAVES, ids=" ".join)


class Stream(io.TextIOWrapper):
    """A standard stream of a terminal or of a pipe."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding=encoding, write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        return self.written.getvalue().decode(self.encoding)


class Shell:
    """Runs commands with streams of one kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.folder = monkeypatch, folder
        self.out = self.err = Stream("utf-8", terminal=False)

    def arguments(self, path: tuple[str, ...]) -> list[str]:
        """What the command needs at least, by the types and names of its parameters."""
        found = [*path, *BESIDE.get(path, [])]
        for parameter in LEAVES[path].params:
            if not parameter.required:
                continue
            value = self.value(path, parameter)
            option = parameter.param_type_name == "option"
            found += [parameter.opts[-1], value] if option else [value]
        return found

    def value(self, path: tuple[str, ...], parameter: Any) -> str:
        name, kind = parameter.name, parameter.type_descriptor.annotation
        if name in GIVEN:
            return GIVEN[name]
        if (path, name) == (("study",), "file"):
            return str(STUDY)
        if name == "folder" or (path, name) == (("segment",), "case"):
            return str(self.case())
        if kind is Path:
            if not reads_file(parameter):
                return str(self.folder / "out")
            file = self.folder / "scores.csv"
            file.write_text("case,set,region,dice\n", encoding="utf-8")
            return str(file)
        return "1" if kind in {int, float} else ID

    def case(self) -> Path:
        folder = self.folder / "case-1"
        folder.mkdir(exist_ok=True)
        for role in ("t1", "t1ce", "t2", "flair", "seg"):
            (folder / f"{role}.nii.gz").write_bytes(role.encode())
        return folder

    def run(self, *arguments: str, encoding: str = "utf-8", terminal: bool = False) -> int:
        self.out = Stream(encoding, terminal=terminal)
        self.err = Stream(encoding, terminal=terminal)
        with self.monkeypatch.context() as patched:
            patched.setattr("sys.stdout", self.out)
            patched.setattr("sys.stderr", self.err)
            patched.chdir(self.folder)
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        return int(ended.value.code or 0)

    def shown(self) -> str:
        return self.out.text() + self.err.text()


@pytest.fixture
def shell(server: Any, answer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """A shell whose server answers every route as the API's document says."""
    monkeypatch.setenv("SYNTRUST_URL", server.url)
    monkeypatch.setenv("SYNTRUST_KEY", "secret")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv(failures.TRACEBACK, raising=False)
    # The document's dataset has one case, and no study splits one.
    monkeypatch.setattr(study_run, "_split", lambda *_: {})
    server.other = described(server, answer)
    return Shell(monkeypatch, tmp_path)


def described(server: Any, reply: Any) -> Callable[[str], Any]:
    def other(route: str) -> Any:
        found = answer(route, server.url)
        return None if found is None else reply(*found)

    return other


def assert_whole(text: str) -> None:
    """Every id that begins is there to its end."""
    plain = CONTROL.sub("", text)
    assert plain.count(ID[:9]) == plain.count(ID), plain
    assert "Traceback" not in plain


@ALL
def test_a_command_on_a_terminal_of_80_columns_shows_ids_whole(
    shell: Shell, path: tuple[str, ...]
) -> None:
    code = shell.run(*shell.arguments(path), terminal=True)

    assert code == 0, shell.shown()
    assert_whole(shell.shown())


@ALL
def test_a_command_in_a_pipe_prints_no_control_characters_and_ids_whole(
    shell: Shell, path: tuple[str, ...]
) -> None:
    assert shell.run(*shell.arguments(path)) == 0, shell.shown()
    assert_whole(shell.shown())
    assert "\x1b" not in shell.shown()


@ALL
def test_a_command_without_colours_prints_none(
    shell: Shell, path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert shell.run(*shell.arguments(path), terminal=True) == 0
    assert not HUE.search(shell.shown())


@ALL
def test_a_command_in_a_latin_1_locale_spells_what_it_lacks(
    shell: Shell, path: tuple[str, ...]
) -> None:
    for terminal in (True, False):
        code = shell.run(*shell.arguments(path), encoding="latin-1", terminal=terminal)

        assert code == 0, shell.shown()
        assert_whole(shell.shown())


@ALL
def test_a_command_can_print_json_and_nothing_else_on_stdout(
    shell: Shell, path: tuple[str, ...]
) -> None:
    assert shell.run(*shell.arguments(path), "--json", encoding="latin-1") == 0, shell.shown()

    json.loads(shell.out.text())
    shell.out.text().encode("ascii")


@ALL
def test_the_help_of_a_command_can_be_read_in_any_terminal(
    shell: Shell, path: tuple[str, ...]
) -> None:
    assert shell.run(*path, "--help", encoding="latin-1", terminal=True) == 0
    assert shell.out.text().startswith("Usage: syntrust")


@ALL
def test_a_command_without_a_server_says_so_and_ends_with_3(
    shell: Shell, path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syntrust.transport.DELAYS_S", (0.0,) * 6)
    monkeypatch.setenv("SYNTRUST_URL", "http://127.0.0.1:9")

    assert shell.run(*shell.arguments(path)) == failures.UNREACHABLE
    assert "error: No answer from http://127.0.0.1:9" in shell.err.text()
    assert_whole(shell.shown())


ODD: Final = {
    "a problem": (422, b'{"detail": "It is wrong.", "errors": []}', "application/json"),
    "a fault": (500, b"", "text/plain"),
    "a sign-in page": (200, b"<html>Sign in</html>", "text/html"),
    "half a body": (200, b'{"items": [', "application/json"),
    "another body": (200, b'{"other": NaN}', "application/json"),
    "a list": (200, b"[1]", "application/json"),
    "nothing": (200, b"null", "application/json"),
}


@ALL
def test_a_command_that_gets_an_odd_answer_says_one_sentence(
    shell: Shell, server: Any, answer: Any, path: tuple[str, ...]
) -> None:
    for odd in ODD.values():
        server.other = partial(lambda odd, _: answer(*odd), odd)

        code = shell.run(*shell.arguments(path))

        assert code in CODES, shell.shown()
        assert code == 0 or re.search(r"(?m)^error: .*\.$", shell.err.text()), shell.shown()
        assert "Traceback" not in shell.shown()
        assert "secret" not in shell.shown()


def files_read(path: tuple[str, ...]) -> list[Any]:
    return [each for each in LEAVES[path].params if reads_file(each)]


READERS: Final = {path: files_read(path) for path in LEAVES if files_read(path)}


@pytest.mark.parametrize("path", READERS, ids=" ".join)
@pytest.mark.parametrize("kind", ["a folder", "absent", "binary", "half a JSON"])
def test_a_file_that_cannot_be_used_is_refused_by_name_and_without_a_traceback(
    *, shell: Shell, path: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    odd = tmp_path / "odd"
    if kind == "a folder":
        odd.mkdir()
    elif kind != "absent":
        contents = {"binary": b"\xff\xfe\x00\xd8", "half a JSON": b'{"a": NaN, '}
        odd.write_bytes(contents[kind])
    for parameter in READERS[path]:
        arguments = shell.arguments(path)
        if parameter.param_type_name == "option":
            arguments += [parameter.opts[-1], str(odd)]
        else:
            arguments = [str(odd) if each.endswith("scores.csv") else each for each in arguments]

        code = shell.run(*arguments)

        assert code in ({2} if kind in {"a folder", "absent"} else {0, 1}), shell.shown()
        assert code == 0 or re.search(r"odd|scores\.csv", shell.err.text())
        assert "Traceback" not in shell.shown()


def test_the_tree_has_the_commands_that_the_guide_lists() -> None:
    assert {" ".join(path) for path in LEAVES} >= {
        "dataset add",
        "experiment watch",
        "model list",
        "trust-score",
    }


@pytest.mark.parametrize("path", [(), ("experiment",), ("model",)])
def test_a_group_of_commands_tells_its_commands(shell: Shell, path: tuple[str, ...]) -> None:
    assert shell.run(*path, "--help", encoding="latin-1") == 0
    assert "Commands:" in shell.out.text()
