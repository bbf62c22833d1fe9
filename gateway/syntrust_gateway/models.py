"""Models: those that workers ship, known to the store, and those that jobs made, in the database.

A model that a job made belongs to the job's owner and has the job's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts import Kind, Manifest, Ref
from syntrust_core.errors import NotFound, ObjectMissing
from syntrust_core.grids import Grid
from syntrust_core.store import ObjectStore
from syntrust_gateway.auth import Caller
from syntrust_gateway.db import Job, JobKind, Model, Step, insert_new
from syntrust_gateway.deps import Deps
from syntrust_gateway.files import file_links
from syntrust_gateway.modelschemas import ModelBody, ModelOrigin, ModelPage, ModelSummary
from syntrust_gateway.pages import PageQuery, page
from syntrust_gateway.spec import MODEL_NAME

NAMES_PREFIX: Final = "models/names/"
CARD_FILE: Final = "card.json"
MAKING_MODELS: Final = (JobKind.MODEL_IMPORT, JobKind.MODEL_TRAINING)
ORIGINS: Final[Mapping[Kind, ModelOrigin]] = {
    Kind.IMPORTED_MODEL: "shipped",
    Kind.IMPORT_MODEL: "imported",
    Kind.TRAIN_GENERATOR: "trained",
}


@dataclass(frozen=True)
class FoundModel:
    """A generator by its name, the artifact that holds it, and its card."""

    id: str
    name: str
    ref: Ref
    card: Mapping[str, Any]
    created: datetime | None

    @property
    def grid(self) -> Grid | None:
        """Where it draws; None for a model of whole heads, which lie on no grid of ours."""
        domain = self.card["domain"]
        if "spacing_mm" not in domain:
            return None
        return Grid(shape=domain["shape"], spacing_mm=domain["spacing_mm"])


def find(deps: Deps, caller: Caller, wanted: str) -> FoundModel:
    """The model of this name or id: the caller's own first, then the shipped ones.

    Raises
    ------
    NotFound
        The message lists the names that are there.
    """
    if not re.fullmatch(MODEL_NAME, wanted):
        raise NotFound("A model's name has letters, digits, `-`, `_` and single dots.")
    with deps.read() as session:
        own = session.scalars(
            select(Model).where(
                (Model.id == wanted) | ((Model.name == wanted) & (Model.owner == caller.id))
            )
        ).first()
        if own is not None and caller.may_see(own.owner):
            return _of_row(own)
        names = session.scalars(select(Model.name).where(Model.owner == caller.id)).all()
    shipped = list(shipped_models(deps.store))
    for model in shipped:
        if wanted in {model.name, model.id}:
            return model
    known = ", ".join([*(model.name for model in shipped), *names])
    raise NotFound(
        f"There is no generator {wanted}; known: "
        f"{known or 'none yet; is a generator worker running?'}."
    )


def shipped_models(store: ObjectStore) -> Iterator[FoundModel]:
    """What generator workers have published under a name."""
    for item in store.list(NAMES_PREFIX):
        name = item.key.removeprefix(NAMES_PREFIX).removesuffix(".json")
        ref = Ref(kind=Kind.IMPORTED_MODEL, id=json.loads(store.get(item.key))["id"])
        card = json.loads(store.get(_manifest(store, ref).files[CARD_FILE].key))
        yield FoundModel(ref.id, name, ref, card, None)


def is_shipped(store: ObjectStore, name: str) -> bool:
    return store.exists(f"{NAMES_PREFIX}{name}.json")


def get(deps: Deps, caller: Caller, model_id: str) -> ModelBody:
    """The model with its card and links to its files."""
    model = find(deps, caller, model_id)
    files = _manifest(deps.store, model.ref).files
    return ModelBody.model_validate(
        {
            **_summary(model).model_dump(),
            "card": model.card,
            "files": file_links(deps.store, files),
        }
    )


def listing(deps: Deps, caller: Caller, wanted: PageQuery) -> ModelPage:
    """The caller's own models, newest first; after the last of them the shipped ones."""
    with deps.read() as session:
        rows, cursor = page(session, Model, select(Model), caller, wanted)
    found = [_of_row(row) for row in rows]
    if cursor is None:
        found += shipped_models(deps.store)
    return ModelPage(items=[_summary(model) for model in found], next=cursor)


def add_made(session: Session, store: ObjectStore, job: Job) -> None:
    """Note the model that a job has made."""
    step = session.get_one(Step, job.goal)
    card = json.loads(store.get(Manifest.model_validate(step.manifest).files[CARD_FILE].key))
    row = {
        "id": job.id,
        "kind": step.kind,
        "step": step.id,
        "name": job.name,
        "card": card,
        "owner": job.owner,
    }
    insert_new(session, Model, [row])


def _of_row(row: Model) -> FoundModel:
    return FoundModel(
        row.id, row.name, Ref(kind=Kind(row.kind), id=row.step), row.card, row.created
    )


def _manifest(store: ObjectStore, ref: Ref) -> Manifest:
    try:
        return Manifest.model_validate_json(store.get(ref.manifest_key))
    except ObjectMissing as error:
        raise NotFound(f"The files of model {ref.id} are gone from the store.") from error


def _summary(model: FoundModel) -> ModelSummary:
    card = model.card
    return ModelSummary.model_validate(
        {
            "id": model.id,
            "name": model.name,
            "origin": ORIGINS[model.ref.kind],
            "parameters": card.get("parameters"),
            "seen_cases": len(card["seen"]),
            "grid": model.grid,
            "sampling": {name: card["default"][name] for name in ("sampler", "steps")},
            "created": model.created,
        }
    )
