"""Which workers are there, and what each computes now."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.runtime.coordination import Holder, StepCoordinator
from syntrust_gateway.admin.schemas import WorkerBody, Workers, WorkingStep
from syntrust_gateway.db.tables import Client, Step

_Known = Mapping[str, Row[str, str, str | None]]


def list_workers(session: Session, coordinator: StepCoordinator) -> Workers:
    """List the workers that gave a sign of life lately, and the steps whose lease is held.

    Raises
    ------
    QueueUnavailable
        If the queue server, which alone knows, does not answer.
    """
    holders = coordinator.holders()
    names = {queue: coordinator.worker_names(queue) for queue in Queue}
    known = _known_steps(session, holders)
    left = {
        step: (holder, _working(step, holder, known, coordinator))
        for step, holder in sorted(holders.items(), key=lambda item: item[1].since)
    }
    workers = _workers(names)
    for worker, process in workers:
        theirs = [step for step, (holder, _) in left.items() if _is_child(holder, worker, process)]
        worker.running = [left.pop(step)[1] for step in theirs]
    return Workers(items=[worker for worker, _ in workers], elsewhere=[w for _, w in left.values()])


def _workers(names: Mapping[Queue, list[str]]) -> list[tuple[WorkerBody, int]]:
    """Gather the processes of each worker: `<queue>-<host>-<process id>-<number>`."""
    found: dict[str, tuple[WorkerBody, int]] = {}
    for queue, processes in names.items():
        for process in processes:
            name, _, _ = process.rpartition("-")
            host, _, number = name.removeprefix(f"{queue}-").rpartition("-")
            new = WorkerBody(queue=queue, name=name, host=host, processes=0, running=[])
            worker, _ = found.setdefault(name, (new, int(number) if number.isdecimal() else 0))
            worker.processes += 1
    return list(found.values())


def _is_child(holder: Holder, worker: WorkerBody, process: int) -> bool:
    return (holder.host, holder.worker) == (worker.host, process)


def _known_steps(session: Session, holders: Mapping[str, Holder]) -> _Known:
    query = (
        select(Step.id, Step.kind, Client.name)
        .join(Client, Client.id == Step.owner, isouter=True)
        .where(Step.id.in_(list(holders)))
    )
    return {row.id: row for row in session.execute(query)}


def _working(step: str, holder: Holder, known: _Known, coordinator: StepCoordinator) -> WorkingStep:
    row = known.get(step)
    return WorkingStep(
        step=step,
        kind=None if row is None else Kind(row.kind),
        client=None if row is None else row.name,
        since=holder.since,
        progress=coordinator.progress(step),
    )
