"""Read the uploaded files of one case as LPS arrays on their own grid; report every problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.digests import volume_digest
from syntrust_core.cases.label_schemes import (
    Choice,
    choose_mapping,
    integer_values,
    stated_mapping,
    value_counts,
)
from syntrust_core.contracts.case_record import CaseRefused, Problem, UploadedFrame
from syntrust_core.contracts.vocabulary import MODALITIES, ROLES, Modality, Role, Scheme, UploadKind
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import (
    Geometry,
    Orientation,
    lps_geometry,
    orientation_of,
    uploaded_frame,
)
from syntrust_core.imaging.header_geometry import AFFINE_TOLERANCE_MM
from syntrust_core.imaging.nifti import Volume, read_nifti

REQUIRED: Mapping[UploadKind, tuple[Role, ...]] = {
    "case": (*MODALITIES, "seg"),
    "mask": ("seg",),
    "images": MODALITIES,
}
TAKEN: Mapping[UploadKind, tuple[Role, ...]] = {
    "case": ROLES,
    "mask": ("seg", "brain"),
    "images": (*MODALITIES, "brain"),
}
WHY_SEG: Mapping[UploadKind, str] = {
    "case": "The tumour mask is missing; a dataset case needs seg.nii.gz.",
    "mask": "The tumour mask is missing; images are drawn for a mask, seg.nii.gz.",
}


@dataclass(frozen=True)
class Upload:
    """The files of a case that passed every check a file can fail on its own, turned to LPS.

    A mask alone has no `images`; the `labels` of images alone are background, and no digest names
    them.
    """

    images: dict[Modality, NDArray[np.float32]]
    labels: NDArray[np.int16]
    brain: NDArray[np.int16] | None
    choice: Choice
    geometry: Geometry
    frame: UploadedFrame
    digests: dict[Role, str]
    warnings: tuple[Problem, ...]


def read_upload(
    files: Mapping[str, Path], *, scheme: Scheme, purpose: UploadKind, limit_bytes: int
) -> Upload:
    """Read and check every file of a case, of a mask alone or of images alone.

    Raises
    ------
    CaseRefused
        With every problem found: missing and unknown roles, unreadable volumes, frames that are
        oblique or differ by more than 1e-3 mm, label values the scheme does not know.
    """
    problems = _role_problems(files, purpose)
    volumes = _read_volumes(files, TAKEN[purpose], limit_bytes, problems)
    problems += frame_problems(volumes)
    labels, choice = _read_labels(volumes, scheme, purpose, problems)
    orientation = _read_orientation(volumes, problems)
    brain = _read_brain(volumes, problems)
    if problems or labels is None or choice is None or orientation is None:
        raise CaseRefused(problems)
    return _turned(volumes, labels, brain, choice, orientation)


def problem_of(refusal: InvalidVolume) -> Problem:
    return Problem(file=refusal.file, field=refusal.field, reason=refusal.detail)


def _role_problems(files: Mapping[str, Path], purpose: UploadKind) -> list[Problem]:
    missing = [
        Problem(file=role, field="file", reason=_why_required(role, purpose))
        for role in REQUIRED[purpose]
        if role not in files
    ]
    known = TAKEN[purpose]
    unknown = [
        Problem(file=role, field="file", reason=f"Unknown role; known are {', '.join(known)}.")
        for role in files
        if role not in known
    ]
    return missing + unknown


def _why_required(role: Role, purpose: UploadKind) -> str:
    if role == "seg":
        return WHY_SEG[purpose]
    return f"{role} is missing; all of {_LISTED} are needed."


_LISTED = ", ".join(MODALITIES)
RoleName = TypeVar("RoleName", bound=str)


def _read_volumes(
    files: Mapping[str, Path],
    roles: tuple[Role, ...],
    limit_bytes: int,
    problems: list[Problem],
) -> dict[Role, Volume]:
    volumes: dict[Role, Volume] = {}
    for role in roles:
        if role in files:
            try:
                volumes[role] = read_nifti(files[role], role=role, limit_bytes=limit_bytes)
            except InvalidVolume as refusal:
                problems.append(problem_of(refusal))
    return volumes


def frame_problems(volumes: Mapping[RoleName, Volume]) -> list[Problem]:
    """Find what differs from the frame of the first volume of a case."""
    if not volumes:
        return []
    first, reference = next(iter(volumes.items()))
    problems = []
    for role, volume in volumes.items():
        if volume.voxels.shape != reference.voxels.shape:
            reason = (
                f"Shape {volume.voxels.shape} differs from {reference.voxels.shape} of {first}; "
                "bring all files of the case to one grid (masks by nearest neighbour)."
            )
            problems.append(Problem(file=role, field="shape", reason=reason))
            continue
        apart_mm = float(np.abs(volume.affine - reference.affine).max())
        if apart_mm > AFFINE_TOLERANCE_MM:
            reason = (
                f"The affine differs from that of {first} by up to {apart_mm:.3g} mm; all files of "
                f"a case share one within {AFFINE_TOLERANCE_MM:g} mm."
            )
            problems.append(Problem(file=role, field="affine", reason=reason))
    return problems


def text_warnings(volumes: Mapping[RoleName, Volume]) -> list[Problem]:
    """Tell which headers held free text, by field and without the text: it may name a patient."""
    return [
        Problem(
            file=role,
            field="header",
            reason=f"The header held free text ({', '.join(volume.text)}), which is not kept.",
        )
        for role, volume in volumes.items()
        if volume.text
    ]


def _read_labels(
    volumes: Mapping[Role, Volume], scheme: Scheme, purpose: UploadKind, problems: list[Problem]
) -> tuple[NDArray[np.int16] | None, Choice | None]:
    read = next(iter(volumes.values()), None) if purpose == "images" else volumes.get("seg")
    if read is None:
        return None, None
    try:
        if purpose == "images":
            return np.zeros(read.voxels.shape, np.int16), Choice(stated_mapping(scheme), {}, ())
        labels = integer_values(read, role="seg")
        return labels, choose_mapping(scheme, value_counts(labels))
    except InvalidVolume as refusal:
        problems.append(problem_of(refusal))
        return None, None


def _read_brain(
    volumes: Mapping[Role, Volume], problems: list[Problem]
) -> NDArray[np.int16] | None:
    if "brain" not in volumes:
        return None
    try:
        return integer_values(volumes["brain"], role="brain")
    except InvalidVolume as refusal:
        problems.append(problem_of(refusal))
        return None


def _read_orientation(
    volumes: Mapping[Role, Volume], problems: list[Problem]
) -> Orientation | None:
    for role, volume in volumes.items():
        try:
            return orientation_of(volume.affine, _shape(volume), role=role)
        except InvalidVolume as refusal:
            problems.append(problem_of(refusal))
            break
    return None


def _turned(
    volumes: Mapping[Role, Volume],
    labels: NDArray[np.int16],
    brain: NDArray[np.int16] | None,
    choice: Choice,
    orientation: Orientation,
) -> Upload:
    first = next(iter(volumes.values()))
    images: dict[Modality, NDArray[np.float32]] = {
        role: _float32(volumes[role], role) for role in MODALITIES if role in volumes
    }
    frame = uploaded_frame(
        first.affine,
        _shape(first),
        orientation,
        sform_code=first.sform_code,
        qform_code=first.qform_code,
    )
    return Upload(
        images={role: orientation.to_lps(image) for role, image in images.items()},
        labels=orientation.to_lps(labels),
        brain=None if brain is None else orientation.to_lps(brain),
        choice=choice,
        geometry=lps_geometry(first.affine, _shape(first), orientation),
        frame=frame,
        digests=_digests(volumes, images, labels, brain, orientation.axis_codes),
        warnings=(
            *choice.warnings,
            *text_warnings(volumes),
            *_saturation(volumes, images),
            *_repeated(images),
        ),
    )


def _digests(
    volumes: Mapping[Role, Volume],
    images: Mapping[Modality, NDArray[np.float32]],
    labels: NDArray[np.int16],
    brain: NDArray[np.int16] | None,
    axis_codes: str,
) -> dict[Role, str]:
    """Digest of every volume as it came, before it is turned to LPS."""
    digests: dict[Role, str] = {
        role: volume_digest(image, volumes[role].affine, axis_codes)
        for role, image in images.items()
    }
    if "seg" in volumes:
        digests["seg"] = volume_digest(labels, volumes["seg"].affine, axis_codes)
    if brain is not None:
        digests["brain"] = volume_digest(brain, volumes["brain"].affine, axis_codes)
    return digests


def _float32(volume: Volume, role: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        image = volume.voxels.astype(np.float32)
    if not np.isfinite(image).all():
        reason = "Values beyond 3.4e38 do not fit into 32-bit real numbers; rescale the image."
        raise CaseRefused([Problem(file=role, field="voxels", reason=reason)])
    image += np.float32(0)  # the sign of zero means nothing
    return image


def _saturation(
    volumes: Mapping[Role, Volume], images: Mapping[Modality, NDArray[np.float32]]
) -> list[Problem]:
    warnings = []
    for role in images:
        voxels = volumes[role].voxels
        if voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 2:
            top = int(np.iinfo(voxels.dtype).max)
            count = int(np.count_nonzero(voxels == top))
            if count:
                reason = (
                    f"Values reach {top}, the largest the file's type holds ({count} voxels): "
                    "they may be cut off there."
                )
                warnings.append(Problem(file=role, field="saturation", reason=reason))
    return warnings


def _repeated(images: Mapping[Modality, NDArray[np.float32]]) -> list[Problem]:
    return [
        Problem(file=role, field="voxels", reason=f"The same voxels as {other}; uploaded twice?")
        for index, role in enumerate(images)
        for other in tuple(images)[:index]
        if np.array_equal(images[role], images[other])
    ]


def _shape(volume: Volume) -> tuple[int, int, int]:
    x, y, z = volume.voxels.shape
    return x, y, z
