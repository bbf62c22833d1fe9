"""The loop: look, do what is missing, look again. It may crash, run late, or run twice."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
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
from syntrust_gateway.db.tables import WishState
from syntrust_gateway.orchestrator import completion as settle
from syntrust_gateway.orchestrator import demand as wishes
from syntrust_gateway.orchestrator import segmenter_registration as registry
from syntrust_gateway.orchestrator.planning import planned_steps
from syntrust_gateway.orchestrator.reconcile import Dispatched, Servers, dispatch
from syntrust_gateway.runs.tables import LIVE, TABLES, WishTable
from syntrust_gateway.settings import GatewaySettings

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
        self._keep(dispatch(self._servers, wanted, done))
        self._cancel_unwanted({step.id for step in wanted})

    def _keep(self, found: Dispatched) -> None:
        with self._write.begin() as session:
            for row in found.rows:
                session.merge(row)
            session.flush()
            settle.settle_cases(session, self._servers.store)
            settle.settle_datasets(session)
            settle.settle_wishes(session, self._servers.store, self._servers.clock, found.running)
            registry.register_segmenters(session, self._servers.store)

    def _plan_new(self) -> None:
        for table in TABLES:
            with self._read() as session:
                query = select(table.rows.id).where(
                    table.rows.state.in_(LIVE), table.rows.planned.is_(False)
                )
                new = session.scalars(query.order_by(table.rows.created)).all()
            for wish in new:
                with self._write.begin() as session:
                    self._plan(session, table, wish)

    def _plan(self, session: Session, table: WishTable, wish_id: str) -> None:
        wish = session.get_one(table.rows, wish_id)
        steps, goal = planned_steps(session, wish)
        ids = wishes.want(session, self._servers.store, steps)
        session.flush()
        insert_new(
            session,
            table.links,
            [
                {table.owner.key: wish.id, "step_id": step, "position": position}
                for position, step in enumerate(ids)
            ],
        )
        wish.planned, wish.goal = True, goal
        log.info("conductor.planned", wish=table.name, id=wish.id, steps=len(ids))

    def _cancel_unwanted(self, wanted: set[str]) -> None:
        """Flag, every tick, the running steps that no live wish wants any more."""
        unwanted = self._servers.coordinator.active() - wanted
        if not unwanted:
            return
        with self._read() as session:
            ended = {step for table in TABLES for step in _ended_wants(session, table, unwanted)}
        for step in ended:
            self._servers.coordinator.cancel(step)


def _ended_wants(session: Session, table: WishTable, steps: set[str]) -> Iterable[str]:
    """Those of `steps` that a wish wanted which has ended without them."""
    query = (
        select(table.links.step_id)
        .join(table.rows, table.rows.id == table.owner)
        .where(table.links.step_id.in_(steps))
        .where(table.rows.state.in_((WishState.CANCELLED, WishState.FAILED)))
    )
    return session.scalars(query).all()


def run(settings: Settings, gateway: GatewaySettings) -> None:
    """Conduct until SIGTERM or SIGINT."""
    structured_log.configure(settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = make_engine(gateway.database_url)
    store = S3Store(settings.storage)
    store.ensure_bucket()
    servers = Servers(store, RedisCoordinator.at(settings.queue.url), CeleryQueue(settings.queue))
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
