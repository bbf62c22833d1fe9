"""Checkpoints that others wrote with `torch.save`: what may be in them, and what else a file is.

Generator and segmenter read them with torch, which this distribution does not import.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from syntrust_core.errors import InvalidRequest

_NUMBERS: Final = ("?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d")
_HEAD_BYTES: Final = 512
_REFUSED: Final = re.compile(r"Unsupported (?:global: GLOBAL|class) ([\w.]+)")
_SAVE_ANEW: Final = (
    'Save its tensors alone, with `torch.save({"state_dict": network.state_dict()}, path)`.'
)
# What a file begins with, and what it then is.
_SIGNATURES: Final[Mapping[bytes, str]] = {
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself. Fetch the file with "
    "`git lfs pull`",
    b"\x1f\x8b": "compressed with gzip. Unpack it first",
    b"\x89HDF\r\n": "a file of HDF5, as Keras writes it",
    b"\x93NUMPY": "an array of numpy",
    b"%PDF": "a PDF",
}


class StoredTensor(Protocol):
    """What a tensor of torch says of its own size."""

    shape: Any
    is_meta: bool

    def numel(self) -> int: ...

    def element_size(self) -> int: ...

    def untyped_storage(self) -> Any: ...  # noqa: ANN401 - torch has no name for it here


def numpy_numbers() -> list[Any]:
    """List what torch must be allowed to build for numpy's numbers and arrays: data, not code.

    Trainers keep their best score as such a number (MONAI's as float32, others as float64).
    """
    scalar: Any = np.float64(0).__reduce__()[0]
    array: Any = np.zeros(1).__reduce__()[0]
    older = [(made, f"numpy.core.multiarray.{made.__name__}") for made in (scalar, array)]
    kinds = {type(np.dtype(code)) for code in _NUMBERS}
    return [scalar, array, *older, np.ndarray, np.dtype, *sorted(kinds, key=str)]


@contextmanager
def explain_unreadable(path: Path, *, pointer: str = "") -> Iterator[None]:
    """Turn whatever reading a checkpoint raises into a sentence on what the file is.

    Raises
    ------
    InvalidRequest
        Naming the file, the cause and what to do.
    """
    try:
        _check_stored(path, pointer)
        yield
    except (InvalidRequest, MemoryError):
        raise
    except FileNotFoundError as error:
        raise InvalidRequest(f"{path.name}: there is no such file.", pointer=pointer) from error
    except Exception as error:  # a damaged stream leads torch's reader to any of them
        raise InvalidRequest(
            f"{path.name}: {_explain(path, str(error))}", pointer=pointer
        ) from error


def check_stored_size(name: str, tensor: StoredTensor, *, pointer: str = "") -> None:
    """Refuse a tensor that claims more values than the file holds, or holds them elsewhere.

    Raises
    ------
    InvalidRequest
        Naming the tensor. One repeated value would fill any memory once it is copied.
    """
    try:
        stored_bytes = 0 if tensor.is_meta else int(tensor.untyped_storage().nbytes())
    except (RuntimeError, NotImplementedError):  # sparse: it has no storage of its own
        stored_bytes = 0
    if tensor.numel() * tensor.element_size() > stored_bytes:
        raise InvalidRequest(
            f"checkpoint: {name} claims the shape {tuple(tensor.shape)}, and the file does not "
            "hold that many values. Save the tensor whole, with `.contiguous()`.",
            pointer=pointer,
            parameter=name,
        )


def _check_stored(path: Path, pointer: str) -> None:
    """Refuse an archive with packed members: a small file would become any size."""
    for member in _list_members(path) or ():
        if member.compress_type != zipfile.ZIP_STORED:
            raise InvalidRequest(
                f"{path.name}: {member.filename} in it is compressed, which torch.save never "
                f"does. {_SAVE_ANEW}",
                pointer=pointer,
            )


def _list_members(path: Path) -> list[zipfile.ZipInfo] | None:
    """List what an archive holds; None if it is none that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        return None


def _explain(path: Path, said: str) -> str:
    if found := _REFUSED.search(said):
        return (
            f"it holds {found[1]}, an object of Python and not a tensor. Nothing in a checkpoint "
            f"is executed. {_SAVE_ANEW}"
        )
    return f"it is {_identify(path)}. Expected a checkpoint of tensors, as torch.save writes it."


def _identify(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            return what
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page. Whatever fetched it was shown a page (often one to log in) instead"
    if head.startswith(b"PK"):
        return _identify_archive(path)
    if head[8:9] == b"{" and b'"dtype"' in head:
        return "a safetensors file"
    return "text" if _is_text(head) else "damaged, or of another format"


def _identify_archive(path: Path) -> str:
    members = _list_members(path)
    if members is None:
        return f"cut short or damaged at {path.stat().st_size:,} bytes. Fetch it again"
    names = [member.filename for member in members]
    if any(name.endswith("data.pkl") for name in names):
        return "damaged. Fetch it again"
    return f"an archive without tensors (it holds {', '.join(names[:3])})"


def _is_text(head: bytes) -> bool:
    try:
        head.decode("ascii")
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
