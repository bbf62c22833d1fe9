"""The loop: look, do what is missing, look again. It may crash, run late or run twice."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core import log as structured_log
from syntrust_core.errors import Unavailable
from syntrust_core.log import get_logger
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.queue import CeleryQueue
from syntrust_core.settings import Settings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.db.session import (
    Sessions,
    insert_new,
    make_engine,
    read_factory,
    session_factory,
)
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.orchestrator import completion, demand
from syntrust_gateway.orchestrator.heartbeat import Heartbeat
from syntrust_gateway.orchestrator.planning import plan_steps
from syntrust_gateway.orchestrator.reconcile import Reconciled, Servers, reconcile
from syntrust_gateway.orchestrator.segmenter_registration import register_segmenters
from syntrust_gateway.runs.tables import LIVE, TABLES, RunTable
from syntrust_gateway.settings import GatewaySettings

log = get_logger(__name__)

SHORTEST_PAUSE_S = 0.5
PAUSE_PER_TICK = (
    1.0  # of the time that the last tick took, so that ticks take at most half of the time
)


class Orchestrator:
    """Compare, at every tick, what is needed with what is there (level-triggered)."""

    def __init__(self, write: Sessions, read: Sessions, servers: Servers) -> None:
        self._write, self._read, self._servers = write, read, servers

    def tick(self) -> None:
        """Look at everything once. It is safe to interrupt and to repeat this at any point."""
        store = self._servers.store
        with self._write.begin() as session:
            demand.ensure_inspections(session, store)
        self._plan_new()
        with self._read() as session:
            pending = demand.pending_steps(session)
            done = demand.available_artifacts(session, store, pending)
            session.expunge_all()
        self._record(reconcile(self._servers, pending, done))
        self._cancel_unneeded({step.id for step in pending})
        self._servers.coordinator.note_tick()

    def _record(self, found: Reconciled) -> None:
        with self._write.begin() as session:
            for row in found.rows:
                session.merge(row)
            session.flush()
            completion.complete_cases(session, self._servers.store)
            completion.complete_datasets(session)
            completion.complete_runs(
                session, self._servers.store, self._servers.clock, found.running
            )
            register_segmenters(session, self._servers.store)

    def _plan_new(self) -> None:
        for table in TABLES:
            with self._read() as session:
                query = select(table.rows.id).where(
                    table.rows.state.in_(LIVE), table.rows.planned.is_(False)
                )
                new = session.scalars(query.order_by(table.rows.created)).all()
            for run in new:
                with self._write.begin() as session:
                    self._plan(session, table, run)

    def _plan(self, session: Session, table: RunTable, run_id: str) -> None:
        run = session.get_one(table.rows, run_id)
        steps, goal = plan_steps(session, run)
        ids = demand.ensure_steps(session, self._servers.store, steps)
        session.flush()
        insert_new(
            session,
            table.links,
            [
                {table.run_id.key: run.id, "step_id": step, "position": position}
                for position, step in enumerate(ids)
            ],
        )
        run.planned, run.goal = True, goal
        log.info("orchestrator.planned", run=table.name, id=run.id, steps=len(ids))

    def _cancel_unneeded(self, pending: set[str]) -> None:
        """Ask, at every tick, the running steps that no live run needs to stop."""
        unneeded = self._servers.coordinator.active() - pending
        if not unneeded:
            return
        with self._read() as session:
            ended = {
                step for table in TABLES for step in _abandoned_steps(session, table, unneeded)
            }
        for step in ended:
            self._servers.coordinator.cancel(step)


def _abandoned_steps(session: Session, table: RunTable, steps: set[str]) -> Iterable[str]:
    """Find those of `steps` that belong to a run which was cancelled or has failed."""
    query = (
        select(table.links.step_id)
        .join(table.rows, table.rows.id == table.run_id)
        .where(table.links.step_id.in_(steps))
        .where(table.rows.state.in_((RunState.CANCELLED, RunState.FAILED)))
    )
    return session.scalars(query).all()


def orchestrate(settings: Settings, gateway: GatewaySettings) -> None:
    """Drive datasets, jobs and experiments until SIGTERM or SIGINT."""
    structured_log.configure(settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = make_engine(gateway.database_url)
    store = S3Store(settings.storage)
    store.ensure_bucket()
    servers = Servers(store, RedisCoordinator.at(settings.queue.url), CeleryQueue(settings.queue))
    orchestrator = Orchestrator(session_factory(engine), read_factory(engine), servers)
    with Heartbeat(settings.worker.heartbeat_file) as heartbeat:
        tick_until(orchestrator, stop, heartbeat=heartbeat)


def tick_until(
    orchestrator: Orchestrator, stop: threading.Event, *, heartbeat: Heartbeat | None = None
) -> None:
    """Tick until `stop` is set. Wait for a server that is away, and log a bug."""
    log.info("orchestrator.started")
    while not stop.is_set():
        started = time.monotonic()
        try:
            orchestrator.tick()
        except Unavailable as error:
            log.warning("orchestrator.server_away", reason=str(error))
        except Exception:
            log.exception("orchestrator.tick_failed")
        if heartbeat is not None:
            heartbeat.touch()
        stop.wait(max(SHORTEST_PAUSE_S, PAUSE_PER_TICK * (time.monotonic() - started)))
    log.info("orchestrator.stopped")
