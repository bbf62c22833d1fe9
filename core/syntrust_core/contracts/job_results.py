"""The JSON document that a single job is for, unless it is a trust answer or a model card."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from syntrust_core.contracts.base import Frozen, Ref
from syntrust_core.contracts.case_record import BrainSource
from syntrust_core.contracts.vocabulary import Region

Span = tuple[int, int]
# To other programs it is a number: one that they do not know is still one.
Version = Annotated[Literal[1], WithJsonSchema({"type": "integer"})]


class TwinRecord(Frozen):
    """Where a twin comes from: `twin.json`. Equal draws write equal files."""

    version: Version = 1
    notice: str = "For research use only. Not a medical device."
    generator: str
    weights_sha256: str
    label_map_digest: str
    sampler: str
    steps: int
    seed: Annotated[int, Field(description="The generator seed that was asked for.")]
    twin: int
    redraw: Annotated[int, Field(description="0 unless earlier draws failed quality control.")]
    draw_seed: str
    rejected: Annotated[tuple[tuple[str, ...], ...], Field(description="Why, per earlier draw.")]
    device: str
    precision: Annotated[str, Field(description="Of the convolutions; all else is float32.")]
    compiled: bool
    fit: Annotated[
        str, Field(description="How the case came onto the generator's grid: exact, crop, resize.")
    ]
    field_of_view: Annotated[
        tuple[Span, Span, Span],
        Field(description="First voxel and end along x, y, z; beyond, the twin is background."),
    ]
    lost_voxels: Annotated[
        dict[str, int], Field(description="Of each region and of the brain, beyond that.")
    ]
    warnings: tuple[str, ...]
    intensity: str
    background: Annotated[float, Field(description="The value outside the brain.")] = -1.0


class SegmentationRecord(Frozen):
    """What was found, how sure the model is of it, and what found it: `segmentation.json`."""

    version: Version = 1
    model: Ref
    weights_digest: str
    labels: Annotated[dict[Region, int], Field(description="The value of each region in the file.")]
    voxels: Annotated[dict[Region, int], Field(description="On the grid of the upload.")]
    volumes_ml: Annotated[dict[Region, float], Field(description="Of the same voxels.")]
    entropy: Annotated[
        dict[Region, float | None],
        Field(
            description="Mean over a region's predicted voxels of -Σ p ln p over background, NCR, "
            "ED and ET: 0 is certain, ln 4 = 1.386 knows nothing; null: no such voxel."
        ),
    ]
    brain_ml: float
    brain_source: BrainSource
    use: str = "research only"


class BundleMetadata(TypedDict):
    """The metadata of a MONAI bundle, in the format of MONAI: `metadata.json`."""

    version: str
    changelog: dict[str, str]
    monai_version: str
    pytorch_version: str
    numpy_version: str
    required_packages_version: dict[str, str]
    name: str
    task: str
    description: str
    authors: str
    copyright: str
    intended_use: str
    network_data_format: Annotated[
        dict[str, dict[str, dict[str, Any]]],
        Field(description="Shape, type and meaning of every input and output, by its name."),
    ]
