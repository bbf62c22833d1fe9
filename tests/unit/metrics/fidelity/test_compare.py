"""Comparing the twins of a case: analytic twins, invariances, and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.cases.model import Case
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import Geometry
from syntrust_core.testing.casemaker import ellipsoid
from syntrust_metrics.fidelity.compare import ABSENT, EQUAL, NO_CONTRAST, TOO_SMALL, compare_twins
from syntrust_metrics.fidelity.schema import AREAS, LESIONS, TwinComparison, TwinMeasures

pytestmark = pytest.mark.numeric

Images = NDArray[np.float32]
LARGE, SMALL = 64, 32


def tissue(seed: int, size: int) -> Images:
    rng = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(rng.normal(size=(size,) * 3), 2) for _ in MODALITIES]
    return np.stack([field / field.std() for field in fields]).astype(np.float32)


def case_of(size: int = LARGE, seed: int = 0, *, tumour: bool = True) -> Case:
    shape = (size,) * 3
    brain = ellipsoid(shape, (0.5, 0.5, 0.5), 0.4)
    labels = np.zeros(shape, np.uint8)
    for radius, label in ((0.2, 2), (0.14, 3), (0.09, 1)):
        labels[ellipsoid(shape, (0.4, 0.5, 0.5), radius)] = label if tumour else 0
    images = tissue(seed, size) + labels * np.float32(0.8)
    images[:, ~brain] = -50
    return Case(images, labels, brain, Geometry(shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0)))


def twin_of(case: Case, seed: int = 7, *, copied: float = 0.0) -> Images:
    """A fresh image of the label map, `copied` of whose tissue is the source's; -1 outside."""
    fresh = tissue(seed, case.brain.shape[0]) + case.labels * np.float32(0.8)
    twin = (copied * case.images + (1 - copied) * fresh).astype(np.float32)
    twin[:, ~case.brain] = -1
    return twin


def values(twin: TwinMeasures, measure: str) -> list[float]:
    table = getattr(twin, measure)
    return [one.value for areas in table.values() for one in areas.values()]


@pytest.fixture(scope="module")
def case() -> Case:
    return case_of()


@pytest.fixture(scope="module")
def fresh(case: Case) -> TwinComparison:
    return compare_twins(case, [twin_of(case)])


def test_a_copy_in_another_unit_is_equal_in_every_measure(case: Case) -> None:
    copy = case.images * np.float32(3) + np.float32(20)
    copy[:, ~case.brain] = -1

    [found] = compare_twins(case, [copy]).twins

    assert values(found, "ms_ssim") == pytest.approx([1.0] * 20, abs=1e-5)
    assert values(found, "histogram") == pytest.approx([0.0] * 20, abs=1e-5)
    assert min(values(found, "psnr")) > 100
    residuals = [one.value for one in found.residual_correlation.values()]
    assert residuals == pytest.approx([1.0] * 4, abs=1e-6)


def test_where_nothing_differs_there_is_no_psnr_but_a_reason(case: Case) -> None:
    [found] = compare_twins(case, [case.images]).twins

    for areas in found.psnr.values():
        assert {(one.value, one.reason) for one in areas.values()} == {(None, EQUAL)}


def test_a_fresh_twin_is_less_like_its_source_than_a_half_copied_one(
    case: Case, fresh: TwinComparison
) -> None:
    copied = compare_twins(case, [twin_of(case, copied=0.5)]).twins[0]

    assert np.mean(values(copied, "ms_ssim")) > np.mean(values(fresh.twins[0], "ms_ssim")) + 0.1
    for name in MODALITIES:
        half = copied.residual_correlation[name].value
        none = fresh.twins[0].residual_correlation[name].value
        assert half is not None
        assert none is not None
        assert half > 0.6
        assert abs(none) < 0.3


def test_the_unit_of_either_image_changes_nothing(case: Case, fresh: TwinComparison) -> None:
    other = Case(case.images * 40 + 900, case.labels, case.brain, case.geometry)

    again = compare_twins(other, [twin_of(case) * np.float32(0.05)])

    for measure in ("ms_ssim", "psnr", "histogram", "contrast"):
        assert values(again.twins[0], measure) == pytest.approx(
            values(fresh.twins[0], measure), rel=2e-4, abs=2e-5
        )


def test_mirroring_both_images_changes_nothing(case: Case, fresh: TwinComparison) -> None:
    mirrored = Case(
        np.flip(case.images, 1), np.flip(case.labels, 0), np.flip(case.brain, 0), case.geometry
    )

    again = compare_twins(mirrored, [np.flip(twin_of(case), 1)])

    for measure in ("ms_ssim", "psnr", "histogram", "contrast"):
        assert values(again.twins[0], measure) == pytest.approx(
            values(fresh.twins[0], measure), rel=1e-4
        )


def test_what_lies_outside_the_brain_changes_nothing(case: Case, fresh: TwinComparison) -> None:
    images = np.where(case.brain, case.images, np.float32(1234))

    again = compare_twins(Case(images, case.labels, case.brain, case.geometry), [twin_of(case)])

    assert again == fresh


def test_contrast_is_measured_on_both_images_by_one_rule(case: Case) -> None:
    same = case.images.copy()
    same[:, ~case.brain] = -1

    found = compare_twins(case, [same])

    assert found.twins[0].contrast == found.contrast
    measured = [found.contrast["t1"][area].value for area in LESIONS]
    assert all(value is not None and value > 0.5 for value in measured)


def test_a_region_that_is_absent_has_reasons_and_no_numbers() -> None:
    case = case_of(LARGE, tumour=False)

    found = compare_twins(case, [twin_of(case)])

    [twin] = found.twins
    assert (twin.ms_ssim["t1"]["ET"].reason, twin.psnr["t1"]["ET"].reason) == (ABSENT, ABSENT)
    assert (twin.histogram["t1"]["ED"].reason, twin.contrast["t1"]["ED"].reason) == (
        ABSENT,
        NO_CONTRAST,
    )
    assert twin.features["t1"]["NCR"] is None
    assert found.voxels["NCR"] == 0


def test_a_brain_box_under_48_voxels_has_no_ms_ssim() -> None:
    case = case_of(SMALL)

    [found] = compare_twins(case, [twin_of(case)]).twins

    for areas in found.ms_ssim.values():
        assert [(areas[area].value, areas[area].reason) for area in AREAS] == [
            (None, TOO_SMALL)
        ] * 5
    assert all(value is not None for value in values(found, "psnr"))


def test_brain_that_the_generator_does_not_draw_is_counted_and_not_compared(case: Case) -> None:
    cut = twin_of(case)
    cut[:, :, :, 46:] = -1
    changed = case.images.copy()
    changed[:, :, :, 46:] *= 5

    found, again = (
        compare_twins(Case(images, case.labels, case.brain, case.geometry), [cut])
        for images in (case.images, changed)
    )

    assert found.outside_view == np.count_nonzero(case.brain[:, :, 46:])
    assert found.tumour_outside_view == 0
    assert found.voxels["brain"] == np.count_nonzero(case.brain[:, :, :46])
    assert found == again


def test_tumour_that_the_generator_does_not_draw_is_counted(case: Case) -> None:
    cut = twin_of(case)
    cut[:, :, :, :32] = -1

    found = compare_twins(case, [cut])

    assert found.tumour_outside_view == np.count_nonzero(case.labels[:, :, :32])


def test_one_twin_has_no_diversity(fresh: TwinComparison) -> None:
    assert fresh.diversity is None


def test_equal_twins_have_none_and_fresh_ones_some(case: Case) -> None:
    first, second = twin_of(case), twin_of(case, seed=8)

    equal, fresh = (
        compare_twins(case, twins).diversity for twins in ([first, first], [first, second, first])
    )

    assert equal is not None
    assert fresh is not None
    assert equal.sd["t1"]["brain"].value == 0
    assert equal.ms_ssim["t1"].value == 1
    assert (fresh.sd["t1"]["brain"].value or 0) > 0.5
    assert (fresh.ms_ssim["t1"].value or 1) < 0.9


def test_the_first_of_several_twins_is_measured_as_if_alone(
    case: Case, fresh: TwinComparison
) -> None:
    several = compare_twins(case, [twin_of(case), twin_of(case, seed=8)])

    assert several.twins[0] == fresh.twins[0]


def test_a_comparison_survives_its_file(fresh: TwinComparison) -> None:
    text = fresh.model_dump_json()

    assert "NaN" not in text
    assert TwinComparison.model_validate_json(text) == fresh


def test_an_empty_twin_is_refused(case: Case) -> None:
    with pytest.raises(InvalidVolume, match="only background"):
        compare_twins(case, [np.full(case.images.shape, -1, np.float32)])
