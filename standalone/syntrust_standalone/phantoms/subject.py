"""One subject: a head with its tumour, on the part of the grid that holds the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.errors import InvalidRequest
from syntrust_standalone.phantoms.anatomy import (
    Head,
    Tissue,
    map_to_mni,
    sample_brain,
    sample_tissue,
)
from syntrust_standalone.phantoms.fields import Grid, Volume, resample
from syntrust_standalone.phantoms.lesion import (
    FAR_MM,
    Lesion,
    core_depth_mm,
    grow,
    push_mm,
    travel_distance_mm,
)
from syntrust_standalone.phantoms.options import PhantomOptions, Shape
from syntrust_standalone.phantoms.plan import Kind, LesionPlan, case_kind, draw_plan
from syntrust_standalone.phantoms.templates import load_templates

STREAMS = 7  # head, tumour, texture, and one for each modality
LATTICE_STEP_MM = 3
LATTICE_SHAPE = (60, 72, 62)
Box = tuple[slice, slice, slice]
Scalar = TypeVar("Scalar", bound=np.generic)


def embed(part: NDArray[Scalar], box: Box, shape: Shape) -> NDArray[Scalar]:
    """Place `part` at `box` of a volume of zeros."""
    whole = np.zeros(shape, dtype=part.dtype)
    whole[box] = part
    return whole


@dataclass(frozen=True)
class Subject:
    """A head with its tumour on the part of the grid that holds it. Arrays (x, y, z) of `grid`."""

    kind: Kind
    grid: Grid
    head_box: Box
    tissue: Tissue
    brain: NDArray[np.bool_]
    lesion: Lesion
    box: Box  # of the lesion, within the head's box

    def whole_labels(self, options: PhantomOptions) -> NDArray[np.uint8]:
        """Place the labels on the whole grid; (X, Y, Z) uint8."""
        labels = np.zeros(self.grid.shape, dtype=np.uint8)
        labels[self.box] = self.lesion.labels
        return embed(labels, self.head_box, options.shape)


def draw_subject(
    cohort_seed: int, index: int, options: PhantomOptions
) -> tuple[Subject, list[np.random.Generator]]:
    """Draw case `index` of a cohort; return it and the random streams of its images."""
    if cohort_seed < 0 or index < 0:
        raise InvalidRequest("seed and index of a phantom cannot be negative.", pointer="/seed")
    seeds = np.random.SeedSequence([cohort_seed, index]).spawn(STREAMS)
    streams = [np.random.default_rng(seed) for seed in seeds]
    kind = case_kind(cohort_seed, index, options)
    head = Head.draw(streams[0])
    plan, lattice = _plan(streams[1], kind, head, options)
    head_box, grid = _head_box(head, options)
    return _realise(head, plan, lattice, head_box=head_box, grid=grid), streams


@dataclass(frozen=True)
class _Lattice:
    """The coarse lattice on which tumours are planned."""

    grid: Grid
    edge_mm: Volume  # distance to the brain's edge, negative outside
    travel_mm: Volume


def _plan(
    rng: np.random.Generator, kind: Kind, head: Head, options: PhantomOptions
) -> tuple[LesionPlan, _Lattice]:
    templates = load_templates(LATTICE_STEP_MM)
    grid = _centred_grid(LATTICE_SHAPE, (float(LATTICE_STEP_MM),) * 3)
    mni = map_to_mni(head, grid)
    brain = sample_brain(mni, templates) > 0.5
    edge_mm = _edge_mm(brain, grid)
    tissue = sample_tissue(mni, templates, fluid=head.fluid)
    plan = draw_plan(rng, kind, options, grid=grid, tissue=tissue, mni=mni, depth_mm=edge_mm)
    mni = _pushed(mni, head, push_mm(plan, grid, edge_mm))
    tissue = sample_tissue(mni, templates, fluid=head.fluid)
    depth = core_depth_mm(plan, grid, mni_x=mni[0], edge_mm=edge_mm)
    travel = travel_distance_mm(depth, tissue, grid, reach_mm=plan.oedema_margin_mm)
    return plan, _Lattice(grid, edge_mm, travel)


def _realise(
    head: Head, plan: LesionPlan, lattice: _Lattice, *, head_box: Box, grid: Grid
) -> Subject:
    templates = load_templates(max(1, round(0.75 * min(grid.spacing_mm))))
    mni = map_to_mni(head, grid)
    brain = sample_brain(mni, templates) > 0.5
    edge_mm = resample(lattice.edge_mm, lattice.grid, grid, outside=-FAR_MM)
    mni = _pushed(mni, head, push_mm(plan, grid, edge_mm))
    tissue = sample_tissue(mni, templates, fluid=head.fluid)
    box = _lesion_box(plan, lattice, grid)
    lesion = grow(
        plan,
        grid.crop(box),
        Tissue(tissue.gm[box], tissue.wm[box], tissue.csf[box], tissue.detail[box]),
        brain=brain[box],
        mni_x=mni[0][box],
        edge_mm=edge_mm[box],
        lattice=lattice.grid,
        lattice_travel_mm=lattice.travel_mm,
    )
    return Subject(plan.kind, grid, head_box, tissue, brain, lesion, box)


def _pushed(
    mni: NDArray[np.float32], head: Head, displacement: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Displace MNI positions: tissue found at p comes from p - push(p)."""
    turn = head.to_mni.astype(np.float32)
    return np.stack(
        [mni[k] - sum(turn[k, j] * displacement[j] for j in range(3)) for k in range(3)]
    )


def _edge_mm(brain: NDArray[np.bool_], grid: Grid) -> Volume:
    inside = ndimage.distance_transform_edt(brain, sampling=grid.spacing_mm)
    outside = ndimage.distance_transform_edt(~brain, sampling=grid.spacing_mm)
    edge: Volume = (inside - outside).astype(np.float32)
    return edge


def _centred_grid(shape: tuple[int, int, int], spacing_mm: tuple[float, ...]) -> Grid:
    x, y, z = (
        ((np.arange(n) - (n - 1) / 2) * edge).astype(np.float32)
        for n, edge in zip(shape, spacing_mm, strict=True)
    )
    return Grid((x, y, z))


def _head_box(head: Head, options: PhantomOptions) -> tuple[Box, Grid]:
    """Find the part of the whole grid that can hold the head."""
    whole = _centred_grid(options.shape, options.grid_spacing_mm)
    half = head.half_extent_mm()
    x, y, z = (
        _span(axis, float(c - h), float(c + h))
        for axis, c, h in zip(whole.axes_mm, head.centre_mm, half, strict=True)
    )
    return (x, y, z), whole.crop((x, y, z))


def _lesion_box(plan: LesionPlan, lattice: _Lattice, grid: Grid) -> Box:
    """Find the part of the head's grid within reach of the tumour."""
    reached = np.argwhere(lattice.travel_mm < plan.oedema_margin_mm + 6.0)
    low, high = reached.min(0), reached.max(0)
    x, y, z = (
        _span(grid.axes_mm[k], float(axis[low[k]]) - 6.0, float(axis[high[k]]) + 6.0)
        for k, axis in enumerate(lattice.grid.axes_mm)
    )
    return x, y, z


def _span(axis_mm: Volume, low_mm: float, high_mm: float) -> slice:
    return slice(
        int(np.searchsorted(axis_mm, low_mm)), int(np.searchsorted(axis_mm, high_mm, side="right"))
    )
