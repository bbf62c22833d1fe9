"""Names of what a case holds: modalities, tumour regions, file roles and label schemes.

Imports pydantic alone, so the gateway and the contracts can use it; reading label values from
arrays is `syntrust_core.cases.label_schemes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from syntrust_core.json_numbers import WHOLE

Modality = Literal["t1", "t1ce", "t2", "flair"]
Region = Literal["ET", "ED", "NCR"]
Role = Literal["t1", "t1ce", "t2", "flair", "seg", "brain"]
VolumeRole = Literal["seg", "prediction_real", "prediction_synthetic"]
UploadKind = Literal["case", "mask", "images"]
"""What an upload is inspected for: a whole case, a mask alone to draw images for, or images alone
to predict a label map for."""

MODALITIES: Final[tuple[Modality, ...]] = ("t1", "t1ce", "t2", "flair")
REGIONS: Final[tuple[Region, ...]] = ("ET", "ED", "NCR")
ROLES: Final[tuple[Role, ...]] = (*MODALITIES, "seg", "brain")
VOLUME_ROLES: Final[tuple[VolumeRole, ...]] = ("seg", "prediction_real", "prediction_synthetic")
ALIASES: Final[Mapping[str, Role]] = MappingProxyType(
    {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}
)

ImageOrigin = Literal["patients", "phantoms"]
"""Where the images of a dataset come from: scans of patients, or phantoms that a program made."""

GeneratorPrecision = Literal["fp32", "tf32", "bf16"]
"""What a generator's convolutions are computed in; tf32 is float32 where there is no GPU."""

SegmenterPrecision = Literal["float32", "bfloat16"]
"""What a segmenter's forward passes are computed in."""

PHANTOM_PREFIX: Final = "phantom-"
"""Begins the ids of phantom cases, which a program makes: no patient's images."""


def is_phantom(case_id: str) -> bool:
    """Say whether a case that a generator has learnt from is a phantom, by the id on its card.

    A card names cases by their ids alone. Of a dataset the `origin` tells it.
    """
    return case_id.startswith(PHANTOM_PREFIX)


BACKGROUND: Final = 0
LABELS: Final[Mapping[Region, int]] = MappingProxyType({"NCR": 1, "ED": 2, "ET": 3})
"""The canonical label values; 0 is background. The same in every step after inspection."""

NamedScheme = Literal["brats2021", "brats2023", "brats2024", "med_ddpm"]
SchemeKey = Literal["NCR", "ED", "ET", "brain", "background"]
LabelValue = Annotated[int, Field(ge=0, le=255), WHOLE]
Values = LabelValue | Annotated[tuple[LabelValue, ...], Field(max_length=256)]


def _is_unambiguous(mapping: dict[SchemeKey, Values]) -> dict[SchemeKey, Values]:
    """Refuse a mapping that names no region, gives a value two meanings, or makes 0 tumour."""
    if not set(mapping) & set(LABELS):
        msg = "a label mapping names at least one of NCR, ED and ET"
        raise ValueError(msg)
    values = [value for key in mapping for value in values_of(mapping, key)]
    if len(values) != len(set(values)):
        msg = "a label value has one meaning; this mapping gives one value to two keys"
        raise ValueError(msg)
    if any(0 in values_of(mapping, key) for key in mapping if key != "background"):
        msg = "0 is background and cannot be mapped to a region or to brain"
        raise ValueError(msg)
    if any(not values_of(mapping, key) for key in mapping):
        msg = "every key of a label mapping has at least one value; leave absent regions out"
        raise ValueError(msg)
    return {key: _one_or_many(values_of(mapping, key)) for key in sorted(mapping)}


def values_of(mapping: Mapping[SchemeKey, Values], key: SchemeKey) -> tuple[int, ...]:
    """The file's label values that mean `key`; empty if the mapping does not name it."""
    values = mapping.get(key, ())
    return (values,) if isinstance(values, int) else values


def _one_or_many(values: tuple[int, ...]) -> Values:
    # One spelling per meaning: the scheme is part of a step's request, hence of its id.
    return values[0] if len(values) == 1 else values


ExplicitScheme = Annotated[
    dict[SchemeKey, Values],
    Field(
        max_length=5,
        description="Which label values of the file mean which region, e.g. "
        '{"NCR": [1, 3], "ED": 2, "ET": 4}. "brain" is the rest of the brain, "background" is '
        "read as background (0 always is). The first value of a region is written on output.",
    ),
    AfterValidator(_is_unambiguous),
]

Scheme = Literal["auto", "brats2021", "brats2023", "brats2024", "med_ddpm"] | ExplicitScheme
StatedScheme = NamedScheme | ExplicitScheme

SCHEMES: Final[Mapping[NamedScheme, Mapping[SchemeKey, Values]]] = MappingProxyType(
    {
        "brats2021": MappingProxyType({"NCR": 1, "ED": 2, "ET": 4}),
        "brats2023": MappingProxyType({"NCR": 1, "ED": 2, "ET": 3}),
        # After treatment; 4 is the resection cavity, which is no tumour.
        "brats2024": MappingProxyType({"NCR": 1, "ED": 2, "ET": 3, "background": 4}),
        "med_ddpm": MappingProxyType({"NCR": 1, "ED": 2, "ET": 3, "brain": 4}),
    }
)
