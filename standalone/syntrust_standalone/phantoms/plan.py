"""Plan the tumour of a case: enhancement, parts, sizes and places, before any fine grid.

Places are chosen on one coarse lattice of the subject, so a case keeps its tumour on every grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_standalone.phantoms.anatomy import Tissue
from syntrust_standalone.phantoms.fields import Field, Grid, Volume
from syntrust_standalone.phantoms.options import PhantomOptions, Range

TINY_ET_MM3 = (60.0, 280.0)  # BraTS papers count an enhancing tumour under 300 voxels as tiny
GOLDEN_STEP, SILVER_STEP = 0.6180339887498949, 0.4142135623730951
SATELLITE_REACH_MM = 48.0


class Enhancement(StrEnum):
    """What enhances after contrast agent."""

    ABSENT = "absent"
    TINY = "tiny"
    RIM = "rim"


@dataclass(frozen=True)
class Kind:
    """The stratified part of a case: what enhances, and in how many parts the tumour grows."""

    enhancement: Enhancement
    parts: int


@dataclass(frozen=True)
class Focus:
    """One tumour part: an ellipsoid before its surface is roughened."""

    centre_mm: NDArray[np.float64]
    radius_mm: float
    stretch: NDArray[np.float64]  # (3, 3), determinant 1


@dataclass(frozen=True)
class LesionPlan:
    """Everything random about a tumour except the texture of its image."""

    kind: Kind
    foci: tuple[Focus, ...]
    oedema_margin_mm: float
    rim_mm: float
    push: float  # displacement at a core's surface, relative to its radius
    tiny_et_mm3: float
    tiny_direction: NDArray[np.float64]
    coarse: Field
    fine: Field
    rim: Field


def case_kind(cohort_seed: int, index: int, options: PhantomOptions) -> Kind:
    """Return the kind of case `index`. Shares hold over every run of consecutive cases.

    Kinds follow the rotation u_i = frac(u_0 + i phi), whose share of any interval over n
    consecutive cases is within a case or two of n times its length, and which needs no other case.
    """
    start, second = np.random.default_rng(np.random.SeedSequence([cohort_seed])).random(2)
    u = (start + index * GOLDEN_STEP) % 1.0
    v = (second + index * SILVER_STEP) % 1.0
    enhancement = Enhancement.RIM
    if u < options.fraction_without_et:
        enhancement = Enhancement.ABSENT
    elif u < options.fraction_without_et + options.fraction_tiny_et:
        enhancement = Enhancement.TINY
    parts = 1
    if v < options.fraction_multifocal:
        parts = 3 if v < options.fraction_multifocal / 3 else 2
    return Kind(enhancement, parts)


def draw_plan(
    rng: np.random.Generator,
    kind: Kind,
    options: PhantomOptions,
    *,
    grid: Grid,
    tissue: Tissue,
    mni: NDArray[np.float32],
    depth_mm: Volume,
) -> LesionPlan:
    """Choose sizes, then places in deep cerebral white matter of the lattice `grid`.

    `mni` (3, X, Y, Z) are the lattice's MNI positions, `depth_mm` its distance to the brain's edge.
    """
    main_mm = _between(rng, options.core_radius_mm)
    odds = _place_odds(grid, tissue, mni, depth_mm, need_mm=0.8 * main_mm + 3.0)
    foci = [_draw_focus(rng, grid, odds, main_mm)]
    for _ in range(kind.parts - 1):
        radius_mm = _between(rng, options.satellite_radius_mm)
        need_mm = 0.8 * radius_mm + 3.0
        near = _place_odds(grid, tissue, mni, depth_mm, need_mm=need_mm)
        near *= _ring_around(grid, foci, clear_mm=radius_mm + 4.0)
        foci.append(_draw_focus(rng, grid, near if near.any() else odds, radius_mm))
    direction = rng.standard_normal(3)
    return LesionPlan(
        kind=kind,
        foci=tuple(foci),
        oedema_margin_mm=_between(rng, options.oedema_margin_mm),
        rim_mm=_between(rng, options.rim_mm),
        push=float(rng.uniform(0.2, 0.4)),
        tiny_et_mm3=_between(rng, TINY_ET_MM3),
        tiny_direction=direction / np.linalg.norm(direction),
        coarse=Field.draw(rng, 13.0),
        fine=Field.draw(rng, 5.5),
        rim=Field.draw(rng, 11.0),
    )


def _between(rng: np.random.Generator, limits: Range) -> float:
    return float(rng.uniform(*limits))


def _place_odds(
    grid: Grid, tissue: Tissue, mni: NDArray[np.float32], depth_mm: Volume, *, need_mm: float
) -> NDArray[np.float64]:
    """Weigh each lattice point as a tumour's centre: deep hemispheric white matter only."""
    deep = ndimage.gaussian_filter(tissue.wm, 5.0 / np.asarray(grid.spacing_mm)).astype(np.float64)
    x, y, z = mni
    hemisphere = (np.abs(x) > 12) & (z > -20)
    cerebellum = (z < 0) & (y < -45)
    brain_stem = (z < 2) & (np.abs(x) < 18) & (y < -5)
    allowed = hemisphere & ~cerebellum & ~brain_stem
    need_mm = min(need_mm, 0.85 * float(depth_mm[allowed].max()))
    odds: NDArray[np.float64] = np.where(allowed & (depth_mm >= need_mm), deep**2, 0.0)
    return odds


def _ring_around(grid: Grid, foci: list[Focus], *, clear_mm: float) -> NDArray[np.bool_]:
    """Mark lattice points clear of every part so far and within reach of the first."""
    reach: NDArray[np.bool_] = _distance_mm(grid, foci[0].centre_mm) < SATELLITE_REACH_MM
    for focus in foci:
        reach &= _distance_mm(grid, focus.centre_mm) > focus.radius_mm + clear_mm
    return reach


def _distance_mm(grid: Grid, centre_mm: NDArray[np.float64]) -> Volume:
    x, y, z = (axis - np.float32(c) for axis, c in zip(grid.open_mesh, centre_mm, strict=True))
    distance: Volume = np.sqrt(x * x + y * y + z * z)
    return distance


def _draw_focus(
    rng: np.random.Generator, grid: Grid, odds: NDArray[np.float64], radius_mm: float
) -> Focus:
    mass = np.cumsum(odds.ravel())
    flat = int(np.searchsorted(mass, rng.random() * mass[-1], side="right"))
    place = np.unravel_index(min(flat, odds.size - 1), odds.shape)
    centre = np.array([grid.axes_mm[k][place[k]] for k in range(3)], dtype=np.float64)
    axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    lengths = np.exp(rng.normal(0, 0.16, 3))
    lengths /= np.prod(lengths) ** (1 / 3)
    centre += rng.uniform(-0.5, 0.5, 3) * np.asarray(grid.spacing_mm)
    return Focus(centre, radius_mm, axes @ np.diag(1 / lengths) @ axes.T)
