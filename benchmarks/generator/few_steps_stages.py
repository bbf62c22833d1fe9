"""What the measurement of few steps computes, each part kept in a folder and never done twice."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch
from benchmarks.generator.few_steps_numbers import Array, Images, contrasts, fine_power
from benchmarks.generator.one_step import make_ref, run_from_folders
from benchmarks.generator.plain_loop import plain_denoiser, plain_network
from numpy.typing import NDArray

from syntrust_core.cases.model import read_case, read_images
from syntrust_core.contracts.base import RECIPES, Kind, Ref
from syntrust_core.contracts.experiment_steps import Image, PredictCases, TrainSegmenter
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import LABELS, REGIONS
from syntrust_core.imaging.nifti import read_volume
from syntrust_core.segmenter_presets import PRESETS
from syntrust_generator.checkpoints.store import load_model
from syntrust_generator.cli import prepare_cases
from syntrust_generator.conditioning.intensity import brain_z
from syntrust_generator.diffusion.samplers import SamplerName
from syntrust_generator.model_card import Sampling
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import ComputeConfig
from syntrust_generator.synthesis.synthesis import (
    TWIN_FILE,
    SynthesisConfig,
    TwinJob,
    synthesise,
    synthesise_all,
)
from syntrust_metrics.segmentation.overlap import confusion_matrix, dice
from syntrust_segmenter.settings import SegmenterOptions
from syntrust_segmenter.tasks import predict_cases, train_segmenter
from syntrust_standalone.phantoms import PhantomOptions, case_id, make_cohort

PRESET = "tiny"
ALL_STEPS = 250
REFERENCE: Final = "ddim"  # at all steps: first order, no estimate but that of each step
OPTIONS: Final = SegmenterOptions()
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is measured. Everything that decides a part's numbers is in the name of its folder."""

    folder: Path
    model: Path
    cohort_seed: int
    training_cases: int
    test_cases: int
    seeds: int
    iterations: int
    sampler: SamplerName
    steps: tuple[int, ...]
    noise_seed: int
    workers: int
    threads: int

    @property
    def training_ids(self) -> list[str]:
        return [case_id(self.cohort_seed, index) for index in range(self.training_cases)]

    @property
    def test_ids(self) -> list[str]:
        last = self.training_cases + self.test_cases
        return [case_id(self.cohort_seed, i) for i in range(self.training_cases, last)]

    @property
    def weights(self) -> str:
        return load_model(self.model).card.weights_sha256[:12]

    def segmenter(self, seed: int) -> Path:
        recipe = RECIPES[Kind.TRAIN_SEGMENTER]
        budget = f"{self.training_cases}-{self.iterations}-{self.threads}"
        name = f"{recipe}-{self.cohort_seed}-{budget}-{seed}"
        return self.folder / "segmenters" / name

    def predictions(self, seed: int) -> Path:
        return self.folder / "predictions" / self.segmenter(seed).name

    def twins(self, steps: int) -> Path:
        return self.folder / "twins" / f"{self.weights}-{self.noise_seed}" / self.sampling(steps)

    def sampling(self, steps: int) -> str:
        """The measured sampler for few steps, the reference for the most."""
        return f"{REFERENCE if steps == max(self.steps) else self.sampler}-{steps}"

    def case(self, case: str) -> Path:
        return self.folder / f"cases-{self.cohort_seed}" / case


def default_iterations() -> int:
    return PRESETS[PRESET].iterations


def make_cases(plan: Plan, say: Say) -> None:
    """Phantoms as the demo's, on the generator's grid."""
    count = plan.training_cases + plan.test_cases
    raw = plan.folder / f"cohort-{plan.cohort_seed}"
    make_cohort(raw, seed=plan.cohort_seed, count=count, options=PhantomOptions.demo())
    domain = load_model(plan.model).domain
    grid = Grid(shape=domain.shape, spacing_mm=domain.spacing_mm)
    prepare_cases(raw, plan.case("x").parent, grid)
    say(f"{count} cases of cohort {plan.cohort_seed}")


def train_segmenters(plan: Plan, say: Say) -> None:
    """One for each training seed, on real images alone (α = 1), as a worker trains it."""
    cases = {_case_ref(case): plan.case(case) for case in plan.training_ids}
    for seed in range(plan.seeds):
        out = plan.segmenter(seed)
        if not out.exists():
            message = TrainSegmenter(
                train=tuple(Image(case=ref.id) for ref in cases),
                preset=PRESET,
                overrides={"precision": "bfloat16"},
                iterations=plan.iterations,
                seed=seed,
            )
            run_from_folders(
                message, train_segmenter, cases, out=out, threads=plan.threads, options=OPTIONS
            )
            say(f"segmenter of seed {seed}: {plan.iterations} iterations")


def draw_twins(plan: Plan, say: Say) -> None:
    """The same test cases and noise at every number of steps, few steps first."""
    jobs = [
        (steps, case)
        for steps in sorted(plan.steps)
        for case in plan.test_ids
        if not (plan.twins(steps) / case / TWIN_FILE).exists()
    ]
    if not jobs:
        return
    # Spawned: a fork would inherit torch's threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(plan.workers, mp_context=context) as pool:
        running = {pool.submit(draw_twin, plan, *job): job for job in jobs}
        for done, future in enumerate(as_completed(running), start=1):
            future.result()
            steps, case = running[future]
            say(f"twin {done} of {len(jobs)}: {case} at {steps} steps")


def draw_twin(plan: Plan, steps: int, case: str) -> None:
    config = _config(plan, steps)
    with reproducible(plan.threads):
        synthesise_all([TwinJob(plan.case(case), plan.twins(steps) / case)], config)


def _config(plan: Plan, steps: int) -> SynthesisConfig:
    generator = load_model(plan.model)
    sampler = REFERENCE if steps == max(plan.steps) else plan.sampler
    sampling = Sampling(sampler=sampler, steps=steps)
    return SynthesisConfig(
        generator, plan.noise_seed, sampling, compute=ComputeConfig(torch.device("cpu"), "bf16")
    )


def measure_dice(plan: Plan, steps: int | None, say: Say) -> Array:
    """(S, M, K) of the test set's twins at `steps`, or of its real images if None."""
    name = "real" if steps is None else f"{plan.weights}-{plan.noise_seed}-{plan.sampling(steps)}"
    rows = []
    for seed in range(plan.seeds):
        out = plan.predictions(seed) / name / str(plan.test_cases)
        if not out.exists():
            _predict(plan, seed, steps, out)
            say(f"predictions of seed {seed}: {name}")
        rows.append([_case_dice(plan, case, out) for case in plan.test_ids])
    return np.array(rows)


def _predict(plan: Plan, seed: int, steps: int | None, out: Path) -> None:
    model = make_ref(Kind.TRAIN_SEGMENTER, plan.segmenter(seed).name)
    inputs, images = {model: plan.segmenter(seed)}, []
    for case in plan.test_ids:
        ref, twin = _case_ref(case), None
        inputs[ref] = plan.case(case)
        if steps is not None:
            twin = make_ref(Kind.SYNTHESISE_CASE, f"{case} at {steps}")
            inputs[twin] = plan.twins(steps) / case
        images.append(Image(case=ref.id, twin=None if twin is None else twin.id))
    message = PredictCases(model=model.id, images=tuple(images))
    run_from_folders(message, predict_cases, inputs, out=out, threads=plan.threads, options=OPTIONS)


def _case_ref(case: str) -> Ref:
    return make_ref(Kind.INSPECT_CASE, case)


def _case_dice(plan: Plan, case_name: str, predictions: Path) -> list[float]:
    """ET, ED, NCR; empty on both sides counts as 1."""
    case, _ = read_case(plan.case(case_name))
    predicted, _ = read_volume(predictions / f"{_case_ref(case_name).id}.nii.gz")
    confusion = confusion_matrix(case.labels, predicted.astype(np.uint8))
    scores = (dice(confusion, (LABELS[region],)) for region in REGIONS)
    return [1.0 if score is None else score for score in scores]


def measure_images(plan: Plan, steps: int | None) -> Images:
    """Contrast and fine power of the test set's twins at `steps`, or of its real images."""
    found = [_measures(plan, case, steps) for case in plan.test_ids]
    return Images(np.stack([c for c, _ in found]), np.stack([p for _, p in found]))


def _measures(plan: Plan, case_name: str, steps: int | None) -> tuple[Array, Array]:
    images, labels, brain = load_images(plan, case_name, steps)
    return contrasts(images, labels, brain), fine_power(images, labels, brain)


def load_images(
    plan: Plan, case_name: str, steps: int | None
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]:
    """Images in brain-z numbers, labels and brain of a test case."""
    case, _ = read_case(plan.case(case_name))
    if steps is None:
        return brain_z(case.images, case.brain), case.labels, case.brain
    return read_images(plan.twins(steps) / case_name, case.geometry), case.labels, case.brain


def time_twins(plan: Plan, say: Say) -> dict[str, float]:
    """CPU seconds of one twin of the first test case, by its steps, end to end on one thread.

    "plain" is 250 steps of the plain loop, from the median of a few, without reading or writing.
    """
    path = plan.folder / f"seconds-{plan.weights}-{plan.sampler}.json"
    known: dict[str, float] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    job = TwinJob(plan.case(plan.test_ids[0]), plan.folder / "timed")
    with reproducible(1):
        for name in (*map(str, sorted(plan.steps)), "plain"):
            if name not in known:
                known[name] = _plain_s(plan, job) if name == "plain" else _twin_s(plan, job, name)
                path.write_text(json.dumps(known), "utf-8")
                say(f"{name}: {known[name]:.1f} CPU seconds a twin")
    return known


def _twin_s(plan: Plan, job: TwinJob, steps: str) -> float:
    config = _config(plan, int(steps))
    warm = _config(plan, 2)
    synthesise(
        job, SynthesisConfig(config.generator, 0, warm.resolved_sampling, compute=config.compute)
    )
    return _cpu_s(lambda: synthesise(job, config))


def _plain_s(plan: Plan, job: TwinJob, runs: int = 5) -> float:
    generator = load_model(plan.model)
    case, _ = read_case(job.case_folder)
    view = generator.prepare_view(case)
    denoise = plain_denoiser(plain_network(generator.network), view.planes)
    x = torch.randn((1, 4, *view.planes.shape[1:]))
    return ALL_STEPS * median(_cpu_s(lambda: denoise(x, 100)) for _ in range(runs))


def _cpu_s(work: Callable[[], Any]) -> float:
    """CPU seconds of this process, on which other processes have little influence."""
    start = time.process_time()
    work()
    return time.process_time() - start


def all_stages(plan: Plan, say: Say) -> None:
    """Everything that takes long, in the order that shows mistakes early."""
    stages: Iterable[Callable[[Plan, Say], None]] = (make_cases, train_segmenters, draw_twins)
    for stage in stages:
        stage(plan, say)
