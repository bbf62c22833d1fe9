"""Dice and HD95 of a full-size case beside MONAI and plain numpy, and what scoring waits for.

Medians of one run on one thread. MONAI gets its planes ready-made, so only its metrics are timed;
our times include the check of every label. The mask is a phantom of 240x240x155 voxels; with the
real cases beside the checkout their masks too. A prediction is the mask under a smooth deformation.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.meandice import DiceMetric
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.cases import Case
from syntrust_core.geometry import Geometry
from syntrust_core.labelmaps import to_canonical
from syntrust_core.labels import SCHEMES
from syntrust_core.volumes import read_nifti, read_volume, write_volume
from syntrust_metrics.casescore import score_case
from syntrust_metrics.comparing import compare_twins
from syntrust_metrics.overlap import REGION_LABELS, confusion, dice
from syntrust_metrics.surface import hd95_mm, surface_distances

LabelMap = NDArray[np.uint8]
SHAPE = (240, 240, 155)
ONE = (1.0, 1.0, 1.0)
REAL = Path(__file__).parents[2] / "shared" / "data" / "cases"
REAL_CASES = ("BraTS2021_00006", "BraTS2021_01476", "BraTS2021_01481")
RUNS, MONAI_RUNS = 15, 3
EXPERIMENT = 24 * 2 * 3  # test cases, sets and α
FILES = 4  # label maps written for the share of reading; an experiment has 24


def smooth(rng: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    coarse = rng.normal(size=tuple(side // 4 + 1 for side in SHAPE))
    field = ndimage.zoom(ndimage.gaussian_filter(coarse, sigma / 4), 4, order=1)
    cut = field[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return np.asarray(cut / cut.std(), np.float32)


def phantom(seed: int) -> LabelMap:
    """A ring-enhancing tumour with oedema, its outline uneven."""
    rng = np.random.default_rng(seed)
    x, y, z = np.indices(SHAPE, np.float32)
    radius = np.sqrt((x - 90) ** 2 + (y - 120) ** 2 + 1.4 * (z - 80) ** 2)
    radius += 3 * smooth(rng, 8)
    labels = np.zeros(SHAPE, np.uint8)
    for limit, label in ((38, 2), (24, 3), (17, 1)):
        labels[radius < limit] = label
    return labels


def deformed(labels: LabelMap, seed: int) -> LabelMap:
    """Each voxel from about 1.5 voxels away, as a fair segmenter would have it."""
    rng = np.random.default_rng(seed)
    at = np.indices(SHAPE, np.float32)
    for axis in range(3):
        at[axis] += 1.5 * smooth(rng, 8)
    return np.asarray(ndimage.map_coordinates(labels, at, order=0), np.uint8)


def masks() -> Iterator[tuple[str, LabelMap]]:
    yield "phantom", phantom(0)
    for name in REAL_CASES:
        path = REAL / name / "seg.nii.gz"
        if path.is_file():
            values = read_nifti(path, role="seg").voxels.astype(np.int16)
            yield name, to_canonical(values, SCHEMES["brats2021"])


def seconds(work: Callable[[], Any], runs: int = RUNS) -> float:
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def our_dice(reference: LabelMap, prediction: LabelMap) -> list[float | None]:
    joint = confusion(reference, prediction)
    return [dice(joint, labels) for labels in REGION_LABELS.values()]


def plain_dice(reference: LabelMap, prediction: LabelMap) -> list[float]:
    found = []
    for (label,) in REGION_LABELS.values():
        first, second = reference == label, prediction == label
        shared, sizes = (
            int(np.count_nonzero(first & second)),
            int(np.count_nonzero(first)) + int(np.count_nonzero(second)),
        )
        found.append(2 * shared / sizes if sizes else float("nan"))
    return found


def our_hd95(reference: LabelMap, prediction: LabelMap) -> list[float | None]:
    return [
        hd95_mm(surface_distances(reference == label, prediction == label, ONE))
        for (label,) in REGION_LABELS.values()
    ]


def planes(labels: LabelMap) -> torch.Tensor:
    return torch.from_numpy(
        np.stack([labels == label for (label,) in REGION_LABELS.values()])[None]
    )


def compare(name: str, reference: LabelMap) -> None:
    prediction = deformed(reference, 1)
    theirs = planes(prediction), planes(reference)
    metric = DiceMetric(include_background=True, reduction="none")

    def monai_hd95() -> torch.Tensor:
        return compute_hausdorff_distance(*theirs, include_background=True, percentile=95)

    ours = seconds(lambda: our_dice(reference, prediction))
    plain = seconds(lambda: plain_dice(reference, prediction))
    monai = seconds(lambda: metric(*theirs), MONAI_RUNS)
    ours_hd, monai_hd = (
        seconds(lambda: our_hd95(reference, prediction)),
        seconds(monai_hd95, MONAI_RUNS),
    )
    difference = max(
        abs(own - float(other)) / max(float(other), 1e-9)
        for own, other in zip(our_hd95(reference, prediction), monai_hd95()[0], strict=True)
        if own is not None
    )
    print(f"{name}: Dice of 3 regions {[round(d, 3) for d in plain_dice(reference, prediction)]}")
    print(f"  Dice  {ours * 1e3:7.2f} ms")
    print(f"        {monai * 1e3:7.1f} ms MONAI DiceMetric    {monai / ours:6.0f} x (aim 100)")
    print(f"        {plain * 1e3:7.1f} ms numpy count_nonzero {plain / ours:6.1f} x (aim 5)")
    print(f"  HD95  {ours_hd * 1e3:7.1f} ms")
    print(f"        {monai_hd * 1e3:7.1f} ms MONAI             {monai_hd / ours_hd:6.1f} x (aim 4)")
    print(f"        largest relative difference {difference:.1e}")


def reading_share() -> None:
    """Reference and prediction from local disk, as a worker has them after the download."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = []
        for index in range(FILES):
            pair = Path(folder) / f"{index}-seg.nii.gz", Path(folder) / f"{index}-pred.nii.gz"
            reference = phantom(index)
            write_volume(pair[0], reference, np.diag([-1.0, -1, 1, 1]))
            write_volume(pair[1], deformed(reference, index), np.diag([-1.0, -1, 1, 1]))
            pairs.append(pair)
        reading = seconds(lambda: [read_volume(path) for pair in pairs for path in pair], 3)
        maps = [tuple(read_volume(path)[0] for path in pair) for pair in pairs]
        scoring = seconds(lambda: [score_case(a, b, spacing_mm=ONE) for a, b in maps], 3)
    whole = (reading + scoring) / FILES * EXPERIMENT
    print(f"scoring {EXPERIMENT} label maps (24 cases, 2 sets, 3 α), from {FILES} of them:")
    print(f"  {whole:.0f} s, of which reading files is {reading / (reading + scoring):.0%}")
    print(f"  a case: {reading / FILES * 1e3:.0f} ms reading, {scoring / FILES * 1e3:.0f} ms for")
    print("  five regions' Dice, HD95, surface Dice, lesion-wise Dice, sensitivity, precision")


def twins() -> None:
    rng = np.random.default_rng(0)
    for side in (64, 240):
        shape = (side, side, side) if side == 64 else SHAPE
        at = np.indices(shape, np.float32)
        radius = sum(((axis + 0.5) / n - 0.5) ** 2 for axis, n in zip(at, shape, strict=True))
        brain = np.asarray(radius < 0.16)
        labels = np.where(radius < 0.01, 3, np.where(radius < 0.03, 2, 0)).astype(np.uint8)
        real, twin = (rng.normal(size=(4, *shape)).astype(np.float32) for _ in range(2))
        real[:, ~brain], twin[:, ~brain] = 0, -1
        case = Case(real, labels, brain, Geometry(shape, ONE, (0.0, 0.0, 0.0)))
        taken = seconds(lambda case=case, twin=twin: compare_twins(case, [twin]), 3)  # type: ignore[misc]
        print(f"comparing a twin with its source, {'x'.join(map(str, shape))}: {taken:.2f} s")


def main() -> None:
    warnings.filterwarnings("ignore", category=FutureWarning)  # MONAI's, about itself
    torch.set_num_threads(1)
    for name, reference in masks():
        compare(name, reference)
    reading_share()
    twins()


if __name__ == "__main__":
    main()
