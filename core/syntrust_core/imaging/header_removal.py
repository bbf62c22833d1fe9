"""Rewrite an uploaded NIfTI file without the free text of its header; the voxels stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from isal import igzip

from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.header_text import Header, drop_text, holds_text
from syntrust_core.imaging.nifti import (
    DEFAULT_LIMIT_BYTES,
    GZIP_LEVEL,
    GZIP_MAGIC,
    open_nifti,
    read_gap,
    read_header,
    refusing_damage,
)

_CHUNK_BYTES: Final = 2**20
_NAMED: Final = 0b11100
"""Flags of a gzip stream: it has extra fields, the name of a file, a comment."""
_gzip_writer = cast("Callable[..., BinaryIO]", igzip.IGzipFile)


def drop_header_text(path: Path, target: Path, *, role: str) -> bool:
    """Write the file at `path` to `target` without free text; False if it has none.

    Text is what `header_text` lists, header extensions, and the name or comment in a gzip stream.
    Equal files give equal bytes. A file that is no NIfTI file has no text that is known.

    Raises
    ------
    InvalidVolume
        If the archive is damaged, or the header holds text and the rest cannot be read: nothing is
        kept of such a file.
    """
    with path.open("rb") as plain:
        start = plain.read(4)
    is_gzip = start[:2] == GZIP_MAGIC
    with refusing_damage(role), open_nifti(path) as stream:
        try:
            header = read_header(stream, role)
        except InvalidVolume:
            return False  # its inspection says what it is
        gap = _read_gap(stream, header, role)
        has_text = holds_text(header, gap)
        if not has_text and not (is_gzip and len(start) == 4 and start[3] & _NAMED):
            return False
        if has_text:
            drop_text(header, gap)
        with _writing(target, is_gzip=is_gzip) as written:
            _write(stream, written, header, role)
    return True


def _read_gap(stream: BinaryIO, header: Header, role: str) -> bytes:
    try:
        return read_gap(stream, header, role)
    except InvalidVolume:
        if holds_text(header, b""):
            raise
        return b""


@contextmanager
def _writing(path: Path, *, is_gzip: bool) -> Iterator[BinaryIO]:
    with path.open("wb") as plain:
        if not is_gzip:
            yield plain
            return
        with _gzip_writer(
            filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=plain, mtime=0
        ) as packed:
            yield packed


def _write(stream: BinaryIO, target: BinaryIO, header: Header, role: str) -> None:
    """Write the header, four bytes for no extension, and what is left of `stream`."""
    header["vox_offset"] = len(header.binaryblock) + 4
    target.write(header.binaryblock + bytes(4))
    left = DEFAULT_LIMIT_BYTES + 1
    while chunk := stream.read(min(_CHUNK_BYTES, left)):
        target.write(chunk)
        left -= len(chunk)
    if left <= 0:
        reason = f"The file holds more than {DEFAULT_LIMIT_BYTES} bytes of voxels, the most read."
        raise InvalidVolume(reason, file=role, field="dim")
