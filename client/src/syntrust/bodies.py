"""Names for what several bodies of the API have in common. Bodies are plain dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict, TypeGuard

from syntrust.api_types import (
    BundleMetadata,
    ExperimentBody,
    ExperimentResults,
    GeneratorBody,
    GeneratorCard,
    GeneratorSummary,
    Grid,
    JobBody,
    PartialExperimentResults,
    SegmentationRecord,
    SegmenterBody,
    SegmenterSummary,
    StartBody,
    StartSummary,
    TrustAnswer,
    TwinRecord,
)

FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})

WorkState = ExperimentBody | JobBody
"""What is on its way to an end, by steps."""
AnyResults = ExperimentResults | PartialExperimentResults
"""What an experiment gives. `is_partial` tells which."""
JobResult = TrustAnswer | TwinRecord | SegmentationRecord | GeneratorCard | BundleMetadata
"""The document that a job was for; its kind is that of the job."""
ImageOrigin = Literal["patients", "phantoms"]
"""Where the images of a dataset come from."""
ModelKind = Literal["generator", "segmenter", "start_weights"]
ModelSummary = GeneratorSummary | SegmenterSummary | StartSummary
ModelBody = GeneratorBody | SegmenterBody | StartBody


class GridRequest(TypedDict):
    """Voxels along each axis, and their edges in mm, as a caller may send them."""

    shape: Sequence[int]
    spacing_mm: Sequence[float]


GridSpec = Literal["native"] | GridRequest | Grid
Scheme = str | Mapping[str, int | Sequence[int]]
"""What a caller may send: the name of a label scheme, or its values."""


def is_partial(results: AnyResults) -> TypeGuard[PartialExperimentResults]:
    """Tell whether steps have failed, so that arms are missing: `missing` names them."""
    return "partial" in results
