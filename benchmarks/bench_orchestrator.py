"""The orchestrator with steps that do nothing, beside as many bare Celery tasks in the same run.

Real servers: Redis, S3 (or a folder in memory in its place) and a SQLite file; one worker process
with one child, whose scratch folder is in memory. Reported for each size: seconds to plan, steps a
second from the request to the last recorded step, the same for the bare tasks (send and run) and
the ratio, CPU milliseconds of this process per step, the 99th percentile and the longest of its
ticks, and its peak of memory. A step takes a lease and writes its attempt and its manifest; a bare
task does nothing. So the ratio holds all that makes a step survive a crash. A long run also tells
of every 10,000 steps how fast they went, and their CPU milliseconds.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from pydantic import SecretStr
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.orchestrator.cpu_times import per_step_ms, read_cpu_s
from benchmarks.orchestrator.folder_store import FOLDER_VARIABLE, FolderStore
from benchmarks.orchestrator.sections import Sections

from syntrust_core.contracts.base import Kind, Queue, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.contracts.job_steps import GeneratorCase, TrainGenerator
from syntrust_core.log import configure
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.queue import CeleryQueue, make_celery
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.settings import QueueSettings, StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_core.testing.environment import make_environment
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.tables import (
    Client,
    Dataset,
    Experiment,
    Role,
    Run,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.orchestrator import Orchestrator, planning
from syntrust_gateway.orchestrator.planning import PlannedSteps
from syntrust_gateway.orchestrator.process import plan_in_pause
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_standalone.servers import start_valkey, start_weed

ROOT = Path(__file__).parents[1]
BARE_TASK = "bench.bare"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of this run's own is made there
FAN = 10  # steps that need one other step
LOOK_EVERY_S = 0.1  # whether all has ended: what passes until then is counted as work
INSPECTED = "c" * 64
MODEL = Ref(kind=Kind.IMPORTED_MODEL, id="e" * 64)


@dataclass
class Figures:
    """What one size took."""

    steps: int
    experiments: int
    plan_s: float = 0.0
    steps_per_s: float = 0.0
    bare_per_s: float = 0.0
    ratio: float = 0.0
    cpu_ms: dict[str, float] = field(default_factory=dict)
    bare_cpu_ms: dict[str, float] = field(default_factory=dict)
    cpu_ratio: float = 0.0
    tick_p99_ms: float = 0.0
    tick_longest_ms: float = 0.0
    memory_mb: float = 0.0


class Bench:
    """Database, servers and an orchestrator in this process; the worker is another one."""

    def __init__(self, folder: Path, url: str, store: S3Store | FolderStore) -> None:
        database = f"sqlite:///{folder}/db.sqlite"
        migrate(database)
        engine = make_engine(database)
        self.write, self.read = session_factory(engine), read_factory(engine)
        store.ensure_bucket()
        publish_imported(store, MODEL, {})
        settings = QueueSettings(url=url)
        self.redis, self.app = Redis.from_url(url), make_celery(settings)
        servers = Servers(store, RedisCoordinator.at(url), CeleryQueue(settings))
        self._bare = 0
        self.orchestrator = Orchestrator(self.write, self.read, servers)
        with self.write.begin() as session:
            session.add(Client(id=1, name="bench", role=Role.USER))
            session.add(Dataset(id="d", name="d", grid="native", scheme="auto", owner=1))
            inspected = Step(id=INSPECTED, kind=Kind.INSPECT_CASE, message={}, needs=[])
            inspected.state = StepState.DONE
            session.add(inspected)

    def ask(self, experiments: int, steps: int, seed: int) -> None:
        """Ask for experiments. `seed` and the numbers after it must not have been used before."""
        with self.write.begin() as session:
            for number in range(experiments):
                spec = {"steps": steps, "seed": seed + number}
                session.add(Experiment(dataset_id="d", spec=spec, owner=1))

    def live(self) -> int:
        live = Experiment.state.in_((RunState.QUEUED, RunState.RUNNING))
        with self.read() as session:
            return session.scalar(select(func.count()).select_from(Experiment).where(live)) or 0

    def failed(self) -> bool:
        query = select(Experiment.id).where(Experiment.state != RunState.SUCCEEDED).limit(1)
        with self.read() as session:
            return session.scalar(query) is not None

    def unplanned(self) -> bool:
        query = select(Experiment.id).where(Experiment.planned.is_(False)).limit(1)
        with self.read() as session:
            return session.scalar(query) is not None

    def run(self, experiments: int, steps: int, seed: int) -> Figures:
        """Drive experiments to their end."""
        figures = Figures(steps * experiments, experiments)
        self.ask(experiments, steps, seed)
        ticks: list[float] = []
        began, cpu, sections = time.perf_counter(), read_cpu_s(), Sections(show)
        planned = 0.0
        last_look = 0.0
        while True:
            started = time.perf_counter()
            is_busy = self.orchestrator.tick()
            now = time.perf_counter()
            ticks.append(now - started)
            sections.note(self.orchestrator.ended)
            if not planned and not self.unplanned():
                planned = now - began
            if now - last_look > LOOK_EVERY_S:
                last_look = now
                if not self.live():
                    break
            time.sleep(plan_in_pause(self.orchestrator, is_busy=is_busy))
        took = time.perf_counter() - began
        assert not self.failed(), "an experiment has failed"
        figures.plan_s = planned
        figures.steps_per_s = figures.steps / took
        figures.cpu_ms = per_step_ms(cpu, figures.steps)
        figures.tick_p99_ms = 1000 * quantiles(ticks, n=100)[-1]
        figures.tick_longest_ms = 1000 * max(ticks)
        figures.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return figures

    def bare(self, figures: Figures, count: int) -> None:
        """Send and run bare tasks, and note how fast they went."""
        began, cpu = time.perf_counter(), read_cpu_s()
        for _ in range(count):
            self.app.send_task(BARE_TASK, queue=str(Queue.GENERATOR), retry=False)
        looks_empty = 0
        while looks_empty < 2:  # a message on its way to the worker is nowhere for a moment
            time.sleep(0.01)
            is_empty = not (self.redis.llen(str(Queue.GENERATOR)) or self.redis.hlen("unacked"))
            looks_empty = looks_empty + 1 if is_empty else 0
        figures.bare_per_s = count / (time.perf_counter() - began)
        figures.bare_cpu_ms = per_step_ms(cpu, count)
        figures.ratio = figures.steps_per_s / figures.bare_per_s
        self._bare += count
        assert self._count_bare() == self._bare, "the worker has not run every bare task"
        figures.cpu_ratio = sum(figures.bare_cpu_ms.values()) / sum(figures.cpu_ms.values())

    def _count_bare(self) -> int:
        """Ask the worker how many bare tasks it has run: it discards one that it does not know."""
        stats = self.app.control.inspect(timeout=10, limit=1).stats()
        return sum(worker["total"].get(BARE_TASK, 0) for worker in stats.values())


def plan_nothing(session: Session, run: Run) -> PlannedSteps:  # noqa: ARG001 - as the real one
    """Plan twins in tens: the first is the case of the others, and a training needs the last."""
    first, lasts = INSPECTED, list[str]()
    made: list[StepMessage] = []
    for number in range(run.spec["steps"] - 1):
        case = first if number % FAN else INSPECTED
        twin = SynthesiseCase(
            case=case,
            generator=MODEL,
            sampler="ddim",
            steps=number % 999 + 1,
            seed=_seed(run, number),
            precision="fp32",
        )
        made.append(twin)
        first = first if number % FAN else twin.step_id
        if number % FAN == FAN - 1:
            lasts.append(twin.step_id)
    cases = tuple(GeneratorCase(id=last, case=last) for last in lasts)
    goal = TrainGenerator(name="goal", cases=cases, config={}, seed=run.spec["seed"], iterations=1)
    return PlannedSteps([*made, goal], goal.step_id)


def _seed(run: Run, number: int) -> int:
    """Give each step of each experiment a seed of its own, below 2**32."""
    return (int(run.spec["seed"]) << 17) + number


@contextmanager
def worker(folder: Path, scratch: Path, url: str, storage: StorageSettings) -> Iterator[None]:
    """One worker process with one child."""
    env = make_environment(storage, url) | {"SYNTRUST_WORKER__SCRATCH": str(scratch)}
    command = [sys.executable, "-m", "benchmarks.orchestrator.noop_worker"]
    with (
        (folder / "worker.log").open("wb") as log,
        subprocess.Popen(command, env=env, cwd=ROOT, stderr=log, start_new_session=True) as process,
    ):
        coordinator = RedisCoordinator.at(url)
        while not coordinator.workers(Queue.GENERATOR):
            assert process.poll() is None, (folder / "worker.log").read_text()
            time.sleep(0.1)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def bench(*, in_folder: bool) -> Iterator[Bench]:
    """Servers, a worker and an orchestrator of this run."""
    in_memory = IN_MEMORY if IN_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryDirectory(dir=in_memory) as quick,
    ):
        folder, scratch = Path(name), Path(quick) / "scratch"
        (folder / "redis").mkdir()
        (folder / "s3").mkdir()
        with start_valkey(folder / "redis") as url, start_weed(folder / "s3") as access:
            storage = StorageSettings(
                endpoint=access.endpoint,
                access_key=access.access_key,
                secret_key=SecretStr(access.secret_key),
            )
            if in_folder:
                os.environ[FOLDER_VARIABLE] = f"{quick}/objects"
            made = Bench(folder, url, FolderStore() if in_folder else S3Store(storage))
            with worker(folder, scratch, url, storage):
                yield made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--experiments", type=int, default=200, help="at once, of 50 steps each")
    parser.add_argument("--rounds", type=int, default=1, help="of steps and bare tasks, in turn")
    parser.add_argument("--bare", type=int, help="bare tasks, if not as many as steps")
    parser.add_argument("--store", choices=["s3", "folder"], default="s3")
    arguments = parser.parse_args()
    configure(level=logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers and worker end too
    planning.plan_steps = plan_nothing
    with bench(in_folder=arguments.store == "folder") as made:
        sizes = [(1, steps) for steps in arguments.steps]
        if arguments.experiments:
            sizes.append((arguments.experiments, 50))
        made.bare(made.run(1, 100, 1), 100)  # what is loaded and connected once
        seeds = count(1000, 1000)
        for experiments, steps in sizes:
            rounds = []
            for _ in range(arguments.rounds):
                rounds.append(made.run(experiments, steps, next(seeds)))
                made.bare(rounds[-1], arguments.bare or rounds[-1].steps)
                show(asdict(rounds[-1]))
            if len(rounds) > 1:
                show({"medians of": len(rounds), **medians([asdict(each) for each in rounds])})


def medians(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give the median of each number, also of those in a dictionary."""
    first = rounds[0]
    return {
        name: medians([each[name] for each in rounds])
        if isinstance(value, dict)
        else median(each.get(name, 0.0) for each in rounds)
        for name, value in first.items()
    }


def show(figures: dict[str, Any]) -> None:
    print(json.dumps(_rounded(figures)), flush=True)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 3)


if __name__ == "__main__":
    main()
