"""What is known about a canonical case besides its voxels: `case.json`, and why a case is refused.

Imports pydantic alone, so that the gateway can read a record without loading arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.contracts.vocabulary import (
    ExplicitScheme,
    Modality,
    Region,
    Role,
    Scheme,
    UploadKind,
)
from syntrust_core.errors import CallerError

CASE_FILE: Final = "case.json"
PROBLEMS_FILE: Final = "problems.json"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Ints3 = tuple[int, int, int]
Floats3 = tuple[float, float, float]
Row = tuple[float, float, float, float]
Affine = tuple[Row, Row, Row, Row]
CanonicalFile = Literal["t1", "t1ce", "t2", "flair", "labels", "brain"]
Resampling = Literal["none", "crop", "linear"]
BrainSource = Literal["label", "file", "t1"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Frozen):
    """One thing that is wrong (or, among warnings, worth knowing) about one uploaded file."""

    file: Annotated[str, Field(description="Role of the file: t1, t1ce, t2, flair, seg or brain.")]
    field: Annotated[str, Field(description="What in the file it is about, e.g. affine, label.")]
    reason: Annotated[str, Field(description="What is wrong and what would be right.")]


class CaseRefused(CallerError):
    """An uploaded case cannot become a canonical case; `problems` says why, file by file."""

    slug, title = "case-refused", "Case cannot be used"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.file}: {p.reason}" for p in problems))
        self.problems = tuple(problems)


class UploadedFrame(_Frozen):
    """The grid the files came on, and the header facts to write a label map back onto it."""

    shape: Ints3
    affine: Affine
    axis_codes: Annotated[str, Field(pattern=r"^[LRAPSI]{3}$")]
    sform_code: int
    qform_code: int


class CanonicalFrame(_Frozen):
    """An LPS grid: voxel (i, j, k) lies at `origin_mm + (-i*sx, -j*sy, +k*sz)` in NIfTI's world."""

    shape: Ints3
    spacing_mm: Floats3
    origin_mm: Floats3


class CaseRecord(_Frozen):
    """Everything later steps, the API and the report need to know about one case."""

    version: Literal[1] = 1
    purpose: UploadKind = Field(default="case", exclude_if=lambda purpose: purpose == "case")
    requested_scheme: Scheme
    scheme: Annotated[
        ExplicitScheme,
        Field(description="The mapping that was used, or that a label map is to be written in."),
    ]
    uploaded: UploadedFrame
    canonical: CanonicalFrame
    resampling: Annotated[
        Resampling,
        Field(
            description="How images reached the canonical grid: as they were, cropped or padded "
            "by whole voxels, or interpolated (after a blur where the grid is coarser)."
        ),
    ]
    brain_source: BrainSource
    background: Annotated[
        dict[Modality, float],
        Field(description="The constant each modality has outside brain; a mask alone has none."),
    ]
    uploaded_digests: Annotated[
        dict[Role, Sha256], Field(description="Of each uploaded volume as it came.")
    ]
    digests: Annotated[
        dict[CanonicalFile, Sha256], Field(description="Of each volume of the canonical case.")
    ]
    fingerprint: Annotated[
        Sha256,
        Field(description="Of the tumour-box crop of the label map at uploaded resolution."),
    ]
    image_fingerprints: dict[Modality, Sha256] = Field(
        default={},
        exclude_if=lambda found: not found,
        description="Of the foreground of each modality at uploaded resolution, wherever it lies; "
        "absent in records of earlier releases.",
    )
    brain_ml: Annotated[float, Field(description="Brain volume on the canonical grid.")]
    region_voxels: Annotated[dict[Region, Count], Field(description="On the canonical grid.")]
    region_volumes_ml: Annotated[dict[Region, float], Field(description="On the canonical grid.")]
    uploaded_region_voxels: Annotated[
        dict[Region, Count], Field(description="In the uploaded label map.")
    ]
    uploaded_region_volumes_ml: dict[Region, float]
    tumour_voxels_outside_grid: Annotated[
        Count, Field(description="Uploaded tumour voxels that the canonical grid does not cover.")
    ]
    warnings: tuple[Problem, ...] = ()

    @property
    def label_map_digest(self) -> str:
        """Digest of the canonical label map; a twin's draw seed is derived from it."""
        return self.digests["labels"]
