"""Free text of headers is found, dropped, told by field, and never repeated."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.header_removal import drop_header_text
from syntrust_core.imaging.nifti import read_nifti, write_volume
from syntrust_core.testing.casemaker import lps_affine, nifti_bytes

nib: Any = nibabel  # its classes carry no types
NAME = b"DOE^JOHN MRN123"
IMAGE = np.random.default_rng(0).integers(0, 900, (9, 10, 11)).astype(np.int16)
TEXTS: dict[str, bytes] = {
    "descrip": NAME,
    "aux_file": NAME,
    "intent_name": NAME,
    "db_name": NAME,
    "data_type": NAME[:8],
}


def with_extension(image_class: Any = nib.Nifti1Image) -> bytes:
    image = image_class(IMAGE, lps_affine())
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", NAME))
    content: bytes = image.to_bytes()
    return content


def gzip_named() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(filename="DOE^JOHN MRN123.nii", fileobj=packed, mode="wb", mtime=0) as file:
        file.write(nifti_bytes(IMAGE, lps_affine()))
    return packed.getvalue()


def dropped(tmp_path: Path, content: bytes) -> bytes:
    (tmp_path / "sent.nii").write_bytes(content)
    assert drop_header_text(tmp_path / "sent.nii", tmp_path / "kept.nii", role="t1")
    return (tmp_path / "kept.nii").read_bytes()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("field", TEXTS)
def test_text_of_a_field_is_dropped_and_the_field_is_named(
    tmp_path: Path, field: str, *, packed: bool
) -> None:
    sent = nifti_bytes(IMAGE, lps_affine(), {field: TEXTS[field]})

    kept = dropped(tmp_path, gzip.compress(sent) if packed else sent)

    assert b"DOE" not in (gzip.decompress(kept) if packed else kept)
    volume = read_nifti(tmp_path / "kept.nii", role="t1")
    assert volume.text == (field,)
    np.testing.assert_array_equal(volume.voxels, IMAGE)
    np.testing.assert_array_equal(
        volume.affine, read_nifti(tmp_path / "sent.nii", role="t1").affine
    )


@pytest.mark.parametrize("image_class", [nib.Nifti1Image, nib.Nifti2Image])
def test_header_extensions_are_dropped(tmp_path: Path, image_class: Any) -> None:
    kept = dropped(tmp_path, with_extension(image_class))

    assert b"DOE" not in kept
    volume = read_nifti(tmp_path / "kept.nii", role="t1")
    assert volume.text == ("extensions",)
    np.testing.assert_array_equal(volume.voxels, IMAGE)


def test_the_name_in_a_gzip_stream_is_dropped(tmp_path: Path) -> None:
    assert b"DOE" in gzip_named()

    assert b"DOE" not in dropped(tmp_path, gzip_named())


def test_equal_files_are_rewritten_to_equal_bytes_and_only_once(tmp_path: Path) -> None:
    sent = gzip.compress(nifti_bytes(IMAGE, lps_affine(), TEXTS))

    first, second = dropped(tmp_path, sent), dropped(tmp_path, sent)

    assert first == second
    assert not drop_header_text(tmp_path / "kept.nii", tmp_path / "again.nii", role="t1")


def test_a_header_without_text_and_those_of_our_own_volumes_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "plain.nii").write_bytes(nifti_bytes(IMAGE, lps_affine()))
    write_volume(tmp_path / "own.nii.gz", IMAGE.astype(np.float32), lps_affine())

    for name in ("plain.nii", "own.nii.gz"):
        assert not drop_header_text(tmp_path / name, tmp_path / "kept", role="t1")
        assert read_nifti(tmp_path / name, role="t1").text == ()


@pytest.mark.parametrize("content", [b"", b"no volume", gzip.compress(b"text", mtime=0)])
def test_what_is_no_nifti_file_is_left_to_its_inspection(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sent").write_bytes(content)

    assert not drop_header_text(tmp_path / "sent", tmp_path / "kept", role="t1")


@pytest.mark.parametrize("end", [400, 360])
def test_a_file_with_text_that_cannot_be_read_whole_is_refused(tmp_path: Path, end: int) -> None:
    (tmp_path / "sent").write_bytes(gzip.compress(nifti_bytes(IMAGE, lps_affine(), TEXTS))[:-end])

    with pytest.raises(InvalidVolume) as caught:
        drop_header_text(tmp_path / "sent", tmp_path / "kept", role="t1")

    assert (caught.value.file, caught.value.field) == ("t1", "file")
