"""Bodies of models: one in a list, or a whole one with links to its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.model_card import GeneratorCard, SegmenterCard, StartCard
from syntrust_core.contracts.models import ModelKind
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.auth.access import PageQuery
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.lifecycle.reads import healing
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.registry import FoundModel
from syntrust_gateway.models.schemas import (
    GeneratorBody,
    GeneratorSummary,
    ModelBody,
    ModelOrigin,
    ModelPage,
    ModelSummary,
    SegmenterBody,
    SegmenterSummary,
    StartBody,
    StartSummary,
)
from syntrust_gateway.models.training_history import make_history
from syntrust_gateway.uploads.links import make_links

ORIGINS: Final[Mapping[Kind, ModelOrigin]] = {
    Kind.IMPORTED_MODEL: "shipped",
    Kind.IMPORT_MODEL: "imported",
    Kind.TRAIN_GENERATOR: "trained",
    Kind.TRAIN_SEGMENTER: "trained",
}
HISTORY_FILE: Final = "history.json"
_START_FIELDS: Final = ("layout", "preset", "head", "source", "weights_digest")
Fields = dict[str, Any]


def list_models(
    container: Container, caller: Caller, query: PageQuery, kind: ModelKind | None, name: str | None
) -> ModelPage:
    """List models as bodies; see `registry.list_models`."""
    found, cursor = models.list_models(container, caller, query, kind, name)
    return ModelPage(items=[_summary(model) for model in found], next=cursor)


def describe_model(container: Container, caller: Caller, name_or_id: str) -> ModelBody:
    """Describe the model with this name or id, with its card and files.

    Raises
    ------
    NotFound
        See `registry.find`.
    """
    model = models.find(container, caller, name_or_id)
    files = models.read_manifest(container.store, model.ref).files
    whole = {
        **_fields(model),
        "card": model.card,
        "files": make_links(container.store, files),
    }
    if model.kind == "generator":
        return GeneratorBody.model_validate(whole)
    if model.kind == "start_weights":
        return StartBody.model_validate(whole)
    with healing(container):
        history = json.loads(read_verified(container.store, files[HISTORY_FILE]))
    cases = None if model.made is None else model.made["cases"]
    training = {"digest": model.card.get("training_digest"), "cases": cases}
    return SegmenterBody.model_validate(
        {**whole, "training": training, "history": make_history(history)}
    )


def _summary(model: FoundModel) -> ModelSummary:
    kinds: Mapping[ModelKind, type[GeneratorSummary | SegmenterSummary | StartSummary]] = {
        "generator": GeneratorSummary,
        "segmenter": SegmenterSummary,
        "start_weights": StartSummary,
    }
    return kinds[model.kind].model_validate(_fields(model))


def _fields(model: FoundModel) -> Fields:
    card = model.typed_card
    told = {
        "id": model.id,
        "name": model.name,
        "origin": ORIGINS[model.ref.kind],
        "created": model.created,
        "parameters": None if isinstance(card, StartCard) else card.parameters,
    }
    match card:
        case GeneratorCard():
            return told | _describe_generator(card)
        case SegmenterCard():
            return told | _describe_segmenter(card, model.made)
        case StartCard():
            return told | card.model_dump(include=set(_START_FIELDS))


def _describe_generator(card: GeneratorCard) -> Fields:
    return {
        "seen_cases": len(card.seen),
        "grid": card.grid,
        "sampling": card.default.model_dump(),
    }


def _describe_segmenter(card: SegmenterCard, made: Mapping[str, Any] | None) -> Fields:
    return {
        "seen_cases": len(card.trained_on),
        "grid": card.grid,
        "preset": card.preset,
        "head": card.head,
        "weights_digest": card.weights_digest,
        "validation_dice": card.validation_dice,
        "revision": card.versions.get("revision"),
        "made_by": None if made is None else made["made_by"],
    }
