"""Read and write NIfTI. Input is not trusted; equal data are written as equal bytes.

Arrays are (X, Y, Z) in the file's own axis order; affines map voxel indices to millimetres in
NIfTI's world (x to the right, y to the front, z up).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias, cast

import nibabel as nib
import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from syntrust_core.contracts.grid import MAX_VOXELS
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.foreign_files import FOREIGN_BYTES, describe_foreign
from syntrust_core.imaging.header_geometry import read_affine
from syntrust_core.imaging.header_text import OWN_TEXT, list_text

DEFAULT_LIMIT_BYTES: Final = 2**30
MIN_AXIS_LENGTH: Final = 8
MAX_HEADER_BYTES: Final = 2**24  # header extensions; the voxels have their own limit
GZIP_LEVEL: Final = 2
GZIP_MAGIC: Final = b"\x1f\x8b"
SKIP_BYTES: Final = 2**16
MAGIC: Final = {348: b"n+1\x00", 540: b"n+2\x00\r\n\x1a\n"}
DATATYPES: Final[Mapping[int, str]] = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}

Array = NDArray[Any]
Float64 = NDArray[np.float64]
Header: TypeAlias = Any  # nibabel's header classes carry no types

_new_header: Callable[..., Header] = nib.Nifti1Header
_HEADERS: Mapping[int, Callable[..., Header]] = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_open_gzip: Callable[..., BinaryIO] = igzip.open
_compress: Callable[..., bytes] = igzip.compress
_DAMAGE: tuple[type[Exception], ...] = (
    gzip.BadGzipFile,
    cast("type[Exception]", isal_zlib.error),
)


@dataclass(frozen=True)
class Volume:
    """A volume as it lies in its file, `scl_slope` and `scl_inter` applied.

    `dtype` is the stored type; `voxels` is of that type unless the header scales it by `slope`
    (float64 then). `text` names the fields of the header that hold free text, or held it when the
    file was sent.
    """

    voxels: Array
    affine: Float64
    dtype: np.dtype[Any]
    sform_code: int
    qform_code: int
    slope: float = 1.0
    text: tuple[str, ...] = ()


def read_nifti(path: Path, *, role: str, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> Volume:
    """Read one untrusted NIfTI-1 or NIfTI-2 file, gzipped or not.

    The first bytes decide about gzip, not the name. The header is read first and says how many
    bytes of voxels there are; more than `limit_bytes` are refused before anything is inflated, and
    never more than the declared bytes are. A trailing axis of length one is dropped.

    Parameters
    ----------
    path : Path
        The file.
    role : str
        What the file is in its case; refusals name it.
    limit_bytes : int
        Largest size of the inflated voxels.

    Returns
    -------
    Volume
        With finite, real voxels of shape (X, Y, Z).

    Raises
    ------
    InvalidVolume
        If the file is not NIfTI, truncated, damaged or too large, has more than one volume, complex
        or RGB voxels, NaN or infinite values, or a header that does not say one plain geometry.
    """
    with refusing_damage(role), open_nifti(path) as stream:
        header = read_header(stream, role)
        shape = _shape(header, role)
        dtype = _dtype(header, role)
        _check_size(shape, dtype, limit_bytes, role)
        affine = read_affine(header, shape, role)
        text = list_text(header, read_gap(stream, header, role))
        raw = _read_voxels(stream, shape, dtype, role)
    voxels = _scaled(raw, header, role)
    _check_finite(voxels, role)
    codes = int(header["sform_code"]), int(header["qform_code"])
    return Volume(voxels, affine, dtype, *codes, _slope(header), text)


def read_volume(path: Path) -> tuple[Array, Float64]:
    """Voxels (X, Y, Z) of the stored type, and affine, of a file that `write_volume` wrote."""
    volume = read_nifti(path, role=path.name.partition(".")[0])
    return volume.voxels, volume.affine


def write_volume(
    path: Path, array: Array, affine: Float64, *, sform_code: int = 1, qform_code: int = 1
) -> None:
    """Write `array` (X, Y, Z; float32 or uint8) as NIfTI-1; equal arguments give equal bytes.

    Compressed if the name ends in ``.gz``. Codes are NIfTI's: 0 unknown (that transform is left
    out), 1 scanner, 2 aligned, 3 Talairach, 4 MNI.
    """
    header = _new_header()
    header.set_data_dtype(array.dtype.newbyteorder("<"))
    header.set_data_shape(array.shape)
    header.set_xyzt_units("mm")
    header.set_qform(affine, qform_code)
    header.set_sform(affine, sform_code)
    header["descrip"] = OWN_TEXT
    header["magic"] = MAGIC[348]
    header["vox_offset"] = 352
    header["scl_slope"], header["scl_inter"] = 1, 0
    content = header.binaryblock + bytes(4) + array.tobytes(order="F")
    if path.name.endswith(".gz"):
        content = _compress(content, GZIP_LEVEL, mtime=0)
    path.write_bytes(content)


@contextmanager
def refusing_damage(role: str) -> Iterator[None]:
    """Turn what a damaged archive raises into a refusal."""
    # Only what a damaged archive raises: a failing disk is not the uploader's fault.
    try:
        yield
    except EOFError as error:
        raise _truncated(role) from error
    except _DAMAGE as error:
        reason = "The gzip data are damaged; compress the file again and upload it anew."
        raise InvalidVolume(reason, file=role, field="gzip") from error


@contextmanager
def open_nifti(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, inflated if its first bytes say that it is gzipped."""
    with path.open("rb") as plain:
        is_gzip = plain.read(2) == GZIP_MAGIC
        plain.seek(0)
        if not is_gzip:
            yield plain
            return
        with _open_gzip(plain, "rb") as inflated:
            yield inflated


def read_header(stream: BinaryIO, role: str) -> Header:
    """Read the header, or say what the file is if it is no NIfTI file."""
    start = stream.read(4)
    little, big = (int.from_bytes(start, order) for order in ("little", "big"))
    length = little if little in _HEADERS else big
    if len(start) < 4 or length not in _HEADERS:
        raise InvalidVolume(
            describe_foreign(start + stream.read(FOREIGN_BYTES)), file=role, field="header"
        )
    block = start + stream.read(length - 4)
    if len(block) < length:
        raise _truncated(role)
    endianness = "<" if length == little else ">"
    header = _HEADERS[length](block, endianness=endianness, check=False)
    magic = MAGIC[length]
    position = 344 if length == 348 else 4
    if block[position : position + len(magic)] != magic:
        reason = "This is not a single-file NIfTI (magic n+1 or n+2); .hdr/.img pairs are not read."
        raise InvalidVolume(reason, file=role, field="magic")
    return header


def _slope(header: Header) -> float:
    """By what the header scales; NIfTI-1: 0 is no scaling, as is what is no number."""
    slope = float(header["scl_slope"])
    return 1.0 if slope == 0 or np.isnan(slope) else slope


def _shape(header: Header, role: str) -> tuple[int, int, int]:
    dims = [int(n) for n in header["dim"]]
    ndim, sizes = dims[0], dims[1:]
    if not 3 <= ndim <= 7 or any(n != 1 for n in sizes[3:ndim]):
        shown = "x".join(str(n) for n in sizes[: max(1, min(ndim, 7))])
        reason = f"One 3-D volume is needed; this file is {ndim}-D ({shown})."
        raise InvalidVolume(reason, file=role, field="dim")
    shape = (sizes[0], sizes[1], sizes[2])
    if min(shape) < MIN_AXIS_LENGTH:
        reason = f"A volume has at least {MIN_AXIS_LENGTH} voxels along each axis; this is {shape}."
        raise InvalidVolume(reason, file=role, field="dim")
    return shape


def _dtype(header: Header, role: str) -> np.dtype[Any]:
    code = int(header["datatype"])
    if code not in DATATYPES:
        reason = (
            f"Voxels are of NIfTI datatype {code}; "
            "integers or 32- or 64-bit real numbers are needed, not complex or RGB."
        )
        raise InvalidVolume(reason, file=role, field="datatype")
    return np.dtype(DATATYPES[code]).newbyteorder(header.endianness)


def _check_size(
    shape: tuple[int, int, int], dtype: np.dtype[Any], limit_bytes: int, role: str
) -> None:
    size = prod(shape) * dtype.itemsize
    if size > limit_bytes or prod(shape) > MAX_VOXELS:
        reason = (
            f"The header declares {shape} voxels, {size} bytes; "
            f"at most {MAX_VOXELS} voxels and {limit_bytes} bytes are read."
        )
        raise InvalidVolume(reason, file=role, field="dim")


def read_gap(stream: BinaryIO, header: Header, role: str) -> bytes:
    """Read what lies between header and voxels, and leave `stream` at the first voxel."""
    offset, here = float(header["vox_offset"]), int(header["sizeof_hdr"])
    if not here <= offset <= MAX_HEADER_BYTES:
        reason = f"vox_offset is {offset:g}; voxels start after the header, near its end."
        raise InvalidVolume(reason, file=role, field="vox_offset")
    gap = bytearray()
    while len(gap) < int(offset) - here:
        read = stream.read(min(SKIP_BYTES, int(offset) - here - len(gap)))
        if not read:
            raise _truncated(role)
        gap += read
    return bytes(gap)


def _read_voxels(
    stream: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any], role: str
) -> Array:
    voxels = np.empty(prod(shape), dtype)
    buffer = memoryview(voxels.view(np.uint8).data)
    filled = 0
    while filled < len(buffer):
        # A chunk at a time: igzip would otherwise inflate into one intermediate buffer.
        read = stream.readinto(buffer[filled : filled + 2**22])  # type: ignore[attr-defined]
        if not read:
            raise _truncated(role)
        filled += read
    if stream.read(1):  # reading past the end also makes gzip check its checksum
        reason = "The file goes on after the voxels its header declares; one volume is needed."
        raise InvalidVolume(reason, file=role, field="dim")
    # C order once, while voxels are small: everything after walks through them in that order.
    return np.ascontiguousarray(voxels.reshape(shape, order="F"))


def _scaled(raw: Array, header: Header, role: str) -> Array:
    stored, inter = float(header["scl_slope"]), float(header["scl_inter"])
    slope = _slope(header)
    if stored != slope or (slope == 1 and inter == 0):
        return raw
    if not np.isfinite([slope, inter]).all():
        reason = f"scl_slope {slope:g} and scl_inter {inter:g} must be finite."
        raise InvalidVolume(reason, file=role, field="scl_slope")
    return raw * np.float64(slope) + np.float64(inter)


def _check_finite(voxels: Array, role: str) -> None:
    if voxels.dtype.kind != "f":
        return
    finite = np.isfinite(voxels)
    bad = voxels.size - int(np.count_nonzero(finite))
    if not bad:
        return
    x, y, z = (length - 1 for length in voxels.shape)
    if finite[::x, ::y, ::z].any():
        reason = f"{bad} of {voxels.size} voxels are NaN or infinite; every voxel needs a value."
    else:
        reason = (
            f"NaN stands for the background: {bad} of {voxels.size} voxels, all corners among "
            "them. Write one number there that no voxel of the brain has, e.g. with numpy: "
            "np.nan_to_num(image, nan=np.nanmin(image) - 1)."
        )
    raise InvalidVolume(reason, file=role, field="voxels")


def _truncated(role: str) -> InvalidVolume:
    reason = "The file ends before its last voxel; it was cut off on its way here."
    return InvalidVolume(reason, file=role, field="file")
