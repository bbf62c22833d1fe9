"""A case of one shape before a generator of another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import load_file
from tests.tolerances import of_sum
from tests.unit.generator.tiny_generator import ball_case, random_generator

from syntrust_core.cases.model import Case
from syntrust_core.errors import CallerError
from syntrust_generator.conditioning.grid_fit import centre_window, prepare_view, resize
from syntrust_generator.conditioning.planes import build_condition
from syntrust_generator.model_card import Domain, Sampling
from syntrust_generator.synthesis.draw import draw_view
from syntrust_generator.synthesis.engine import ComputeConfig, get_engine

pytestmark = pytest.mark.numeric

GOLDEN = Path(__file__).parents[3] / "data" / "med_ddpm_golden"
CROP = Domain(
    shape=(16, 16, 12), spacing_mm=(1, 1, 1), view="grid", intensity="min-max", fit="crop"
)
EXACT = CROP.model_copy(update={"fit": "exact"})
Shape = tuple[int, int, int]


def test_a_brats_grid_is_cut_as_med_ddpm_was_trained() -> None:
    window = centre_window((240, 240, 155), (192, 192, 144))

    assert window.in_case == (slice(24, 216), slice(24, 216), slice(6, 150))
    assert window.inside == (slice(0, 192), slice(0, 192), slice(0, 144))


def test_what_is_too_small_is_padded_with_one_more_at_the_low_end() -> None:
    window = centre_window((10, 11, 12), (12, 14, 12))

    assert window.in_case == (slice(0, 10), slice(0, 11), slice(0, 12))
    assert window.inside == (slice(1, 11), slice(2, 13), slice(0, 12))


sides = st.tuples(*(st.integers(1, 9),) * 3)


@given(sides, sides)
def test_what_is_cut_out_is_pasted_back_where_it_was(case_shape: Shape, shape: Shape) -> None:
    volume = np.random.default_rng(0).random(case_shape).astype(np.float32)
    window = centre_window(case_shape, shape)

    restore = window.paste(window.cut(volume)[None])[0]

    np.testing.assert_array_equal(restore[window.in_case], volume[window.in_case])
    restore[window.in_case] = -1
    assert (restore == -1).all()
    assert window.cut(volume).shape == shape


@pytest.mark.parametrize("shape", [(24, 25, 19), (16, 16, 12), (13, 20, 9)])
def test_a_generator_that_crops_sees_the_middle_and_draws_on_the_cases_grid(
    shape: Shape,
) -> None:
    middle = tuple((n - 1) / 2 for n in shape)
    case = ball_case(shape, (middle[0], middle[1], middle[2]))
    generator = random_generator(CROP)

    view = prepare_view(case, generator.domain, divisor=2)
    (images,) = draw_view(
        get_engine(generator, ComputeConfig(torch.device("cpu"), "fp32")),
        generator.domain,
        view,
        seeds=(1,),
        sampling=Sampling(sampler="ddim", steps=2),
    )

    window = centre_window(shape, CROP.shape)
    labels, brain = window.cut(case.labels), window.cut(case.brain)
    np.testing.assert_array_equal(view.planes, build_condition(labels, brain))
    assert images.shape == (4, *shape)
    assert (images[:, ~view.visible_brain] == -1).all()
    assert (images[:, view.visible_brain] != -1).mean() > 0.5


def test_tumour_beyond_the_field_of_view_is_counted_and_warned_of() -> None:
    case = ball_case((26, 24, 19), (5.0, 11.5, 9.0))  # its voxels x = 2 … 8; the view begins at 5

    view = prepare_view(case, CROP, divisor=2)

    beyond = case.labels[:5]
    assert view.lost_voxels == {
        "brain": int(np.count_nonzero(case.brain)) - int(view.visible_brain.sum()),
        "NCR": int((beyond == 1).sum()),
        "ED": int((beyond == 2).sum()),
        "ET": int((beyond == 3).sum()),
    }
    assert view.lost_voxels["ED"] > 0
    assert f"{view.lost_voxels['ED']} of ED" in view.warnings[0]
    assert view.field_of_view == ((5, 21), (4, 20), (4, 16))


def test_a_case_that_loses_nothing_warns_of_nothing() -> None:
    view = prepare_view(ball_case((16, 16, 12), (8.0, 8.0, 6.0)), CROP, divisor=2)

    assert view.warnings == ()
    assert not any(view.lost_voxels.values())


def moved(case: Case, spacing_mm: tuple[float, float, float]) -> Case:
    return replace(case, geometry=replace(case.geometry, spacing_mm=spacing_mm))


@pytest.mark.parametrize(
    ("domain", "case", "why"),
    [
        (EXACT, ball_case((24, 16, 12), (8, 8, 6)), "grid: 24x16x12 voxels; .* 16x16x12"),
        (
            CROP,
            moved(ball_case((16, 16, 12), (8, 8, 6)), (1, 1, 2)),
            r"spacing 1x1x2 mm; .* 1x1x1 mm",
        ),
        (CROP, ball_case((40, 16, 12), (4, 8, 6)), "whole tumour lies outside the 16x16x12"),
        (
            CROP,
            replace(ball_case((16, 16, 12), (8, 8, 6)), labels=np.zeros((16, 16, 12), np.uint8)),
            "no tumour voxel",
        ),
    ],
)
def test_a_case_outside_the_domain_is_refused_with_the_reason(
    domain: Domain, case: Case, why: str
) -> None:
    with pytest.raises(CallerError, match=why):
        prepare_view(case, domain, divisor=2)


def test_the_resize_makes_the_references_soft_condition() -> None:
    golden = load_file(GOLDEN / "condition_resize.safetensors")
    labels = golden["labels_xyz"].numpy()
    # The reference's fourth label is the brain without tumour; its background may be anything.
    brain = labels > 0
    tumour = np.where((labels > 0) & (labels < 4), labels, 0).astype(np.uint8)

    soft = resize(build_condition(tumour, brain), golden["cond_zyx"].shape[2:])

    # Interpolated between eight corners with a product and a sum each.
    np.testing.assert_allclose(soft, golden["cond_zyx"][0].numpy(), atol=of_sum(2 * 8))


def test_a_resized_condition_is_drawn_on_the_whole_grid_and_stretched_back() -> None:
    case = ball_case((24, 25, 19), (12, 12, 9))
    generator = random_generator(CROP)

    view = prepare_view(case, CROP, divisor=2, fit="resize")
    (images,) = draw_view(
        get_engine(generator, ComputeConfig(torch.device("cpu"), "fp32")),
        CROP,
        view,
        seeds=(1,),
        sampling=Sampling(sampler="ddim", steps=2),
    )

    assert view.planes.shape == (4, 12, 16, 16)
    assert ((view.planes > 0) & (view.planes < 1)).any()
    assert images.shape == (4, 24, 25, 19)
    assert (images[:, ~case.brain] == -1).all()
    assert view.field_of_view == ((0, 24), (0, 25), (0, 19))
    assert view.warnings == ()


@pytest.mark.parametrize(
    ("view", "shape_template"), [("brain", None), ("grid", np.ones((4, 4, 2), np.float32))]
)
def test_a_generator_with_an_atlas_or_a_box_refuses_a_resized_condition(
    view: str, shape_template: NDArray[np.float32] | None
) -> None:
    domain, case = CROP.model_copy(update={"view": view}), ball_case((24, 25, 19), (12, 12, 9))

    with pytest.raises(CallerError, match="fit: this generator cannot use a resized condition"):
        prepare_view(case, domain, divisor=2, fit="resize", shape_template=shape_template)


def test_the_default_never_softens_a_label() -> None:
    view = prepare_view(ball_case((24, 25, 19), (12, 12, 9)), CROP, divisor=2)

    assert set(np.unique(view.planes)) == {0, 1}
    assert json.loads(json.dumps(view.field_of_view)) == [[4, 20], [5, 21], [4, 16]]
