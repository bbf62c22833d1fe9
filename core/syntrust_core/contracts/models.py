"""Models that are everybody's: what is kept in the store under a name."""

from __future__ import annotations

from typing import Final, Literal

from syntrust_core.contracts.base import Frozen, Kind, Ref, StepId

NAMES_PREFIX: Final = "models/names/"
NAME_PATTERN: Final = r"^[a-z0-9]+([._-][a-z0-9]+)*$"
"""Of a model that is given a name; safe as a part of a key of the store."""
ModelKind = Literal["generator", "segmenter", "start_weights"]


class ModelEntry(Frozen):
    """What a name stands for: an imported artifact, and what it may be asked to do."""

    id: StepId
    kind: ModelKind

    @property
    def ref(self) -> Ref:
        return Ref(kind=Kind.IMPORTED_MODEL, id=self.id)


def name_key(name: str) -> str:
    return f"{NAMES_PREFIX}{name}.json"
