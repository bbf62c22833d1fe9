"""Find models: those with a name in the store, and those that jobs and experiments made.

A model that a job made has the job's id; one that an experiment trained has an id of its own. Both
belong to the owner of that run. A segmenter can also be named by the step that trained it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.contracts.model_card import Card, parse_card
from syntrust_core.contracts.models import NAMES_PREFIX, ModelEntry, ModelKind, name_key
from syntrust_core.errors import InvalidRequest, NotFound, ObjectMissing
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.api.patterns import MODEL_NAME
from syntrust_gateway.auth.access import PageQuery, read_page
from syntrust_gateway.auth.conditions import require_match
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Job, JobKind, Model, Step

MAKING_MODELS: Final = (JobKind.MODEL_IMPORT, JobKind.MODEL_TRAINING)
MAKERS: Final = (Kind.IMPORT_MODEL, Kind.TRAIN_GENERATOR, Kind.TRAIN_SEGMENTER)
MODEL_KINDS: Final[tuple[ModelKind, ...]] = get_args(ModelKind)
CARD_FILES: Final[Mapping[ModelKind, str]] = {
    "generator": "card.json",
    "segmenter": "config.json",
    "start_weights": "start.json",
}
IN_WORDS: Final[Mapping[ModelKind, str]] = {
    "generator": "a generator",
    "segmenter": "a segmenter",
    "start_weights": "start weights of a segmenter",
}
MOST_NAMES: Final = 20


@dataclass(frozen=True)
class FoundModel:
    """A model by its name, the artifact that holds it, and the card among its files.

    `made` is what a segmenter's card does not know: which cases of which experiment it has seen.
    """

    id: str
    name: str
    kind: ModelKind
    ref: Ref
    card: Mapping[str, Any]
    created: datetime | None
    made: Mapping[str, Any] | None = None

    @cached_property
    def typed_card(self) -> Card:
        """What the platform reads of the card; `card` is all of it, as it is stored."""
        return parse_card(self.kind, self.card)


def find(
    container: Container,
    caller: Caller,
    name_or_id: str,
    kinds: Collection[ModelKind] = MODEL_KINDS,
) -> FoundModel:
    """Find the model with this name or id: the caller's own first, then those of the store.

    Raises
    ------
    NotFound
        If there is none. The message lists the names of models of these kinds.
    """
    if not re.fullmatch(MODEL_NAME, name_or_id):
        raise NotFound("A model's name has letters, digits, `-`, `_` and single dots.")
    own = Model.owner == caller.id
    with container.read() as session:
        row = session.scalars(
            select(Model)
            .where(
                (Model.id == name_or_id)
                | (own & ((Model.name == name_or_id) | (Model.step == name_or_id)))
            )
            .order_by(own.desc())
        ).first()
        if row is not None and caller.may_see(row.owner):
            require_match(session, row)
            return _of_row(row)
        names = session.execute(
            select(Model.name, Model.kind).where(own).order_by(Model.id.desc())
        ).all()
    shipped = list(list_shipped(container.store))
    for model in shipped:
        if name_or_id in {model.name, model.id}:
            return model
    known = [model.name for model in shipped if model.kind in kinds]
    known += [name for name, kind in names if _kind(Kind(kind)) in kinds]
    raise NotFound(_unknown(name_or_id, known, kinds))


def find_as(
    container: Container, caller: Caller, name_or_id: str, *kinds: ModelKind, at: str
) -> FoundModel:
    """Find the model that the field `at` of a request names, which must be of these kinds.

    Raises
    ------
    InvalidRequest
        If there is none for this caller, or it is of another kind.
    """
    try:
        model = find(container, caller, name_or_id, kinds)
    except NotFound as error:
        raise InvalidRequest(error.detail, pointer=at) from error
    require_kind(model, *kinds, at=at)
    return model


def require_kind(model: FoundModel, *kinds: ModelKind, at: str) -> None:
    """Refuse a model of another kind."""
    if model.kind not in kinds:
        raise InvalidRequest(
            f"{model.name} is {IN_WORDS[model.kind]}; {_any_of(kinds)} is needed here.", pointer=at
        )


def list_shipped(store: ObjectStore) -> Iterator[FoundModel]:
    """List the models that workers and operators have published under a name."""
    for item in store.list(NAMES_PREFIX):
        name = item.key.removeprefix(NAMES_PREFIX).removesuffix(".json")
        entry = ModelEntry.model_validate_json(store.get(item.key))
        files = read_manifest(store, entry.ref).files
        card = json.loads(read_verified(store, files[CARD_FILES[entry.kind]]))
        yield FoundModel(entry.id, name, entry.kind, entry.ref, card, None)


def is_shipped(store: ObjectStore, name: str) -> bool:
    return store.exists(name_key(name))


def list_models(
    container: Container, caller: Caller, query: PageQuery, kind: ModelKind | None, name: str | None
) -> tuple[list[FoundModel], str | None]:
    """List the caller's own models, newest first, and after the last of them those of the store."""
    own = select(Model)
    if kind is not None:
        makers = [str(made_by) for made_by in MAKERS if _kind(made_by) == kind]
        own = own.where(Model.kind.in_(makers))
    if name is not None:
        own = own.where(Model.name == name)
    with container.read() as session:
        rows, cursor = read_page(session, Model, own, caller, query)
    found = [_of_row(row) for row in rows]
    if cursor is None:
        shipped = list_shipped(container.store)
        found += (
            model for model in shipped if kind in {None, model.kind} and name in {None, model.name}
        )
    return found, cursor


def register_generator(session: Session, store: ObjectStore, job: Job) -> None:
    """Register the generator that a job has made."""
    step = session.get_one(Step, job.goal)
    info = Manifest.model_validate(step.manifest).files[CARD_FILES["generator"]]
    row = {
        "id": job.id,
        "kind": step.kind,
        "step": step.id,
        "name": job.name,
        "card": json.loads(read_verified(store, info)),
        "owner": job.owner,
    }
    insert_new(session, Model, [row])


def read_manifest(store: ObjectStore, ref: Ref) -> Manifest:
    try:
        return Manifest.model_validate_json(store.get(ref.manifest_key))
    except ObjectMissing as error:
        raise NotFound(f"The files of model {ref.id} are gone from the store.") from error


def _kind(made_by: Kind) -> ModelKind:
    return "segmenter" if made_by is Kind.TRAIN_SEGMENTER else "generator"


def _of_row(row: Model) -> FoundModel:
    made_by = Kind(row.kind)
    ref, kind = Ref(kind=made_by, id=row.step), _kind(made_by)
    if kind == "generator":
        return FoundModel(row.id, row.name, kind, ref, row.card, row.created)
    made = {name: value for name, value in row.card.items() if name != "card"}
    return FoundModel(row.id, row.name, kind, ref, row.card["card"], row.created, made)


def _unknown(name_or_id: str, known: list[str], kinds: Collection[ModelKind]) -> str:
    shown = ", ".join(known[:MOST_NAMES]) or "none yet"
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return f"There is no model {name_or_id}; known as {_any_of(kinds)}: {shown}{more}."


def _any_of(kinds: Collection[ModelKind]) -> str:
    return " or ".join(IN_WORDS[kind] for kind in kinds)
