"""The conductor over in-memory servers, with workers played by the test."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from syntrust_core.cache import InputCache
from syntrust_core.contracts import QUEUES, Kind, Ref, StepMessage
from syntrust_core.errors import InvalidRequest, InvalidVolume, StoreUnavailable
from syntrust_core.grids import Grid
from syntrust_core.steps import StepContext, Work, publish_imported, run_step
from syntrust_core.testing import MemoryBoard, MemoryQueue, MemoryStore
from syntrust_core.worker import deferred
from syntrust_gateway.conductor import Conductor
from syntrust_gateway.conductor.dispatch import Servers
from syntrust_gateway.db import (
    Base,
    Case,
    CaseState,
    Client,
    Dataset,
    DatasetState,
    Experiment,
    Role,
    Step,
    StepState,
    WishState,
    make_engine,
    read_factory,
    session_factory,
)
from syntrust_gateway.spec import ExperimentSpec, GeneratorView, resolve
from syntrust_gateway.views import dataset_view

MODEL = Ref(kind=Kind.IMPORTED_MODEL, id="e" * 64)
GRID = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def compute(message: StepMessage, context: StepContext) -> None:
    """Give every step some file; an inspection gives a record."""
    path = context.scratch / "case.json"
    record = {"scheme": {"NCR": 1}, "digests": {"t1": message.step_id}, "fingerprint": "f"}
    path.write_text(json.dumps(record))
    context.add("case.json", path)


class World:
    """Database, doubles and a conductor, with the verbs the tests speak in."""

    def __init__(self, folder: Path) -> None:
        engine = make_engine(f"sqlite:///{folder / 'db.sqlite'}")
        Base.metadata.create_all(engine)
        self.write, self.read = session_factory(engine), read_factory(engine)
        self.store, self.board, self.queue = MemoryStore(), MemoryBoard(), MemoryQueue()
        self.clock, self.scratch, self.computed = Clock(), folder, list[str]()
        self.cache = InputCache(self.store, folder / "cache", limit_bytes=1 << 20)
        weights = folder / "model.safetensors"
        weights.write_bytes(b"weights")
        publish_imported(self.store, MODEL, {"model.safetensors": weights})
        self.restart()

    def restart(self) -> None:
        """What a crash and a new start of the conductor come to: nothing was kept."""
        servers = Servers(self.store, self.board, self.queue, self.clock)
        self.conductor = Conductor(self.write, self.read, servers)

    def tick(self) -> None:
        self.conductor.tick()

    def dataset(self, cases: int = 6) -> str:
        with self.write.begin() as session:
            session.add(Client(id=1, name="a", role=Role.ADMIN, key_sha256="0" * 64))
            files = {
                f"p{i}": {"t1": {"key": f"uploads/{i}", "bytes": 1, "sha256": f"{i:064x}"}}
                for i in range(cases)
            }
            dataset = Dataset(name="d", grid=GRID, scheme="auto", owner=1)
            dataset.state = DatasetState.INSPECTING
            session.add(dataset)
            session.flush()
            for case, own in files.items():
                row = Case(dataset_id=dataset.id, case_id=case, files=own)
                row.state = CaseState.INSPECTING
                session.add(row)
            return dataset.id

    def work(self, work: Work = compute, *, limit: int = 10_000) -> int:
        """Let a worker take messages until none is left."""
        done = 0
        while self.queue.messages and done < limit:
            message = self.queue.take()
            self.computed.append(message.step_id)
            run_step(
                message,
                work,
                store=self.store,
                board=self.board,
                cache=self.cache,
                scratch=self.scratch,
            )
            done += 1
        return done

    def settle(self, work: Work = compute) -> None:
        """Tick and work until nothing moves any more."""
        idle = 0
        while idle < 3:
            self.tick()
            if self.work(work):
                idle = 0
            else:
                idle += 1
                self.clock.advance(minutes=1)

    def experiment(self, dataset_id: str, **changes: object) -> str:
        with self.write.begin() as session:
            dataset = session.get_one(Dataset, dataset_id)
            cases = session.scalars(select(Case).where(Case.dataset_id == dataset_id)).all()
            spec = ExperimentSpec.model_validate({"dataset": "d", "alphas": [0, 1], **changes})
            view = GeneratorView(
                "tiny",
                MODEL.id,
                "ddim",
                5,
                250,
                Grid.model_validate(GRID),
                frozenset(),
                frozenset(),
            )
            resolved = resolve(spec, dataset_view(dataset, cases), view)
            row = Experiment(dataset_id=dataset_id, spec=resolved.model_dump(mode="json"), owner=1)
            session.add(row)
            session.flush()
            return row.id

    def state(self, experiment: str) -> Experiment:
        with self.read() as session:
            return session.get_one(Experiment, experiment)

    def cancel(self, experiment: str) -> None:
        with self.write.begin() as session:
            session.get_one(Experiment, experiment).state = WishState.CANCELLED

    def case(self, case_id: str) -> Case:
        with self.read() as session:
            return session.scalars(select(Case).where(Case.case_id == case_id)).one()

    def steps(self, state: StepState) -> list[Step]:
        with self.read() as session:
            return list(session.scalars(select(Step).where(Step.state == state)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def ready(world: World) -> str:
    dataset = world.dataset()
    world.settle()
    world.computed.clear()
    return dataset


def fails_on(kind: Kind, error: Callable[[], Exception]) -> Work:
    def work(message: StepMessage, context: StepContext) -> None:
        if message.KIND is kind:
            raise error()
        compute(message, context)

    return work


def test_a_dataset_of_good_cases_becomes_ready_with_a_digest(world: World) -> None:
    dataset = world.dataset()

    world.settle()

    with world.read() as session:
        row = session.get_one(Dataset, dataset)
    assert row.state is DatasetState.READY
    assert row.digest is not None


def test_a_refused_case_opens_its_dataset_again_and_says_why(world: World) -> None:
    dataset = world.dataset()

    world.settle(
        fails_on(Kind.INSPECT_CASE, lambda: InvalidVolume("bad digest", file="t1", field="sha256"))
    )

    with world.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.OPEN
    assert world.case("p0").state is CaseState.REFUSED
    assert world.case("p0").problems == [{"file": "t1", "field": "sha256", "reason": "bad digest"}]


def test_an_experiment_runs_to_its_report(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED
    assert world.state(experiment).finished is not None


def test_the_same_experiment_posted_twice_computes_nothing_the_second_time(
    world: World, ready: str
) -> None:
    world.experiment(ready)
    world.settle()
    world.computed.clear()

    second = world.experiment(ready)
    world.settle()

    assert world.state(second).state is WishState.SUCCEEDED
    assert world.computed == []


def test_a_restart_of_the_conductor_at_every_tick_changes_nothing(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    for _ in range(15):
        world.restart()
        world.tick()
        world.work(limit=2)
    world.tick()

    assert world.state(experiment).state is WishState.SUCCEEDED
    assert len(world.computed) == len(set(world.computed))


def test_two_conductors_at_once_compute_every_step_once(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    for _ in range(15):
        first = world.conductor
        world.restart()
        first.tick()
        world.tick()
        world.work()

    assert world.state(experiment).state is WishState.SUCCEEDED
    with world.read() as session:
        assert all(step.attempts <= 1 for step in session.scalars(select(Step)))


def test_a_redis_that_loses_everything_loses_no_work(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    assert world.queue.messages

    world.queue.messages.clear()
    world.board.lose_everything()
    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED


def test_a_step_in_the_queue_is_not_submitted_again(world: World, ready: str) -> None:
    world.experiment(ready)
    world.tick()
    submitted = len(world.queue.messages)

    world.tick()

    assert len(world.queue.messages) == submitted


def test_only_a_window_of_steps_is_submitted(world: World) -> None:
    dataset = world.dataset(cases=40)

    world.tick()

    assert len(world.queue.messages) == 8
    world.settle()
    with world.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.READY


def test_a_worker_that_dies_is_replaced_by_another_attempt(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    message = world.queue.take()
    world.board.take(message.step_id, "dead")
    world.store.put(
        message.ref.attempt_key("dead"),
        b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
    )
    world.tick()
    assert message.step_id not in {m.step_id for m in world.queue.messages}

    world.board.leases.clear()
    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED
    with world.read() as session:
        assert session.get_one(Step, message.step_id).attempts == 2


def test_a_step_whose_worker_dies_three_times_fails_and_says_so(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    class DiesError(BaseException):
        pass

    for _ in range(15):
        world.tick()
        while world.queue.messages:
            message = world.queue.take()
            if message.KIND is Kind.TRAIN_SEGMENTER:
                attempt = f"{len(world.store.writes)}"
                world.store.put(
                    message.ref.attempt_key(attempt),
                    b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
                )
                world.board.marks.discard(message.step_id)
            else:
                world.queue.messages.insert(0, message)
                world.work(limit=1)

    state = world.state(experiment)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-lost"
    assert "3 times" in state.error["text"]


def test_a_callers_fault_is_never_retried(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    world.settle(fails_on(Kind.TRAIN_SEGMENTER, lambda: InvalidRequest("bad preset")))

    state = world.state(experiment)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["text"] == "bad preset"
    assert all(step.attempts == 1 for step in world.steps(StepState.FAILED))


def test_a_fault_of_the_world_is_tried_three_times_with_pauses(world: World, ready: str) -> None:
    experiment = world.experiment(ready, alphas=[1])
    work = fails_on(Kind.TRAIN_SEGMENTER, lambda: StoreUnavailable("away"))
    world.clock.now = datetime.now(UTC)
    world.tick()
    world.work(work)
    world.tick()
    assert not any(m.KIND is Kind.TRAIN_SEGMENTER for m in world.queue.messages)

    world.settle(work)

    assert world.state(experiment).state is WishState.FAILED
    (failed,) = world.steps(StepState.FAILED)
    assert failed.attempts == 3


def test_an_experiment_asked_for_again_after_a_failure_tries_again(
    world: World, ready: str
) -> None:
    world.experiment(ready)
    world.settle(fails_on(Kind.TRAIN_SEGMENTER, lambda: RuntimeError("a bug")))

    again = world.experiment(ready)
    world.settle()

    assert world.state(again).state is WishState.SUCCEEDED


def test_a_worker_that_cannot_import_its_work_fails_the_step_until_it_is_whole_again(
    world: World, ready: str
) -> None:
    broken = world.experiment(ready)
    world.settle(deferred("no_such_room.works:train"))

    repaired = world.experiment(ready)
    world.settle()

    state = world.state(broken)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-broken"
    assert state.error["text"] == (
        f"The {QUEUES[Kind(state.error['kind'])]} worker on {socket.gethostname()} is not "
        "installed as it should be: importing no_such_room failed there; its log has the reason."
    )
    assert world.state(repaired).state is WishState.SUCCEEDED


def test_cancelling_flags_running_steps_that_nobody_else_wants(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    running = world.queue.take()
    world.board.take(running.step_id, "worker")

    world.cancel(experiment)
    world.tick()

    assert world.board.cancelled(running.step_id)


def test_a_step_that_another_experiment_wants_is_not_cancelled(world: World, ready: str) -> None:
    first, second = world.experiment(ready), world.experiment(ready)
    world.tick()
    running = world.queue.take()
    world.board.take(running.step_id, "worker")

    world.cancel(first)
    world.tick()

    assert not world.board.cancelled(running.step_id)
    world.board.leases.clear()
    world.settle()
    assert world.state(second).state is WishState.SUCCEEDED


def test_a_cancelled_experiment_asked_for_again_goes_on(world: World, ready: str) -> None:
    first = world.experiment(ready)
    world.tick()
    world.cancel(first)
    world.tick()
    world.work()

    again = world.experiment(ready)
    world.settle()

    assert world.state(again).state is WishState.SUCCEEDED


def test_manifests_that_a_lost_database_forgot_are_found_again(
    world: World, ready: str, tmp_path: Path
) -> None:
    world.experiment(ready)
    world.settle()
    folder = tmp_path / "second"
    folder.mkdir()
    other = World(folder)
    other.store = world.store
    other.cache = InputCache(world.store, folder / "cache2", limit_bytes=1 << 20)
    other.restart()

    dataset = other.dataset()
    other.settle()
    experiment = other.experiment(dataset)
    other.settle()

    assert other.state(experiment).state is WishState.SUCCEEDED
    assert other.computed == []
