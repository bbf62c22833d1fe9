"""What a caller may choose about a phantom cohort. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from syntrust_core.errors import InvalidRequest

Range = tuple[float, float]
Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]

DEFAULT_FOV_MM = (192.0, 192.0, 155.0)  # holds the head of the template at scale 1.0
SMALLEST_FOV_MM = (150.0, 180.0, 135.0)  # less cuts into the hemispheres
SMALLEST_AXIS, LARGEST_AXIS = 32, 320
COARSEST_SPACING_MM = 6.0


@dataclass(frozen=True)
class PhantomOptions:
    """Grid, lesion sizes and shares of a phantom cohort. Lengths in mm, ranges as (low, high).

    Attributes
    ----------
    shape : tuple of int
        Voxels along L, P and S.
    spacing_mm : tuple of float, optional
        Voxel edge along the same axes; None takes the isotropic spacing whose field of view is
        at least 192 x 192 x 155 mm (240x240x155 gives 1 mm, 64x64x64 gives 3 mm).
    core_radius_mm : (float, float)
        Radius of the tumour core (NCR and ET) of the main part.
    oedema_margin_mm : (float, float)
        How far oedema reaches beyond the core along white matter (less elsewhere).
    rim_mm : (float, float)
        Mean thickness of the enhancing rim.
    satellite_radius_mm : (float, float)
        Core radius of further tumour parts.
    fraction_without_et : float
        Share of cases without enhancing tumour.
    fraction_tiny_et : float
        Share of cases whose enhancing tumour is smaller than 300 mm^3.
    fraction_multifocal : float
        Share of cases with two or three tumour parts.
    contrast_jitter : float
        Standard deviation of the log of each lesion's intensity, per case and modality.
    noise : float
        Standard deviation of the Rician noise's two channels, relative to white matter.

    Raises
    ------
    InvalidRequest
        A value is out of range, or the field of view cannot hold the brain.
    """

    shape: Shape = (240, 240, 155)
    spacing_mm: Spacing | None = None
    core_radius_mm: Range = (10.0, 24.0)
    oedema_margin_mm: Range = (5.0, 16.0)
    rim_mm: Range = (2.0, 5.0)
    satellite_radius_mm: Range = (4.0, 9.0)
    fraction_without_et: float = 0.30
    fraction_tiny_et: float = 0.10
    fraction_multifocal: float = 0.25
    contrast_jitter: float = 0.08
    noise: float = 0.025

    def __post_init__(self) -> None:
        if self.spacing_mm is None:
            edge = max(fov / n for fov, n in zip(DEFAULT_FOV_MM, self.shape, strict=True))
            object.__setattr__(self, "spacing_mm", (edge, edge, edge))
        self._check_grid()
        self._check_ranges()
        self._check_fractions()

    @classmethod
    def demo(cls, *, fraction_without_et: float = 0.30, fraction_tiny_et: float = 0.05) -> Self:
        """64x64x64 at 3 mm, large lesions, thick rims: a small network learns it in minutes."""
        return cls(
            shape=(64, 64, 64),
            spacing_mm=(3.0, 3.0, 3.0),
            core_radius_mm=(16.0, 25.0),
            oedema_margin_mm=(8.0, 16.0),
            rim_mm=(5.0, 7.5),
            satellite_radius_mm=(7.0, 11.0),
            fraction_without_et=fraction_without_et,
            fraction_tiny_et=fraction_tiny_et,
            contrast_jitter=0.05,
            noise=0.018,
        )

    @property
    def grid_spacing_mm(self) -> Spacing:
        """The spacing, chosen or derived."""
        if self.spacing_mm is None:  # __post_init__ has filled it; this satisfies the types
            raise InvalidRequest("spacing_mm is missing.", pointer="/spacing_mm")
        return self.spacing_mm

    def _check_grid(self) -> None:
        if any(not SMALLEST_AXIS <= n <= LARGEST_AXIS for n in self.shape):
            raise InvalidRequest(
                f"shape {self.shape}: each axis needs {SMALLEST_AXIS} to {LARGEST_AXIS} voxels.",
                pointer="/shape",
            )
        if any(not 0 < edge <= COARSEST_SPACING_MM for edge in self.grid_spacing_mm):
            raise InvalidRequest(
                f"spacing_mm {self.spacing_mm}: edges must be in (0, {COARSEST_SPACING_MM}] mm.",
                pointer="/spacing_mm",
            )
        fov = tuple(n * edge for n, edge in zip(self.shape, self.grid_spacing_mm, strict=True))
        if any(have < need for have, need in zip(fov, SMALLEST_FOV_MM, strict=True)):
            raise InvalidRequest(
                f"shape x spacing_mm is {fov} mm; a brain needs at least {SMALLEST_FOV_MM} mm.",
                pointer="/spacing_mm",
            )

    def _check_ranges(self) -> None:
        for name in ("core_radius_mm", "oedema_margin_mm", "rim_mm", "satellite_radius_mm"):
            low, high = getattr(self, name)
            if not 0 < low <= high <= 40:
                raise InvalidRequest(
                    f"{name} ({low}, {high}): need 0 < low <= high <= 40 mm.", pointer=f"/{name}"
                )

    def _check_fractions(self) -> None:
        for name in ("fraction_without_et", "fraction_tiny_et", "fraction_multifocal"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidRequest(f"{name} must be in [0, 1].", pointer=f"/{name}")
        if self.fraction_without_et + self.fraction_tiny_et > 1:
            raise InvalidRequest(
                "fraction_without_et and fraction_tiny_et exceed 1 together.",
                pointer="/fraction_tiny_et",
            )
        for name in ("contrast_jitter", "noise"):
            if not 0 <= getattr(self, name) <= 0.5:
                raise InvalidRequest(f"{name} must be in [0, 0.5].", pointer=f"/{name}")
