"""The grid a dataset asks for. Imports pydantic alone; arrays and affines are in `geometry`."""

from __future__ import annotations

from math import prod
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syntrust_core.json_numbers import REAL, WHOLE

MAX_VOXELS: Final = 2**26
"""Per volume; 240x240x155 is 2**23.1. Four float32 modalities of this size are 1 GiB."""

AxisLength = Annotated[int, Field(ge=8, le=1024), WHOLE]
Spacing = Annotated[float, Field(gt=0.05, le=20, allow_inf_nan=False), REAL]


class Grid(BaseModel):
    """A regular LPS grid, centred on each case's brain: voxels and millimetres along x, y, z."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[AxisLength, AxisLength, AxisLength]
    spacing_mm: tuple[Spacing, Spacing, Spacing]

    @model_validator(mode="after")
    def _fits_into_memory(self) -> Self:
        if prod(self.shape) > MAX_VOXELS:
            msg = f"a grid has at most {MAX_VOXELS} voxels; {self.shape} has {prod(self.shape)}"
            raise ValueError(msg)
        return self


GridSpec = Grid | Literal["native"]
