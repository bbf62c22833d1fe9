"""The segmenter against MONAI as its tutorials use it: data path, training, inference, learning.

`python benchmarks/bench_segmenter.py [PART ...]`, parts: patch train infer memory learn gpu; all of
them if none is named. Cases are phantoms of 240x240x155 voxels (learn: 64x64x64). Both sides run in
one process on the same threads, one after the other, so that the ratios mean something where
the times do not. `gpu` says so where there is none.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from monai.networks.nets.unet import UNet
from numpy.typing import NDArray
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import plain_segmenter as plain

from syntrust_core.cases import inspect_case, read_case, write_case
from syntrust_core.labels import MODALITIES, Region
from syntrust_segmenter.checkpoints import TrainingState
from syntrust_segmenter.data import Samples, cut
from syntrust_segmenter.dice import region_dice
from syntrust_segmenter.entries import ImageEntry, prepared
from syntrust_segmenter.inference import predict_case
from syntrust_segmenter.network import resolve_precision
from syntrust_segmenter.prepared import Ints3, PreparedCache, PreparedCase, prepare_case
from syntrust_segmenter.presets import SegmenterConfig, configure
from syntrust_segmenter.training import Run, initial_state, iterate, reproducible, train_step
from syntrust_standalone.phantoms.cohort import make_case
from syntrust_standalone.phantoms.cohort import write_case as write_phantom
from syntrust_standalone.phantoms.options import PhantomOptions

FULL_SIZE = PhantomOptions(fraction_without_et=0.0)
SMALL = PhantomOptions.demo()
CASES, STEPS, FETCHES = 4, 6, 20
CPU = torch.device("cpu")
SWEEP_CASES, SWEEP_ALPHAS, SWEEP_EPOCHS = 1000, 11, 300


class Cohort:
    """Canonical phantoms, and the same prepared and kept."""

    def __init__(self, root: Path, options: PhantomOptions, count: int) -> None:
        self.folders = [_canonical(root, options, index) for index in range(count)]
        self.kept = root / "prepared"

    def cases(self) -> list[PreparedCase]:
        cache = PreparedCache(self.kept, limit_bytes=1 << 40)
        return [prepared(ImageEntry(f.name, f), cache) for f in self.folders]


def _canonical(root: Path, options: PhantomOptions, index: int) -> Path:
    folder = write_phantom(make_case(0, index, options), root / "uploads")
    files = {role: folder / f"{role}.nii.gz" for role in (*MODALITIES, "seg", "brain")}
    case, record = inspect_case(files, scheme="brats2023")
    write_case(case, record, root / folder.name)
    return root / folder.name


def seconds(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def own_memory_mb() -> float:
    """Memory of this process that no file backs: mapped files can be dropped at any time."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def patch(cohort: Cohort) -> None:
    """One 96x96x96 patch from the cache, beside reading and preparing the case."""
    folder = cohort.folders[0]
    case = cohort.cases()[0]
    starts = np.random.default_rng(0).integers(0, np.array(case.shape) - 96, (FETCHES, 3))

    def fetch() -> None:
        for x, y, z in starts:
            cut(case.images, (int(x), int(y), int(z)), (96, 96, 96))

    def read() -> None:
        whole, _ = read_case(folder)
        prepare_case(whole.images, whole.labels, whole.brain)

    fetch()
    one, whole = seconds(fetch, 5) / FETCHES, seconds(read, 3)
    print(f"patch   from the cache {one * 1e3:.1f} ms, read and prepared {whole * 1e3:.0f} ms:")
    print(f"        {whole / one:.0f} times faster (wanted: 50)")


def train(cohort: Cohort) -> None:
    """Samples per second of whole training steps, data path included, and memory for the data."""
    config = configure("tiny")
    before = own_memory_mb()
    cases = cohort.cases()
    ours_mb = own_memory_mb() - before
    ours = config.batch / _our_step_s(cases, config)
    plainly = config.batch / _plain_step_s(cohort, config, cached=False)
    before = own_memory_mb()
    data = plain.dataset(cohort.folders, config, cached=True)
    cached_mb = own_memory_mb() - before
    cached = config.batch / _steps_s(plain.endless(data, config.batch), config)
    print(f"train   samples/s: ours {ours:.2f}, Dataset {plainly:.2f}, CacheDataset {cached:.2f}")
    print(f"        {ours / plainly:.1f} times Dataset (wanted: 2),", end=" ")
    print(f"{ours / cached:.2f} times CacheDataset (wanted: 1)")
    print(f"        memory of {CASES} cases: ours {ours_mb:.0f} MB,", end=" ")
    print(f"CacheDataset {cached_mb:.0f} MB (wanted: a tenth)")


def _our_step_s(cases: Sequence[PreparedCase], config: SegmenterConfig) -> float:
    state, samples = _state(cases, config), Samples(cases, config, 0)
    steps = iter(range(STEPS + 1))

    def step() -> None:
        train_step(state, samples.batch(next(steps)), config, CPU)

    step()
    return seconds(step, STEPS)


def _run(config: SegmenterConfig, device: torch.device) -> Run:
    return Run(0, config.iterations, "benchmark", Path(), device)


def _state(cases: Sequence[PreparedCase], config: SegmenterConfig) -> TrainingState:
    return initial_state(cases, config, _run(config, CPU))


def _plain_step_s(cohort: Cohort, config: SegmenterConfig, *, cached: bool) -> float:
    data = plain.dataset(cohort.folders, config, cached=cached)
    return _steps_s(plain.endless(data, config.batch), config)


def _steps_s(drawn: Any, config: SegmenterConfig) -> float:  # noqa: ANN401 - MONAI's loader
    trainer = plain.Trainer(plain.network(config))
    trainer.step(next(drawn))
    return seconds(lambda: trainer.step(next(drawn)), STEPS)


def infer(cohort: Cohort) -> None:
    """A full-size case with one trained network, both ways, at MONAI's own overlap."""
    config = configure("tiny", {"overlap": 0.25})
    cases = cohort.cases()
    state = _trained(cases, config)
    whole, _ = read_case(cohort.folders[0])
    images = torch.zeros(1, 4, *whole.labels.shape)
    images[(0, slice(None), *cases[0].box)] = torch.from_numpy(np.array(cases[0].images))
    model = plain.network(config)
    model.load_state_dict(state.network.state_dict())
    found: dict[str, NDArray[np.uint8]] = {}

    def ours() -> None:
        found["ours"] = _predict(state, cases[0], config, whole.geometry.shape)

    def theirs() -> None:
        labels = plain.predict(model, images, config).numpy().astype(np.uint8)
        found["plain"] = labels * whole.brain

    one, other = seconds(ours, 1), seconds(theirs, 1)
    print(f"infer   ours {one:.1f} s ({state.precision}), plain {other:.1f} s:", end=" ")
    print(f"{other / one:.1f} times faster (wanted: 3)")
    print(f"        Dice between the two {_shown(region_dice(found['plain'], found['ours']))}")
    for name, labels in found.items():
        print(f"        Dice of {name} with the labels {_shown(region_dice(whole.labels, labels))}")


def _trained(cases: Sequence[PreparedCase], config: SegmenterConfig) -> TrainingState:
    """A network that knows what a tumour looks like, so that its label maps can be compared."""
    run, samples = _run(config, CPU), Samples(cases, config, 0)
    state = initial_state(cases, config, run)
    for iteration in range(config.iterations):
        iterate(state, samples.batch(iteration), config, run)
    return state


def _predict(
    state: TrainingState, case: PreparedCase, config: SegmenterConfig, grid: Ints3
) -> NDArray[np.uint8]:
    found = predict_case(state.result, case, config, grid=grid, precision=state.precision)
    return found.labels


def _shown(dice: Mapping[Region, float | None]) -> str:
    values = {region: value for region, value in dice.items() if value is not None}
    return ", ".join(f"{region} {value:.4f}" for region, value in values.items())


def memory(cohort: Cohort) -> None:
    """The most memory that a process holds which predicts one full-size case on the CPU."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak = pool.apply(_peak_mb, (cohort.folders[0], cohort.kept))
    print(f"memory  full-size case, tiny, all in all {peak:.0f} MB (wanted: 8000 at most)")


def _peak_mb(folder: Path, root: Path) -> float:
    torch.set_num_threads(1)
    config = configure("tiny")
    case = prepared(ImageEntry(folder.name, folder), PreparedCache(root, limit_bytes=1 << 40))
    state = _state([case], config)
    _predict(state, case, config, (240, 240, 155))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def learn(root: Path) -> None:
    """Dice on unseen phantoms after equal time: `tiny`, and a MONAI UNet as its tutorials have."""
    cohort = Cohort(root / "small", SMALL, 20)
    cases = cohort.cases()
    training, test = cases[:14], cases[14:]
    config = configure("tiny")
    start = time.perf_counter()
    state = _trained(training, config)
    budget = time.perf_counter() - start
    ours = [_mean_dice(_predict(state, c, config, c.shape) * c.brain, c) for c in _boxed(test)]
    unet, steps = _trained_unet(training, config, budget)
    theirs = [_mean_dice(_unet_labels(unet, c), c) for c in test]
    print(f"learn   {budget:.0f} s each: tiny ({config.iterations} steps) Dice", end=" ")
    print(f"{np.mean(ours):.3f}, UNet ({steps} steps) {np.mean(theirs):.3f}")


def _boxed(cases: Sequence[PreparedCase]) -> list[PreparedCase]:
    return [PreparedCase(c.images, c.labels, c.brain, c.centres, c.voxels) for c in cases]


def _mean_dice(labels: NDArray[np.uint8], case: PreparedCase) -> float:
    values = region_dice(np.asarray(case.labels), labels).values()
    return float(np.mean([1.0 if value is None else value for value in values]))


def _trained_unet(
    cases: Sequence[PreparedCase], config: SegmenterConfig, budget_s: float
) -> tuple[nn.Module, int]:
    torch.manual_seed(0)
    unet = UNet(3, 4, 4, channels=(16, 32, 64, 128), strides=(2, 2, 2), num_res_units=2)
    trainer, samples = plain.Trainer(unet), Samples(cases, config, 0)
    for group in trainer.optimizer.param_groups:
        group["lr"] = config.learning_rate
    end, steps = time.perf_counter() + budget_s, 0
    while time.perf_counter() < end:
        drawn = samples.batch(steps)
        trainer.step({"image": drawn.images, "label": drawn.labels[:, None]})
        steps += 1
    return unet, steps


def _unet_labels(unet: nn.Module, case: PreparedCase) -> NDArray[np.uint8]:
    images = torch.from_numpy(np.array(case.images))[None]
    labels = plain.predict(unet, images, configure("tiny")).numpy().astype(np.uint8)
    return np.asarray(labels * case.brain, np.uint8)


def gpu(cohort: Cohort) -> None:
    """`full` at 128x128x128 on a GPU: speed, memory, and what the paper's sweep would take."""
    if not torch.cuda.is_available():
        print("gpu     none here; nothing is said of one")
        return
    device = torch.device("cuda")
    cases = cohort.cases()
    for compiled in (False, True):
        config = configure("full", {"deterministic": False})
        with reproducible(1, deterministic=False):
            state = initial_state(cases, config, _run(config, device))
            flops = _flops(state, cases, config, device)
            if compiled:
                state.network = torch.compile(state.network)  # type: ignore[assignment]
            one = _gpu_step_s(state, cases, config, device)
        rate = config.batch / one
        hours = SWEEP_CASES * SWEEP_ALPHAS * SWEEP_EPOCHS / rate / 3600
        peak_gb = torch.cuda.max_memory_allocated() / 2**30
        print(f"gpu     compiled {compiled}: {rate:.2f} samples/s, {peak_gb:.1f} GiB,")
        print(f"        {flops / one / 1e12:.0f} TFLOP/s; sweep of {SWEEP_CASES} cases, ", end="")
        print(f"{SWEEP_ALPHAS} α, {SWEEP_EPOCHS} epochs: {hours:.0f} GPU-hours")


def _flops(
    state: TrainingState,
    cases: Sequence[PreparedCase],
    config: SegmenterConfig,
    device: torch.device,
) -> float:
    counter = FlopCounterMode(display=False)
    with counter:
        train_step(state, Samples(cases, config, 0).batch(0), config, device)
    return float(counter.get_total_flops())


def _gpu_step_s(
    state: TrainingState,
    cases: Sequence[PreparedCase],
    config: SegmenterConfig,
    device: torch.device,
) -> float:
    drawn = Samples(cases, config, 0).batch(0)

    def step() -> None:
        train_step(state, drawn, config, device)
        torch.cuda.synchronize()

    for _ in range(3):
        step()
    return seconds(step, 10)


PARTS: dict[str, Callable[[Cohort], None]] = {
    "patch": patch,
    "train": train,
    "infer": infer,
    "memory": memory,
    "gpu": gpu,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "learn"], metavar="PART")
    asked = parser.parse_args().parts or [*PARTS, "learn"]
    print(f"one thread, precision auto = {resolve_precision('auto', CPU)}, {CASES} phantoms")
    with tempfile.TemporaryDirectory() as folder, reproducible(1):
        wanted = [part for name, part in PARTS.items() if name in asked]
        cohort = Cohort(Path(folder) / "full", FULL_SIZE, CASES) if wanted else None
        for part in wanted:
            assert cohort is not None
            part(cohort)
        if "learn" in asked:
            learn(Path(folder))


if __name__ == "__main__":
    main()
