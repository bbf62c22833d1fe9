"""Reading artifacts for a caller: what turns out to be damaged is computed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from syntrust_core.contracts.base import Manifest, Ref
from syntrust_core.errors import NotFound, ObjectDamaged, ObjectMissing
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Step
from syntrust_gateway.errors import BeingRecomputed
from syntrust_gateway.lifecycle.integrity import artifact_of, find_loss
from syntrust_gateway.lifecycle.removal import WITHDRAWN_SLUG
from syntrust_gateway.orchestrator.healing.heal import heal
from syntrust_gateway.runs.ready_steps import find_wanted

_TOLD: Final = "The result of {kind} was damaged in the object store and is being computed again."
_LATER: Final = (
    "The result of {kind} is damaged in the object store. The next run that needs it computes it "
    "again."
)
_LOST: Final = (
    "The files of {kind} {step} are damaged in the object store and cannot be computed again."
)


def require_manifest(step: Step) -> Manifest:
    """Give what a step has published.

    Raises
    ------
    NotFound
        If it went with a case that was withdrawn.
    BeingRecomputed
        If it was lost, and is being computed again.
    """
    if step.error is not None and step.error["slug"] == WITHDRAWN_SLUG:
        raise NotFound(step.error["text"])
    if step.manifest is None:
        raise BeingRecomputed(_TOLD.format(kind=step.kind), kind=step.kind, step=step.id)
    return Manifest.model_validate(step.manifest)


@contextmanager
def healing(container: Container) -> Iterator[None]:
    """Have an artifact that the block could not read computed again, and tell the caller so.

    Raises
    ------
    BeingRecomputed
        If it is computed again: the runs that gave it run on, and the same request answers later.
    NotFound
        If nothing can compute it.
    """
    try:
        yield
    except (ObjectMissing, ObjectDamaged) as error:
        key = error.context.get("key")
        ref = artifact_of(key) if isinstance(key, str) else None
        if ref is None:
            raise
        told = _TOLD if _heal(container, ref, str(key)) else _LATER
        raise BeingRecomputed(told.format(kind=ref.kind), kind=ref.kind, step=ref.id) from error


def _heal(container: Container, ref: Ref, key: str) -> bool:
    """Have an artifact computed again; False if no run needs it now."""
    with container.write.begin() as session:
        step = session.get(Step, ref.id, with_for_update=True)
        if step is None:
            raise NotFound(_LOST.format(kind=ref.kind, step=ref.id))
        recorded = step.manifest and Manifest.model_validate(step.manifest)
        loss = find_loss(container.store, ref, recorded=recorded or None, hashed=key)
        if loss is not None:
            heal(session, container.store, loss)
        return bool(find_wanted(session, [ref.id]))
