"""The images of canonical cases, as folders, that a training or a prediction takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.model import Case, read_case, read_images, read_mask
from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.case_record import CASE_FILE, CaseRecord
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.model_card import TrainingImage
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import InvalidRequest
from syntrust_core.files import file_sha256
from syntrust_segmenter.preprocessing.case_cache import (
    FORMAT,
    PreparedCache,
    PreparedCase,
    prepare_case,
)
from syntrust_segmenter.preprocessing.patch import extract_patch

ImageKind = Literal["real", "twin"]


@dataclass(frozen=True)
class ImageEntry:
    """The images of a canonical case: its real ones, or its twin if `twin_folder` is given.

    Labels and brain are the case's in both views. If `labels_folder` names another case, the label
    map of that case is used instead. `name` tells entries apart in messages and files; the same
    case may enter once as real and once as twin.
    """

    name: str
    folder: Path
    twin_folder: Path | None = None
    labels_folder: Path | None = None

    @property
    def view(self) -> ImageKind:
        return "real" if self.twin_folder is None else "twin"

    @property
    def label(self) -> str:
        other_labels = self.labels_folder is not None
        return TrainingImage(case=self.name, view=self.view, other_labels=other_labels).label()

    def record(self) -> CaseRecord:
        return _read_record(self.folder)

    def content_digest(self) -> str:
        """Compute the digest of what the network sees: images, labels and brain.

        Raises
        ------
        InvalidRequest
            A modality of the twin is missing.
        """
        known = self.record().digests
        images = {name: known[name] for name in MODALITIES}
        if self.twin_folder is not None:
            require_twin(self)
            images = {name: file_sha256(self.twin_folder / f"{name}.nii.gz") for name in MODALITIES}
        labelled = known if self.labels_folder is None else _read_record(self.labels_folder).digests
        parts = {"labels": labelled["labels"], "brain": known["brain"]}
        return digest({"images": images, **parts})


def load_prepared(entry: ImageEntry, cache: PreparedCache) -> PreparedCase:
    """Load the entry as the network sees it; prepare it unless the cache has its content."""

    def prepare() -> PreparedCase:
        case, images = _read(entry)
        return prepare_case(images, case.labels, case.brain)

    # A worker's copy of an artifact lies in a folder that is named after its step.
    folders = (entry.folder, entry.twin_folder, entry.labels_folder)
    made_of = [folder.name for folder in folders if folder is not None]
    return cache.case(digest([FORMAT, entry.content_digest()]), prepare, made_of=made_of)


def find_shared_grid(entries: Iterable[ImageEntry]) -> Grid | None:
    """Return the grid that all entries share, wherever in the scanner; None if they differ."""
    frames = [entry.record().canonical for entry in entries]
    if len({(frame.shape, frame.spacing_mm) for frame in frames}) != 1:
        return None
    return Grid(shape=frames[0].shape, spacing_mm=frames[0].spacing_mm)


def require_twin(entry: ImageEntry) -> None:
    """Refuse an entry whose twin lacks a modality."""
    if entry.twin_folder is None:
        return
    missing = [m for m in MODALITIES if not (entry.twin_folder / f"{m}.nii.gz").is_file()]
    if missing:
        raise InvalidRequest(
            f"The twin of case {entry.name} lacks {', '.join(missing)}; synthesise it first.",
            pointer=f"/cases/{entry.name}/twin",
        )


def require_distinct(labels: Sequence[str], *, what: str) -> None:
    """Refuse an entry that is named twice."""
    repeated = sorted(label for label, times in Counter(labels).items() if times > 1)
    if repeated:
        raise InvalidRequest(
            f"Each of the {what} may enter once; repeated: {', '.join(repeated)}.",
            pointer="/images",
        )


def _read_record(folder: Path) -> CaseRecord:
    return CaseRecord.model_validate_json((folder / CASE_FILE).read_bytes())


def _read(entry: ImageEntry) -> tuple[Case, NDArray[np.float32]]:
    """Read the case, and the images of the entry's view."""
    case, _ = read_case(entry.folder)
    images = case.images
    if entry.twin_folder is not None:
        images = read_images(entry.twin_folder, case.geometry)
    if entry.labels_folder is not None:
        case = replace(case, labels=_place_labels(entry.labels_folder, case.labels.shape))
    return case, images


def _place_labels(folder: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read the label map of another case and centre it on a grid of `shape`."""
    other, _ = read_mask(folder)
    x, y, z = ((n - side) // 2 for n, side in zip(other.labels.shape, shape, strict=True))
    i, j, k = shape
    return extract_patch(other.labels, (x, y, z), (i, j, k))
