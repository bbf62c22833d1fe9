"""What is shown of work while it goes on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from tests.unit.client.answers import experiment

from syntrust.cli.printing.progress import picture, show, summary

REASON = (
    "The queue segmenter is busy with train a segmenter since 11:59 UTC; 2 steps are before it."
)


def waiting(cause: str) -> Any:
    reason: Any = {"cause": cause, "reason": REASON, "queue": None, "ahead": None, "busy": []}
    return {**experiment("queued"), "waiting": reason}


def drawn(state: Any) -> str:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(picture(state, "experiment"))
    return shown.get()


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
