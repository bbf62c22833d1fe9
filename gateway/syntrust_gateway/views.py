"""What the pure planner sees of database rows and model cards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from syntrust_core.contracts import Kind, Manifest, Ref
from syntrust_core.errors import InvalidRequest, ObjectMissing
from syntrust_core.grids import Grid, GridSpec
from syntrust_core.store import ObjectStore
from syntrust_gateway.db import Case, Dataset
from syntrust_gateway.spec import CaseView, DatasetView, GeneratorView

MODEL_NAMES_PREFIX = "models/names/"


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


def generator_view(store: ObjectStore, name: str) -> GeneratorView:
    """The generator that workers published under `name`.

    Raises
    ------
    InvalidRequest
        If no worker has published a model of this name; the message lists those that are there.
    """
    try:
        entry = json.loads(store.get(f"{MODEL_NAMES_PREFIX}{name}.json"))
    except ObjectMissing as missing:
        raise InvalidRequest(
            f"There is no generator named {name}; known: {_known(store)}.",
            pointer="/generator/model",
        ) from missing
    ref = Ref(kind=Kind.IMPORTED_MODEL, id=entry["id"])
    manifest = Manifest.model_validate_json(store.get(ref.manifest_key))
    card = json.loads(store.get(manifest.files["card.json"].key))
    return _generator_view(name, ref.id, card)


def _generator_view(name: str, model: str, card: Mapping[str, Any]) -> GeneratorView:
    domain, seen = card["domain"], card["seen"]
    return GeneratorView(
        name=name,
        id=model,
        sampler=card["default"]["sampler"],
        steps=card["default"]["steps"],
        most_steps=card["schedule_steps"],
        grid=Grid(shape=domain["shape"], spacing_mm=domain["spacing_mm"]),
        seen_cases=frozenset(case["id"] for case in seen),
        seen_fingerprints=frozenset(case["fingerprint"] for case in seen if case["fingerprint"]),
    )


def _known(store: ObjectStore) -> str:
    keys = (item.key for item in store.list(MODEL_NAMES_PREFIX))
    names = (key.removeprefix(MODEL_NAMES_PREFIX).removesuffix(".json") for key in keys)
    return ", ".join(names) or "none yet; is a generator worker running?"
