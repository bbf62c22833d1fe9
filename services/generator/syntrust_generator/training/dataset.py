"""Training cases, read from canonical case folders when they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.model import read_case
from syntrust_core.contracts.case_record import CASE_FILE, CaseRecord
from syntrust_core.errors import CallerError
from syntrust_generator.atlas.atlas import MeanBrain
from syntrust_generator.atlas.deformation import fit_deformation, warp_coordinates
from syntrust_generator.conditioning.intensity import CONVENTIONS, expand
from syntrust_generator.conditioning.planes import build_condition, find_view_box, to_network
from syntrust_generator.model_card import Domain, Phase, Recipe, SeenCase
from syntrust_generator.noise import philox

CACHED_CASES = 256  # in memory; a 192x192x144 case takes 170 MB, a 64x64x64 one 5 MB


@dataclass(frozen=True)
class TrainingCase:
    """What the network sees of one case, (C, Z, Y, X) each.

    `images` are float32 in [-1, 1]. `condition` is float32: masks in {0, 1}, and atlas coordinates
    if the network has an atlas. `deformation` is what was fitted to the case, see
    `atlas.deformation`.
    """

    images: NDArray[np.float32]
    condition: NDArray[np.float32]
    deformation: NDArray[np.float32] | None = None


class TrainingCases(Protocol):
    """A sequence that may read each case when asked for it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> TrainingCase: ...


class CaseFolders:
    """Canonical case folders as training cases, the latest `kept` of them in memory.

    With a mean `brain` the condition has atlas coordinates; if the brain has images, they are
    warped by the deformation that is fitted to the case.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        domain: Domain,
        divisor: int,
        *,
        brain: MeanBrain | None = None,
        kept: int = CACHED_CASES,
    ) -> None:
        self._folders = tuple(folders)
        self._domain = domain
        self._divisor = divisor
        self._brain = brain
        self._read = lru_cache(maxsize=kept)(self._read_case)

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, index: int, /) -> TrainingCase:
        return self._read(index)

    def _read_case(self, index: int) -> TrainingCase:
        case, _ = read_case(self._folders[index])
        box = find_view_box(case.brain, self._domain.view, self._divisor)
        images = CONVENTIONS[self._domain.intensity](case.images, case.brain)
        if self._domain.expanded:
            images = expand(images, case.brain)
        images = to_network(images[(slice(None), *box)])
        if self._brain is None:
            return TrainingCase(images, build_condition(case.labels[box], case.brain[box]))
        shape_template, mean = self._brain.shape_template, self._brain.images
        planes = build_condition(case.labels[box], case.brain[box], shape_template=shape_template)
        deformation = None if mean is None else fit_deformation(planes, images, mean)
        return TrainingCase(images, warp_coordinates(planes, deformation), deformation)


def describe_seen_case(case_id: str, folder: Path) -> SeenCase:
    """How a canonical case is listed among the seen cases of a model card."""
    record = _record(folder)
    return SeenCase(
        id=case_id, label_map_digest=record.label_map_digest, fingerprint=record.fingerprint
    )


def read_common_grid(
    folders: Mapping[str, Path],
) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    """Read shape and spacing in mm, which every case must share.

    Raises
    ------
    CallerError
        If a case lies on another grid than the first; both are named.
    """
    frames = {case: _record(folder).canonical for case, folder in folders.items()}
    first, reference = next(iter(frames.items()))
    for case, frame in frames.items():
        if (frame.shape, frame.spacing_mm) != (reference.shape, reference.spacing_mm):
            raise CallerError(
                f"case {case}: {frame.shape} voxels of {frame.spacing_mm} mm, but case {first} has "
                f"{reference.shape} of {reference.spacing_mm} mm; a generator needs one grid."
            )
    return reference.shape, reference.spacing_mm


def _record(folder: Path) -> CaseRecord:
    return CaseRecord.model_validate_json((folder / CASE_FILE).read_bytes())


@dataclass(frozen=True)
class Batch:
    """Inputs of one iteration: (N, 4, Z, Y, X) images, condition, noise; t (N,) int64."""

    images: NDArray[np.float32]
    condition: NDArray[np.float32]
    noise: NDArray[np.float32]
    t: NDArray[np.int64]

    def take(self, places: range) -> Batch:
        """Take some places of this batch."""
        part = slice(places.start, places.stop)
        return Batch(self.images[part], self.condition[part], self.noise[part], self.t[part])


def draw_batch(
    cases: TrainingCases, recipe: Recipe, *, index: int, iteration: int, schedule_steps: int
) -> Batch:
    """Draw the `index`-th batch of a training.

    It depends on the recipe and on these numbers alone, so a resumed training needs no state of a
    random generator. `iteration` decides the phase. `index` counts batches; an iteration takes
    `recipe.accumulate` of them.
    """
    phase = find_phase(recipe, iteration)
    rng = philox(recipe.seed, index)
    chosen = [
        cases[choose_case(len(cases), index * phase.batch + i, recipe.seed)]
        for i in range(phase.batch)
    ]
    size = _window(chosen, phase.crop)
    pairs = [_cut(case, size, recipe, rng) for case in chosen]
    # Stratified: one t from each of N equal parts of 0..T-1, so no batch is all easy or all hard.
    t = ((rng.random() + np.arange(phase.batch)) / phase.batch % 1 * schedule_steps).astype(
        np.int64
    )
    images = np.stack([image for image, _ in pairs])
    return Batch(
        images=images,
        condition=np.stack([condition for _, condition in pairs]),
        noise=rng.standard_normal(images.shape, dtype=np.float32),
        t=t,
    )


def find_phase(recipe: Recipe, iteration: int) -> Phase:
    """Find the phase of an iteration (from 0). The last phase takes what the shares leave."""
    reached = 0.0
    for phase in recipe.phases:
        reached += phase.share
        if iteration < round(reached * recipe.iterations):
            return phase
    return recipe.phases[-1]


def choose_case(count: int, draw: int, seed: int) -> int:
    """Index of the `draw`-th case: each of `count` once per pass, in a new order each pass."""
    passes, place = divmod(draw, count)
    order = philox(seed, 2**63 + passes).permutation(count)
    return int(order[place])


def _window(cases: Sequence[TrainingCase], crop: int | None) -> tuple[int, ...]:
    """(Z, Y, X) that all the cases can fill: the cube asked for, or the smallest view."""
    smallest = np.min([case.condition.shape[1:] for case in cases], axis=0)
    return tuple(int(n) if crop is None else min(int(n), crop) for n in smallest)


def _cut(
    case: TrainingCase, size: tuple[int, ...], recipe: Recipe, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same window of images and condition, perhaps mirrored left to right (X, last axis)."""
    shape = case.condition.shape[1:]
    centre = rng.random(3) * shape
    tumour = case.condition[:3].any(axis=0)
    if rng.random() < recipe.tumour_share and tumour.any():
        voxels = np.flatnonzero(tumour)
        centre = np.array(np.unravel_index(rng.choice(voxels), shape), dtype=np.float64)
    starts = [
        int(np.clip(round(c - n / 2), 0, whole - n))
        for c, n, whole in zip(centre, size, shape, strict=True)
    ]
    window = (slice(None), *(slice(s, s + n) for s, n in zip(starts, size, strict=True)))
    images, condition = case.images[window], case.condition[window]
    if rng.random() < recipe.flip:
        return images[..., ::-1], condition[..., ::-1]
    return images, condition
