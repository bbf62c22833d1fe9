"""The file of a comparison step: `comparison.json` has the twins of one case beside their source.

Everything is measured inside the brain, as far as the generator draws it, and the same rules hold
for real image and twin. `compare` measures, `summary` sums up.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from syntrust_core.contracts.base import Frozen
from syntrust_core.contracts.results import Area, Feature
from syntrust_core.contracts.vocabulary import Modality

COMPARISON_FILE: Final = "comparison.json"

AREAS: Final[tuple[Area, ...]] = ("brain", "healthy", "ET", "ED", "NCR")
LESIONS: Final[tuple[Area, ...]] = ("ET", "ED", "NCR")
FEATURES: Final[tuple[Feature, ...]] = (
    "mean",
    "sd",
    "skewness",
    "kurtosis",
    "p10",
    "median",
    "p90",
)
Count = Annotated[int, Field(ge=0)]


class Measure(Frozen):
    """A number, or null with the reason why there is none."""

    value: float | None
    reason: str | None = Field(default=None, exclude_if=lambda reason: reason is None)


ByArea = dict[Modality, dict[Area, Measure]]
FeatureTable = Annotated[
    dict[Modality, dict[Area, dict[Feature, float] | None]],
    Field(description="Of the z-scores; null where an area is too small or constant."),
]


class TwinMeasures(Frozen):
    """One twin beside its source."""

    ms_ssim: Annotated[ByArea, Field(description="At most 1; 1 is equal structure.")]
    psnr: Annotated[ByArea, Field(description="Decibels; null where nothing differs.")]
    histogram: Annotated[ByArea, Field(description="Wasserstein-1, in shares of the range.")]
    contrast: Annotated[ByArea, Field(description="Of ET, ED and NCR; in healthy sds.")]
    features: FeatureTable
    residual_correlation: Annotated[
        dict[Modality, Measure], Field(description="With the source, on healthy tissue, 4 mm.")
    ]


class Diversity(Frozen):
    """How the twins of one label map differ among themselves."""

    sd: Annotated[ByArea, Field(description="Voxelwise sd over twins, averaged; z-scores.")]
    ms_ssim: Annotated[
        dict[Modality, Measure], Field(description="Over the brain, mean of neighbouring twins.")
    ]


class TwinComparison(Frozen):
    """The twins of one case, in the order of the request; `twins[0]` serves the experiment."""

    version: Literal[1] = 1
    voxels: Annotated[dict[Area, Count], Field(description="Compared voxels of each area.")]
    outside_view: Annotated[Count, Field(description="Brain voxels that were not drawn.")]
    tumour_outside_view: Annotated[Count, Field(description="Those of them that are tumour.")]
    block_mm: Annotated[tuple[float, float, float], Field(description="Grid of the residual.")]
    contrast: ByArea
    features: FeatureTable
    twins: Annotated[tuple[TwinMeasures, ...], Field(min_length=1)]
    diversity: Diversity | None
