"""What an orchestrator needs: a database, in-memory servers, and workers played by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.grid import Grid
from syntrust_core.runtime.runner import StepContext, StepHandler, publish_imported
from syntrust_core.testing import MemoryQueue, MemoryStore
from syntrust_core.testing.step_bench import StepBench
from syntrust_gateway.datasets.planner_view import view_dataset
from syntrust_gateway.db.session import read_factory, session_factory
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Client,
    Dataset,
    DatasetState,
    Experiment,
    Job,
    JobKind,
    Role,
    Run,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ExperimentSpec
from syntrust_gateway.models.planner_view import GeneratorView
from syntrust_gateway.orchestrator import Orchestrator
from syntrust_gateway.orchestrator.reconcile import Servers

MODEL = Ref(kind=Kind.IMPORTED_MODEL, id="e" * 64)
GRID = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.elapsed = timedelta()

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)
        self.elapsed += timedelta(**by)

    def jump(self, **by: float) -> None:
        """Set the clock, as an operator does: no time passes."""
        self.now += timedelta(**by)

    def monotonic(self) -> float:
        return self.elapsed.total_seconds()


def compute(message: StepMessage, context: StepContext) -> None:
    """Give every step some file; an inspection gives a record."""
    path = context.scratch / "case.json"
    record = {"scheme": {"NCR": 1}, "digests": {"t1": message.step_id}, "fingerprint": "f"}
    path.write_text(json.dumps(record))
    context.add("case.json", path)


class OrchestratorHarness:
    """Database, doubles and an orchestrator, with the verbs the tests speak in."""

    def __init__(self, folder: Path, engine: Engine, store: MemoryStore | None = None) -> None:
        self.engine = engine
        self.write, self.read = session_factory(engine), read_factory(engine)
        self.bench = StepBench(folder, store=store, cache_bytes=1 << 20)
        self.store, self.coordinator = self.bench.store, self.bench.coordinator
        self.queue, self.clock, self.computed = MemoryQueue(), Clock(), list[str]()
        weights = folder / "model.safetensors"
        weights.write_bytes(b"weights")
        publish_imported(self.store, MODEL, {"model.safetensors": weights})
        self.restart()

    def restart(self) -> None:
        """What a crash and a new start of the orchestrator come to: nothing was kept."""
        servers = Servers(
            self.store, self.coordinator, self.queue, self.clock, self.clock.monotonic
        )
        self.orchestrator = Orchestrator(self.write, self.read, servers)

    def tick(self) -> None:
        """Tick, and let the time pass until everything is due again that is not rare."""
        self.orchestrator.tick()
        self.clock.advance(seconds=2.1)

    def dataset(self, cases: int = 6) -> str:
        with self.write.begin() as session:
            session.add(Client(id=1, name="a", role=Role.ADMIN))
            files = {
                f"p{i}": {"t1": {"key": f"content/{i:064x}", "bytes": 1, "sha256": f"{i:064x}"}}
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

    def work(self, work: StepHandler = compute, *, limit: int = 10_000) -> int:
        """Let a worker take messages until none is left."""
        done = 0
        while self.queue.messages and done < limit:
            message = self.queue.take()
            self.computed.append(message.step_id)
            self.bench.attempt(message, work)
            done += 1
        return done

    def drain(self, work: StepHandler = compute) -> None:
        """Tick and work until nothing moves any more."""
        idle = 0
        while idle < 3:
            self.tick()
            if self.work(work):
                idle = 0
            else:
                idle += 1
                self.clock.advance(minutes=1)

    def submit_until(self, kind: Kind, work: StepHandler = compute) -> StepMessage:
        """Work until a message of `kind` comes, and take that one."""
        for _ in range(100):
            self.tick()
            while self.queue.messages:
                if self.queue.messages[0].KIND is kind:
                    return self.queue.take()
                self.work(work, limit=1)
        raise AssertionError(f"no step of kind {kind} was submitted")

    def client(self, number: int, *, weight: int = 1) -> None:
        """Add another client."""
        with self.write.begin() as session:
            row = Client(id=number, name=f"client {number}", role=Role.USER)
            row.weight = weight
            session.add(row)

    def job(self, *messages: StepMessage, owner: int = 1, **columns: object) -> str:
        """Ask for these steps; the last is the goal."""
        plan = [[message.KIND, message.model_dump(mode="json")] for message in messages]
        row = Job(kind=JobKind.SYNTHESIS, spec={}, plan=plan, owner=owner, **columns)
        with self.write.begin() as session:
            session.add(row)
            session.flush()
            return row.id

    def run(self, run: str) -> Run:
        """Read a job or an experiment anew."""
        with self.read() as session:
            found = session.get(Job, run) or session.get(Experiment, run)
        assert found is not None
        return found

    def experiment(self, dataset_id: str, owner: int = 1, **changes: object) -> str:
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
            resolved = resolve(spec, view_dataset(dataset, cases), view)
            spec_json = resolved.model_dump(mode="json")
            row = Experiment(dataset_id=dataset_id, spec=spec_json, owner=owner)
            session.add(row)
            session.flush()
            return row.id

    def state(self, experiment: str) -> Experiment:
        with self.read() as session:
            return session.get_one(Experiment, experiment)

    def cancel(self, experiment: str) -> None:
        with self.write.begin() as session:
            session.get_one(Experiment, experiment).state = RunState.CANCELLED

    def case(self, case_id: str) -> Case:
        with self.read() as session:
            return session.scalars(select(Case).where(Case.case_id == case_id)).one()

    def steps(self, state: StepState) -> list[Step]:
        with self.read() as session:
            return list(session.scalars(select(Step).where(Step.state == state)))


def fails_on(kind: Kind, error: Callable[[], Exception]) -> StepHandler:
    def work(message: StepMessage, context: StepContext) -> None:
        if message.KIND is kind:
            raise error()
        compute(message, context)

    return work
