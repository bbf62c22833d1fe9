"""Prepared cases on disk: one copy per content, read patch by patch.

Arrays are (X, Y, Z), images (4, X, Y, Z).
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import LABELS
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import bounding_box
from syntrust_segmenter.network.heads import CLASSES
from syntrust_segmenter.preprocessing.normalise import RECIPE, normalise
from syntrust_segmenter.preprocessing.prepared_folders import ENTRY_FILE, FOLDERS, remove_folder

CENTRES_PER_CLASS: Final = 4096
FORMAT: Final = f"prepared-case/1 {RECIPE}"
"""Part of every key, so that a case prepared by another version is not found."""
VOLUMES: Final = ("images", "labels", "brain")

Ints3 = tuple[int, int, int]


@dataclass(frozen=True)
class PreparedCase:
    """A case cut to the bounding box of its brain; the arrays may be memory-mapped.

    `images` (4, X, Y, Z) are float32 z-scores, `labels` and `brain` (X, Y, Z) uint8. `centres`
    holds, per class, flat indices of voxels that a patch may be centred on (background: healthy
    brain). `voxels` counts the voxels of each class in the box. `origin` is the box's first voxel.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    brain: NDArray[np.uint8]
    centres: tuple[NDArray[np.int64], ...]
    voxels: tuple[int, ...]
    origin: Ints3 = (0, 0, 0)

    @property
    def shape(self) -> Ints3:
        x, y, z = self.labels.shape
        return x, y, z

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The box as slices of the case's grid."""
        x, y, z = (slice(o, o + n) for o, n in zip(self.origin, self.shape, strict=True))
        return x, y, z


def prepare_case(
    images: NDArray[np.float32], labels: NDArray[np.uint8], brain: NDArray[np.bool_]
) -> PreparedCase:
    """Normalise a case and cut it to its brain.

    Parameters
    ----------
    images : float32, shape (4, X, Y, Z)
        In the order of `MODALITIES`; any intensity unit.
    labels : uint8, shape (X, Y, Z)
        Labels 0 to 3.
    brain : bool, shape (X, Y, Z)

    Raises
    ------
    InvalidVolume
        `labels` has an unknown value or another shape; see also `preprocessing.normalise`.
    """
    _check(labels, brain)
    whole = normalise(images, brain)
    box = bounding_box(brain)
    cut = np.ascontiguousarray(whole[(slice(None), *box)])
    inside = np.ascontiguousarray(brain[box]).astype(np.uint8)
    # Tumour outside the brain cannot be predicted: predictions are 0 there.
    tumour = labels[box] * inside
    x, y, z = (int(axis.start) for axis in box)
    voxels = tuple(int(n) for n in np.bincount(tumour.ravel(), minlength=CLASSES))
    return PreparedCase(cut, tumour, inside, _find_centres(tumour, inside), voxels, (x, y, z))


def _check(labels: NDArray[np.uint8], brain: NDArray[np.bool_]) -> None:
    if labels.shape != brain.shape:
        raise InvalidVolume(
            f"The label map has shape {labels.shape}, the brain mask {brain.shape}.",
            file="labels",
            field="shape",
        )
    unknown = sorted({int(value) for value in np.unique(labels)} - {0, *LABELS.values()})
    if unknown:
        known = ", ".join(f"{value} {name}" for name, value in LABELS.items())
        raise InvalidVolume(
            f"The label map holds {', '.join(map(str, unknown))}; there are 0 background, {known}.",
            file="labels",
            field="values",
        )


def _find_centres(
    labels: NDArray[np.uint8], brain: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], ...]:
    healthy = np.flatnonzero((brain != 0) & (labels == 0))
    tumour = (np.flatnonzero(labels == value) for value in range(1, CLASSES))
    return tuple(_thin(indices) for indices in (healthy, *tumour))


def _thin(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep at most `CENTRES_PER_CLASS` indices, evenly: a full-size case has a million."""
    return indices[:: -(-len(indices) // CENTRES_PER_CLASS) or 1]


class PreparedCache:
    """Prepared cases in folders under `root`, for any number of processes of one machine.

    One rename creates a folder and one removes it, so no process sees half of one. A process that
    has its arrays open can read on. Once all folders exceed `limit_bytes`, the least recently used
    are removed. A training may be larger than that: its cases stay readable until it ends.
    """

    def __init__(self, root: Path, *, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        root.mkdir(parents=True, exist_ok=True)

    def case(
        self, key: str, prepare: Callable[[], PreparedCase], *, made_of: Collection[str] = ()
    ) -> PreparedCase:
        """Return the case of a key (a digest of its content); prepare it if it is not cached.

        `made_of` are the ids of the steps that its images and labels come from, by which
        `forget_prepared` finds it.
        """
        folder = self.root / key
        kept = _open_case(folder)
        if kept is not None:
            return kept
        part = Path(tempfile.mkdtemp(dir=self.root, prefix="part-"))
        try:
            _write_case(prepare(), part, sorted(made_of))
            written = _open_case(part)
            _publish(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        self._trim()
        if written is None:
            msg = f"{part} could not be read back"
            raise OSError(msg)
        return written

    def _trim(self) -> None:
        entries = [(_last_used_s(folder), folder) for folder in self.root.glob(FOLDERS)]
        sizes = {folder: _size_bytes(folder) for _, folder in entries}
        excess = sum(sizes.values()) - self.limit_bytes
        for _, folder in sorted(entries):
            if excess <= 0:
                return
            excess -= sizes[folder]
            remove_folder(folder, self.root)


def _write_case(case: PreparedCase, folder: Path, made_of: Sequence[str]) -> None:
    for name in VOLUMES:
        array: NDArray[Any] = getattr(case, name)
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    np.save(folder / "centres.npy", np.concatenate(case.centres), allow_pickle=False)
    entry = {
        "centres": [len(indices) for indices in case.centres],
        "voxels": case.voxels,
        "origin": case.origin,
        "made_of": made_of,
    }
    (folder / ENTRY_FILE).write_text(json.dumps(entry), encoding="utf-8")


def _open_case(folder: Path) -> PreparedCase | None:
    """Open a cached case, its arrays memory-mapped; None if it is missing or incomplete."""
    try:
        entry: dict[str, Any] = json.loads((folder / ENTRY_FILE).read_bytes())
        images, labels, brain = (np.load(folder / f"{n}.npy", mmap_mode="r") for n in VOLUMES)
        indices: NDArray[np.int64] = np.load(folder / "centres.npy")
        os.utime(folder)
    except (OSError, ValueError):
        return None  # missing, just evicted, or cut short by a full disk
    ends = np.cumsum(entry["centres"])[:-1]
    centres = tuple(np.split(indices, ends))
    x, y, z = entry["origin"]
    return PreparedCase(images, labels, brain, centres, tuple(entry["voxels"]), (x, y, z))


def _publish(part: Path, folder: Path) -> None:
    """Give a folder its final name; a complete folder of another process stays."""
    try:
        part.rename(folder)
    except OSError:
        if _open_case(folder) is None:
            remove_folder(folder, folder.parent)
            part.rename(folder)


def _last_used_s(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size_bytes(folder: Path) -> int:
    total = 0
    for file in folder.glob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue
    return total
