"""The bytes of a table as text, and what stands between its fields."""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from syntrust_metrics.trust.request.errors import InvalidScores, pointer

_SEPARATORS: Final = (",", ";", "\t")
_SEP_LINE: Final = re.compile(r"sep=([,;\t])(?:\r\n|\r|\n)", re.IGNORECASE)
_WIDE: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EXCEL: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Dialect(NamedTuple):
    """The separator of a table, and the lines before its header."""

    separator: str
    skipped: int


def decode_table(content: bytes) -> str:
    """Decode a table: UTF-8, or UTF-16 that begins with its mark as Excel's "Unicode text" does.

    Raises
    ------
    InvalidScores
        If it is neither. Other encodings look alike, so none of them is guessed.
    """
    encoding = next((name for mark, name in _WIDE if content.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig":
        _refuse_binary(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise InvalidScores("The body begins as UTF-16 and is none.", pointer="") from error
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidScores(
            f"The body is not UTF-8 at byte {error.start} (line {line}). Save the table as UTF-8, "
            "in Excel as 'CSV UTF-8'; iconv -f CP1252 -t UTF-8 converts one of Windows.",
            pointer="",
        ) from error
    if "\0" in text:  # of UTF-8 it was looked for in the bytes
        raise InvalidScores("The text has a NUL character.", pointer="")
    return text


def _refuse_binary(content: bytes) -> None:
    if content.startswith(_EXCEL):
        raise InvalidScores(
            "The body is an Excel workbook or an archive. Save the sheet as 'CSV UTF-8'.",
            pointer="",
        )
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise InvalidScores(
            f"Line {line} has a NUL character. A table is text in UTF-8, or in UTF-16 with its "
            "byte order mark.",
            pointer=pointer("lines", line),
        )


def find_dialect(text: str) -> Dialect:
    """Find what separates the fields: what a line `sep=;` says, else what the header has most.

    A header with the columns `case` and `set` between commas is one of commas, whatever else is
    in it.
    """
    if told := _SEP_LINE.match(text):
        return Dialect(told[1], 1)
    header = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if {"case", "set"} <= {name.strip().lower() for name in header.split(",")}:
        return Dialect(",", 0)
    return Dialect(max(_SEPARATORS, key=header.count), 0)
