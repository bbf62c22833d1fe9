"""What a file is that should be a NIfTI file and is none, from its first bytes."""

from __future__ import annotations

from typing import Final

FOREIGN_BYTES: Final = 512
_STARTS: Final = (
    (b"\x1f\x8b", "it is gzipped twice. Unpack it once (gunzip) and send what that gives"),
    (b"version https://git-lfs", "it is a pointer of Git LFS. Fetch its content (git lfs pull)"),
    (b"/annex/objects/", "it is a pointer of git-annex. Fetch its content (git annex get)"),
    (b"../.git/annex/", "it is a pointer of git-annex. Fetch its content (git annex get)"),
    (b"\x00\x05\x16\x07", "it is what macOS keeps beside a file (._name). Send the file itself"),
    (b"PK\x03\x04", "it is a ZIP archive. Unpack it and send the volume"),
    (b"BZh", "it is compressed by bzip2. Use gzip, or none"),
    (b"\xfd7zXZ", "it is compressed by xz. Use gzip, or none"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd. Use gzip, or none"),
    (b"NRRD", "it is an NRRD file. Convert it to NIfTI"),
    (b"\x89HDF", "it is an HDF5 or MINC file. Convert it to NIfTI"),
    (b"\x93NUMPY", "it is a NumPy array, without geometry. Write it as NIfTI with its affine"),
)
_MARKUP: Final = (b"<!doctype", b"<html", b"<?xml")
_DICOM: Final = slice(128, 132)


def describe_foreign(start: bytes) -> str:
    """Say in a sentence what the file is, and what to send instead."""
    return f"This is not a NIfTI file: {_what(start)}."


def _what(start: bytes) -> str:
    for known, what in _STARTS:
        if start.startswith(known):
            return what
    if start[_DICOM] == b"DICM":
        return "it is a DICOM file. Convert the series to NIfTI, e.g. by dcm2niix"
    if start.lstrip().lower().startswith(_MARKUP):
        return "it is a web page or XML, perhaps of a log-in. Download the volume again"
    if not start.strip(b"\0"):
        return "it is empty or begins with zeros only. Copy it again from where it is whole"
    return "it starts with neither a NIfTI nor a gzip header"
