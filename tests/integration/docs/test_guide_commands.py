"""Every command of the README and the user's guide, typed at a running platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.integration.docs.guide import ROOT, commands, pages
from tests.integration.docs.runs import LONG, NOT_RUN, RUNS, Run
from tests.integration.docs.workplace import (
    Ended,
    environment,
    furnish,
    in_a_pipe,
    in_a_terminal,
)

from syntrust import Client
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

ID: Final = re.compile(r"\b01[0-9a-f]{6}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
BEGUN: Final = re.compile(r"\b01[0-9a-f]{6}-")
CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HUE: Final = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|38|9[0-7])(?:;[0-9]+)*m")
Shell = Callable[[str, Path, dict[str, str]], Ended]


class Workplace:
    """Types commands at one platform, with what it has made until then."""

    def __init__(
        self, client: Client, folder: Path, env: dict[str, str], cohort: list[Path]
    ) -> None:
        self.client, self.folder, self.env, self.cohort = client, folder, env, cohort

    def type(self, run: Run, shell: Shell) -> Ended:
        folder = self.folder / shell.__name__
        if not folder.exists():
            folder.mkdir()
            furnish(folder, self.cohort)
        return shell(run.typed.format_map(dict(self.known(run))), folder, self.env)

    def known(self, run: Run) -> Iterator[tuple[str, str]]:
        """What the command's placeholders stand for."""
        yield "url", self.env["SYNTRUST_URL"]
        yield "case", self.cohort[0].name
        if "{dataset}" in run.typed:
            yield "dataset", newest(self.client.datasets.list(), name="cases", state="ready")["id"]
        if "{open}" in run.typed:
            grid = {"shape": [64, 64, 64], "spacing_mm": [3, 3, 3]}
            yield "open", self.client.datasets.create("open", grid=grid)["id"]  # type: ignore[arg-type]
        if "{experiment}" in run.typed:
            yield "experiment", newest(self.client.experiments.list(), state="succeeded")["id"]
        if "{segmenter}" in run.typed:
            yield "segmenter", newest(self.client.models.list("segmenter"))["name"]


def newest(items: Iterable[Any], **wanted: str) -> Any:
    """Give the newest item whose fields are as wanted; lists begin with it."""
    found = [each for each in items if all(each[name] == wanted[name] for name in wanted)]
    assert found, f"none is {wanted}: did an earlier command fail?"
    return found[0]


@pytest.fixture(scope="module")
def workplace(
    client: Client, stack: Path, stack_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Workplace:
    cohort = tmp_path_factory.mktemp("guide-cohort")
    cases = make_cohort(cohort, seed=16, count=3, options=PhantomOptions.demo())
    env = environment(stack_url, stack / "credentials.json")
    return Workplace(client, tmp_path_factory.mktemp("guide"), env, cases)


def assert_as_documented(ended: Ended, run: Run) -> None:
    """It ends and says what the guide tells, without a traceback, and with every id whole."""
    plain = CONTROL.sub("", ended.said)
    assert ended.code == run.code, plain
    assert run.says in plain
    assert "Traceback" not in plain
    assert len(BEGUN.findall(plain)) == len(ID.findall(plain)), plain


def shown(run: Run) -> str:
    return run.shown


@pytest.mark.parametrize("run", RUNS, ids=shown)
def test_a_command_of_the_guide_ends_as_documented_in_a_pipe(
    workplace: Workplace, run: Run
) -> None:
    ended = workplace.type(run, in_a_pipe)

    assert_as_documented(ended, run)
    assert "\x1b" not in ended.said
    if run.code:
        assert re.search("(?m)^error: ", ended.said)


@pytest.mark.parametrize(
    "run", [run for run in RUNS if re.match(r"syntrust (?!.*--help)", run.typed)], ids=shown
)
def test_a_command_of_the_guide_ends_as_documented_in_a_terminal(
    workplace: Workplace, run: Run
) -> None:
    ended = workplace.type(run, in_a_terminal)

    assert_as_documented(ended, run)
    assert not HUE.search(ended.said)


@pytest.mark.long
@pytest.mark.parametrize("run", LONG, ids=shown)
def test_a_command_of_the_guide_that_takes_minutes_ends_as_documented(
    workplace: Workplace, run: Run
) -> None:
    workplace.type(RUNS[1], in_a_pipe)

    assert_as_documented(workplace.type(run, in_a_pipe), run)


def test_every_command_of_the_guide_is_run_or_says_why_not() -> None:
    listed = [*(run.shown for run in (*RUNS, *LONG)), *NOT_RUN]
    written = {each for page in pages() for each in commands(page.read_text("utf-8"))}

    assert written - set(listed) == set()
    assert set(listed) - written == set(), "listed, but no longer written"
    assert len(listed) == len(set(listed))


def test_what_holds_a_command_that_is_not_run_exists() -> None:
    named = {each for why in NOT_RUN.values() for each in re.findall(r"tests/[\w/.]+", why)}

    assert [each for each in named if not (ROOT / each).exists()] == []


def test_commands_are_found_in_fences_in_indented_blocks_and_in_sentences() -> None:
    page = (
        "Say `make up` and `make`.\n\n    $ syntrust a \\\n        b   # note\n    printed\n\n"
        "```sh\ncurl -d '{\n  1}'\n```\n\n```python\nmake no\n```\n"
    )

    assert [*commands(page)] == ["curl -d '{ 1}'", "syntrust a b", "make up"]
