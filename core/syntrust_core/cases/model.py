"""The canonical case: what every step after the inspection reads, and how it lies on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.digests import volume_digest
from syntrust_core.contracts.case_record import (
    CASE_FILE,
    CaseRecord,
)
from syntrust_core.contracts.vocabulary import (
    MODALITIES,
)
from syntrust_core.errors import ObjectDamaged
from syntrust_core.imaging.geometry import Geometry
from syntrust_core.imaging.nifti import read_volume, write_volume


@dataclass(frozen=True)
class Case:
    """Images (4, X, Y, Z) float32, labels (X, Y, Z) uint8, brain (X, Y, Z) bool, on one grid.

    A mask alone has no images: (0, X, Y, Z). The labels of images alone are background.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    geometry: Geometry


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
    """Read a case without its images."""
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
    """Read the four modalities (4, X, Y, Z) of a case or a twin on `geometry`."""
    images = np.empty((len(MODALITIES), *geometry.shape), np.float32)
    for index, role in enumerate(MODALITIES):
        images[index] = _read_on(geometry, folder / f"{role}.nii.gz")
    return images


def _read_on(geometry: Geometry, path: Path) -> NDArray[np.float32] | NDArray[np.uint8]:
    array, affine = read_volume(path)
    if array.shape != geometry.shape or not np.allclose(affine, geometry.affine, atol=1e-3, rtol=0):
        raise ObjectDamaged(f"{path.name} is not on the grid of its case.", file=path.name)
    return array


def case_digests(case: Case) -> dict[str, str]:
    """Digest every volume of a canonical case, by file name without suffix."""
    affine = case.geometry.affine
    names = MODALITIES if len(case.images) else ()
    volumes: dict[str, NDArray[Any]] = dict(zip(names, case.images, strict=True))
    volumes |= {"labels": case.labels, "brain": case.brain}
    return {name: volume_digest(array, affine, "LPS") for name, array in volumes.items()}
