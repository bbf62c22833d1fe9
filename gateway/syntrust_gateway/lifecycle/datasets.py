"""Withdraw a case of a dataset, and derive a dataset without those that were withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from syntrust_core.errors import Conflict, InvalidRequest, NotFound
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState
from syntrust_gateway.lifecycle.removal import remove
from syntrust_gateway.lifecycle.schemas import Derivation, WithdrawnBody
from syntrust_gateway.lifecycle.withdrawal import withdraw
from syntrust_gateway.orchestrator.ending.completion import digest_dataset


def withdraw_case(
    container: Container, caller: Caller, dataset_id: str, case_id: str, *, cascade_models: bool
) -> WithdrawnBody | None:
    """Withdraw a case of a ready dataset; None if the dataset is open, where a case is removed.

    Raises
    ------
    Conflict
        If the dataset is being inspected.
    NotFound
        If it has no such case.
    """
    with container.write.begin() as session:
        dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
        if dataset.state is DatasetState.OPEN:
            return None
        if dataset.state is not DatasetState.READY:
            raise Conflict(
                "The dataset is being inspected; withdraw the case once that has ended.",
                state=str(dataset.state),
            )
        case = session.get(Case, (dataset.id, case_id))
        if case is None or case.state is CaseState.WITHDRAWN:
            raise NotFound(f"The dataset has no case {case_id}.")
        done = withdraw(session, dataset, case, cascade_models=cascade_models)
        told = {
            "failed_runs": done.failed_runs,
            "models_marked": done.models_marked,
            "models_deleted": done.models_deleted,
            "kept_for": done.kept_for,
            "reports_cut": done.reports_cut,
        }
        audit(session, caller, "case.withdraw", f"{dataset.id}/{case_id}", **told)
    objects = remove(container.store, done.removal)
    return WithdrawnBody(dataset=dataset.id, case=case_id, **told, objects=objects)


def derive(container: Container, caller: Caller, dataset_id: str, request: Derivation) -> str:
    """Make a ready dataset of the cases that were not withdrawn; nothing is inspected again.

    Raises
    ------
    Conflict
        If the dataset is not ready, or nothing is left out.
    InvalidRequest
        If a case to leave out is not in it, or none is left.
    """
    with container.write.begin() as session:
        dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
        if dataset.state is not DatasetState.READY:
            raise Conflict(
                f"The dataset is {dataset.state}; only a ready one can be derived from.",
                state=str(dataset.state),
            )
        cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
        kept = _choose(cases, frozenset(request.without))
        derived = Dataset(
            name=request.name or dataset.name,
            grid=dataset.grid,
            scheme=dataset.scheme,
            origin=dataset.origin,
            state=DatasetState.READY,
            digest=digest_dataset(dataset.grid, kept),
            owner=dataset.owner,
        )
        session.add(derived)
        session.flush()
        session.add_all(_copy(case, derived.id) for case in kept)
        audit(session, caller, "dataset.derive", derived.id, of=dataset.id, cases=len(kept))
        return derived.id


def _choose(cases: Sequence[Case], without: Collection[str]) -> list[Case]:
    unknown = sorted(set(without) - {case.case_id for case in cases})
    if unknown:
        raise InvalidRequest(f"The dataset has no case {unknown[0]}.", pointer="/without")
    live = [case for case in cases if case.state is not CaseState.WITHDRAWN]
    kept = [case for case in live if case.case_id not in without]
    if not kept:
        raise InvalidRequest("No case would be left.", pointer="/without")
    if len(kept) == len(cases):
        raise Conflict("No case was withdrawn and none is left out; use the dataset itself.")
    return kept


def _copy(case: Case, dataset: str) -> Case:
    names = (
        "case_id",
        "group",
        "patient",
        "scheme",
        "files",
        "state",
        "problems",
        "step",
        "record",
    )
    return Case(dataset_id=dataset, **{name: getattr(case, name) for name in names})
