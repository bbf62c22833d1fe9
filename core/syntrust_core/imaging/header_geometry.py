"""The one geometry that a NIfTI header tells, or the sentence that says why it tells none.

Affines are float64 (4, 4) and map voxel indices to millimetres in NIfTI's world.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final, TypeAlias

import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import MAX_TILT_VOXELS, SHEARED, is_sheared

AFFINE_TOLERANCE_MM: Final = 1e-3
SPACING_RANGE_MM: Final = (0.05, 20.0)
UNIT_NAMES: Final = {1: "metre", 3: "micrometre"}
MAX_QUATERNION_EXCESS: Final = 1e-5
"""How far b²+c²+d² may lie over 1: rounding of 32-bit numbers gives up to some 1e-6. The standard's
own library then takes the nearest rotation, and so do we."""
_ROUNDED: Final = 3e-7  # nibabel takes an excess up to 3.6e-7 as it is

Float64: TypeAlias = NDArray[np.float64]
Header: TypeAlias = Any  # nibabel's header classes carry no types


def read_affine(header: Header, shape: tuple[int, int, int], role: str) -> Float64:
    """The one affine that sform, qform and pixdim agree on; the sform's, if there are both.

    Raises
    ------
    InvalidVolume
        With one reason: the first that explains the others.
    """
    _check_pixdim(np.asarray(header["pixdim"][1:4], np.float64), role)
    _check_unit(header, role)
    forms = _forms(header, role)
    if not forms:
        reason = (
            "The header has neither sform nor qform (both codes are 0): orientation is unknown."
        )
        raise InvalidVolume(reason, file=role, field="sform_code")
    affine = next(iter(forms.values()))
    if not np.isfinite(affine).all():
        raise InvalidVolume("The affine holds NaN or infinity.", file=role, field="affine")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    _check_spacing(spacing, "affine", role)
    _check_agreement(forms, header, shape, role)
    if not np.allclose(spacing, header["pixdim"][1:4], rtol=0, atol=AFFINE_TOLERANCE_MM):
        _refuse_shear(affine, role)
        reason = (
            f"pixdim gives voxels of {_shown(header['pixdim'][1:4])} mm and the affine of "
            f"{_shown(spacing)} mm; write the right size to both."
        )
        raise InvalidVolume(reason, file=role, field="pixdim")
    return affine


def _check_pixdim(spacing_mm: Float64, role: str) -> None:
    if (spacing_mm < 0).any():
        reason = (
            f"pixdim gives voxels of {_shown(spacing_mm)} mm. A size is not negative, and its sign "
            "says nothing about orientation: write the sizes without sign, and leave sform and "
            "qform as they are."
        )
        raise InvalidVolume(reason, file=role, field="pixdim")
    _check_spacing(spacing_mm, "pixdim", role)


def _check_unit(header: Header, role: str) -> None:
    unit = int(header["xyzt_units"]) & 7
    if unit in UNIT_NAMES:
        reason = (
            f"Lengths are given in {UNIT_NAMES[unit]}s (xyzt_units {unit}), voxels of "
            f"{_shown(header['pixdim'][1:4])}; millimetres are needed. If the numbers are "
            "millimetres already, set the unit to 2; else convert them."
        )
        raise InvalidVolume(reason, file=role, field="xyzt_units")


def _forms(header: Header, role: str) -> dict[str, Float64]:
    """The transforms whose code is set, sform first."""
    found = {}
    if int(header["sform_code"]) > 0:
        found["sform"] = np.asarray(header.get_sform(), np.float64)
    if int(header["qform_code"]) > 0:
        _settle_quaternion(header, role)
        try:
            found["qform"] = np.asarray(header.get_qform(), np.float64)
        except (HeaderDataError, ValueError) as error:
            raise _no_rotation("its numbers are not finite", role) from error
    return found


def _settle_quaternion(header: Header, role: str) -> None:
    """Read an unset qfac as 1, as the standard says, and take rounding off the quaternion."""
    qfac = float(header["pixdim"][0])
    if qfac == 0:
        header["pixdim"][0] = 1
    elif qfac not in {1.0, -1.0}:
        reason = f"pixdim[0], the qfac of the qform, is {qfac:g}; it is 1 or -1."
        raise InvalidVolume(reason, file=role, field="pixdim")
    names = ("quatern_b", "quatern_c", "quatern_d")
    quaternion = np.array([header[name] for name in names], np.float64)
    square = float(quaternion @ quaternion)
    if square > 1 + MAX_QUATERNION_EXCESS:
        raise _no_rotation(f"b²+c²+d² is {square:.6g}, and at most 1", role)
    if square > 1 + _ROUNDED:
        for name, value in zip(names, quaternion / np.sqrt(square), strict=True):
            header[name] = value


def _no_rotation(why: str, role: str) -> InvalidVolume:
    reason = (
        f"The quaternion of the qform is not a rotation: {why}. Write the right qform, e.g. with "
        "nibabel: image.set_qform(image.get_sform())."
    )
    return InvalidVolume(reason, file=role, field="qform")


def _check_agreement(
    forms: dict[str, Float64], header: Header, shape: tuple[int, int, int], role: str
) -> None:
    """Refuse forms that place a voxel differently by over a tenth of a voxel."""
    if len(forms) < 2:
        return
    sform, qform = forms["sform"], forms["qform"]
    if np.allclose(sform, qform, rtol=0, atol=AFFINE_TOLERANCE_MM):
        return
    corners = np.array([[*corner, 1] for corner in product(*((0, n - 1) for n in shape))])
    apart_mm = float(np.linalg.norm(corners @ (sform - qform).T, axis=1).max())
    if apart_mm <= MAX_TILT_VOXELS * np.linalg.norm(sform[:3, :3], axis=0).min():
        return
    _refuse_shear(sform, role)
    codes = f"sform (code {int(header['sform_code'])}) and qform (code {int(header['qform_code'])})"
    reason = (
        f"{codes} place the volume up to {apart_mm:.3g} mm apart, as a coregistration does that "
        "writes one of them (SPM). Which is right is yours to say: write it to both, e.g. with "
        "nibabel: image.set_qform(image.get_sform()) if the sform is, "
        "image.set_sform(image.get_qform()) if the qform is."
    )
    raise InvalidVolume(reason, file=role, field="sform")


def _refuse_shear(affine: Float64, role: str) -> None:
    if is_sheared(affine):
        raise InvalidVolume(SHEARED, file=role, field="affine")


def _check_spacing(spacing_mm: Float64, field: str, role: str) -> None:
    low, high = SPACING_RANGE_MM
    if not ((spacing_mm > low) & (spacing_mm <= high)).all():
        reason = (
            f"Voxel size ({_shown(spacing_mm)}) mm is out of range; {low:g} to {high:g} mm is "
            "needed."
        )
        raise InvalidVolume(reason, file=role, field=field)


def _shown(lengths: Any) -> str:  # noqa: ANN401 - numbers of any array
    return ", ".join(f"{float(value):g}" for value in lengths)
