"""An upload becomes a canonical case, or is refused with every reason.

LPS, one grid, four float32 modalities, labels 0 background, 1 NCR, 2 ED, 3 ET, and one brain mask,
outside of which every modality is exactly its background. Arrays are (X, Y, Z), images
(4, X, Y, Z) in the order of `MODALITIES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.brain_mask import Brain, corner_value, find_brain
from syntrust_core.cases.digests import fingerprint, image_fingerprint
from syntrust_core.cases.label_schemes import (
    check_brain_label,
    check_label_4,
    region_voxels,
    to_canonical,
)
from syntrust_core.cases.model import Case, case_digests
from syntrust_core.cases.upload_reader import Upload, problem_of, read_upload
from syntrust_core.cases.validation import (
    brain_warnings,
    check_contrast,
    check_tumour,
    image_warnings,
    tumour_warnings,
)
from syntrust_core.contracts.case_record import (
    CaseRecord,
    CaseRefused,
    Problem,
    Resampling,
)
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import (
    REGIONS,
    Modality,
    Region,
    Scheme,
    UploadKind,
    values_of,
)
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import Geometry, bounding_box, place_grid
from syntrust_core.imaging.nifti import DEFAULT_LIMIT_BYTES
from syntrust_core.imaging.resample import (
    MaskedResampler,
    axis_maps,
    outside_count,
    resample_nearest,
)


def inspect_case(
    files: Mapping[str, Path],
    *,
    scheme: Scheme = "auto",
    grid: GridSpec = "native",
    purpose: UploadKind = "case",
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> tuple[Case, CaseRecord]:
    """Check an uploaded case and bring it into canonical form.

    Images are interpolated linearly between voxels of the brain (after a Gaussian where the grid is
    coarser, see `resample.AxisMap.linear`), labels and brain by nearest neighbour. Outside the
    brain a modality is exactly the value of its eight corners (where they differ, possible only
    for t1 beside an uploaded brain, its minimum).

    Parameters
    ----------
    files : mapping of role to path
        t1, t1ce, t2, flair and seg; optionally brain. For a mask alone: seg, and brain unless the
        scheme labels the rest of the brain. For images alone: all but seg.
    scheme : Scheme
        What the label values of `seg` mean. For images alone, the values that a label map for them
        is written in; then never `auto`.
    grid : Grid or "native"
        The canonical grid; see `geometry.place_grid`.
    purpose : "case", "mask" or "images"
        What the files are to be: a whole case, a mask alone, to draw images for, or images alone,
        to predict a label map for.
    limit_bytes : int
        Largest inflated size of one volume.

    Raises
    ------
    CaseRefused
        With every problem that was found, each naming file and field and what would be right.
    """
    upload = read_upload(files, scheme=scheme, purpose=purpose, limit_bytes=limit_bytes)
    try:
        native = _native(upload, scheme, purpose)
        case = _on_grid(native, place_grid(grid, native.geometry, native.brain.mask))
        return case, _record(case, native, scheme, purpose)
    except InvalidVolume as refusal:
        raise CaseRefused([problem_of(refusal)]) from refusal


@dataclass(frozen=True)
class _Native:
    """A checked case in LPS on its own grid, before it is resampled to the requested grid."""

    upload: Upload
    brain: Brain
    labels: NDArray[np.uint8]
    background: dict[Modality, float]
    warnings: tuple[Problem, ...]

    @property
    def geometry(self) -> Geometry:
        return self.upload.geometry


def _native(upload: Upload, scheme: Scheme, purpose: UploadKind) -> _Native:
    brain = _brain(upload, scheme, purpose)
    labels = to_canonical(upload.labels, upload.choice.mapping)
    if purpose != "images":
        check_tumour(region_voxels(labels))
    check_contrast(upload.images, brain.mask)
    background, assumed = _backgrounds(upload)
    noted = image_warnings(upload.images, brain.mask, background)
    warnings = (*upload.warnings, *brain.warnings, *assumed, *noted)
    return _Native(upload, brain, labels, background, warnings)


def _on_grid(native: _Native, geometry: Geometry) -> Case:
    uploaded, mask = native.upload.images, native.brain.mask
    brain = resample_nearest(mask, native.geometry, geometry, outside=0)
    images = np.empty((len(uploaded), *geometry.shape), np.float32)
    within = MaskedResampler(mask, native.geometry, brain, geometry)
    for index, (role, image) in enumerate(uploaded.items()):
        within.resample(image, out=images[index], background=native.background[role])
    labels = resample_nearest(native.labels, native.geometry, geometry, outside=0)
    return Case(images, labels, brain, geometry)


def _brain(upload: Upload, scheme: Scheme, purpose: UploadKind) -> Brain:
    mapping, counts, _ = upload.choice
    if purpose == "images":
        mapping = {}  # it says what is to be written: nothing has been labelled yet
    if values_of(mapping, "brain"):
        check_brain_label(counts, mapping)
    brain = find_brain(
        labels=upload.labels, mapping=mapping, file=upload.brain, t1=upload.images.get("t1")
    )
    check_label_4(counts, int(np.count_nonzero(brain.mask)), scheme)
    return brain


def _backgrounds(upload: Upload) -> tuple[dict[Modality, float], list[Problem]]:
    values: dict[Modality, float] = {}
    warnings = []
    for role, image in upload.images.items():
        corner = corner_value(image)
        if corner is None:
            corner = float(image.min())
            reason = f"The eight corners differ; the minimum, {corner:g}, is taken as background."
            warnings.append(Problem(file=role, field="background", reason=reason))
        values[role] = corner
    return values, warnings


def _record(case: Case, native: _Native, scheme: Scheme, purpose: UploadKind) -> CaseRecord:
    upload, geometry = native.upload, case.geometry
    before, after = region_voxels(native.labels), region_voxels(case.labels)
    tumour = native.labels > 0
    box = bounding_box(tumour) if tumour.any() else (slice(0),) * 3
    return CaseRecord(
        purpose=purpose,
        requested_scheme=scheme,
        scheme=dict(upload.choice.mapping),
        uploaded=upload.frame,
        canonical=geometry.to_frame(),
        resampling=_resampling(native.geometry, geometry),
        brain_source=native.brain.source,
        background=native.background,
        uploaded_digests=upload.digests,
        digests=case_digests(case),
        fingerprint=fingerprint(native.labels[box]),
        image_fingerprints={
            role: image_fingerprint(image, native.background[role])
            for role, image in upload.images.items()
        },
        brain_ml=float(np.count_nonzero(case.brain)) * geometry.voxel_ml,
        region_voxels=after,
        region_volumes_ml=_volumes_ml(after, geometry),
        uploaded_region_voxels=before,
        uploaded_region_volumes_ml=_volumes_ml(before, native.geometry),
        tumour_voxels_outside_grid=outside_count(tumour, native.geometry, geometry),
        warnings=(*native.warnings, *_grid_warnings(case, native, purpose)),
    )


def _grid_warnings(case: Case, native: _Native, purpose: UploadKind) -> list[Problem]:
    mask = native.brain.mask
    voxels = int(np.count_nonzero(mask))
    noted = brain_warnings(
        voxels * native.geometry.voxel_ml,
        lost=outside_count(mask, native.geometry, case.geometry),
        total=voxels,
    )
    if purpose != "images":
        noted += tumour_warnings(
            region_voxels(native.labels),
            region_voxels(case.labels),
            lost=outside_count(native.labels > 0, native.geometry, case.geometry),
        )
    return noted


def _resampling(native: Geometry, geometry: Geometry) -> Resampling:
    if geometry == native:
        return "none"
    whole = all(axis.is_shift for axis in axis_maps(native, geometry))
    return "crop" if whole else "linear"


def _volumes_ml(voxels: Mapping[Region, int], geometry: Geometry) -> dict[Region, float]:
    return {region: voxels[region] * geometry.voxel_ml for region in REGIONS}
