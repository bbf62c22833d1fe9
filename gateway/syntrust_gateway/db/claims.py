"""A request's claim to its Idempotency-Key, kept in the transaction that does its work.

The work is committed only together with the claim. So a process that has lost its claim, because
it was held for dead, cannot do the work a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker

from syntrust_gateway.db.auth_tables import IdempotencyKey, RequestState
from syntrust_gateway.db.tables import Dataset, Experiment, Job
from syntrust_gateway.errors import StillWorking

PATHS: Final = {Dataset: "datasets", Experiment: "experiments", Job: "jobs"}


@dataclass
class Claim:
    """The right to answer a request.

    `committed` says that its work was done by a process that then ended, and `made` is the path of
    what was made for it.
    """

    owner: int
    key: str
    token: str
    committed: bool = field(default=False, init=False)
    made: str | None = field(default=None, init=False)


WRITES: Final = "writes"
_CURRENT: ContextVar[Claim | None] = ContextVar("claim", default=None)


@contextmanager
def under(claim: Claim) -> Iterator[None]:
    """Do the work of the block under the claim."""
    token = _CURRENT.set(claim)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def writes(session: Session) -> bool:
    """Tell whether a session may write."""
    return WRITES in session.info


def keep_claims(sessions: sessionmaker[Session]) -> None:
    """Have what these sessions write committed together with the request's claim."""
    event.listen(sessions, "after_flush", _note_made)
    event.listen(sessions, "before_commit", _commit_claim)


def _note_made(session: Session, _: UOWTransaction) -> None:
    claim = _CURRENT.get()
    if claim is None:
        return
    for row in session.new:
        if (folder := PATHS.get(type(row))) is not None:
            claim.made = f"/{folder}/{row.id}"


def _commit_claim(session: Session) -> None:
    claim = _CURRENT.get()
    if claim is None:
        return
    session.flush()
    if claim_is_kept(session, claim, state=RequestState.COMMITTED, made=claim.made):
        return
    raise StillWorking("Another process answers this request now. Repeat it in a moment.")


def claim_is_kept(session: Session, claim: Claim, **values: Any) -> bool:  # noqa: ANN401 - columns
    """Write to the claim's row; False if another process has the claim now."""
    found = session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.owner == claim.owner, IdempotencyKey.key == claim.key)
        .where(IdempotencyKey.token == claim.token)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(found, CursorResult)  # noqa: S101 - it is for any UPDATE
    return found.rowcount == 1
