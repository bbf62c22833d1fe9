"""Free text in NIfTI headers: it may name a patient, so it is found, dropped and never repeated.

Voxels, geometry and scaling stay as they are. A file whose text was dropped has the names of the
fields in `descrip`, and nothing else, so that whoever reads it can tell.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Header: TypeAlias = Any  # nibabel's header classes carry no types

OWN_TEXT: Final = b"SynTrust; research use only"
"""What this platform writes into `descrip` of its volumes."""
EXTENSIONS: Final = "extensions"
_FIELDS: Final = ("descrip", "aux_file", "intent_name", "db_name", "data_type", "unused_str")
_MARK: Final = "SynTrust dropped: "
_BLANK: Final = b" \0"


def list_text(header: Header, gap: bytes) -> tuple[str, ...]:
    """List the fields of a header that hold free text, or held it before it was dropped.

    `gap` is what lies between header and voxels: four bytes and the header's extensions.
    """
    found = [name for name in _names(header) if _text(header, name)]
    if gap[4:].strip(_BLANK):
        found.append(EXTENSIONS)
    dropped = _read_mark(_raw(header, "descrip"))
    return tuple(dict.fromkeys([*dropped, *found]))


def holds_text(header: Header, gap: bytes) -> bool:
    """Tell whether there is text to drop."""
    return bool(gap[4:].strip(_BLANK)) or any(_text(header, name) for name in _names(header))


def drop_text(header: Header, gap: bytes) -> None:
    """Blank the text of a header, and leave the names of the fields in `descrip`."""
    dropped = list_text(header, gap)
    for name in _names(header):
        header[name] = b""
    header["descrip"] = (_MARK + " ".join(dropped)).encode("ascii")


def _names(header: Header) -> list[str]:
    return [name for name in _FIELDS if name in header.keys()]  # noqa: SIM118 - it iterates wrongly


def _raw(header: Header, name: str) -> bytes:
    return bytes(header[name].item()).strip(_BLANK)


def _text(header: Header, name: str) -> bool:
    """Whether the field says anything that the platform has not written itself."""
    raw = _raw(header, name)
    return bool(raw) and not (name == "descrip" and (raw == OWN_TEXT or _read_mark(raw)))


def _read_mark(descrip: bytes) -> list[str]:
    """Read the names that `drop_text` has left; nothing unless all of it is names."""
    text = descrip.decode("ascii", "replace")
    names = text.removeprefix(_MARK).split(" ")
    known = {*_FIELDS, EXTENSIONS}
    return names if text.startswith(_MARK) and set(names) <= known else []
