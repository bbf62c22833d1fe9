"""The segmenter against MONAI as its tutorials use it: data path, training, inference, learning.

`python benchmarks/bench_segmenter.py [PART ...]`, parts: patch train infer memory learn gpu; all of
them if none is named. Prints a Markdown table. Cases are phantoms of 240x240x155 voxels (learn:
64x64x64). Both sides run in one process on one thread, one after the other, and times are CPU
seconds of it, so that the ratios mean something on a busy machine too. Phantoms and the network of
`infer` are made once and kept under build/bench/segmenter. `gpu` says so where there is none.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.segmenter import plain
from benchmarks.segmenter.cohort import FULL_SIZE, SMALL, Cohort, shown
from benchmarks.segmenter.inference import CONFIG, compare, learned
from benchmarks.segmenter.learning import BUDGETS_S, SEEDS, TEST, TRAINING, contest
from benchmarks.segmenter.precision import advised

from syntrust_core.cases.model import read_case
from syntrust_core.segmenter_presets import SegmenterConfig, configure
from syntrust_segmenter.compute import reproducible
from syntrust_segmenter.inference.predict_case import predict_case
from syntrust_segmenter.preprocessing.case_cache import PreparedCase, prepare_case
from syntrust_segmenter.preprocessing.patch import extract_patch
from syntrust_segmenter.training.checkpoints import TrainingState
from syntrust_segmenter.training.loop import TrainingRun, create_state, train_step
from syntrust_segmenter.training.sampling import Samples
from syntrust_segmenter.training.validation_dice import region_dice

FULL_CASES, CASES, STEPS, FETCHES = 8, 4, 6, 20
CPU = torch.device("cpu")
SWEEP_CASES, SWEEP_ALPHAS, SWEEP_EPOCHS = 1000, 11, 300
PEAK_TFLOPS = {"A100": 312, "H100": 989, "H200": 989}  # dense bf16, NVIDIA's data sheets, SXM


class Row(NamedTuple):
    """One line of the table."""

    what: str
    here: str
    plain: str = ""
    ratio: str = ""
    wanted: str = ""


def seconds(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken)


def own_memory_mb() -> float:
    """Memory of this process that no file backs: mapped files can be dropped at any time."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def patch() -> Iterator[Row]:
    """One 96x96x96 patch from the cache, beside reading and preparing the case."""
    cohort = _full_size()
    folder = cohort.folders[0]
    case = cohort.case(folder)
    starts = np.random.default_rng(0).integers(0, np.array(case.shape) - 96, (FETCHES, 3))

    def fetch() -> None:
        for x, y, z in starts:
            extract_patch(case.images, (int(x), int(y), int(z)), (96, 96, 96))

    def read() -> None:
        whole, _ = read_case(folder)
        prepare_case(whole.images, whole.labels, whole.brain)

    fetch()
    one, whole = seconds(fetch, 5) / FETCHES, seconds(read, 3)
    here, plainly = f"{one * 1e3:.1f} ms", f"{whole * 1e3:.0f} ms"
    yield Row(
        "a patch of 96³: cached, or read and prepared", here, plainly, _ratio(whole, one), "50"
    )


def train() -> Iterator[Row]:
    """Samples per second of whole training steps, data path included, and memory for the data."""
    cohort, config = _full_size(), configure("tiny", {"precision": advised()})
    before = own_memory_mb()
    cases = cohort.cases()[:CASES]
    ours_mb = own_memory_mb() - before
    ours = config.batch / _our_step_s(cases, config)
    plainly = config.batch / _plain_step_s(cohort, config)
    before = own_memory_mb()
    data = plain.dataset(cohort.folders[:CASES], config, cached=True)
    cached_mb = own_memory_mb() - before
    cached = config.batch / _steps_s(plain.endless(data, config.batch), config)
    what, here = "training, samples/s, data path included: beside", f"{ours:.2f}"
    yield Row(f"{what} `Dataset`", here, f"{plainly:.2f}", _ratio(ours, plainly), "2")
    yield Row(f"{what} `CacheDataset`", here, f"{cached:.2f}", _ratio(ours, cached), "1")
    what = f"own memory for {CASES} cases, beside `CacheDataset`"
    yield Row(what, f"{ours_mb:.0f} MB", f"{cached_mb:.0f} MB", "", "a tenth")


def _our_step_s(cases: Sequence[PreparedCase], config: SegmenterConfig) -> float:
    state, samples = _state(cases, config), Samples(cases, config, 0)
    steps = iter(range(STEPS + 1))

    def step() -> None:
        train_step(state, samples.batch(next(steps)), config, CPU)

    step()
    return seconds(step, STEPS)


def _run(config: SegmenterConfig, device: torch.device) -> TrainingRun:
    return TrainingRun(0, config.iterations, "benchmark", Path(), device)


def _state(cases: Sequence[PreparedCase], config: SegmenterConfig) -> TrainingState:
    return create_state(cases, config, _run(config, CPU))


def _plain_step_s(cohort: Cohort, config: SegmenterConfig) -> float:
    data = plain.dataset(cohort.folders[:CASES], config, cached=False)
    return _steps_s(plain.endless(data, config.batch), config)


def _steps_s(drawn: Any, config: SegmenterConfig) -> float:  # noqa: ANN401 - MONAI's loader
    trainer = plain.Trainer(plain.network(config))
    trainer.step(next(drawn))
    return seconds(lambda: trainer.step(next(drawn)), STEPS)


def infer() -> Iterator[Row]:
    """A full-size case that the network was trained on and one that it has not seen, both ways."""
    cohort = _full_size()
    network = learned(cohort)
    for seen, folder in (("seen", cohort.folders[0]), ("unseen", cohort.folders[-1])):
        found = compare(network, cohort, folder)
        here, plainly = f"{found.ours_s:.1f} s", f"{found.plain_s:.1f} s"
        what = f"{folder.name} ({seen} in training), overlap {CONFIG.overlap}"
        yield Row(f"prediction of {what}", here, plainly, _ratio(found.plain_s, found.ours_s), "3")
        ours, theirs = (region_dice(found.truth, labels) for labels in (found.ours, found.plain))
        yield Row("Dice with its labels", shown(ours), shown(theirs))
        chain = (found.plain, found.blended, found.placed, found.ours)
        steps = ("Gaussian blending", "brain's windows alone", "the processor's precision")
        for step, one, other in zip(steps, chain, chain[1:], strict=False):
            yield Row(f"Dice before and after: {step}", shown(region_dice(one, other)))
        wanted = ".99" if seen == "seen" else ""  # unsure of what it has not seen
        yield Row("Dice between ours and plain", shown(found.agreement()), "", "", wanted)


def memory() -> Iterator[Row]:
    """The most memory that a process holds which predicts one full-size case on the CPU."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak = pool.apply(_peak_mb)
    yield Row(
        "most memory of a process that predicts one case", f"{peak:.0f} MB", "", "", "8000 MB"
    )


def _peak_mb() -> float:
    torch.set_num_threads(1)
    cohort, config = _full_size(), configure("tiny", {"precision": advised()})
    case = cohort.case(cohort.folders[0])
    state = _state([case], config)
    predict_case(state.result, case, config, grid=FULL_SIZE.shape, precision=state.precision)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def learn() -> Iterator[Row]:
    """Dice on unseen phantoms after equal time: `tiny`, and a MONAI UNet as its tutorials train."""
    cohort = Cohort("small", SMALL, TRAINING + TEST)
    for budget_s in BUDGETS_S:
        for seed in SEEDS:
            found = contest(cohort, budget_s, seed)
            what = f"Dice on {TEST} unseen phantoms, {found.seconds:.0f} s each, seed {seed}"
            here = f"{found.ours:.3f} ({found.our_steps} steps)"
            plainly = f"{found.theirs:.3f} ({found.their_steps} steps)"
            yield Row(what, here, plainly, "", "no less")


def gpu() -> Iterator[Row]:
    """`full` at 128x128x128 on a GPU: speed, memory, and what the paper's sweep would take."""
    if not torch.cuda.is_available():
        yield Row("`full` on a GPU", "none here; nothing is said of one")
        return
    device, name = torch.device("cuda"), torch.cuda.get_device_name()
    cases = _full_size().cases()[:CASES]
    for compiled in (False, True):
        config = configure("full", {"deterministic": False, "precision": "bfloat16"})
        torch.cuda.reset_peak_memory_stats()
        with reproducible(1, deterministic=False):
            state = create_state(cases, config, _run(config, device))
            flops = _flops(state, cases, config, device)
            if compiled:
                state.network = torch.compile(state.network)  # type: ignore[assignment]
            one = _gpu_step_s(state, cases, config, device)
        what = f"`full` at 128³ on {name}, {'compiled' if compiled else 'not compiled'}"
        yield Row(f"{what}: samples/s", f"{config.batch / one:.2f}")
        yield Row("its memory", f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
        yield Row("its arithmetic", _of_peak(flops / one / 1e12, name))
        hours = SWEEP_CASES * SWEEP_ALPHAS * SWEEP_EPOCHS * one / config.batch / 3600
        what = f"{SWEEP_CASES} cases, {SWEEP_ALPHAS} α, {SWEEP_EPOCHS} epochs, extrapolated"
        yield Row(what, f"{hours:.0f} GPU-hours")


def _of_peak(tflops: float, name: str) -> str:
    known = [peak for card, peak in PEAK_TFLOPS.items() if card in name]
    share = f"{tflops / known[0]:.0%} of the bf16 peak" if known else "its peak is not known here"
    return f"{tflops:.0f} TFLOP/s, {share}"


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

    def steps(count: int) -> float:
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(count):
            train_step(state, drawn, config, device)
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / count

    steps(3)
    return median(steps(5) for _ in range(3))


def _full_size() -> Cohort:
    return Cohort("full", FULL_SIZE, FULL_CASES)


def _ratio(more: float, less: float) -> str:
    return f"{more / less:.1f}"


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "patch": patch,
    "train": train,
    "infer": infer,
    "memory": memory,
    "learn": learn,
    "gpu": gpu,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    asked = parser.parse_args().parts or [*PARTS]
    if unknown := [part for part in asked if part not in PARTS]:
        # Python 3.11's `choices` refuses that none is named.
        parser.error(f"{', '.join(unknown)}: no such part; there are {', '.join(PARTS)}")
    print(f"One thread; precision {advised()}, the faster one here.\n")
    print("| | here | plain | ratio | wanted |\n|---|---|---|---|---|")
    with reproducible(1):
        for name in asked:
            for row in PARTS[name]():
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
