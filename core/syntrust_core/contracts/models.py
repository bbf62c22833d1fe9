"""Models that every client may use; the store keeps each under its name."""

from __future__ import annotations

from typing import Final, Literal

from syntrust_core.contracts.base import Frozen, Kind, Ref, StepId

NAMES_PREFIX: Final = "models/names/"
NAME_PATTERN: Final = r"^[a-z0-9]+([._-][a-z0-9]+)*$"
"""The name of a model. It is safe as a part of a key in the store."""
ModelKind = Literal["generator", "segmenter", "start_weights"]


class ModelEntry(Frozen):
    """What a name stands for: an imported artifact, and what the model can do."""

    id: StepId
    kind: ModelKind

    @property
    def ref(self) -> Ref:
        return Ref(kind=Kind.IMPORTED_MODEL, id=self.id)


def name_key(name: str) -> str:
    return f"{NAMES_PREFIX}{name}.json"
