"""Make phantom cases, one by one and as a cohort of folders."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import LABELS, MODALITIES
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_core.imaging.nifti import write_volume
from syntrust_standalone.phantoms.options import PhantomOptions
from syntrust_standalone.phantoms.plan import Kind
from syntrust_standalone.phantoms.scan import CONTRASTS, Textures, acquire, signal
from syntrust_standalone.phantoms.subject import draw_subject, embed

RECIPE = 1  # raised whenever equal seeds and options give other voxels
DRAFTS = ".drafts"
OnCase = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PhantomCase:
    """One phantom on its grid, LPS. `labels` in scheme brats2023: 1 NCR, 2 ED, 3 ET."""

    case_id: str
    images: NDArray[np.int16]  # (4, X, Y, Z) in the order t1, t1ce, t2, flair
    labels: NDArray[np.uint8]  # (X, Y, Z)
    brain: NDArray[np.bool_]  # (X, Y, Z)
    affine: NDArray[np.float64]  # (4, 4) voxel -> RAS mm, as NIfTI has it
    kind: Kind

    @property
    def voxels(self) -> dict[str, int]:
        """Voxels per label."""
        return {name: int((self.labels == value).sum()) for name, value in LABELS.items()}


def case_id(cohort_seed: int, index: int) -> str:
    """Name a case `phantom-<cohort seed>-<index>`, the index in four digits."""
    return f"phantom-{cohort_seed}-{index:04d}"


def make_case(cohort_seed: int, index: int, options: PhantomOptions) -> PhantomCase:
    """Make case `index` of a cohort: a function of these three values alone, bit for bit.

    Raises
    ------
    InvalidRequest
        The seed or the index is negative.
    """
    body, streams = draw_subject(cohort_seed, index, options)
    images = np.zeros((len(MODALITIES), *options.shape), dtype=np.int16)
    textures = Textures.draw(streams[2], body.grid)
    for row, name in enumerate(MODALITIES):
        rng = streams[3 + row]
        jitter = np.exp(rng.normal(0, options.contrast_jitter, 3))
        image = signal(
            CONTRASTS[name],
            body.tissue,
            lesion=body.lesion,
            box=body.box,
            textures=textures,
            jitter=jitter,
        )
        images[row][body.head_box] = acquire(rng, image, body.grid, body.brain, noise=options.noise)
    return PhantomCase(
        case_id=case_id(cohort_seed, index),
        images=images,
        labels=body.whole_labels(options),
        brain=embed(body.brain, body.head_box, options.shape),
        affine=lps_affine(options),
        kind=body.kind,
    )


def make_labels(
    cohort_seed: int, index: int, options: PhantomOptions
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Make labels and brain of the same case without its images, in a fraction of the time."""
    body, _ = draw_subject(cohort_seed, index, options)
    return body.whole_labels(options), embed(body.brain, body.head_box, options.shape)


def lps_affine(options: PhantomOptions) -> NDArray[np.float64]:
    """Return diag(-1, -1, 1) times the spacing, with BraTS's origin (0, (Y - 1) dy, 0)."""
    dx, dy, dz = options.grid_spacing_mm
    affine = np.diag([-dx, -dy, dz, 1.0])
    affine[1, 3] = (options.shape[1] - 1) * dy
    return affine


def write_case(case: PhantomCase, folder: Path) -> Path:
    """Write `<folder>/<case id>/<role>.nii.gz`, all or nothing; an existing case stays."""
    target = folder / case.case_id
    if target.exists():
        return target
    drafts = folder / DRAFTS
    drafts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=drafts) as scratch:
        draft = Path(scratch) / case.case_id
        draft.mkdir()
        for name, image in zip(MODALITIES, case.images, strict=True):
            write_volume(draft / f"{name}.nii.gz", image, case.affine)
        write_volume(draft / "seg.nii.gz", case.labels, case.affine)
        write_volume(draft / "brain.nii.gz", case.brain.astype(np.uint8), case.affine)
        _move(draft, target)
    return target


def _move(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        # Another process was first, and its files are equal.
        if not target.is_dir():
            raise


def make_cohort(
    folder: Path,
    *,
    seed: int,
    count: int,
    options: PhantomOptions,
    start: int = 0,
    on_case: OnCase | None = None,
) -> list[Path]:
    """Make those cases start … start + count - 1 that `folder` does not hold yet.

    `on_case(case id, done, count)` is called for each. Return the folders of all of them, in order.
    A case is complete or absent, so a stopped run can be resumed.

    Raises
    ------
    InvalidRequest
        `count` is below 1, or seed or start is negative.
    Conflict
        `folder` holds cases of this seed that were made with other options or another recipe.
    """
    if count < 1:
        raise InvalidRequest("count: a cohort needs at least one case.", pointer="/count")
    _claim(folder, seed, options)
    folders: list[Path] = []
    for done, index in enumerate(range(start, start + count), start=1):
        target = folder / case_id(seed, index)
        if not target.exists():
            target = write_case(make_case(seed, index, options), folder)
        folders.append(target)
        if on_case is not None:
            on_case(target.name, done, count)
    return folders


def _claim(folder: Path, seed: int, options: PhantomOptions) -> None:
    """Write down the options of a cohort, and refuse to mix two cohorts of one seed."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f".phantoms-{seed}.json"
    content = json.dumps({"recipe": RECIPE, "seed": seed, **asdict(options)}, sort_keys=True)
    if not note.exists():
        draft = folder / f".phantoms-{seed}-{uuid4().hex}"
        draft.write_text(content, encoding="utf-8")
        draft.replace(note)
    if note.read_text(encoding="utf-8") != content:
        raise Conflict(
            f"{folder} holds a cohort of seed {seed} made with other options (see {note.name}); "
            "choose another folder or another seed."
        )
