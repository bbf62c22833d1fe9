"""A worker whose work the test holds in its hand: it goes on when a file says so."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from syntrust_core.configuration import read_at_start
from syntrust_core.contracts.base import Kind, Queue, StepMessage
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.errors import InvalidRequest, Stopping
from syntrust_core.runtime import worker
from syntrust_core.runtime.departure.allocation import Allocation
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_core.runtime.worker import run_worker
from syntrust_core.settings import Settings


def work(message: StepMessage, context: StepContext) -> None:
    """Write the child's pid, report until `go` exists, then publish one file."""
    require_message(ScoreCases, message)
    folder = Path(os.environ["TOY_FOLDER"])
    (folder / "runs").open("a").write(f"{os.getpid()}\n")
    pause = threading.Event()
    while not (folder / "go").exists():
        context.report(1, 2, loss=0.5)
        pause.wait(0.05)
    if (folder / "go").read_text() == "refuse":
        raise InvalidRequest("The toy refuses.")
    path = context.scratch / "out.txt"
    path.write_text(f"{context.threads} threads")
    context.add("out.txt", path)


def train(message: StepMessage, context: StepContext) -> None:
    """Count iterations from the last checkpoint until `go` exists; keep one when told to stop."""
    require_message(ScoreCases, message)
    folder, state, pause = Path(os.environ["TOY_FOLDER"]), context.scratch / "s", threading.Event()
    iteration = int(state.read_text()) if context.load_checkpoint(state) else 0
    (folder / "runs").open("a").write(f"{iteration}\n")
    while not (folder / "go").exists():
        iteration += 1
        try:
            context.report(iteration, 1 << 30)
        except Stopping:
            state.write_text(str(iteration))
            context.save_checkpoint(state, iteration)
            raise
        pause.wait(0.01)
    state.write_text(str(iteration))
    context.add("out.txt", state)


def each(message: StepMessage, context: StepContext) -> None:
    """Note the step, wait for a file that is named after it, and do what this file says."""
    folder, pause = Path(os.environ["TOY_FOLDER"]), threading.Event()
    with (folder / "events").open("a") as file:
        file.write(f"begin {message.step_id} {os.getpid()}\n")
    go = folder / f"go-{message.step_id}"
    while not go.exists():
        context.report(1, 2)
        pause.wait(0.05)
    if go.read_text() == "refuse":
        raise InvalidRequest("The toy refuses.")
    if go.read_text() == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    path = context.scratch / "out.txt"
    path.write_text("done")
    context.add("out.txt", path)


def hang(message: StepMessage, context: StepContext) -> None:
    """Write the child's pid, then say nothing until `go` exists."""
    folder, pause = Path(os.environ["TOY_FOLDER"]), threading.Event()
    (folder / "runs").open("a").write(f"{os.getpid()}\n")
    while not (folder / "go").exists():
        pause.wait(0.05)


def draw(message: StepMessage, context: StepContext) -> None:
    """Read, then draw in this process's turn until `go` exists; both are noted in their order."""
    folder, pause = Path(os.environ["TOY_FOLDER"]), threading.Event()

    def note(what: str) -> None:
        with (folder / "events").open("a") as file:
            file.write(f"{what} {message.step_id} {os.getpid()}\n")

    note("read")
    with context.device(patience_s=float("inf")):
        note("begin")
        while not (folder / "go").exists():
            context.report(1, 2)
            pause.wait(0.05)
        note("end")
    path = context.scratch / "out.txt"
    path.write_text("drawn")
    context.add("out.txt", path)


def left_s(_: Allocation) -> float:
    """Give an hour, and no time any more once `ends` exists."""
    return 0.0 if (Path(os.environ["TOY_FOLDER"]) / "ends").exists() else 3600.0


if __name__ == "__main__":
    if "TOY_ENDS" in os.environ:
        setattr(Allocation, "left_s", left_s)  # noqa: B010 - a method is no variable to mypy
    sys.path.insert(0, str(Path(__file__).parent))
    worker.HEARTBEAT_EVERY_S = float(os.environ.get("TOY_BEAT_S", worker.HEARTBEAT_EVERY_S))
    run_worker(
        Queue.METRICS,
        {Kind.SCORE_CASES: os.environ["TOY_WORK"]},
        read_at_start(Settings),
        processes=int(os.environ["TOY_PROCESSES"]),
    )
