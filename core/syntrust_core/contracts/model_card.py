"""The cards of models, as far as the whole platform reads them.

The worker that makes a model writes its card, with more fields than these. A reader ignores the
fields that it does not know. A field that earlier releases did not write has a default, so every
card can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from syntrust_core.contracts.base import Sampler
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.models import ModelKind

ImageView = Literal["real", "twin"]
_OTHER_LABELS: Final = ", labels of another case"
# The name of a case is that of a folder, in which spaces are usual.
_LABEL: Final = re.compile(rf"(?P<case>.+) \((?P<view>real|twin)(?P<other>{_OTHER_LABELS})?\)")


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_extra={"additionalProperties": True}
    )


class TrainingImage(_Part):
    """An image that a segmenter was trained on; a card holds it as one string.

    Parameters
    ----------
    case : str
        The inspection of its case. It is named by content, so it holds for a model of another
        platform, too.
    view : {"real", "twin"}
        Whether it is the real image of the case or a twin.
    other_labels : bool
        Whether it had the label map of another case.
    """

    case: str
    view: ImageView
    other_labels: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if not isinstance(value, str):
            return value
        found = _LABEL.fullmatch(value)
        if found is None:
            msg = f"{value!r} names no training image; `<case> (real)` or `<case> (twin)` would"
            raise ValueError(msg)
        return {"case": found["case"], "view": found["view"], "other_labels": bool(found["other"])}

    @model_serializer
    def label(self) -> str:
        """Write the image as the string that cards and messages hold."""
        return f"{self.case} ({self.view}{_OTHER_LABELS if self.other_labels else ''})"


class SamplingDefault(_Part):
    sampler: Sampler
    steps: int


class SeenCase(_Part):
    id: str
    fingerprint: str | None = None


class GeneratorDomain(_Part):
    """The grid that a generator draws on. A generator of whole heads has no spacing and no grid."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] | None = None
    fit: Literal["exact", "crop"] = "exact"


class GeneratorCard(_Part):
    parameters: int | None = None
    domain: GeneratorDomain
    default: SamplingDefault
    schedule_steps: int
    seen: tuple[SeenCase, ...]

    @property
    def grid(self) -> Grid | None:
        """The grid to which masks are brought for this generator; None if it has no grid."""
        if self.domain.spacing_mm is None:
            return None
        return Grid(shape=self.domain.shape, spacing_mm=self.domain.spacing_mm)

    @property
    def trained_on(self) -> frozenset[str]:
        """No inspections: the card names the cases by their ids (`seen`)."""
        return frozenset()


class SegmenterCard(_Part):
    parameters: int | None = None
    config: dict[str, Any]
    grid: Grid | None = None
    training_images: tuple[TrainingImage, ...] = ()
    training_digest: str | None = None
    validation_dice: dict[ImageView, dict[str, float | None]] = {}
    weights_digest: str
    versions: dict[str, str] = {}

    @property
    def preset(self) -> str:
        preset: str = self.config["preset"]
        return preset

    @property
    def head(self) -> str:
        """What the output means. Cards of the first release do not say it; they mean labels."""
        head: str = self.config.get("head", "labels")
        return head

    @property
    def trained_on(self) -> frozenset[str]:
        """The inspections of the cases that it was trained on."""
        return frozenset(image.case for image in self.training_images)


class StartCard(_Part):
    """The card of weights that a segmenter's training may start from."""

    layout: str
    preset: str | None = None
    head: str | None = None
    source: str
    weights_digest: str

    @property
    def grid(self) -> Grid | None:
        """None, because start weights predict nothing."""
        return None

    @property
    def trained_on(self) -> frozenset[str]:
        return frozenset()


Card = GeneratorCard | SegmenterCard | StartCard
_CARDS: Final[Mapping[ModelKind, type[GeneratorCard | SegmenterCard | StartCard]]] = {
    "generator": GeneratorCard,
    "segmenter": SegmenterCard,
    "start_weights": StartCard,
}


def parse_card(kind: ModelKind, card: Mapping[str, Any]) -> Card:
    """Read a card as its worker has written it."""
    return _CARDS[kind].model_validate(card)
