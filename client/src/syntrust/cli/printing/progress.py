"""How an experiment or a job goes: on a terminal as one live bar, elsewhere as a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from syntrust.api_types import RunningStep
from syntrust.bodies import FINAL, WorkState
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
_BAR_WIDTH: Final = 20


def show(console: Console, states: Iterable[State], *, noun: str = "experiment") -> State | None:
    """Follow `states` of a `noun` to their end; gives the last one."""
    if not console.is_terminal:
        return _show_lines(console, states)
    last: State | None = None
    with _bar(console) as progress:
        task = progress.add_task("", total=None, state=f"{noun} …", steps="", left="", now="")
        for state in states:
            last = state
            progress.update(task, **_fields(state))
    if last is not None:
        console.print(_ending(last, noun), soft_wrap=True, markup=False)
    return last


def _bar(console: Console) -> Progress:
    """One line, which is gone at the end. What runs now is cut off where the terminal ends."""
    now = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    kept = [TextColumn(f"{{task.fields[{each}]}}", markup=False) for each in ("steps", "left")]
    return Progress(
        TextColumn("{task.fields[state]}", style="bold", markup=False),
        BarColumn(_BAR_WIDTH),
        *kept,
        TextColumn("{task.fields[now]}", style="dim", markup=False, table_column=now),
        console=console,
        refresh_per_second=4,
        transient=True,
        expand=True,
    )


def _fields(state: WorkState) -> dict[str, Any]:
    """What the bar shows of a state; until its steps are planned, there is no total."""
    steps = state["steps"]
    return {
        "completed": steps["done"] + sum(_under_way(step) for step in state["running"]),
        "total": steps["total"] or None,
        "state": state["state"],
        "steps": f"{steps['done']}/{steps['total']} steps" if steps["total"] else "",
        "left": _left(state) or ("time left unknown" if state["state"] == "running" else ""),
        "now": "; ".join(_now(state)),
    }


def _now(state: WorkState) -> list[str]:
    """What runs now, and first what is amiss or waited for."""
    told = []
    if state["error"] is not None and state["state"] == "running":
        told.append("a step has failed, its other arms go on")
    if position := state.get("queue_position"):
        told.append(f"place {position} in the queue")
    if waits := _waits(state):
        told.append(f"waiting: {waits}")
    if not state["steps"]["total"] and state["state"] not in FINAL:
        told.append("its steps are being planned")
    return [*told, *(_running(step) for step in state["running"])]


def _ending(state: WorkState, noun: str) -> str:
    steps = state["steps"]
    return f"{noun} {state['id']}: {state['state']}, {steps['done']}/{steps['total']} steps"


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
    """What a log has a line for: a new state or reason to wait, and each tenth of the steps."""
    steps = state["steps"]
    tenths = 10 * steps["done"] // max(steps["total"], 1)
    return state["state"], _waits(state), bool(steps["total"]), tenths


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


def _under_way(step: RunningStep) -> float:
    """How much of a running step is done, as a share of it."""
    progress = step["progress"]
    return 0.0 if progress is None else progress["done"] / max(progress["total"], 1)


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
