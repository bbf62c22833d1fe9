"""The numerics below a phantom, against analytic cases and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import BSpline

from syntrust_standalone.phantoms.anatomy import Head, Tissue, map_to_mni, sample_tissue
from syntrust_standalone.phantoms.fields import FIELD_EXTENT_MM, Field, Grid, resample
from syntrust_standalone.phantoms.lesion import (
    FAR_MM,
    SLOWNESS_GM,
    core_depth_mm,
    push_mm,
    travel_distance_mm,
)
from syntrust_standalone.phantoms.plan import Enhancement, Focus, Kind, LesionPlan
from syntrust_standalone.phantoms.templates import load_templates

pytestmark = pytest.mark.numeric


def splines_at(t: NDArray[np.float32]) -> NDArray[np.float64]:
    """The four cubic B-splines alive at the fraction `t` between two knots, from scipy."""
    bump = BSpline.basis_element([-2, -1, 0, 1, 2], extrapolate=False)
    return np.stack([np.nan_to_num(bump(t - k)) for k in (-1, 0, 1, 2)])


def cube(count: int, spacing_mm: float) -> Grid:
    axis = ((np.arange(count) - (count - 1) / 2) * spacing_mm).astype(np.float32)
    return Grid((axis, axis, axis))


def uniform(grid: Grid, *, gm: float, wm: float) -> Tissue:
    full = np.ones(grid.shape, dtype=np.float32)
    return Tissue(gm * full, wm * full, (1 - gm - wm) * full, 0 * full)


def test_a_field_is_the_cubic_spline_of_its_knots() -> None:
    knots = np.random.default_rng(1).standard_normal((20, 20, 20)).astype(np.float32)
    grid = cube(15, 4.3)
    steps = [(axis + FIELD_EXTENT_MM / 2) / 17.0 for axis in grid.axes_mm]

    ours = Field(knots, 17.0).evaluate(grid)

    # scipy centres the spline on its knots, one step behind ours, with weights that sum to one;
    # ours are scaled to unit sum of squares.
    at = np.stack(np.meshgrid(*steps, indexing="ij")) + 1
    theirs = ndimage.map_coordinates(knots, at, order=3, prefilter=False)
    scales = [np.sqrt((splines_at(step % 1) ** 2).sum(0)) for step in steps]
    norm = scales[0][:, None, None] * scales[1][None, :, None] * scales[2][None, None, :]
    assert np.allclose(ours, theirs / norm, atol=1e-4)


def test_a_field_has_zero_mean_and_unit_variance() -> None:
    grid = cube(40, 6.0)
    rng = np.random.default_rng(2)

    values = np.stack([Field.draw(rng, 9.0).evaluate(grid) for _ in range(4)])

    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.02)


def test_a_field_is_a_function_of_position_and_not_of_the_grid() -> None:
    field = Field.draw(np.random.default_rng(3), 11.0)
    coarse, fine = cube(9, 6.0), cube(17, 3.0)

    assert np.allclose(field.evaluate(fine)[::2, ::2, ::2], field.evaluate(coarse), atol=1e-5)


def test_resampling_reproduces_a_linear_function() -> None:
    source, target = cube(12, 5.0), cube(9, 2.3)
    x, y, z = source.open_mesh
    plane = (2 * x - y + 0.5 * z).astype(np.float32)

    result = resample(plane, source, target, outside=0.0)

    x, y, z = target.open_mesh
    assert np.allclose(result, 2 * x - y + 0.5 * z, atol=1e-3)


@pytest.mark.parametrize(("gm", "slowness"), [(0.0, 1.0), (1.0, SLOWNESS_GM)])
def test_oedema_travels_the_distance_times_the_slowness(gm: float, slowness: float) -> None:
    grid = cube(31, 2.0)
    x, y, z = grid.open_mesh
    r = np.sqrt(x * x + y * y + z * z)
    depth = (8.0 - r).astype(np.float32)

    travel = travel_distance_mm(
        depth, uniform(grid, gm=gm, wm=1 - gm), grid, reach_mm=20 * slowness
    )

    shell = (r > 10) & (r < 26)
    exact = slowness * (r[shell] - 8.0)
    # Steps to 26 neighbours are up to 1.13 times longer than the straight line.
    assert (travel[shell] >= 0.97 * exact - 0.5).all()
    assert (travel[shell] <= 1.14 * exact + 1.5 * slowness).all()


def test_oedema_does_not_cross_a_wall_of_fluid() -> None:
    grid = cube(31, 2.0)
    x, y, z = grid.open_mesh
    depth = (6.0 - np.sqrt((x + 12) ** 2 + y * y + z * z)).astype(np.float32)
    tissue = uniform(grid, gm=0.0, wm=1.0)
    wall = np.broadcast_to(np.abs(x) < 2.5, grid.shape)
    tissue.wm[wall], tissue.csf[wall] = 0.0, 1.0

    travel = travel_distance_mm(depth, tissue, grid, reach_mm=30)

    assert travel[12, 15, 15] < 8
    assert travel[20:, 15, 15].min() > 60


def test_tissue_out_of_reach_stays_dry() -> None:
    grid = cube(31, 3.0)
    x, y, z = grid.open_mesh
    depth = (5.0 - np.sqrt(x * x + y * y + z * z)).astype(np.float32)

    travel = travel_distance_mm(depth, uniform(grid, gm=0.0, wm=1.0), grid, reach_mm=6)

    assert travel[0, 0, 0] == pytest.approx(FAR_MM)


def plan_of(radius_mm: float, push: float) -> LesionPlan:
    flat = Field(np.zeros((40, 40, 40), dtype=np.float32), 13.0)
    return LesionPlan(
        kind=Kind(Enhancement.RIM, parts=1),
        foci=(Focus(np.zeros(3), radius_mm, np.eye(3)),),
        oedema_margin_mm=8.0,
        rim_mm=3.0,
        push=push,
        tiny_et_mm3=100.0,
        tiny_direction=np.array([1.0, 0.0, 0.0]),
        coarse=flat,
        fine=flat,
        rim=flat,
    )


def test_tissue_is_pushed_outwards_most_at_the_surface_of_the_core() -> None:
    grid = cube(41, 2.0)
    deep = np.full(grid.shape, 50.0, dtype=np.float32)

    push = push_mm(plan_of(12.0, 0.3), grid, deep)

    along_x = push[0, :, 20, 20]
    assert np.abs(push[:, 20, 20, 20]).max() < 1e-3
    assert along_x[26] == pytest.approx(0.3 * 12.0, rel=1e-3)
    assert along_x.argmax() == 26
    assert np.allclose(along_x, -along_x[::-1], atol=1e-4)


def test_the_brain_s_edge_is_not_pushed() -> None:
    grid = cube(41, 2.0)
    edge = np.zeros(grid.shape, dtype=np.float32)

    assert not push_mm(plan_of(12.0, 0.3), grid, edge).any()


def test_a_smooth_core_is_a_ball_of_its_radius() -> None:
    grid = cube(41, 2.0)
    far = np.full(grid.shape, 1e3, dtype=np.float32)

    depth = core_depth_mm(plan_of(15.0, 0.3), grid, mni_x=far, edge_mm=far)

    volume_mm3 = (depth > 0).sum() * 8.0
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 15.0**3, rel=0.02)


def test_tissue_shares_sum_to_one_and_the_left_of_the_grid_is_the_left_of_the_brain() -> None:
    head = Head.draw(np.random.default_rng(5))
    grid = cube(40, 4.0)

    positions = map_to_mni(head, grid)
    tissue = sample_tissue(positions, load_templates(3), fluid=1.3)

    assert np.allclose(tissue.gm + tissue.wm + tissue.csf, 1, atol=1e-5)
    assert positions[0, -1, 20, 20] < 0 < positions[0, 0, 20, 20]  # L is -x in RAS
    assert positions[1, 20, -1, 20] < positions[1, 20, 0, 20]  # P is -y
    assert positions[2, 20, 20, -1] > positions[2, 20, 20, 0]
