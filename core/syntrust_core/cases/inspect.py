"""The canonical case: what every step after inspection reads.

LPS, one grid, four float32 modalities, labels 0 background, 1 NCR, 2 ED, 3 ET, and one brain mask,
outside of which every modality is exactly its background. Arrays are (X, Y, Z), images
(4, X, Y, Z) in the order of `MODALITIES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.brain_mask import Brain, corner_value, find_brain
from syntrust_core.cases.digests import fingerprint, volume_digest
from syntrust_core.cases.label_schemes import (
    check_brain_label,
    check_label_4,
    from_canonical,
    region_voxels,
    to_canonical,
)
from syntrust_core.cases.upload_reader import Upload, problem_of, read_upload
from syntrust_core.cases.validation import (
    brain_warnings,
    check_contrast,
    check_tumour,
    image_warnings,
    tumour_warnings,
)
from syntrust_core.contracts.case_record import (
    CASE_FILE,
    CaseRecord,
    CaseRefused,
    Problem,
    Resampling,
    UploadedFrame,
)
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import (
    MODALITIES,
    REGIONS,
    Modality,
    Region,
    Scheme,
    UploadKind,
    values_of,
)
from syntrust_core.errors import InvalidVolume, ObjectDamaged
from syntrust_core.imaging.geometry import Geometry, bounding_box, place_grid, uploaded_grid
from syntrust_core.imaging.nifti import DEFAULT_LIMIT_BYTES, read_volume, write_volume
from syntrust_core.imaging.resample import (
    MaskedResampler,
    axis_maps,
    outside_count,
    resample_nearest,
)


@dataclass(frozen=True)
class Case:
    """Images (4, X, Y, Z) float32, labels (X, Y, Z) uint8, brain (X, Y, Z) bool, on one grid.

    A mask alone has no images: (0, X, Y, Z). The labels of images alone are background.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    geometry: Geometry


class OnUploadedGrid(NamedTuple):
    """A label map as the uploader would have written it; write it with the codes of `frame`."""

    values: NDArray[np.uint8]
    affine: NDArray[np.float64]
    frame: UploadedFrame


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
        t1, t1ce, t2, flair and seg; optionally brain. Of a mask alone: seg, and brain unless the
        scheme labels the rest of the brain. Of images alone: all but seg.
    scheme : Scheme
        What the label values of `seg` mean; of images alone, which values a label map for them is
        to be written in, and then never `auto`.
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


def to_uploaded_grid(
    labels: NDArray[np.uint8], record: CaseRecord, *, brain: NDArray[np.bool_] | None = None
) -> OnUploadedGrid:
    """A canonical label map on the grid, frame and label values of the upload.

    Exact where the canonical grid is native, or cut out of it, and covers every label; else
    nearest neighbour. Voxels that the canonical grid does not cover are background. With `brain`
    (canonical), a scheme that labels the rest of the brain gets that label too.
    """
    canonical = Geometry.from_frame(record.canonical)
    native, orientation = uploaded_grid(record.uploaded)
    values = from_canonical(labels, record.scheme, brain=brain)
    moved = resample_nearest(values, canonical, native, outside=0)
    affine = np.asarray(record.uploaded.affine, np.float64)
    return OnUploadedGrid(orientation.from_lps(moved), affine, record.uploaded)


def write_case(case: Case, record: CaseRecord, folder: Path) -> dict[str, Path]:
    """Write a canonical case; equal cases give equal bytes. Paths by name, the record is "case"."""
    folder.mkdir(parents=True, exist_ok=True)
    # A mask alone has no images.
    paths = write_images(case.images, case.geometry, folder) if len(case.images) else {}
    for name, mask in (("labels", case.labels), ("brain", case.brain.astype(np.uint8))):
        paths[name] = folder / f"{name}.nii.gz"
        write_volume(paths[name], mask, case.geometry.affine)
    paths["case"] = folder / CASE_FILE
    paths["case"].write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return paths


def read_case(folder: Path) -> tuple[Case, CaseRecord]:
    """Read what `write_case` wrote; the case of a mask alone has no images.

    Raises
    ------
    ObjectDamaged
        If a volume is not on the grid that the record names.
    """
    case, record = read_mask(folder)
    if record.purpose == "mask":
        return case, record
    return replace(case, images=read_images(folder, case.geometry)), record


def read_mask(folder: Path) -> tuple[Case, CaseRecord]:
    """The same without images, whether the case has some or not."""
    record = CaseRecord.model_validate_json((folder / CASE_FILE).read_bytes())
    geometry = Geometry.from_frame(record.canonical)
    labels = _read_on(geometry, folder / "labels.nii.gz").astype(np.uint8)
    brain = _read_on(geometry, folder / "brain.nii.gz") != 0
    return Case(np.empty((0, *geometry.shape), np.float32), labels, brain, geometry), record


def write_images(images: NDArray[np.float32], geometry: Geometry, folder: Path) -> dict[str, Path]:
    """Write four modalities (4, X, Y, Z) of a case or a twin, one file each; paths by modality."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for role, image in zip(MODALITIES, images, strict=True):
        paths[role] = folder / f"{role}.nii.gz"
        write_volume(paths[role], image.astype(np.float32, copy=False), geometry.affine)
    return paths


def read_images(folder: Path, geometry: Geometry) -> NDArray[np.float32]:
    """The four modalities (4, X, Y, Z) of a case or a twin, which lie on `geometry`."""
    images = np.empty((len(MODALITIES), *geometry.shape), np.float32)
    for index, role in enumerate(MODALITIES):
        images[index] = _read_on(geometry, folder / f"{role}.nii.gz")
    return images


def _read_on(geometry: Geometry, path: Path) -> NDArray[np.float32] | NDArray[np.uint8]:
    array, affine = read_volume(path)
    if array.shape != geometry.shape or not np.allclose(affine, geometry.affine, atol=1e-3, rtol=0):
        raise ObjectDamaged(f"{path.name} is not on the grid of its case.", file=path.name)
    return array


@dataclass(frozen=True)
class _Native:
    """A checked case in LPS on its own grid, before it is brought onto the asked-for one."""

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
    if scheme == "auto":
        check_label_4(counts, int(np.count_nonzero(brain.mask)))
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


def case_digests(case: Case) -> dict[str, str]:
    """Digest of every volume of a canonical case, by file name without suffix."""
    affine = case.geometry.affine
    names = MODALITIES if len(case.images) else ()
    volumes: dict[str, NDArray[Any]] = dict(zip(names, case.images, strict=True))
    volumes |= {"labels": case.labels, "brain": case.brain}
    return {name: volume_digest(array, affine, "LPS") for name, array in volumes.items()}


def _resampling(native: Geometry, geometry: Geometry) -> Resampling:
    if geometry == native:
        return "none"
    whole = all(axis.is_shift for axis in axis_maps(native, geometry))
    return "crop" if whole else "linear"


def _volumes_ml(voxels: Mapping[Region, int], geometry: Geometry) -> dict[Region, float]:
    return {region: voxels[region] * geometry.voxel_ml for region in REGIONS}
