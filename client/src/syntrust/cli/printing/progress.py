"""How an experiment or a job goes, on a terminal as a live picture and elsewhere as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from syntrust.api_types import RunningStep
from syntrust.bodies import WorkState
from syntrust.connection import OnLost

State = TypeVar("State", bound=WorkState)

_NAMES: Final[Mapping[str, str]] = {
    "receive_upload": "receive",
    "inspect_case": "inspect",
    "synthesise_case": "synthesise twins",
    "compare_twin": "compare twins",
    "train_segmenter": "train segmenters",
    "predict_cases": "predict",
    "score_cases": "score",
    "build_report": "report",
    "train_generator": "train generator",
    "import_model": "import",
    "export_images": "to the uploaded grid",
    "segment_case": "segment",
    "print_report": "set the report as a PDF",
    "export_bundle": "write the bundle",
    "score_volumes": "score label maps",
}
_BAR_WIDTH = 30


def show(console: Console, states: Iterable[State], *, noun: str = "experiment") -> State | None:
    """Follow `states` of a `noun` to their end; gives the last one."""
    last: State | None = None
    if not console.is_terminal:
        return _show_lines(console, states)
    with Live(console=console, refresh_per_second=4) as live:
        for state in states:
            last = state
            live.update(picture(state, noun))
    return last


def tell_lost(console: Console) -> OnLost:
    """Make what tells that the server does not answer, and that it is asked again."""
    return lambda error: console.print(f"{error} Asking again; Ctrl-C stops.", markup=False)


def follow(
    console: Console, states: Iterable[State], *, noun: str, name: str, again: str = ""
) -> State | None:
    """Follow like `show`. If interrupted, say how to come back to the work, which goes on."""
    try:
        return show(console, states, noun=noun)
    except KeyboardInterrupt:
        console.print(
            f"Stopped watching. The {noun} goes on: syntrust {noun} watch {name}{again} "
            f"follows it, syntrust {noun} cancel {name} stops it.",
            soft_wrap=True,
        )
        raise


def _show_lines(console: Console, states: Iterable[State]) -> State | None:
    last: State | None = None
    told: object = None
    for state in states:
        last, reached = state, _milestone(state)
        if reached != told:
            console.print(summary(state), soft_wrap=True)
        told = reached
    return last


def _milestone(state: WorkState) -> tuple[object, ...]:
    """What a log has a line for: a new state or reason, each tenth of the steps, a kind's end."""
    steps = state["steps"]
    tenths = 10 * steps["done"] // max(steps["total"], 1)
    ended = [kind for kind, count in _kinds(state) if count["done"] == count["total"]]
    return state["state"], _waits(state), bool(steps["total"]), tenths, tuple(ended)


def summary(state: WorkState) -> str:
    """One line: the state, and steps done of each kind."""
    steps = state["steps"]
    waits = f". {reason}" if (reason := _waits(state)) else ""
    if not steps["total"]:
        return f"{state['state']}: its steps are being planned{waits}"
    kinds = ", ".join(
        f"{_name(kind)} {count['done']}/{count['total']}" for kind, count in _kinds(state)
    )
    left = f", {time_left}" if (time_left := _left(state)) else ""
    return f"{state['state']}: {steps['done']}/{steps['total']} steps ({kinds}){left}{waits}"


def _waits(state: WorkState) -> str:
    """Why nothing of it runs, if the server tells; an older one does not."""
    waiting = state.get("waiting")
    # That it is planned is told already.
    return waiting["reason"] if waiting and waiting["cause"] != "planning" else ""


def picture(state: WorkState, noun: str) -> Group:
    """A bar for every kind of step, and what runs now with its loss."""
    table = Table.grid(padding=(0, 2))
    for kind, count in _kinds(state):
        reached = count["done"] + _under_way(state, kind)
        bar = ProgressBar(total=max(count["total"], 1), completed=reached, width=_BAR_WIDTH)
        table.add_row(_name(kind), bar, f"{count['done']}/{count['total']}")
    running = [Text(_running(step), style="dim") for step in state["running"]]
    if waits := _waits(state):
        running.append(Text(f"waiting: {waits}", style="dim"))
    return Group(Text(_head(state, noun), style="bold"), table, *running)


def _under_way(state: WorkState, kind: str) -> float:
    """How much of its running steps of a kind is done, in steps."""
    told = (step["progress"] for step in state["running"] if step["kind"] == kind)
    return sum(one["done"] / max(one["total"], 1) for one in told if one is not None)


def _head(state: WorkState, noun: str) -> str:
    parts = [f"{noun} {state['id']}: {state['state']}"]
    if position := state.get("queue_position"):
        parts.append(f"place {position} in the queue")
    if state["error"] is not None and state["state"] == "running":
        parts.append("a step has failed, its other arms go on")
    if time_left := _left(state):
        parts.append(time_left)
    return ", ".join(parts)


def _left(state: WorkState) -> str:
    """How long it still takes, if the server can tell."""
    eta = state.get("eta_seconds")
    if eta is None or state["state"] != "running":
        return ""
    return f"about {_minutes(eta)} left"


def _running(step: RunningStep) -> str:
    progress = step["progress"]
    if progress is None:
        return f"{_name(step['kind'])} …"
    told = progress["detail"].items()
    # Texts are for programs, as the place of a picture in the store.
    detail = ", ".join(
        f"{name} {_short(value)}" for name, value in told if not isinstance(value, str)
    )
    return f"{_name(step['kind'])} {progress['done']}/{progress['total']} {detail}".rstrip()


def _kinds(state: WorkState) -> list[tuple[str, Any]]:
    """Kinds of step in the order of the work."""
    found = state["steps"]["by_kind"]
    return [(kind, found[kind]) for kind in (*_NAMES, *(set(found) - set(_NAMES))) if kind in found]


def _name(kind: str) -> str:
    return _NAMES.get(kind, kind)


def _short(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
