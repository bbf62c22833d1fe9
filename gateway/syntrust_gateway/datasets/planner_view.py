"""What the pure planner sees of database rows and model cards."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter

from syntrust_core.contracts.grid import GridSpec
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.db.tables import Case, Dataset
from syntrust_gateway.experiments.spec import CaseView, DatasetView, GeneratorView, StartView
from syntrust_gateway.models.registry import FoundModel


def dataset_view(dataset: Dataset, cases: Iterable[Case]) -> DatasetView:
    """A ready dataset and its cases, in order of their ids."""
    return DatasetView(
        id=dataset.id,
        digest=dataset.digest or "",
        grid=TypeAdapter[GridSpec](GridSpec).validate_python(dataset.grid),
        cases=tuple(_case_view(case) for case in sorted(cases, key=lambda case: case.case_id)),
    )


def _case_view(case: Case) -> CaseView:
    return CaseView(
        id=case.case_id,
        group=case.group,
        step=case.step or "",
        label_map_fingerprint=(case.record or {}).get("fingerprint", ""),
    )


def generator_view(model: FoundModel) -> GeneratorView:
    """What a plan needs to know of a model.

    Raises
    ------
    InvalidRequest
        If it draws no images of the four modalities.
    """
    if model.grid is None:
        raise InvalidRequest(
            f"{model.name} draws one image of a whole head; a generator of four modalities is "
            "needed here.",
            pointer="/generator/model",
        )
    card = model.card
    seen = card["seen"]
    return GeneratorView(
        name=model.name,
        id=model.ref.id,
        kind=model.ref.kind,
        sampler=card["default"]["sampler"],
        steps=card["default"]["steps"],
        most_steps=card["schedule_steps"],
        grid=model.grid,
        crops=card["domain"].get("fit") == "crop",
        seen_cases=frozenset(case["id"] for case in seen),
        seen_fingerprints=frozenset(case["fingerprint"] for case in seen if case["fingerprint"]),
    )


def start_view(model: FoundModel) -> StartView:
    """What a plan needs to know of a segmenter, or of imported weights, to start from."""
    cases = () if model.made is None else model.made["cases"]
    # A trained segmenter's card names the network it is; that of imported weights its preset.
    config = model.card.get("config", {})
    return StartView(
        name=model.name,
        model=model.ref,
        preset=config.get("preset", model.card.get("preset")),
        config=config,
        seen_cases=frozenset(case["id"] for case in cases),
        seen_steps=model.trained_on,
    )
