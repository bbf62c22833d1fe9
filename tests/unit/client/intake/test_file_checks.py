"""Files that cannot be sent are told so before the first upload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syntrust.intake.file_checks import MAX_FILE_BYTES, flaw_of
from syntrust_gateway.uploads.schemas import MAX_FILE_BYTES as SERVERS_LIMIT


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "`git lfs pull`"),
        (b"/annex/objects/MD5E-s1--0.nii.gz\n", "`git annex get`"),
        (b"../../.git/annex/objects/x/y.nii.gz", "`git annex get`"),
        (b"<!DOCTYPE html>\n<title>Sign in</title>", "is a web page"),
        (b"\n<html lang='en'>", "is a web page"),
        (b"<!-- login --><HTML>", "is a web page"),
    ],
)
def test_a_file_that_is_no_volume_at_all_is_told_apart(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "t1.nii.gz").write_bytes(content)

    assert told in (flaw_of(tmp_path / "t1.nii.gz") or "")


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08", b"\x5c\x01\x00\x00", b"anything else"])
def test_what_may_be_a_volume_is_left_to_the_server(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t1.nii.gz").write_bytes(content)

    assert flaw_of(tmp_path / "t1.nii.gz") is None


def test_the_largest_file_is_the_one_that_the_server_takes(tmp_path: Path) -> None:
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(b"x")
    os.truncate(path, MAX_FILE_BYTES)
    largest = flaw_of(path)
    os.truncate(path, MAX_FILE_BYTES + 1)

    assert MAX_FILE_BYTES == SERVERS_LIMIT
    assert largest is None
    assert "the most is 4294967296 (4 GiB)" in (flaw_of(path) or "")


def test_links_pipes_and_folders_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "dead").symlink_to("../.git/annex/objects/a")
    (tmp_path / "t1.nii").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert "which does not exist: fetch it with" in (flaw_of(tmp_path / "dead") or "")
    assert flaw_of(tmp_path / "t1.nii") == "is a folder and not a file"
    assert flaw_of(tmp_path / "pipe") == "is no ordinary file"
