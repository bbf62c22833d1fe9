"""The process of the orchestrator: it waits until it leads, then ticks until it is told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError

from syntrust_core import log as structured_log
from syntrust_core.errors import Unavailable
from syntrust_core.log import get_logger
from syntrust_core.observability import tracing
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.queue import CeleryQueue
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.orchestrator.heartbeat import Heartbeat
from syntrust_gateway.orchestrator.leader import Leader, LeadershipLost, make_leader
from syntrust_gateway.orchestrator.loop import Orchestrator
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_gateway.settings import GatewaySettings

log = get_logger(__name__)

PAUSE_S: Final = 0.5
PAUSE_WHILE_BUSY_S: Final = 0.05
# A tick asks the database some forty questions, however many steps end. Where several do, the ends
# are gathered for longer, but no longer than half of what is in flight is likely to last.
PAUSE_WHILE_MANY_END_S: Final = 0.5
MANY: Final = 4
STANDBY_S: Final = 2.0  # between two attempts to take the lead
_AWAY: Final = (Unavailable, OperationalError, InterfaceError)


def orchestrate(settings: GatewaySettings) -> None:
    """Drive datasets, jobs and experiments until SIGTERM or SIGINT, whenever this one leads."""
    structured_log.configure(settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tracing.configure("syntrust-orchestrator", settings.tracing)
    engine = make_engine(settings.gateway.database_url)
    store = S3Store(settings.storage)
    store.ensure_bucket()
    servers = Servers(
        store,
        RedisCoordinator.at(settings.queue.url),
        CeleryQueue(settings.queue),
        most_running=settings.gateway.client_running_steps,
    )
    write, read, leader = session_factory(engine), read_factory(engine), make_leader(engine)
    with Heartbeat(settings.worker.heartbeat_file) as heartbeat:
        make = partial(Orchestrator, write, read, servers, leader)
        lead_until(leader, make, stop, heartbeat=heartbeat)


def lead_until(
    leader: Leader,
    make: Callable[[], Orchestrator],
    stop: threading.Event,
    *,
    heartbeat: Heartbeat | None = None,
) -> None:
    """Tick with a new orchestrator each time the lead is ours, until `stop` is set."""
    stands_by = False
    try:
        while not stop.is_set():
            if _try_to_lead(leader):
                stands_by = False
                log.info("orchestrator.leads")
                tick_until(make(), stop, heartbeat=heartbeat)
                continue
            if not stands_by:
                log.info("orchestrator.stands_by")
            stands_by = True
            _touch(heartbeat)
            stop.wait(STANDBY_S)
    finally:
        leader.release()


def _try_to_lead(leader: Leader) -> bool:
    try:
        return leader.acquire()
    except _AWAY as error:
        log.warning("orchestrator.server_away", reason=str(error))
        return False


def tick_until(
    orchestrator: Orchestrator, stop: threading.Event, *, heartbeat: Heartbeat | None = None
) -> None:
    """Tick until `stop` is set or the lead is lost. Wait for a server that is away; log a bug."""
    log.info("orchestrator.started")
    while not stop.is_set():
        left_s = PAUSE_S
        try:
            is_busy = _tick(orchestrator)
            _touch(heartbeat)
            left_s = plan_in_pause(orchestrator, is_busy=is_busy)
        except LeadershipLost as error:
            log.warning("orchestrator.lead_lost", reason=str(error))
            break
        except _AWAY as error:
            # It is alive, and no new start would bring the server back.
            _touch(heartbeat)
            log.warning("orchestrator.server_away", reason=str(error))
        except Exception:
            _touch(heartbeat)
            log.exception("orchestrator.tick_failed")
        stop.wait(left_s)
    log.info("orchestrator.stopped")


def plan_in_pause(orchestrator: Orchestrator, *, is_busy: bool) -> float:
    """Let `orchestrator` plan in the pause after a tick; give the seconds that are left of it."""
    ended, in_flight = orchestrator.ended, orchestrator.in_flight
    seconds = pause_s(ended, in_flight, orchestrator.elapsed_s, is_busy=is_busy)
    started_s = time.monotonic()
    orchestrator.use_pause(seconds)
    return max(0.0, seconds - (time.monotonic() - started_s))


def pause_s(ended: int, in_flight: int, elapsed_s: float, *, is_busy: bool) -> float:
    """Choose how long to pause after a tick in which `ended` steps ended and so many fly on.

    `elapsed_s` is what passed since the tick before: at this pace, half of what is in flight ends
    in the pause, so no queue runs dry.
    """
    if ended >= MANY:
        half_lasts_s = elapsed_s * in_flight / ended / 2
        return min(max(half_lasts_s, PAUSE_WHILE_BUSY_S), PAUSE_WHILE_MANY_END_S)
    return PAUSE_WHILE_BUSY_S if is_busy else PAUSE_S


def _tick(orchestrator: Orchestrator) -> bool:
    started_s = time.monotonic()
    is_busy = orchestrator.tick()
    COUNTERS.observe("syntrust_orchestrator_tick_seconds", time.monotonic() - started_s)
    return is_busy


def _touch(heartbeat: Heartbeat | None) -> None:
    if heartbeat is not None:
        heartbeat.touch()
