"""The tumour on a grid: core, enhancing rim, and oedema that follows white matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.contracts.vocabulary import LABELS
from syntrust_standalone.phantoms.anatomy import Tissue
from syntrust_standalone.phantoms.fields import Grid, Volume, resample, sigmoid
from syntrust_standalone.phantoms.plan import Enhancement, Focus, LesionPlan

NCR, ED, ET = (LABELS[name] for name in ("NCR", "ED", "ET"))
SLOWNESS_WM, SLOWNESS_GM, SLOWNESS_CSF = 1.0, 2.6, 40.0
PUSH_DECAY_MM = 14.0
LEAST_RIM_MM3 = 400.0  # an enhancing rim is not tiny, however coarse the grid
LEAST_ISLAND_MM3 = 40.0
FAR_MM = 1e3


@dataclass(frozen=True)
class Lesion:
    """A tumour within a box of the grid. Arrays (x, y, z) of the box.

    `core`, `et` and `ed` are soft shares for the image, `labels` the hard map 0 NCR ED ET, and
    `nearness` falls from 1 at the core to 0 at the oedema's edge.
    """

    labels: NDArray[np.uint8]
    core: Volume
    et: Volume
    ed: Volume
    nearness: Volume


def push_mm(plan: LesionPlan, grid: Grid, depth_mm: Volume) -> NDArray[np.float32]:
    """Compute the displacement of tissue by the growing tumour, (3, X, Y, Z) in subject mm.

    Radial, largest at a core's surface, decaying with distance and towards the brain's fixed edge.
    """
    total = np.zeros((3, *grid.shape), dtype=np.float32)
    hold = np.clip(depth_mm / np.float32(15.0), 0, 1)
    for focus in plan.foci:
        offset = _offset(grid, focus)
        r = np.sqrt(sum(o * o for o in offset)) + np.float32(1e-3)
        a = np.float32(focus.radius_mm)
        size = np.where(r < a, r / a, np.exp(-(r - a) / np.float32(PUSH_DECAY_MM)))
        size *= np.float32(plan.push * focus.radius_mm) * hold / r
        for k in range(3):
            total[k] += size * offset[k]
    return total


def core_depth_mm(plan: LesionPlan, grid: Grid, *, mni_x: Volume, edge_mm: Volume) -> Volume:
    """Compute the signed depth below the core's rough surface, positive inside. (X, Y, Z) in mm.

    The core flattens towards the brain's edge and the midline, and crosses neither.
    """
    coarse, fine = plan.coarse.evaluate(grid), plan.fine.evaluate(grid)
    depth = np.full(grid.shape, -FAR_MM, dtype=np.float32)
    for focus in plan.foci:
        x, y, z = _offset(grid, focus)
        rows = focus.stretch.astype(np.float32)
        r = np.sqrt(sum((m[0] * x + m[1] * y + m[2] * z) ** 2 for m in rows))
        a = np.float32(focus.radius_mm)
        depth = np.maximum(depth, a - r + a * (0.17 * coarse + 0.07 * fine))
    side = np.sign(_mean_x(plan, grid, mni_x))
    walls = [depth, edge_mm - 0.5, mni_x * side + 1.0]
    return _smooth_minimum(walls, softness_mm=2.5)


def _smooth_minimum(depths: list[Volume], *, softness_mm: float) -> Volume:
    """-s log sum exp(-d/s): the least depth with its creases rounded over about `softness_mm`."""
    least = np.minimum.reduce(depths)
    total = sum(np.exp(-np.minimum(d - least, 20 * softness_mm) / softness_mm) for d in depths)
    smooth: Volume = (least - softness_mm * np.log(total)).astype(np.float32)
    return smooth


def _mean_x(plan: LesionPlan, grid: Grid, mni_x: Volume) -> float:
    """Read MNI x at the main part's centre, which tells its hemisphere."""
    place = tuple(
        int(np.argmin(np.abs(axis - c)))
        for axis, c in zip(grid.axes_mm, plan.foci[0].centre_mm, strict=True)
    )
    return float(mni_x[place])


def _offset(grid: Grid, focus: Focus) -> list[Volume]:
    return [axis - np.float32(c) for axis, c in zip(grid.open_mesh, focus.centre_mm, strict=True)]


def travel_distance_mm(depth_mm: Volume, tissue: Tissue, grid: Grid, *, reach_mm: float) -> Volume:
    """Compute the least cost of a path from the core, (X, Y, Z) in mm of white matter.

    Grey matter costs 2.6 times as much and fluid 40 times: oedema runs along white matter and
    spares fluid. Relaxed over the 26 neighbours until nothing changes within reach; FAR_MM beyond.
    """
    slowness = SLOWNESS_WM * tissue.wm + SLOWNESS_GM * tissue.gm + SLOWNESS_CSF * tissue.csf
    step = max(grid.spacing_mm)
    near = depth_mm > -step
    travel = np.where(near, np.maximum(-depth_mm, 0) * np.minimum(slowness, 3.0), FAR_MM)
    travel = travel.astype(np.float32)
    for _ in range(int(np.ceil(2 * reach_mm / step)) + 2):
        travel = _relax(travel, slowness, grid.spacing_mm)
    return travel


def _relax(travel: Volume, slowness: Volume, spacing_mm: tuple[float, float, float]) -> Volume:
    result = travel.copy()
    for shift in np.ndindex(3, 3, 3):
        way = np.asarray(shift) - 1
        length = np.float32(np.linalg.norm(way * np.asarray(spacing_mm)))
        here = tuple(
            slice(max(w, 0), n + min(w, 0)) for w, n in zip(way, travel.shape, strict=True)
        )
        there = tuple(
            slice(max(-w, 0), n + min(-w, 0)) for w, n in zip(way, travel.shape, strict=True)
        )
        cost = travel[there] + length * 0.5 * (slowness[here] + slowness[there])
        np.minimum(result[here], cost, out=result[here])
    return result


def grow(
    plan: LesionPlan,
    grid: Grid,
    tissue: Tissue,
    *,
    brain: NDArray[np.bool_],
    mni_x: Volume,
    edge_mm: Volume,
    lattice: Grid,
    lattice_travel_mm: Volume,
) -> Lesion:
    """Evaluate the planned tumour on `grid` (a box of the final grid), labels and soft shares."""
    soft = np.float32(max(0.6, 0.3 * max(grid.spacing_mm)))
    depth = core_depth_mm(plan, grid, mni_x=mni_x, edge_mm=edge_mm)
    depth = np.where((tissue.csf > 0.6) & (depth < 3.0), np.minimum(depth, -0.5), depth)
    travel = resample(lattice_travel_mm, lattice, grid, outside=FAR_MM)
    margin = np.float32(plan.oedema_margin_mm + 1.0)
    uneven = 0.22 * margin * plan.rim.evaluate(grid) + 1.2 * plan.fine.evaluate(grid)
    travel = travel + 5.0 * tissue.gm + uneven
    core = _remove_islands(brain & (depth > 0), grid)
    wet = brain & ~core & (travel < margin) & (tissue.csf < 0.5)
    labels = np.where(core, NCR, np.where(wet, ED, 0)).astype(np.uint8)
    labels[_find_stray(labels)] = 0
    enhancing = _select_enhancing(plan, grid, depth, labels)
    labels[enhancing] = ET
    room = ndimage.binary_dilation(labels > 0, iterations=2)
    core_share = sigmoid(depth / (0.4 * soft) + 1) * room
    return Lesion(
        labels=labels,
        core=core_share,
        et=_soften_enhancing(plan, enhancing, float(soft) / min(grid.spacing_mm)) * core_share,
        ed=sigmoid((margin - travel) / soft) * (1 - tissue.csf) * room,
        nearness=np.clip(1 - travel / margin, 0, 1).astype(np.float32),
    )


def _select_enhancing(
    plan: LesionPlan, grid: Grid, depth_mm: Volume, labels: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Select the core voxels that enhance: a rim of varying thickness, a tiny spot, or none."""
    core = labels == NCR
    voxel_mm3 = float(np.prod(grid.spacing_mm))
    if plan.kind.enhancement is Enhancement.ABSENT:
        return np.zeros_like(core)
    if plan.kind.enhancement is Enhancement.TINY:
        return _select_nearest(
            core, _spot_distance(plan, grid), max(1, int(plan.tiny_et_mm3 / voxel_mm3))
        )
    thickness = plan.rim_mm * np.clip(
        1 + 0.45 * plan.rim.evaluate(grid) + 0.25 * plan.fine.evaluate(grid), 0, 2
    )
    rim: NDArray[np.bool_] = core & (depth_mm < thickness)
    least = int(np.ceil(LEAST_RIM_MM3 / voxel_mm3))
    return rim if rim.sum() >= least else _select_nearest(core, depth_mm, least)


def _spot_distance(plan: LesionPlan, grid: Grid) -> Volume:
    focus = plan.foci[0]
    spot = focus.centre_mm + 0.85 * focus.radius_mm * plan.tiny_direction
    return np.sqrt(sum(o * o for o in _offset(grid, Focus(spot, 1.0, np.eye(3)))))


def _select_nearest(mask: NDArray[np.bool_], score: Volume, count: int) -> NDArray[np.bool_]:
    """Select the `count` voxels of `mask` with the lowest score; ties go to the lower index."""
    flat = np.flatnonzero(mask)
    chosen = flat[np.argsort(score.ravel()[flat], kind="stable")[:count]]
    result = np.zeros(mask.size, dtype=np.bool_)
    result[chosen] = True
    return result.reshape(mask.shape)


def _soften_enhancing(plan: LesionPlan, enhancing: NDArray[np.bool_], sigma: float) -> Volume:
    if plan.kind.enhancement is Enhancement.TINY:
        return enhancing.astype(np.float32)  # smoothing would wash out a handful of voxels
    smooth: Volume = ndimage.gaussian_filter(enhancing.astype(np.float32), min(0.5 * sigma, 0.5))
    return smooth


def _remove_islands(core: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    parts, _ = ndimage.label(core, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel()) * float(np.prod(grid.spacing_mm))
    sizes[0] = 0
    kept: NDArray[np.bool_] = np.isin(parts, np.flatnonzero(sizes >= LEAST_ISLAND_MM3))
    return kept


def _find_stray(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find oedema that touches no core."""
    parts, _ = ndimage.label(labels > 0, structure=np.ones((3, 3, 3)))
    stray: NDArray[np.bool_] = ~np.isin(parts, np.unique(parts[labels == NCR]))
    return stray
