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

from syntrust_core.cases.label_schemes import to_canonical
from syntrust_core.cases.model import Case
from syntrust_core.contracts.vocabulary import SCHEMES
from syntrust_core.imaging.geometry import Geometry, bounding_box
from syntrust_core.imaging.nifti import read_nifti, read_volume, write_volume
from syntrust_metrics.fidelity.compare import compare_twins
from syntrust_metrics.segmentation.bitmasks import find_labelled_box, pack_regions
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.overlap import REGION_LABELS, confusion_matrix, dice
from syntrust_metrics.segmentation.surface import measure_surfaces

LabelMap = NDArray[np.uint8]
SHAPE = (240, 240, 155)
ONE = (1.0, 1.0, 1.0)
REAL = Path(__file__).parents[2] / "shared" / "data" / "cases"
REAL_CASES = (
    *(f"BraTS2021_{number}" for number in ("00006", "01476", "01477", "01481", "01482")),
    "BraTS-GLI-00012-000",
)
RUNS, MONAI_RUNS = 15, 3
EXPERIMENT = 24 * 2 * 3  # test cases, sets and α


def make_smooth_field(rng: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    coarse = rng.normal(size=tuple(side // 4 + 1 for side in SHAPE))
    field = ndimage.zoom(ndimage.gaussian_filter(coarse, sigma / 4), 4, order=1)
    cut = field[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return np.asarray(cut / cut.std(), np.float32)


def make_phantom(seed: int) -> LabelMap:
    """A ring-enhancing tumour with oedema, its outline uneven."""
    rng = np.random.default_rng(seed)
    x, y, z = np.indices(SHAPE, np.float32)
    radius = np.sqrt((x - 90) ** 2 + (y - 120) ** 2 + 1.4 * (z - 80) ** 2)
    radius += 3 * make_smooth_field(rng, 8)
    labels = np.zeros(SHAPE, np.uint8)
    for limit, label in ((38, 2), (24, 3), (17, 1)):
        labels[radius < limit] = label
    return labels


def deform(labels: LabelMap, seed: int) -> LabelMap:
    """Deform a mask by about 1.5 voxels, like the prediction of a fair segmenter."""
    rng = np.random.default_rng(seed)
    at = np.indices(SHAPE, np.float32)
    for axis in range(3):
        at[axis] += 1.5 * make_smooth_field(rng, 8)
    return np.asarray(ndimage.map_coordinates(labels, at, order=0), np.uint8)


def iterate_masks() -> Iterator[tuple[str, LabelMap]]:
    yield "phantom", make_phantom(0)
    for name in REAL_CASES:
        path = REAL / name / "seg.nii.gz"
        if path.is_file():
            values = read_nifti(path, role="seg").voxels.astype(np.int16)
            earlier = name.startswith("BraTS2021")
            scheme = SCHEMES["brats2021"] if earlier else SCHEMES["brats2023"]
            yield name, to_canonical(values, scheme)


def measure_seconds(work: Callable[[], Any], runs: int = RUNS) -> float:
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def compute_our_dice(reference: LabelMap, prediction: LabelMap) -> list[float | None]:
    confusion = confusion_matrix(reference, prediction)
    return [dice(confusion, labels) for labels in REGION_LABELS.values()]


def compute_plain_dice(reference: LabelMap, prediction: LabelMap) -> list[float]:
    found = []
    for (label,) in REGION_LABELS.values():
        first, second = reference == label, prediction == label
        shared, sizes = (
            int(np.count_nonzero(first & second)),
            int(np.count_nonzero(first)) + int(np.count_nonzero(second)),
        )
        found.append(2 * shared / sizes if sizes else float("nan"))
    return found


def compute_our_hd95(reference: LabelMap, prediction: LabelMap) -> list[float | None]:
    regions = list(REGION_LABELS.values())
    box = find_labelled_box(reference, prediction)
    first, second = (pack_regions(labels[box], regions) for labels in (reference, prediction))
    found = measure_surfaces(first, second, n_masks=len(regions), spacing_mm=ONE)
    return [surface.hd95_mm for surface in found]


def to_tensor(labels: LabelMap) -> torch.Tensor:
    return torch.from_numpy(
        np.stack([labels == label for (label,) in REGION_LABELS.values()])[None]
    )


def compare(name: str, reference: LabelMap) -> None:
    prediction = deform(reference, 1)
    theirs = to_tensor(prediction), to_tensor(reference)
    metric = DiceMetric(include_background=True, reduction="none")

    def monai_hd95() -> torch.Tensor:
        return compute_hausdorff_distance(*theirs, include_background=True, percentile=95)

    ours = measure_seconds(lambda: compute_our_dice(reference, prediction))
    plain = measure_seconds(lambda: compute_plain_dice(reference, prediction))
    monai = measure_seconds(lambda: metric(*theirs), MONAI_RUNS)
    ours_hd, monai_hd = (
        measure_seconds(lambda: compute_our_hd95(reference, prediction)),
        measure_seconds(monai_hd95, MONAI_RUNS),
    )
    difference = max(
        abs(own - float(other)) / max(float(other), 1e-9)
        for own, other in zip(compute_our_hd95(reference, prediction), monai_hd95()[0], strict=True)
        if own is not None
    )
    expected = compute_plain_dice(reference, prediction)
    print(f"{name}: Dice of 3 regions {[round(d, 3) for d in expected]}")
    print(f"  Dice  {ours * 1e3:7.2f} ms")
    print(f"        {monai * 1e3:7.1f} ms MONAI DiceMetric    {monai / ours:6.0f} x (aim 100)")
    print(f"        {plain * 1e3:7.1f} ms numpy count_nonzero {plain / ours:6.1f} x (aim 5)")
    print(f"  HD95  {ours_hd * 1e3:7.1f} ms")
    print(f"        {monai_hd * 1e3:7.1f} ms MONAI             {monai_hd / ours_hd:6.1f} x (aim 4)")
    print(f"        largest relative difference {difference:.1e}")


def misplace(labels: LabelMap, seed: int) -> LabelMap:
    """Deform a mask, move it by a centimetre and add dozens of false parts: a bad prediction."""
    rng = np.random.default_rng(seed)
    prediction = np.roll(deform(labels, seed), (9, -7, 5), (0, 1, 2))
    false = make_smooth_field(rng, 4)
    around = np.zeros(SHAPE, np.bool_)
    around[tuple(slice(max(at.start - 25, 0), at.stop + 25) for at in bounding_box(labels > 0))] = 1
    prediction[around & (false > 2.6)] = 2
    prediction[around & (false < -2.9)] = 3
    return prediction


def report_reading_share(predicted: Callable[[LabelMap, int], LabelMap]) -> None:
    """Read both files and score them, in turns, from local disk as after the download.

    Processor time, so that work beside it counts as little as it can.
    """
    medians = [
        time_reading_and_scoring(name, reference, predicted(reference, index + 1))
        for index, (name, reference) in enumerate(iterate_masks())
    ]
    reading, scoring = (
        sum(column) / len(medians) * EXPERIMENT for column in zip(*medians, strict=True)
    )
    print(
        f"  {EXPERIMENT} label maps (24 cases, 2 sets, 3 α; extrapolated): {reading:.1f} s reading,"
    )
    ratio = (reading + scoring) / reading
    print(f"  {scoring:.1f} s scoring five regions; both take {ratio:.2f} times reading (aim 1.3)")


def time_reading_and_scoring(name: str, *maps: LabelMap) -> tuple[float, float]:
    taken: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.nii.gz" for index in range(len(maps))]
        for path, labels in zip(paths, maps, strict=True):
            write_volume(path, labels, np.diag([-1.0, -1, 1, 1]))
        for _ in range(RUNS):
            start = time.process_time()
            reference, prediction = (read_volume(path)[0] for path in paths)
            between = time.process_time()
            score_case(reference, prediction, spacing_mm=ONE)
            taken.append((between - start, time.process_time() - between))
    reading, scoring = (median(column) for column in zip(*taken, strict=True))
    ratio = (reading + scoring) / reading
    print(f"  {name}: {reading * 1e3:.0f} ms reading, {scoring * 1e3:.0f} ms scoring, {ratio:.2f}")
    return reading, scoring


def time_twin_comparison() -> None:
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
        taken = measure_seconds(lambda case=case, twin=twin: compare_twins(case, [twin]), 3)  # type: ignore[misc]
        print(f"comparing a twin with its source, {'x'.join(map(str, shape))}: {taken:.2f} s")


def main() -> None:
    warnings.filterwarnings("ignore", category=FutureWarning)  # MONAI's, about itself
    warnings.filterwarnings("ignore", category=UserWarning)  # and about regions that are empty
    torch.set_num_threads(1)
    for name, reference in iterate_masks():
        compare(name, reference)
    print("reading and scoring a good prediction (the mask deformed)")
    report_reading_share(deform)
    print("reading and scoring a bad one (a centimetre off, dozens of false parts)")
    report_reading_share(misplace)
    time_twin_comparison()


if __name__ == "__main__":
    main()
