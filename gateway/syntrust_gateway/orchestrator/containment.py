"""What fails for one row must not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from syntrust_core.errors import QueueUnavailable
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

AWAY = (OperationalError, InterfaceError, QueueUnavailable)
"""What ends a whole tick: a server that does not answer. The next tick asks it again."""

_PROBE = "health"
_NAMED = {
    "case": "dataset",  # never by its own id, which may be a patient's
    "dataset": "dataset",
    "experiment": "run",
    "job": "run",
    "model": "step",
    "step": "step",
}
"""What the row of a kind is called in a log line."""


def require_store(store: ObjectStore) -> None:
    """Raise `StoreUnavailable` if the store answers nobody, unlike one that refuses one key."""
    store.exists(_PROBE)


class Contained:
    """How a block ended: `error` is what it raised."""

    error: Exception | None = None


@contextmanager
def contained(session: Session, store: ObjectStore, what: str, row: str) -> Iterator[Contained]:
    """Undo and log what fails in the block; the transaction goes on without it."""
    outcome = Contained()
    try:
        with session.begin_nested():
            yield outcome
    except AWAY:
        raise
    except Exception as error:
        require_store(store)
        log.exception("orchestrator.contained", what=what, **{_NAMED.get(what, "row"): row})
        outcome.error = error
