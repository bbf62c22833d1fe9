"""Refuse new work on what was withdrawn."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.errors import Conflict
from syntrust_gateway.db.lifecycle_tables import Tombstone
from syntrust_gateway.db.session import in_chunks
from syntrust_gateway.db.tables import Case, CaseState, Dataset


def require_whole(dataset: Dataset, cases: Iterable[Case]) -> None:
    """Refuse new work on a dataset from which a case was withdrawn.

    Raises
    ------
    Conflict
        If one was; it names what to do instead.
    """
    if any(case.state is CaseState.WITHDRAWN for case in cases):
        raise Conflict(
            "A case of this dataset was withdrawn; it takes no new work. Derive a dataset without "
            f"it: POST /datasets/{dataset.id}/derive.",
            dataset=dataset.id,
        )


def require_not_withdrawn(session: Session, owner: int, needs: Iterable[Ref]) -> None:
    """Refuse a plan that reads a case which its client has withdrawn, and holds no more.

    Raises
    ------
    Conflict
        If it does.
    """
    for chunk in in_chunks((need.id for need in needs if need.kind is Kind.INSPECT_CASE), 500):
        withdrawn = select(Tombstone).where(Tombstone.owner == owner, Tombstone.step.in_(chunk))
        for row in session.scalars(withdrawn):
            held = select(Case.step).join(Dataset, Dataset.id == Case.dataset_id)
            again = held.where(Dataset.owner == owner, Case.step == row.step)
            if session.scalars(again.limit(1)).first() is None:
                raise Conflict(f"A case of the dataset {row.dataset_id} was withdrawn.")
