"""What the planner of an experiment needs to know of model cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syntrust_core.contracts.base import Kind, Ref, Sampler
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.model_card import GeneratorCard, SegmenterCard
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.registry import FoundModel


@dataclass(frozen=True)
class GeneratorView:
    """What a plan needs to know of a generator's model card."""

    name: str
    id: str
    sampler: Sampler
    steps: int
    most_steps: int
    grid: Grid | None
    seen_cases: frozenset[str]
    seen_fingerprints: frozenset[str]
    kind: Kind = Kind.IMPORTED_MODEL
    crops: bool = False  # draws the middle of any grid of its spacing


@dataclass(frozen=True)
class StartView:
    """What a plan needs to know of start weights.

    `preset` and `config` are those of the network they belong to, as far as their card says;
    `seen_cases` and `seen_steps` the cases they were trained on, by id and by inspection.
    """

    name: str
    model: Ref
    preset: str | None
    config: Mapping[str, Any]
    seen_cases: frozenset[str]
    seen_steps: frozenset[str]


def view_generator(model: FoundModel) -> GeneratorView:
    """View a generator as a plan needs it.

    Raises
    ------
    InvalidRequest
        If it draws no images of the four modalities.
    """
    card = model.typed_card
    if not isinstance(card, GeneratorCard) or card.grid is None:
        raise InvalidRequest(
            f"{model.name} draws one image of a whole head; a generator of four modalities is "
            "needed here.",
            pointer="/generator/model",
        )
    return GeneratorView(
        name=model.name,
        id=model.ref.id,
        kind=model.ref.kind,
        sampler=card.default.sampler,
        steps=card.default.steps,
        most_steps=card.schedule_steps,
        grid=card.grid,
        crops=card.domain.fit == "crop",
        seen_cases=frozenset(case.id for case in card.seen),
        seen_fingerprints=frozenset(case.fingerprint for case in card.seen if case.fingerprint),
    )


def view_start(model: FoundModel) -> StartView:
    """View a segmenter, or imported weights, as a plan that starts from them needs it."""
    card = model.typed_card
    cases = () if model.made is None else model.made["cases"]
    return StartView(
        name=model.name,
        model=model.ref,
        preset=None if isinstance(card, GeneratorCard) else card.preset,
        config=card.config if isinstance(card, SegmenterCard) else {},
        seen_cases=frozenset(case["id"] for case in cases),
        seen_steps=card.trained_on,
    )


def find_generator(container: Container, caller: Caller, name_or_id: str) -> GeneratorView:
    """Find the generator with this name or id.

    Raises
    ------
    InvalidRequest
        If there is none for this caller, or it is not a generator.
    """
    return view_generator(
        models.find_as(container, caller, name_or_id, "generator", at="/generator/model")
    )
