"""Answers to requests that may be repeated, in the database, by client and Idempotency-Key."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from syntrust_gateway.db.auth_tables import IdempotencyKey, RequestState
from syntrust_gateway.db.claims import Claim, claim_is_kept
from syntrust_gateway.db.session import Sessions, insert_new
from syntrust_gateway.db.tables import utc_now
from syntrust_gateway.errors import KeyReused, StillWorking

LEASE: Final = timedelta(seconds=10)
"""A process that has not renewed its claim for this long is held for dead."""


@dataclass(frozen=True)
class AskedRequest:
    """A request under a key; `fingerprint` is the digest of all that decides on its answer."""

    owner: int
    key: str
    route: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


class AnswerStore:
    """Gives each request to one process, and its answer to every repetition."""

    def __init__(self, write: Sessions, expires: timedelta) -> None:
        self._write, self._expires = write, expires

    def claim(self, asked: AskedRequest) -> Claim | Answer:
        """Take the request on, or give the answer that there is.

        Raises
        ------
        KeyReused
            If the key was sent with another request.
        StillWorking
            If a process that lives works on the same request.
        """
        claim = Claim(asked.owner, asked.key, token=str(uuid4()))
        now = utc_now()
        with self._write.begin() as session:
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires <= now))
            self._insert(session, asked, claim, now)
            row = session.get_one(IdempotencyKey, (asked.owner, asked.key), with_for_update=True)
            if row.token != claim.token:
                return _of_another(row, asked, claim, now)
        return claim

    def _insert(self, session: Session, asked: AskedRequest, claim: Claim, now: datetime) -> None:
        row = {
            "owner": asked.owner,
            "key": asked.key,
            "route": asked.route,
            "fingerprint": asked.fingerprint,
            "token": claim.token,
            "lease": now + LEASE,
            "expires": now + self._expires,
        }
        insert_new(session, IdempotencyKey, [row])

    def renew(self, claim: Claim) -> None:
        """Say that this process still works on the request."""
        with self._write.begin() as session:
            claim_is_kept(session, claim, lease=utc_now() + LEASE)

    def keep(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer for repetitions."""
        with self._write.begin() as session:
            claim_is_kept(
                session,
                claim,
                state=RequestState.ANSWERED,
                status=answer.status,
                headers=answer.headers,
                body=zlib.compress(answer.body),
            )

    def release(self, claim: Claim) -> None:
        """Let the request be sent again: it has no answer that is worth keeping."""
        with self._write.begin() as session:
            session.execute(
                delete(IdempotencyKey)
                .where(IdempotencyKey.owner == claim.owner, IdempotencyKey.key == claim.key)
                .where(IdempotencyKey.token == claim.token)
                .where(IdempotencyKey.state == RequestState.WORKING)
            )
            claim_is_kept(session, claim, lease=utc_now())


def _of_another(
    row: IdempotencyKey, asked: AskedRequest, claim: Claim, now: datetime
) -> Claim | Answer:
    """Decide on a request that came before."""
    if (row.route, row.fingerprint) != (asked.route, asked.fingerprint):
        raise KeyReused(
            "This Idempotency-Key was sent with another request. Take a new key for each request."
        )
    if row.state is RequestState.ANSWERED:
        return Answer(row.status or 0, row.headers or {}, zlib.decompress(row.body or b""))
    # A lease that ends far ahead was given by a clock that was wrong.
    if now < row.lease <= now + 2 * LEASE:
        raise StillWorking("The same request is being answered. Repeat it in a moment.")
    row.token, row.lease = claim.token, now + LEASE
    claim.committed, claim.made = row.state is RequestState.COMMITTED, row.made
    return claim
