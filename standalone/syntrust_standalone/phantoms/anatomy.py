"""A healthy brain: where each voxel of a grid lies in MNI space, and its tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syntrust_standalone.phantoms.fields import Field, Grid, Volume, sample
from syntrust_standalone.phantoms.templates import Templates

MNI_BRAIN_CENTRE_MM = (0.0, -17.0, 5.0)  # middle of the template's brain mask
MNI_BRAIN_HALF_MM = (76.0, 94.0, 81.0)
SCALE_MEAN, SCALE_SD = 0.94, 0.03
ROTATION_SD_RAD = 0.05
OFF_CENTRE_MM = np.array([3.0, 3.0, 1.0])  # 155 mm leaves little room above and below
EDGE_CORTEX = np.float32(0.6)


@dataclass(frozen=True)
class Head:
    """One subject: the affine part of the map to MNI space, its bending and its fluid."""

    to_mni: NDArray[np.float64]  # (3, 3): subject LPS mm about the head's centre -> MNI mm
    centre_mm: NDArray[np.float64]  # position of the head's centre on the subject's axes
    coarse: tuple[Field, Field, Field]
    fine: tuple[Field, Field, Field]
    coarse_mm: float
    fine_mm: float
    fluid: float  # > 1: wider ventricles and sulci

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Head:
        scale = np.clip(rng.normal(SCALE_MEAN, SCALE_SD, 3), 0.87, 1.0)
        angles = np.clip(rng.normal(0, ROTATION_SD_RAD, 3), -0.12, 0.12)
        flip = np.diag([-1.0, -1.0, 1.0])  # LPS to RAS
        return cls(
            to_mni=flip @ np.diag(1 / scale) @ _rotation(angles),
            centre_mm=rng.uniform(-1, 1, 3) * OFF_CENTRE_MM,
            coarse=(Field.draw(rng, 40.0), Field.draw(rng, 40.0), Field.draw(rng, 40.0)),
            fine=(Field.draw(rng, 14.0), Field.draw(rng, 14.0), Field.draw(rng, 14.0)),
            coarse_mm=float(rng.uniform(1.8, 3.0)),
            fine_mm=float(rng.uniform(1.0, 1.6)),
            fluid=float(np.exp(rng.normal(0.3, 0.25))),
        )

    def half_extent_mm(self) -> NDArray[np.float64]:
        """Return half the edges in mm of a box around the head, including 6 mm of bending."""
        from_mni = np.abs(np.linalg.inv(self.to_mni))
        half: NDArray[np.float64] = from_mni @ np.asarray(MNI_BRAIN_HALF_MM) + 6.0
        return half


@dataclass(frozen=True)
class Tissue:
    """Shares of grey matter, white matter and fluid, which sum to 1; each (X, Y, Z) float32."""

    gm: Volume
    wm: Volume
    csf: Volume
    detail: Volume


def map_to_mni(head: Head, grid: Grid) -> NDArray[np.float32]:
    """Compute the MNI position in mm of every voxel. (3, X, Y, Z) float32."""
    mesh = grid.open_mesh
    local = [mesh[k] - np.float32(head.centre_mm[k]) for k in range(3)]
    positions = np.empty((3, *grid.shape), dtype=np.float32)
    for row in range(3):
        m = head.to_mni[row].astype(np.float32)
        coarse, fine = head.coarse[row].evaluate(grid), head.fine[row].evaluate(grid)
        bend = head.coarse_mm * coarse + head.fine_mm * fine
        positions[row] = m[0] * local[0] + m[1] * local[1] + m[2] * local[2] + bend
        positions[row] += np.float32(MNI_BRAIN_CENTRE_MM[row])
    return positions


def sample_brain(positions: NDArray[np.float32], templates: Templates) -> Volume:
    """Sample the share of each voxel inside the template's brain mask, (X, Y, Z) in [0, 1]."""
    return sample(templates.brain, _template_index(positions, templates))


def sample_tissue(positions: NDArray[np.float32], templates: Templates, *, fluid: float) -> Tissue:
    """Sample tissue shares at MNI positions; outside the brain they mix cortex and fluid."""
    index = _template_index(positions, templates)
    gm, wm = sample(templates.gm, index), sample(templates.wm, index)
    detail = sample(templates.detail, index)
    csf = np.clip(1 - gm - wm, 0, 1) * np.float32(fluid)
    # Skull-stripping leaves cortex, not a film of fluid, along most of the brain's edge.
    rind = EDGE_CORTEX * np.clip(1 - sample(templates.brain, index), 0, 1) * csf
    gm, csf = gm + rind, csf - rind
    total = gm + wm + csf
    return Tissue(gm / total, wm / total, csf / total, detail)


def _template_index(positions: NDArray[np.float32], templates: Templates) -> NDArray[np.float32]:
    origin = np.asarray(templates.origin_mm, dtype=np.float32)[:, None, None, None]
    return (positions - origin) / np.float32(templates.step_mm)


def _rotation(angles_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation about x, then y, then z."""
    a, b, c = angles_rad
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    rotation: NDArray[np.float64] = z @ y @ x
    return rotation
