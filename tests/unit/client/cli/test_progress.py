"""What is shown of work while it goes on."""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console
from tests.unit.client.answers import experiment

from syntrust.cli.printing.progress import show, summary

REASON = (
    "The queue segmenter is busy with train a segmenter since 11:59 UTC; 2 steps are before it."
)


def waiting(cause: str) -> Any:
    reason: Any = {"cause": cause, "reason": REASON, "queue": None, "ahead": None, "busy": []}
    return {**experiment("queued"), "waiting": reason}


class Terminal:
    """A terminal of a given width, and every line that stood on it."""

    def __init__(self, width: int = 200) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, width=width, force_terminal=True, color_system=None)

    def lines(self) -> list[str]:
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", self._file.getvalue())
        return [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]


def drawn(state: Any, width: int = 200) -> str:
    terminal = Terminal(width)
    show(terminal.console, [state])
    return "\n".join(terminal.lines())


def test_why_work_waits_is_shown_on_a_terminal_and_in_a_pipe() -> None:
    assert f"waiting: {REASON}" in drawn(waiting("busy"))
    assert summary(waiting("busy")).endswith(f". {REASON}")


def test_work_that_is_planned_or_does_not_wait_tells_no_reason() -> None:
    states: list[Any] = [waiting("planning"), experiment("running")]
    for state in states:
        assert REASON not in drawn(state) + summary(state)
        assert "waiting" not in drawn(state)


def test_a_log_has_a_line_for_each_tenth_and_not_for_each_step() -> None:
    console = Console(width=200, force_terminal=False)
    states: list[Any] = []
    for done in range(71):
        steps = {"done": done, "total": 70, "by_kind": {"score_cases": {"done": done, "total": 70}}}
        states.append({**experiment("running"), "steps": steps, "eta_seconds": 70.0 - done})
    with console.capture() as shown:
        last = show(console, states)

    lines = shown.get().splitlines()
    assert last == states[-1]
    assert len(lines) == 11
    assert lines[5] == "running: 35/70 steps (score 35/70), about 35 s left"


def test_a_terminal_shows_one_bar_with_steps_what_runs_and_the_time_left() -> None:
    *shown, ending = drawn(experiment("running")).splitlines()

    bar = shown[-1]
    assert bar.startswith("running ━")
    assert "1/3 steps about 60 s left train segmenters 20/200 loss 0.5123" in bar
    assert ending == "experiment e1: running, 1/3 steps"


def test_the_bar_is_one_line_of_the_terminal_however_much_runs() -> None:
    state: Any = experiment("running")
    state["running"] = state["running"] * 9
    terminal = Terminal(80)

    show(terminal.console, [state])

    *shown, ending = terminal.lines()
    assert all(len(line) <= 80 for line in shown)
    assert all(line.startswith(("running", "experiment …")) for line in shown)
    assert shown[-1].endswith("…")
    assert ending.startswith("experiment e1")


def test_a_bar_without_an_estimate_says_that_the_time_left_is_unknown() -> None:
    state: Any = {**experiment("running"), "eta_seconds": None}

    assert "1/3 steps time left unknown" in drawn(state)


def test_at_the_end_one_line_takes_the_place_of_the_bar() -> None:
    terminal = Terminal()

    states: list[Any] = [experiment("running"), experiment("succeeded")]
    show(terminal.console, states)

    assert terminal.lines()[-1] == "experiment e1: succeeded, 1/3 steps"
    cleared = terminal.console.file.getvalue()  # type: ignore[attr-defined]
    assert cleared.rindex("\x1b[2K") > cleared.rindex("━")


def test_work_whose_steps_are_not_planned_has_no_number_of_steps() -> None:
    planned: Any = experiment("queued")
    planned |= {"steps": {"done": 0, "total": 0, "by_kind": {}}, "running": []}

    bar = drawn(planned).splitlines()[-2]
    assert "its steps are being planned" in bar
    assert "0/0" not in bar


def test_a_failed_step_is_told_while_its_other_arms_go_on() -> None:
    state: Any = {**experiment("running"), "error": {"detail": "no memory"}}

    assert "a step has failed, its other arms go on" in drawn(state)
