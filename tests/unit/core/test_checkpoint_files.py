"""What a file is said to be that was taken for a checkpoint."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from syntrust_core.checkpoint_files import explain_unreadable
from syntrust_core.errors import InvalidRequest


def refusal(path: Path) -> str:
    with pytest.raises(InvalidRequest) as refused, explain_unreadable(path, pointer="/start"):
        raise ValueError("what the reader says is not shown")
    assert refused.value.pointer == "/start"
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "it is empty"),
        (b"\n <!DOCTYPE html><html>", "a web page"),
        (b"<HTML><body>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b'\x08\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}', "a safetensors file"),
        (b"PK\x03\x04 and no end", "cut short or damaged at 15 bytes"),
        (b"hello", "it is text"),
        (bytes(range(128, 256)), "damaged, or of another format"),
    ],
)
def test_the_cause_is_named_with_the_file(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)

    told = refusal(path)

    assert told.startswith("model.pt: ")
    assert named in told
    assert "not shown" not in told


@pytest.mark.parametrize(
    ("member", "named"),
    [("archive/data.pkl", "it is damaged"), ("notes.txt", "without tensors (it holds notes.txt)")],
)
def test_an_archive_is_told_from_a_damaged_checkpoint(
    tmp_path: Path, member: str, named: str
) -> None:
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr(member, b"x")

    assert named in refusal(tmp_path / "model.pt")


def test_an_archive_whose_list_of_members_is_damaged_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x03"))

    assert "cut short or damaged" in refusal(path)


def test_a_packed_archive_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(1 << 20))

    with (
        pytest.raises(InvalidRequest, match=r"archive/data\.pkl in it is compressed"),
        explain_unreadable(tmp_path / "model.pt"),
    ):
        pytest.fail("it was read")
