"""What every phantom is: its geometry, its labels, its contrasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, ROLES
from syntrust_core.errors import InvalidRequest
from syntrust_standalone.phantoms import (
    Enhancement,
    PhantomCase,
    PhantomOptions,
    case_kind,
    make_case,
    make_labels,
    write_case,
)
from syntrust_standalone.phantoms.subject import draw_subject

pytestmark = pytest.mark.slow  # templates are loaded, and cases made, for half a minute

SEED = 11
COUNT = 8
SMALL = PhantomOptions(shape=(64, 64, 64))

# Mean and standard deviation over 14 real BraTS volumes of a lesion's mean intensity, as a z-score
# against the volume's own healthy tissue.
REAL_Z = {
    "flair": {"NCR": (2.8, 1.4), "ED": (2.3, 0.8), "ET": (2.7, 1.1)},
    "t1": {"NCR": (0.0, 0.8), "ED": (0.3, 0.2), "ET": (0.6, 0.5)},
    "t1ce": {"NCR": (-0.3, 0.6), "ED": (0.05, 0.4), "ET": (1.9, 0.7)},
    "t2": {"NCR": (2.0, 1.4), "ED": (1.0, 0.6), "ET": (1.35, 0.7)},
}


@pytest.fixture(scope="module")
def cohort() -> list[PhantomCase]:
    return [make_case(SEED, index, SMALL) for index in range(COUNT)]


def healthy_z(case: PhantomCase, modality: str, region: str) -> float:
    image = case.images[MODALITIES.index(modality)].astype(np.float64)
    healthy = image[case.brain & (case.labels == 0)]
    lesion = image[case.labels == LABELS[region]]  # type: ignore[index]
    return float((lesion.mean() - healthy.mean()) / healthy.std())


def test_the_background_is_exactly_zero_and_the_brain_is_not(cohort: list[PhantomCase]) -> None:
    for case in cohort:
        assert not case.images[:, ~case.brain].any()
        assert case.images[:, case.brain].min() >= 1


def test_the_tumour_lies_inside_the_brain(cohort: list[PhantomCase]) -> None:
    for case in cohort:
        assert case.labels.any()
        assert not (case.labels.astype(bool) & ~case.brain).any()


def test_a_brain_has_the_volume_of_an_adult_s(cohort: list[PhantomCase]) -> None:
    litres = [case.brain.sum() * 27e-6 for case in cohort]

    assert min(litres) > 1.1
    assert max(litres) < 1.9


def test_a_brain_is_one_piece(cohort: list[PhantomCase]) -> None:
    for case in cohort:
        parts, _ = ndimage.label(case.brain)
        assert np.bincount(parts.ravel())[1:].max() > 0.999 * case.brain.sum()


def test_images_are_int16_in_the_order_of_the_modalities(cohort: list[PhantomCase]) -> None:
    for case in cohort:
        assert case.images.dtype == np.int16
        assert case.images.shape == (len(MODALITIES), *SMALL.shape)
        assert case.labels.dtype == np.uint8
        assert set(np.unique(case.labels)) <= {0, 1, 2, 3}


def test_the_affine_is_lps_with_the_origin_of_brats() -> None:
    case = make_case(SEED, 0, PhantomOptions(shape=(64, 70, 60), spacing_mm=(3.0, 2.8, 2.6)))

    assert np.array_equal(np.diag(case.affine), [-3.0, -2.8, 2.6, 1.0])
    assert case.affine[:3, 3] == pytest.approx([0.0, 69 * 2.8, 0.0])


@pytest.mark.parametrize("modality", list(REAL_Z))
@pytest.mark.parametrize("region", ["NCR", "ED", "ET"])
def test_lesions_stand_out_as_much_as_in_real_volumes(
    cohort: list[PhantomCase], modality: str, region: str
) -> None:
    mean, sd = REAL_Z[modality][region]
    shown = [case for case in cohort if case.voxels[region] > 20]

    z = np.mean([healthy_z(case, modality, region) for case in shown])

    assert mean - 2 * sd <= z <= mean + 2 * sd


def test_each_modality_orders_the_tissues_as_mri_does() -> None:
    options = PhantomOptions(shape=(64, 64, 64), contrast_jitter=0.0)
    subject, _ = draw_subject(SEED, 2, options)
    case = make_case(SEED, 2, options)
    labels = case.labels[subject.head_box]
    healthy = subject.brain & (labels == 0)
    tissues = {
        "csf": healthy & (subject.tissue.csf > 0.9),
        "gm": healthy & (subject.tissue.gm > 0.9),
        "wm": healthy & (subject.tissue.wm > 0.9),
        "ncr": labels == LABELS["NCR"],
        "ed": labels == LABELS["ED"],
        "et": labels == LABELS["ET"],
    }

    def ranked(modality: str, *names: str) -> bool:
        image = case.images[MODALITIES.index(modality)][subject.head_box]
        medians = [np.median(image[tissues[name]]) for name in names]
        return medians == sorted(medians, reverse=True)

    assert ranked("t1", "wm", "gm", "csf")
    assert ranked("t1ce", "et", "wm", "ed", "ncr", "csf")
    assert ranked("t2", "csf", "ncr", "ed", "gm", "wm")
    assert ranked("flair", "et", "ed", "gm", "wm", "csf")


def test_an_enhancing_rim_is_bright_on_t1ce_where_its_label_is(cohort: list[PhantomCase]) -> None:
    t1ce = MODALITIES.index("t1ce")
    for case in (c for c in cohort if c.kind.enhancement is Enhancement.RIM):
        brightest = np.median(case.images[t1ce][case.labels == LABELS["ET"]])
        around = np.percentile(case.images[t1ce][case.labels == LABELS["ED"]], 90)
        assert brightest > around


def test_oedema_spares_fluid() -> None:
    subject, _ = draw_subject(SEED, 4, SMALL)

    wet = subject.whole_labels(SMALL)[subject.head_box] == LABELS["ED"]

    assert subject.tissue.csf[wet].max() < 0.5


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [
        ((64, 64, 64), None),
        ((48, 80, 56), (4.0, 2.5, 3.0)),
        ((96, 96, 32), (2.0, 2.0, 5.0)),
        ((128, 128, 128), None),
    ],
)
def test_a_case_fits_any_grid(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float] | None
) -> None:
    options = PhantomOptions(shape=shape, spacing_mm=spacing_mm)

    labels, brain = make_labels(SEED, 3, options)

    litres = brain.sum() * np.prod(options.grid_spacing_mm) / 1e6
    assert labels.shape == brain.shape == shape
    assert 1.1 < litres < 1.9
    assert set(np.unique(labels)) >= {0, 1, 2}


def test_a_case_keeps_its_tumour_on_another_grid() -> None:
    coarse = SMALL
    fine = PhantomOptions(shape=(128, 128, 128), spacing_mm=(1.5, 1.5, 1.5))

    volumes_ml = []
    for options in (coarse, fine):
        labels, _ = make_labels(SEED, 2, options)
        volumes_ml.append((labels > 0).sum() * np.prod(options.grid_spacing_mm) / 1000)

    assert volumes_ml[0] == pytest.approx(volumes_ml[1], rel=0.15)


def test_the_default_spacing_of_the_brats_grid_is_one_millimetre() -> None:
    assert PhantomOptions().grid_spacing_mm == (1.0, 1.0, 1.0)
    assert PhantomOptions.demo().grid_spacing_mm == (3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"shape": (16, 64, 64)}, "/shape"),
        ({"shape": (64, 64, 64), "spacing_mm": (1.0, 1.0, 1.0)}, "/spacing_mm"),
        ({"spacing_mm": (0.0, 1.0, 1.0)}, "/spacing_mm"),
        ({"core_radius_mm": (9.0, 3.0)}, "/core_radius_mm"),
        ({"fraction_without_et": 1.2}, "/fraction_without_et"),
        ({"fraction_without_et": 0.8, "fraction_tiny_et": 0.3}, "/fraction_tiny_et"),
        ({"noise": -0.1}, "/noise"),
    ],
)
def test_options_that_make_no_brain_are_refused_by_name(
    change: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        PhantomOptions(**change)  # type: ignore[arg-type]

    assert refusal.value.pointer == pointer


def test_a_written_phantom_passes_the_inspection_of_uploads(tmp_path: Path) -> None:
    case = make_case(SEED, 1, SMALL)
    folder = write_case(case, tmp_path)

    canonical, record = inspect_case(
        {role: folder / f"{role}.nii.gz" for role in ROLES}, scheme="brats2023", grid="native"
    )

    assert np.array_equal(canonical.labels, case.labels)
    assert np.array_equal(canonical.brain, case.brain)
    assert np.array_equal(canonical.images, case.images.astype(np.float32))
    assert record.region_voxels == case.voxels


def mixed_kinds(count: int, options: PhantomOptions) -> NDArray[np.str_]:
    return np.array([case_kind(5, index, options).enhancement for index in range(count)])


def test_the_label_map_holds_what_the_kind_of_the_case_says() -> None:
    options = PhantomOptions(shape=(64, 64, 64), fraction_without_et=0.3, fraction_tiny_et=0.3)
    voxel_mm3 = float(np.prod(options.grid_spacing_mm))
    for index, kind in enumerate(mixed_kinds(8, options)):
        labels, _ = make_labels(5, index, options)
        volume_mm3 = (labels == LABELS["ET"]).sum() * voxel_mm3
        assert (volume_mm3 == 0) == (kind == Enhancement.ABSENT)
        assert (0 < volume_mm3 < 300) == (kind == Enhancement.TINY)
        assert (volume_mm3 > 300) == (kind == Enhancement.RIM)
