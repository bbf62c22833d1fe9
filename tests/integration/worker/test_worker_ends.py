"""Steps of a real worker that stop, stand still, or cannot be understood."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.worker.toy import PATIENCE_S, Toy, until

from syntrust_core.contracts.base import Kind, Manifest, Queue, Ref
from syntrust_core.runtime.queue import make_celery, make_task_id
from syntrust_core.settings import QueueSettings
from syntrust_gateway.orchestrator.retry import AttemptRecord, read_attempts

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def send(toy: Toy, kind: str, message: Any) -> Ref:
    """Send what no gateway of this release would."""
    app = make_celery(QueueSettings(url=toy.url))
    step = toy.message.step_id
    app.send_task(
        f"syntrust.{kind}", args=[message], task_id=make_task_id(step), queue=str(Queue.METRICS)
    )
    unchecked: Any = kind
    return Ref.model_construct(kind=unchecked, id=step)


def failed(toy: Toy, ref: Ref) -> tuple[AttemptRecord, ...]:
    """Wait for an error of the step, and give its attempts."""
    until(lambda: any(toy.store.list(ref.errors_prefix)))
    return read_attempts(toy.store, ref)


def is_told(attempt: AttemptRecord) -> bool:
    """Whether the last lines of the log are there."""
    return attempt.error is not None and any("step.started" in line for line in attempt.error.log)


def has_signed(toy: Toy) -> bool:
    """Whether a child has said what it runs, with its log: it does so every second."""
    signs = [path.read_text() for path in (toy.folder / "scratch").glob("alive-*")]
    return len(toy.runs()) == 1 and any("step.started" in sign for sign in signs)


def is_free(toy: Toy) -> bool:
    return toy.coordinator.active() == set()


@pytest.mark.parametrize("tell", [os.kill, os.killpg])
def test_a_training_whose_worker_is_told_to_stop_goes_on_elsewhere_and_no_attempt_counts(
    idle: Toy, tell: Callable[[int, int], None]
) -> None:
    idle.start(TOY_WORK="toy_worker:train")
    idle.submit()
    until(lambda: (idle.progress() or 0) > 10)

    tell(idle.process.pid, signal.SIGTERM)
    assert idle.process.wait(PATIENCE_S) == 0

    assert read_attempts(idle.store, idle.message.ref) == ()
    assert is_free(idle)
    assert idle.queue.queued_steps(Queue.METRICS) == set()
    idle.start(TOY_WORK="toy_worker:train")
    idle.submit()
    until(lambda: len(idle.runs()) == 2)
    idle.go()
    until(idle.done)
    first, second = idle.runs()
    assert first == 0
    assert second > 10
    assert len(read_attempts(idle.store, idle.message.ref)) == 1
    # A worker removes them once the manifest, by which the step is done, is there.
    until(lambda: not list(idle.store.list(idle.message.ref.checkpoints_prefix)))


def test_a_step_that_does_not_stop_in_time_is_cut_off_uncounted(idle: Toy) -> None:
    idle.start(TOY_WORK="toy_worker:hang", SYNTRUST_WORKER__SOFT_SHUTDOWN="PT1S")
    idle.submit()
    until(lambda: len(idle.runs()) == 1)

    os.kill(idle.process.pid, signal.SIGTERM)
    assert idle.process.wait(PATIENCE_S) == 0

    assert read_attempts(idle.store, idle.message.ref) == ()
    assert is_free(idle)


def test_a_step_that_says_nothing_is_ended_as_hung_and_its_worker_takes_the_next(
    idle: Toy,
) -> None:
    idle.start(TOY_WORK="toy_worker:hang", SYNTRUST_WORKER__PATIENCE_FACTOR="0.002")
    idle.submit()

    (attempt,) = failed(idle, idle.message.ref)
    assert attempt.error is not None
    assert attempt.error.slug == "stalled"
    until(lambda: is_free(idle))

    idle.go()
    idle.submit()
    until(idle.done)
    assert len(set(idle.runs())) == 2


def test_a_cancelled_step_that_says_nothing_is_killed_and_leaves_nothing(idle: Toy) -> None:
    idle.start(TOY_WORK="toy_worker:hang")
    idle.submit()
    until(lambda: len(idle.runs()) == 1)

    idle.coordinator.cancel(idle.message.step_id)
    until(lambda: is_free(idle))

    assert list(idle.store.list(idle.message.ref.prefix)) == []


def test_a_child_that_stands_still_is_killed_by_its_parent(idle: Toy) -> None:
    idle.start(TOY_WORK="toy_worker:hang", TOY_BEAT_S="0.3")
    idle.submit()
    until(lambda: has_signed(idle))

    os.kill(idle.runs()[0], signal.SIGSTOP)
    (attempt,) = failed(idle, idle.message.ref)
    assert attempt.error is not None
    assert attempt.error.slug == "stalled"
    assert is_told(attempt)
    until(lambda: is_free(idle))  # long before its lease runs out
    until(lambda: not Path(f"/proc/{idle.runs()[0]}").exists())  # dead, it waits for its parent

    idle.go()
    idle.submit()
    until(idle.done)
    assert len(set(idle.runs())) == 2


def test_of_a_child_that_the_system_kills_its_parent_leaves_the_reason_and_the_log(
    idle: Toy,
) -> None:
    idle.start(TOY_WORK="toy_worker:hang", TOY_BEAT_S="0.3")
    idle.submit()
    until(lambda: has_signed(idle))

    os.kill(idle.runs()[0], signal.SIGKILL)

    (attempt,) = failed(idle, idle.message.ref)
    assert attempt.error is not None
    assert attempt.error.slug == "worker-lost"
    assert is_told(attempt)
    until(lambda: is_free(idle))


def test_a_worker_that_was_killed_with_its_children_tells_of_them_when_it_is_back(
    idle: Toy,
) -> None:
    idle.start(TOY_WORK="toy_worker:hang")
    idle.submit()
    until(lambda: has_signed(idle))

    idle.kill()
    idle.start(TOY_WORK="toy_worker:hang")

    (attempt,) = failed(idle, idle.message.ref)
    assert attempt.error is not None
    assert attempt.error.slug == "worker-lost"
    assert is_told(attempt)
    until(lambda: is_free(idle))


def test_a_message_that_a_worker_cannot_read_counts_as_an_attempt(toy: Toy) -> None:
    toy.coordinator.set_queued(toy.message.step_id)

    ref = send(toy, Kind.SCORE_CASES, {"a field": "of a later release"})

    (attempt,) = failed(toy, ref)
    assert attempt.error is not None
    assert attempt.error.slug == "message-not-understood"
    until(lambda: is_free(toy))


def test_a_kind_that_a_worker_does_not_know_counts_as_an_attempt(toy: Toy) -> None:
    toy.coordinator.set_queued(toy.message.step_id)

    ref = send(toy, "a_kind_of_later", {})

    (attempt,) = failed(toy, ref)
    assert attempt.error is not None
    assert "a_kind_of_later" in attempt.error.text
    toy.go()
    toy.submit()
    until(toy.done)
    manifest = Manifest.model_validate_json(toy.store.get(toy.message.ref.manifest_key))
    assert "out.txt" in manifest.files


def test_a_worker_without_a_step_ends_by_itself_with_code_0(idle: Toy) -> None:
    idle.start(SYNTRUST_WORKER__EXIT_WHEN_IDLE="PT0.5S")

    assert idle.process.wait(PATIENCE_S) == 0
    assert "no step for 0.5 s" in (idle.folder / "worker.log").read_text()


def test_a_step_that_takes_longer_than_a_worker_may_be_idle_is_not_cut_off(idle: Toy) -> None:
    idle.start(TOY_WORK="toy_worker:train", SYNTRUST_WORKER__EXIT_WHEN_IDLE="PT0.5S")
    idle.submit()
    until(lambda: (idle.progress() or 0) > 200)  # each takes 10 ms or more
    assert idle.process.poll() is None

    idle.go()

    assert idle.process.wait(PATIENCE_S) == 0
    assert idle.done()
    assert idle.runs() == [0]
    assert len(read_attempts(idle.store, idle.message.ref)) == 1
    assert idle.queue.queued_steps(Queue.METRICS) == set()


def test_a_step_that_arrives_while_its_worker_leaves_is_at_once_there_for_the_next(
    idle: Toy,
) -> None:
    log = idle.folder / "worker.log"
    idle.start(SYNTRUST_WORKER__EXIT_WHEN_IDLE="PT0.5S")
    idle.go()
    until(lambda: "worker.leaves" in log.read_text())

    idle.submit()
    assert idle.process.wait(PATIENCE_S) == 0

    waiting = idle.queue.waiting_steps(Queue.METRICS)
    assert waiting == (set() if idle.done() else {idle.message.step_id})
    idle.start()
    until(idle.done)
    assert len(read_attempts(idle.store, idle.message.ref)) == 1


@pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime")
@pytest.mark.parametrize("minutes", [10, -20], ids=["it starts", "the store refuses it"])
def test_a_worker_tells_that_its_clock_is_off_even_if_it_cannot_start(
    idle: Toy, minutes: int
) -> None:
    idle.launch(LD_PRELOAD=str(FAKETIME), FAKETIME=f"{minutes:+}m")

    until(lambda: bool(idle.coordinator.clocks()))

    ((process, ahead_s),) = idle.coordinator.clocks().items()
    assert process == f"metrics-{socket.gethostname()}"
    assert ahead_s == pytest.approx(60 * minutes, abs=30)
    until(lambda: "clock.off" in (idle.folder / "worker.log").read_text())
