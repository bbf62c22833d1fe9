"""Reading untrusted NIfTI, and writing the same bytes for the same data."""

from __future__ import annotations

import gzip
import re
import resource
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.nifti import read_nifti, read_volume, write_volume
from syntrust_core.testing.casemaker import lps_affine, nifti_bytes, write_nifti

nib: Any = nibabel  # its classes carry no types
SHAPE = (9, 10, 11)
AFFINE = lps_affine()


@pytest.fixture
def image() -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.random.default_rng(0).integers(-50, 900, SHAPE).astype(np.int16)


def refusal(path: Path, **options: int) -> InvalidVolume:
    with pytest.raises(InvalidVolume) as caught:
        read_nifti(path, role="t1", **options)
    assert caught.value.file == "t1"
    return caught.value


@pytest.mark.parametrize("name", ["t1.nii.gz", "t1.nii"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u2", "<i4", "<f4", ">f4", "<f8"])
def test_voxels_and_affine_are_read_as_nibabel_wrote_them(
    tmp_path: Path, name: str, dtype: str
) -> None:
    array = np.random.default_rng(1).integers(0, 100, SHAPE).astype(dtype)

    volume = read_nifti(write_nifti(tmp_path / name, array, AFFINE), role="t1")

    np.testing.assert_array_equal(volume.voxels, array)
    np.testing.assert_allclose(volume.affine, AFFINE, atol=1e-6)
    assert volume.voxels.flags.c_contiguous


def test_the_first_bytes_and_not_the_name_decide_about_gzip(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    plain = write_nifti(tmp_path / "a.nii", image, AFFINE).rename(tmp_path / "plain.nii.gz")
    packed = write_nifti(tmp_path / "b.nii.gz", image, AFFINE).rename(tmp_path / "packed.nii")

    for path in (plain, packed):
        np.testing.assert_array_equal(read_nifti(path, role="t1").voxels, image)


def test_big_endian_and_nifti_2_files_are_read(tmp_path: Path, image: np.ndarray[Any, Any]) -> None:
    big = nib.Nifti1Image(image, AFFINE, nib.Nifti1Header(endianness=">"))
    two = nib.Nifti2Image(image, AFFINE)
    for name, made in (("big.nii", big), ("two.nii.gz", two)):
        nib.save(made, tmp_path / name)

        np.testing.assert_array_equal(read_nifti(tmp_path / name, role="t1").voxels, image)


def test_a_header_extension_is_skipped(tmp_path: Path, image: np.ndarray[Any, Any]) -> None:
    made = nib.Nifti1Image(image, AFFINE)
    made.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 5000))
    nib.save(made, tmp_path / "t1.nii.gz")

    volume = read_nifti(tmp_path / "t1.nii.gz", role="t1")

    np.testing.assert_array_equal(volume.voxels, image)


def test_slope_and_intercept_are_applied(tmp_path: Path, image: np.ndarray[Any, Any]) -> None:
    header = {"scl_slope": 0.5, "scl_inter": -3.0}

    volume = read_nifti(write_nifti(tmp_path / "t1.nii", image, AFFINE, header), role="t1")

    np.testing.assert_array_equal(volume.voxels, image * 0.5 - 3)


def test_a_trailing_axis_of_length_one_is_dropped(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    path = write_nifti(tmp_path / "t1.nii", image[..., None], AFFINE)

    assert read_nifti(path, role="t1").voxels.shape == SHAPE


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"pixdim": [1, 0, 5, 6, 0, 0, 0, 0]}, "pixdim"),
        ({"pixdim": [1, -4, 5, 6, 0, 0, 0, 0]}, "pixdim"),
        ({"pixdim": [1, 4000, 5, 6, 0, 0, 0, 0]}, "pixdim"),
        ({"pixdim": [1, np.nan, 5, 6, 0, 0, 0, 0]}, "pixdim"),
        ({"pixdim": [5, 4, 5, 6, 0, 0, 0, 0]}, "pixdim"),
        ({"pixdim": [1, 4, 5, 7, 0, 0, 0, 0], "qform_code": 0}, "pixdim"),
        ({"srow_x": [0, 0, 0, 0]}, "affine"),
        ({"srow_x": [np.nan, 0, 0, 0]}, "affine"),
        ({"srow_x": [-4, 0, 0, 70]}, "sform"),
        ({"quatern_b": 0.9, "quatern_c": 0.9}, "qform"),
        ({"sform_code": 0, "qform_code": 0}, "sform_code"),
        ({"xyzt_units": 1}, "xyzt_units"),
        ({"xyzt_units": 3}, "xyzt_units"),
        ({"datatype": 32, "bitpix": 64}, "datatype"),
        ({"datatype": 128, "bitpix": 24}, "datatype"),
        ({"datatype": 1536, "bitpix": 128}, "datatype"),
        ({"datatype": 77}, "datatype"),
        ({"scl_slope": np.inf}, "scl_slope"),
        ({"vox_offset": 0}, "vox_offset"),
        ({"vox_offset": 1e9}, "vox_offset"),
        ({"vox_offset": np.nan}, "vox_offset"),
        ({"dim": [2, 9, 110, 1, 1, 1, 1, 1]}, "dim"),
        ({"dim": [4, 9, 10, 11, 2, 1, 1, 1]}, "dim"),
        ({"dim": [3, 9, -10, 11, 1, 1, 1, 1]}, "dim"),
        ({"dim": [3, 9, 10, 2, 1, 1, 1, 1]}, "dim"),
        ({"dim": [3, 9, 10, 10, 1, 1, 1, 1]}, "dim"),
        ({"dim": [3, 9, 10, 12, 1, 1, 1, 1]}, "file"),
        ({"dim": [3, 32000, 32000, 32000, 1, 1, 1, 1]}, "dim"),
        ({"magic": b"ni1"}, "magic"),
        ({"sizeof_hdr": 0}, "header"),
    ],
)
def test_a_header_that_is_not_plain_is_refused_by_field(
    tmp_path: Path, image: np.ndarray[Any, Any], header: dict[str, Any], field: str
) -> None:
    path = write_nifti(tmp_path / "t1.nii.gz", image, AFFINE, header)

    assert refusal(path).field == field


def test_a_quaternion_that_rounding_took_over_1_is_read_as_the_rotation_it_is(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    turned = np.diag([-4.0, 5.0, -6.0, 1.0])  # half a turn about y: b²+c²+d² is 1
    header = {"quatern_c": np.float32(np.sqrt(1 + 2e-6)), "sform_code": 0}

    volume = read_nifti(write_nifti(tmp_path / "t1.nii", image, turned, header), role="t1")

    np.testing.assert_allclose(volume.affine, turned, atol=1e-6)


def test_forms_that_differ_by_less_than_a_tenth_of_a_voxel_are_one(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    header = {"qoffset_x": AFFINE[0, 3] + 0.3}  # of 4 mm

    volume = read_nifti(write_nifti(tmp_path / "t1.nii", image, AFFINE, header), role="t1")

    np.testing.assert_allclose(volume.affine, AFFINE, atol=1e-6)


SHEAR = {"srow_x": [-4, 0.4, 0, 50], "qform_code": 0}


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ({"qoffset_x": 54.2, "sform_code": 2}, r"sform \(code 2\) and qform \(code 1\).* 4.2 mm"),
        (SHEAR, "not at right angles"),
        (SHEAR | {"qform_code": 1}, "not at right angles"),
        ({"pixdim": [1, -4, 5, 6, 0, 0, 0, 0]}, "A size is not negative"),
        ({"pixdim": [5, 4, 5, 6, 0, 0, 0, 0]}, r"pixdim\[0\].* is 5; it is 1 or -1"),
        ({"pixdim": [1, 4, 5, 7, 0, 0, 0, 0], "qform_code": 0}, "4, 5, 7 mm and the affine of 4"),
        ({"quatern_b": 0.9, "quatern_c": 0.9}, "not a rotation: b²"),
        ({"xyzt_units": 3}, "micrometres .*If the numbers are millimetres already"),
    ],
    ids=[
        "SPM",
        "shear",
        "shear beside a qform",
        "negative pixdim",
        "qfac",
        "pixdim",
        "quaternion",
        "unit",
    ],
)
def test_each_cause_has_the_sentence_that_is_right_for_it(
    tmp_path: Path, image: np.ndarray[Any, Any], header: dict[str, Any], sentence: str
) -> None:
    found = refusal(write_nifti(tmp_path / "t1.nii", image, AFFINE, header))

    assert re.search(sentence, found.detail), found.detail


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (gzip.compress(gzip.compress(bytes(400), mtime=0), mtime=0), "gzipped twice"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "web page"),
        (b"\n <html>", "web page"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "macOS"),
        (b"PK\x03\x04", "ZIP"),
        (bytes(4096), "zeros only"),
        (b"patient,age\n1,63\n", "neither a NIfTI nor a gzip header"),
    ],
)
def test_a_foreign_file_is_told_for_what_it_is(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(content)

    found = refusal(path)

    assert found.field == "header"
    assert found.detail.startswith("This is not a NIfTI file: ")
    assert sentence in found.detail


def test_nan_as_background_is_told_as_that(tmp_path: Path) -> None:
    array = np.full(SHAPE, np.nan, np.float32)
    array[2:-2, 2:-2, 2:-2] = 1

    found = refusal(write_nifti(tmp_path / "t1.nii.gz", array, AFFINE))

    assert found.detail.startswith("NaN stands for the background: ")


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(position=st.integers(0, 351), value=st.integers(0, 255), width=st.integers(1, 8))
def test_whatever_stands_in_a_header_is_read_or_refused_never_a_crash(
    tmp_path: Path, position: int, value: int, width: int
) -> None:
    content = bytearray(nifti_bytes(np.ones(SHAPE, np.int16), AFFINE))
    content[position : position + width] = bytes([value] * width)
    path = tmp_path / "t1.nii"
    path.write_bytes(content)

    with suppress(InvalidVolume):
        assert np.isfinite(read_nifti(path, role="t1").affine).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_voxel_without_a_finite_value_is_refused(tmp_path: Path, value: float) -> None:
    array = np.ones(SHAPE, np.float32)
    array[3, 4, 5] = value

    found = refusal(write_nifti(tmp_path / "t1.nii.gz", array, AFFINE))

    assert found.field == "voxels"
    assert "1 of 990" in found.detail


def test_a_text_file_named_nii_gz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_text("patient,age\n1,63\n")

    assert "not a NIfTI file" in refusal(path).detail


def test_gzipped_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(gzip.compress(b"patient,age\n1,63\n" * 100))

    assert "not a NIfTI file" in refusal(path).detail


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", b"\x5c\x01\x00\x00", b"\x5c\x01\x00\x00" * 9]
)
def test_a_few_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(content)

    assert refusal(path).field in {"header", "file"}


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_gzip_is_refused(
    tmp_path: Path, image: np.ndarray[Any, Any], kept: float
) -> None:
    path = write_nifti(tmp_path / "t1.nii.gz", image, AFFINE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    found = refusal(path)

    assert (found.field, "cut off" in found.detail) == ("file", True)


def test_a_flipped_bit_in_the_gzip_is_refused(tmp_path: Path, image: np.ndarray[Any, Any]) -> None:
    path = write_nifti(tmp_path / "t1.nii.gz", image, AFFINE)
    damaged = bytearray(path.read_bytes())
    damaged[-6] ^= 1  # in the checksum: the voxels themselves inflate without complaint
    path.write_bytes(damaged)

    assert refusal(path).field == "gzip"


def test_more_bytes_than_the_header_declares_are_refused(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(gzip.compress(nifti_bytes(image, AFFINE) + b"\0"))

    assert refusal(path).field == "dim"


def test_a_declared_size_over_the_limit_is_refused_before_inflating(
    tmp_path: Path, image: np.ndarray[Any, Any]
) -> None:
    path = write_nifti(tmp_path / "t1.nii.gz", image, AFFINE)

    assert refusal(path, limit_bytes=image.nbytes - 1).field == "dim"
    assert read_nifti(path, role="t1", limit_bytes=image.nbytes).voxels.nbytes == image.nbytes


def zeros_gzip(start: bytes, total: int) -> Iterator[bytes]:
    """A gzip stream of `start` and zeros up to `total` bytes, by repeating one deflated block."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range((total - len(start)) // 2**24):
        yield block
    yield packer.flush(zlib.Z_FINISH) + struct.pack("<II", 0, total % 2**32)


@pytest.mark.parametrize("honest", [True, False], ids=["says so", "hides it"])
def test_a_gzip_that_inflates_to_10_gb_is_refused_in_bounded_memory(
    tmp_path: Path, image: np.ndarray[Any, Any], *, honest: bool
) -> None:
    dims = [3, 1024, 1024, 1024, 1, 1, 1, 1] if honest else [3, *SHAPE, 1, 1, 1, 1]
    header = nifti_bytes(image, AFFINE, {"dim": dims, "datatype": 64, "bitpix": 64})[:352]
    path = tmp_path / "t1.nii.gz"
    with path.open("wb") as file:
        file.writelines(zeros_gzip(header, 10 * 10**9))
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert refusal(path).field == "dim"

    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert path.stat().st_size < 20e6
    assert grown_kib < 50_000


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii"])
def test_what_is_written_is_read_back_exactly_here_and_by_nibabel(
    tmp_path: Path, dtype: type[np.generic], name: str
) -> None:
    array = np.random.default_rng(2).integers(0, 200, SHAPE).astype(dtype)

    write_volume(tmp_path / name, array, AFFINE)

    voxels, affine = read_volume(tmp_path / name)
    theirs = nib.load(tmp_path / name)
    assert voxels.dtype == dtype
    np.testing.assert_array_equal(voxels, array)
    np.testing.assert_allclose(affine, AFFINE, atol=1e-6)
    np.testing.assert_array_equal(np.asanyarray(theirs.dataobj), array)
    np.testing.assert_allclose(theirs.header.get_qform(), AFFINE, atol=1e-5)
    assert (theirs.header["sform_code"], theirs.header["qform_code"]) == (1, 1)


def test_equal_volumes_give_equal_bytes(tmp_path: Path, image: np.ndarray[Any, Any]) -> None:
    array = image.astype(np.float32)

    write_volume(tmp_path / "a.nii.gz", array, AFFINE)
    write_volume(tmp_path / "other-name.nii.gz", np.asfortranarray(array), AFFINE)

    first = (tmp_path / "a.nii.gz").read_bytes()
    assert first == (tmp_path / "other-name.nii.gz").read_bytes()
    assert first[4:8] == bytes(4)  # gzip's time stamp
