"""Real workers whose time ends, or whose place others need."""

from __future__ import annotations

import os
import signal
import time

from tests.integration.worker.toy import PATIENCE_S, Toy, until

from syntrust_core.contracts.base import Queue
from syntrust_gateway.orchestrator.retry import read_attempts

COME_BACK, TOO_SHORT = 75, 78


def ends_in(seconds: float) -> str:
    return str(round(time.time() + seconds))


def test_a_training_goes_back_with_its_checkpoint_at_usr1_and_the_next_worker_goes_on(
    idle: Toy,
) -> None:
    idle.start(TOY_WORK="toy_worker:train")
    idle.submit()
    until(lambda: (idle.progress() or 0) > 10)

    os.kill(idle.process.pid, signal.SIGUSR1)
    assert idle.process.wait(PATIENCE_S) == COME_BACK

    assert read_attempts(idle.store, idle.message.ref) == ()
    assert idle.coordinator.active() == set()
    assert len(list(idle.store.list(idle.message.ref.checkpoints_prefix))) == 1
    idle.submit()
    idle.start(TOY_WORK="toy_worker:train")
    until(lambda: (idle.progress() or 0) > 0 and len(idle.runs()) == 2)
    idle.go()
    until(idle.done)
    assert idle.runs()[1] > 10


def test_a_worker_without_a_step_ends_at_usr1_and_asks_to_be_started_again(idle: Toy) -> None:
    idle.start()

    os.kill(idle.process.pid, signal.SIGUSR1)

    assert idle.process.wait(PATIENCE_S) == COME_BACK


def test_a_worker_ends_the_step_it_has_and_takes_no_other_when_its_time_is_too_short(
    idle: Toy,
) -> None:
    idle.start(TOY_WORK="toy_worker:train", TOY_ENDS="1", SYNTRUST_WORKER__ENDS_AT=ends_in(3600))
    idle.submit()
    until(lambda: (idle.progress() or 0) > 10)
    (idle.folder / "ends").touch()
    until(lambda: "worker.leaves" in (idle.folder / "worker.log").read_text())
    assert idle.process.poll() is None
    other = idle.message.model_copy(update={"cases": ("c" * 64,)})
    idle.submit(other)

    idle.go()

    assert idle.process.wait(PATIENCE_S) == COME_BACK
    assert idle.done()
    assert idle.queue.waiting_steps(Queue.METRICS) == {other.step_id}


def test_a_time_that_would_do_for_no_step_is_refused_for_good(idle: Toy) -> None:
    idle.launch(SYNTRUST_WORKER__ENDS_AT=ends_in(60), SYNTRUST_WORKER__ASSUMED_STEP="PT2M")

    assert idle.process.wait(PATIENCE_S) == TOO_SHORT
    assert "too few for a step" in (idle.folder / "worker.log").read_text()
