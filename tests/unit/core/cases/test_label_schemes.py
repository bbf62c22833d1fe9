"""Label schemes: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from syntrust_core.cases.label_schemes import (
    check_brain_label,
    check_label_4,
    choose_mapping,
    from_canonical,
    integer_values,
    output_values,
    region_voxels,
    to_canonical,
    value_counts,
)
from syntrust_core.contracts.vocabulary import SCHEMES, NamedScheme, Scheme
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.nifti import Volume
from syntrust_core.testing.casemaker import lps_affine

SCHEME: TypeAdapter[Scheme] = TypeAdapter(Scheme)


def counts(*values: int) -> dict[int, int]:
    return dict.fromkeys(values, 10)


def volume(voxels: np.ndarray[Any, Any]) -> Volume:
    return Volume(voxels, lps_affine(), voxels.dtype, 1, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 1, 2, 4), "brats2021"),
        ((0, 4), "brats2021"),
        ((0, 1, 2, 3), "brats2023"),
        ((0, 3), "brats2023"),
        ((0, 1, 2), "brats2023"),
        ((0,), "brats2023"),
    ],
)
def test_auto_chooses_by_the_values_and_says_so(
    values: tuple[int, ...], expected: NamedScheme
) -> None:
    choice = choose_mapping("auto", counts(*values))

    assert choice.mapping == SCHEMES[expected]
    assert [(w.file, w.field) for w in choice.warnings] == [("seg", "label")]


def test_auto_says_that_there_is_no_enhancing_tumour() -> None:
    choice = choose_mapping("auto", counts(0, 1, 2))

    assert "no enhancing tumour" in choice.warnings[0].reason


def test_auto_refuses_3_and_4_together() -> None:
    with pytest.raises(InvalidVolume, match="labels 3 and 4"):
        choose_mapping("auto", counts(0, 1, 2, 3, 4))


@pytest.mark.parametrize("scheme", ["auto", *SCHEMES])
def test_label_7_is_refused_by_value_and_with_what_would_be_right(scheme: Scheme) -> None:
    with pytest.raises(InvalidVolume, match=r"Label 7 .*0 background, 1 NCR, 2 ED") as caught:
        choose_mapping(scheme, counts(0, 1, 7))

    assert (caught.value.file, caught.value.field) == ("seg", "label")


@pytest.mark.parametrize(("scheme", "value"), [("brats2021", 3), ("brats2023", 4)])
def test_a_named_scheme_refuses_the_other_s_enhancing_tumour(scheme: Scheme, value: int) -> None:
    with pytest.raises(InvalidVolume, match=f"Label {value} is not in scheme {scheme}"):
        choose_mapping(scheme, counts(0, 1, value))


def test_minus_one_is_background_under_med_ddpm_and_noted() -> None:
    choice = choose_mapping("med_ddpm", counts(-1, 1, 2, 3, 4))

    labels = to_canonical(np.array([[[-1, 1, 2, 3, 4]]], np.int16), choice.mapping)
    assert labels.ravel().tolist() == [0, 1, 2, 3, 0]
    assert "-1" in choice.warnings[0].reason


@pytest.mark.parametrize("scheme", ["auto", "brats2021", "brats2023", "brats2024"])
def test_minus_one_is_refused_elsewhere(scheme: Scheme) -> None:
    with pytest.raises(InvalidVolume, match=r"Label -1 .*med_ddpm"):
        choose_mapping(scheme, counts(-1, 1, 2))


def test_an_explicit_mapping_joins_values_and_declares_background() -> None:
    scheme = SCHEME.validate_python({"NCR": [1, 3], "ED": 2, "ET": 4, "background": 9})

    mapping = choose_mapping(scheme, counts(0, 1, 2, 3, 4, 9)).mapping
    labels = to_canonical(np.array([[[0, 1, 2, 3, 4, 9]]], np.int16), mapping)

    assert labels.ravel().tolist() == [0, 1, 2, 1, 3, 0]


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"brain": 4},
        {"NCR": 1, "ED": 1},
        {"NCR": 0},
        {"NCR": []},
        {"NCR": 256},
        {"NCR": -1},
        {"WT": 1},
        "brats2020",
    ],
)
def test_a_mapping_without_one_meaning_per_value_is_refused(mapping: object) -> None:
    with pytest.raises(ValidationError):
        SCHEME.validate_python(mapping)


def test_one_mapping_has_one_spelling() -> None:
    first = SCHEME.validate_python({"ET": 4, "NCR": [1], "ED": 2})
    second = SCHEME.validate_json('{"NCR": 1, "ED": [2], "ET": [4]}')

    assert SCHEME.dump_json(first) == SCHEME.dump_json(second)


def test_label_4_in_a_quarter_of_the_brain_is_not_enhancing_tumour() -> None:
    check_label_4({4: 25}, brain_voxels=100)

    with pytest.raises(InvalidVolume, match="26% of the brain"):
        check_label_4({4: 26}, brain_voxels=100)


def test_label_4_in_a_quarter_of_the_brain_is_no_cavity() -> None:
    with pytest.raises(InvalidVolume, match=r"too much for a resection cavity.*med_ddpm"):
        check_label_4({4: 26}, brain_voxels=100, scheme="brats2024")


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ({0: 9, 1: 5, 2: 5, 4: 3}, {"brats2021", "brats2024"}),
        ({0: 9, 1: 5, 2: 5, 3: 4, 4: 3}, {"brats2024"}),
        ({0: 9, 1: 5, 3: 5}, {"brats2023"}),
    ],
)
def test_a_brain_label_smaller_than_the_tumour_is_refused_with_the_schemes_that_fit(
    found: dict[int, int], named: set[str]
) -> None:
    with pytest.raises(InvalidVolume) as caught:
        check_brain_label(found, SCHEMES["med_ddpm"])

    assert {name for name in SCHEMES if name in caught.value.detail} == named


def test_the_hint_for_3_and_4_names_a_scheme_for_each_thing_that_4_is() -> None:
    with pytest.raises(InvalidVolume) as caught:
        choose_mapping("auto", counts(0, 1, 2, 3, 4))

    hint = caught.value.detail
    assert '"brats2024" if 3 is enhancing tumour and 4 the resection cavity' in hint
    assert '"med_ddpm" if 3 is enhancing tumour and 4 the rest of the brain' in hint
    assert "(3 non-enhancing core, 4 enhancing tumour)" in hint


def test_the_cavity_of_brats2024_is_background_and_noted() -> None:
    choice = choose_mapping("brats2024", counts(0, 1, 2, 3, 4))

    labels = to_canonical(np.array([[[0, 1, 2, 3, 4]]], np.int16), choice.mapping)
    assert labels.ravel().tolist() == [0, 1, 2, 3, 0]
    assert [w.reason for w in choice.warnings] == [
        "Label 4, the resection cavity, was read as background (10 voxels)."
    ]
    assert choose_mapping("brats2024", counts(0, 1, 2, 3)).warnings == ()


def test_a_label_4_that_auto_reads_as_enhancing_tumour_is_said_to_be_perhaps_a_cavity() -> None:
    (warning,) = choose_mapping("auto", counts(0, 1, 2, 4)).warnings

    assert warning.reason.endswith("If it is a resection cavity, the scheme is brats2024.")


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
def test_whole_numbers_of_any_type_are_labels(dtype: type[np.generic]) -> None:
    values = np.array([[[0, 1, 2, 4]]])

    np.testing.assert_array_equal(integer_values(volume(values.astype(dtype)), role="seg"), values)


def test_a_scaled_header_may_miss_whole_numbers_by_rounding() -> None:
    values = integer_values(volume(np.array([[[0, 0.9999999701976776]]])), role="brain")

    assert values.ravel().tolist() == [0, 1]


def test_labels_between_whole_numbers_are_refused_with_an_example() -> None:
    voxels = np.array([[[0, 1, 1.5, 2]]], np.float32)

    with pytest.raises(InvalidVolume, match=r"1 voxels are not whole numbers \(e.g. 1.5\)"):
        integer_values(volume(voxels), role="seg")


def test_labels_that_the_header_scales_are_told_from_interpolated_ones() -> None:
    stored = np.array([[[0, 64, 127, 255]]], np.uint8)
    slope = 4 / 255  # what a writer chooses to spread 0 to 4 over uint8
    scaled = Volume(stored * slope, lps_affine(), stored.dtype, 1, 1, slope)

    with pytest.raises(InvalidVolume, match=r"scl_slope 0.0156863.*without scaling") as caught:
        integer_values(scaled, role="seg")

    assert caught.value.field == "scl_slope"


@pytest.mark.parametrize("value", [-2, 256, 70000])
def test_labels_out_of_range_are_refused(value: int) -> None:
    with pytest.raises(InvalidVolume, match=str(value)):
        integer_values(volume(np.array([[[0, value]]])), role="seg")


@pytest.mark.parametrize("scheme", ["brats2021", "brats2023", "med_ddpm"])
def test_canonical_labels_return_to_the_file_s_values(scheme: NamedScheme) -> None:
    mapping = SCHEMES[scheme]
    known = sorted(choose_mapping(scheme, counts(0, 1)).mapping.values(), key=str)
    values = np.array([[[0, *known]]], np.int16)
    labels = to_canonical(values, mapping)

    back = from_canonical(labels, mapping, brain=values > 0)

    np.testing.assert_array_equal(back, values)


def test_a_label_map_of_brats2024_is_written_in_its_values_without_the_cavity() -> None:
    labels = np.array([[[0, 1, 2, 3]]], np.uint8)

    back = from_canonical(labels, SCHEMES["brats2024"], brain=np.ones_like(labels, np.bool_))

    assert back.ravel().tolist() == [0, 1, 2, 3]


def test_a_region_the_mapping_lacks_is_written_as_a_free_value() -> None:
    scheme = SCHEME.validate_python({"NCR": 3, "ED": [2, 5]})

    assert output_values(scheme) == {"ET": 1, "ED": 2, "NCR": 3}  # type: ignore[arg-type]


def test_voxels_are_counted_by_value_and_by_region() -> None:
    values = np.array([[[-1, 0, 0, 4, 4, 4]]], np.int16)

    assert value_counts(values) == {-1: 1, 0: 2, 4: 3}
    assert region_voxels(to_canonical(values, SCHEMES["brats2021"])) == {"ET": 3, "ED": 0, "NCR": 0}
