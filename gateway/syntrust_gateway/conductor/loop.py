"""The loop: look, do what is missing, look again. It may crash, run late, or run twice."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from syntrust_core import log as structured_log
from syntrust_core.board import RedisBoard
from syntrust_core.errors import Unavailable
from syntrust_core.log import get_logger
from syntrust_core.queue import CeleryQueue
from syntrust_core.s3 import S3Store
from syntrust_core.settings import Settings
from syntrust_gateway.conductor import settle, wishes
from syntrust_gateway.conductor.dispatch import Servers, dispatch
from syntrust_gateway.db import (
    Base,
    Case,
    Dataset,
    Experiment,
    ExperimentStep,
    Sessions,
    WishState,
    insert_new,
    make_engine,
    read_factory,
    session_factory,
)
from syntrust_gateway.plan import plan
from syntrust_gateway.settings import GatewaySettings
from syntrust_gateway.spec import ResolvedSpec
from syntrust_gateway.views import dataset_view

log = get_logger(__name__)

SHORTEST_PAUSE_S = 0.5
PAUSE_PER_TICK = 1.0  # of the time the last look took: at most half of the time goes into looking


class Conductor:
    """Level-triggered: every tick compares what is wanted with what is there."""

    def __init__(self, write: Sessions, read: Sessions, servers: Servers) -> None:
        self._write, self._read, self._servers = write, read, servers

    def tick(self) -> None:
        """One look at everything. Safe to interrupt and to repeat at any point."""
        store = self._servers.store
        with self._write.begin() as session:
            wishes.want_inspections(session, store)
        self._plan_new()
        with self._read() as session:
            wanted = wishes.wanted_steps(session)
            done = wishes.artifacts_at_hand(session, store, wanted)
            session.expunge_all()
        rows = dispatch(self._servers, wanted, done)
        self._keep(rows)
        self._cancel_unwanted({step.id for step in wanted})

    def _keep(self, rows: Sequence[Base]) -> None:
        with self._write.begin() as session:
            for row in rows:
                session.merge(row)
            session.flush()
            settle.settle_cases(session, self._servers.store)
            settle.settle_datasets(session)
            settle.settle_experiments(session, self._servers.clock)

    def _plan_new(self) -> None:
        with self._read() as session:
            query = select(Experiment.id).where(
                Experiment.state.in_(wishes.LIVE), Experiment.planned.is_(False)
            )
            new = session.scalars(query.order_by(Experiment.created)).all()
        for experiment in new:
            with self._write.begin() as session:
                self._plan(session, experiment)

    def _plan(self, session: Session, experiment_id: str) -> None:
        experiment = session.get_one(Experiment, experiment_id)
        dataset = session.get_one(Dataset, experiment.dataset_id)
        cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
        planned = plan(ResolvedSpec.model_validate(experiment.spec), dataset_view(dataset, cases))
        ids = wishes.want(session, self._servers.store, planned.steps)
        session.flush()
        insert_new(
            session,
            ExperimentStep,
            [
                {"experiment_id": experiment.id, "step_id": step, "position": position}
                for position, step in enumerate(ids)
            ],
        )
        experiment.planned, experiment.report_step = True, planned.report
        log.info("conductor.planned", experiment=experiment.id, steps=len(ids))

    def _cancel_unwanted(self, wanted: set[str]) -> None:
        """Flag, every tick, the running steps that no live experiment wants any more."""
        unwanted = self._servers.board.active() - wanted
        if not unwanted:
            return
        with self._read() as session:
            query = (
                select(ExperimentStep.step_id)
                .join(Experiment, Experiment.id == ExperimentStep.experiment_id)
                .where(ExperimentStep.step_id.in_(unwanted))
                .where(Experiment.state.in_((WishState.CANCELLED, WishState.FAILED)))
            )
            for step in set(session.scalars(query)):
                self._servers.board.cancel(step)


def run(settings: Settings, gateway: GatewaySettings) -> None:
    """Conduct until SIGTERM or SIGINT."""
    structured_log.configure(settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = make_engine(gateway.database_url)
    store = S3Store(settings.storage)
    store.ensure_bucket()
    servers = Servers(store, RedisBoard.at(settings.queue.url), CeleryQueue(settings.queue))
    conductor = Conductor(session_factory(engine), read_factory(engine), servers)
    conduct(conductor, stop, heartbeat=settings.worker.heartbeat_file)


def conduct(conductor: Conductor, stop: threading.Event, *, heartbeat: Path | None = None) -> None:
    """Tick until `stop` is set. A server that is away is waited for; a bug is logged."""
    log.info("conductor.started")
    while not stop.is_set():
        started = time.monotonic()
        try:
            conductor.tick()
            if heartbeat is not None:
                heartbeat.touch()
        except (Unavailable, OperationalError) as error:
            log.warning("conductor.server_away", reason=str(error))
        except Exception:
            log.exception("conductor.tick_failed")
        stop.wait(max(SHORTEST_PAUSE_S, PAUSE_PER_TICK * (time.monotonic() - started)))
    log.info("conductor.stopped")
