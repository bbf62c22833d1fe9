"""A real Celery worker process on a real Redis and S3 server."""

from __future__ import annotations

import json
import os
import signal
import socket
from datetime import UTC, datetime

import pytest
from tests.integration.worker.toy import PATIENCE_S, Toy, until

from syntrust_core.contracts.base import Kind, Manifest, Queue, Ref
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.storage.tombstones import tombstone_key
from syntrust_gateway.orchestrator.retry import MAX_ATTEMPTS, Fail, Submit, decide, read_attempts


def test_a_worker_computes_a_submitted_step_and_publishes_it(toy: Toy) -> None:
    toy.submit()
    until(lambda: toy.coordinator.progress(toy.message.step_id) is not None)
    assert toy.coordinator.has_lease(toy.message.step_id)
    assert not toy.coordinator.is_queued(toy.message.step_id)
    toy.go()
    until(toy.done)

    manifest = Manifest.model_validate_json(toy.store.get(toy.message.ref.manifest_key))

    assert toy.store.get(manifest.files["out.txt"].key) == b"3 threads"
    assert (toy.folder / "heartbeat").exists()


def test_a_step_delivered_twice_is_computed_once(toy: Toy) -> None:
    toy.submit()
    toy.submit()
    toy.go()
    until(toy.done)
    until(lambda: not toy.queue.waiting_steps(Queue.METRICS))

    assert len(toy.runs()) == 1


def test_a_worker_killed_in_the_middle_is_followed_by_another_attempt(toy: Toy) -> None:
    toy.submit()
    until(lambda: len(toy.runs()) == 1)
    toy.kill()
    assert not toy.done()

    # The lease runs out after a minute; that minute is not waited for here.
    toy.redis.delete(f"lease:{toy.message.step_id}")
    toy.start()
    toy.submit()
    toy.go()
    until(toy.done)

    assert len(list(toy.store.list(toy.message.ref.attempts_prefix))) == 2


def test_a_child_killed_in_the_middle_does_not_come_back_by_itself(toy: Toy) -> None:
    toy.submit()
    until(lambda: len(toy.runs()) == 1)
    os.kill(toy.runs()[0], signal.SIGKILL)
    toy.redis.delete(f"lease:{toy.message.step_id}")

    toy.submit()
    toy.go()
    until(toy.done)

    assert len(toy.runs()) == 2


def test_a_worker_removes_its_copies_of_withdrawn_cases_and_keeps_the_others(toy: Toy) -> None:
    toy.kill()
    copies = toy.folder / "scratch" / f"cache-{os.getpid()}" / "inspect_case"
    gone, kept = copies / ("c" * 64), copies / ("d" * 64)
    for copy in (gone, kept):
        copy.mkdir(parents=True)
    toy.store.put(tombstone_key(Ref(kind=Kind.INSPECT_CASE, id=gone.name)), b"-")

    toy.start()
    until(lambda: not gone.exists())

    assert kept.exists()


def test_a_cancelled_step_stops_and_leaves_nothing(toy: Toy) -> None:
    toy.submit()
    until(lambda: len(toy.runs()) == 1)

    toy.coordinator.cancel(toy.message.step_id)
    until(lambda: not toy.coordinator.has_lease(toy.message.step_id))

    assert list(toy.store.list(toy.message.ref.prefix)) == []


def test_a_refusal_is_left_where_the_orchestrator_reads_it(toy: Toy) -> None:
    toy.go("refuse")
    toy.submit()
    until(lambda: any(toy.store.list(toy.message.ref.errors_prefix)))

    (item,) = toy.store.list(toy.message.ref.errors_prefix)
    error = json.loads(toy.store.get(item.key))

    assert (error["fault"], error["text"]) == ("caller", "The toy refuses.")


def test_a_redis_emptied_in_the_middle_costs_nothing(toy: Toy) -> None:
    toy.submit()
    until(lambda: len(toy.runs()) == 1)

    toy.redis.flushall()
    toy.go()
    until(toy.done)

    assert len(toy.runs()) == 1


def test_a_worker_told_to_stop_ends_by_itself(toy: Toy) -> None:
    os.kill(toy.process.pid, signal.SIGTERM)

    assert toy.process.wait(PATIENCE_S) == 0


def test_a_worker_that_cannot_import_its_work_says_which_import_failed_and_ends(idle: Toy) -> None:
    (idle.folder / "toy_broken.py").write_text("import no_such_package.deep\n")
    idle.start(TOY_WORK="toy_broken:work", PYTHONPATH=str(idle.folder))
    idle.submit()

    ended = idle.process.wait(PATIENCE_S)

    (attempt,) = read_attempts(idle.store, idle.message.ref)
    assert ended == 0
    assert attempt.error is not None
    assert attempt.error.slug == "worker-broken"
    assert "importing no_such_package failed" in attempt.error.text
    assert "toy_broken.py" not in attempt.error.text
    assert "toy_broken.py" in (idle.folder / "worker.log").read_text()


def test_a_work_whose_import_kills_the_process_counts_as_an_attempt(idle: Toy) -> None:
    dies = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    (idle.folder / "toy_dying.py").write_text(dies)
    idle.start(TOY_WORK="toy_dying:work", PYTHONPATH=str(idle.folder))

    idle.submit()
    until(lambda: any(idle.store.list(idle.message.ref.attempts_prefix)))

    (attempt,) = read_attempts(idle.store, idle.message.ref)
    assert attempt.error is None
    assert isinstance(decide((attempt,), now=datetime.now(UTC)), Submit)
    given_up = decide((attempt,) * MAX_ATTEMPTS, now=datetime.now(UTC))
    assert isinstance(given_up, Fail)
    assert socket.gethostname() in given_up.text


@pytest.fixture
def pair(idle: Toy) -> Toy:
    """A worker of two processes that share a device."""
    idle.start(TOY_WORK="toy_worker:draw", TOY_PROCESSES="2")
    return idle


def messages(count: int) -> list[ScoreCases]:
    return [ScoreCases(prediction=f"{n:064x}", cases=("b" * 64,)) for n in range(count)]


def test_two_processes_draw_in_turns_while_the_other_reads(pair: Toy) -> None:
    asked = messages(4)
    for message in asked:
        pair.submit(message)
    until(lambda: len(pair.events()) == 3 and any(map(pair.waits, asked)))
    first = pair.events()

    pair.go()
    until(lambda: all(map(pair.done, asked)))

    assert pair.coordinator.workers(Queue.METRICS) == 2
    assert sorted(event.what for event in first) == ["begin", "read", "read"]
    assert len({event.pid for event in first}) == 2
    turns = [event for event in pair.events() if event.what != "read"]
    assert [event.what for event in turns] == ["begin", "end"] * len(asked)
    assert all(a.step == b.step for a, b in zip(turns[::2], turns[1::2], strict=True))


def test_the_turn_of_a_killed_process_goes_to_the_next_one_that_is_still_wanted(pair: Toy) -> None:
    drawn, cancelled, third = messages(3)
    pair.submit(drawn)
    until(lambda: len(pair.events()) == 2)
    pair.submit(cancelled)
    until(lambda: pair.waits(cancelled))

    pair.coordinator.cancel(cancelled.step_id)
    until(lambda: not pair.coordinator.has_lease(cancelled.step_id))
    pair.submit(third)
    until(lambda: pair.waits(third))
    os.kill(pair.events()[0].pid, signal.SIGKILL)
    pair.go()
    until(lambda: pair.done(third))

    assert list(pair.store.list(cancelled.ref.prefix)) == []
    assert not pair.done(drawn)
    assert [event.step for event in pair.events() if event.what == "begin"] == [
        drawn.step_id,
        third.step_id,
    ]
