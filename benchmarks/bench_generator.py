"""What a denoising step, a twin and a run of twins cost, beside the plain float32 loop.

One process, one thread unless told otherwise, timings interleaved, medians. On the CPU in CPU
seconds (of all threads together), which other work on the machine moves little. On a GPU also TF32
and bfloat16, eager and compiled, against the floor that its matrix rate sets.

    python benchmarks/bench_generator.py [--threads N]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.generator.plain_loop import plain_denoiser, plain_network

from syntrust_core.cases.model import read_case
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_generator.checkpoints.store import Generator, find_shipped_model, load_model
from syntrust_generator.cli import prepare_cases
from syntrust_generator.diffusion.network import BRATS, UNet
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import Sampling
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.draw import draw
from syntrust_generator.synthesis.engine import ComputeConfig, Engine
from syntrust_generator.synthesis.synthesis import (
    SynthesisConfig,
    TwinJob,
    synthesise,
    synthesise_all,
)
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

CPU = torch.device("cpu")
PRECISIONS: tuple[GeneratorPrecision, ...] = ("fp32", "bf16")
FULL_SHAPE, SMALL_SHAPE = (144, 192, 192), (48, 64, 64)  # z, y, x
FULL_STEP_TFLOP = 21.26  # 2 x multiply-adds of one step at FULL_SHAPE, counted by torch
PLAIN_STEPS = 250
SCHEDULE = cosine_schedule(PLAIN_STEPS)
Step = Callable[[], object]


def measure_medians_s(
    steps: Mapping[str, Step], runs: int, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Median seconds of each, called in turn; the first call of each does not count."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for run in range(runs + 1):
        for name, step in steps.items():
            start = clock()
            step()
            if run:
                taken[name].append(clock() - start)
    return {name: median(values) for name, values in taken.items()}


def random_network() -> UNet:
    """The released architecture with weights that are not zero."""
    network = UNet(BRATS)
    torch.manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.03)
    return network.eval().requires_grad_(requires_grad=False)


def time_steps(title: str, network: UNet, planes: NDArray[np.float32], runs: int) -> float:
    """Print seconds per step of the plain loop and of ours; the plain loop's."""
    x = torch.randn((1, 4, *planes.shape[1:]))
    plain = plain_denoiser(plain_network(network), planes)
    steps: dict[str, Step] = {"plain": lambda: plain(x, 100)}
    for precision in PRECISIONS:
        engine = Engine(network, SCHEDULE, "noise", device=CPU, precision=precision)
        denoise = engine.denoiser(planes[None])
        steps[precision] = lambda denoise=denoise: denoise(x, 100)  # type: ignore[misc]
    found = measure_medians_s(steps, runs)
    for name, seconds in found.items():
        ratio = found["plain"] / seconds
        print(f"  {title:34} {name:6} {seconds:8.3f} s a step   {ratio:5.2f}x")
    return found["plain"]


def write_phantom(folder: Path, generator: Generator) -> Path:
    """A canonical case that the shipped generator has not seen."""
    make_cohort(folder / "cohort", seed=8, count=1, options=PhantomOptions.demo())
    domain = generator.domain
    grid = Grid(shape=domain.shape, spacing_mm=domain.spacing_mm)
    return next(iter(prepare_cases(folder / "cohort", folder / "cases", grid).values()))


def time_twin(generator: Generator, case_folder: Path, folder: Path, plain_step_s: float) -> None:
    """End to end: reading, sampling, checking and writing one twin."""
    config = SynthesisConfig(generator, 0, compute=ComputeConfig(CPU, "bf16"))
    job = TwinJob(case_folder, folder / "twin")
    default = generator.card.default
    seconds = measure_medians_s({"ours": lambda: synthesise(job, config)}, runs=2)["ours"]
    plain_s = plain_step_s * PLAIN_STEPS
    print(f"  {default.steps} steps of {default.sampler}, end to end {seconds:8.2f} s a twin")
    print(f"  {PLAIN_STEPS} plain steps, from one step    {plain_s:8.2f} s a twin", end="")
    print(f"   {plain_s / seconds:5.1f}x")


def compare_precisions(generator: Generator, case_folder: Path) -> None:
    """How far bfloat16 moves a twin from float32, with the same noise."""
    case, _ = read_case(case_folder)
    sampling = generator.card.default
    exact, fast = (
        draw(generator, case, seed=1, sampling=sampling, precision=precision)[:, case.brain]
        for precision in ("fp32", "bf16")
    )
    rms = float(np.sqrt(np.mean((exact - fast) ** 2)))
    print(f"  bf16 against fp32: rms {rms:.4f} where the brain has an sd of {exact.std():.3f}")


def measure_memory(generator: Generator, case_folder: Path, folder: Path) -> None:
    """Resident memory after 3 and after 30 twins of one run."""
    config = SynthesisConfig(
        generator, 0, Sampling(sampler="ddim", steps=2), compute=ComputeConfig(CPU)
    )
    held: list[float] = []
    jobs = [TwinJob(case_folder, folder / "run", twin) for twin in range(30)]
    synthesise_all(jobs, config, on_twin=lambda _: held.append(resident_mib()))
    print(f"  resident after 3 twins {held[2]:6.0f} MiB, after 30 {held[29]:6.0f} MiB")


def resident_mib() -> float:
    """Resident memory of this process, as psutil reads it."""
    return float(psutil.Process().memory_info().rss) / 2**20


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def run_on_cpu() -> None:
    generator = load_model(find_shipped_model("tiny"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case_folder = write_phantom(folder, generator)
        case, _ = read_case(case_folder)
        view = generator.prepare_view(case)
        size = "x".join(str(n) for n in reversed(view.planes.shape[1:]))
        plain_s = time_steps(f"tiny, the brain's {size}", generator.network, view.planes, runs=9)
        time_twin(generator, case_folder, folder, plain_s)
        compare_precisions(generator, case_folder)
        measure_memory(generator, case_folder, folder)
    print(f"  peak until here {peak_mib():6.0f} MiB")
    planes = (np.random.default_rng(0).random((4, *SMALL_SHAPE)) < 0.2).astype(np.float32)
    time_steps("64 channels, 64x64x48", random_network(), planes, runs=2)
    print(f"  peak until here {peak_mib():6.0f} MiB")


def run_on_gpu() -> None:
    """One step of the released architecture at its own size."""
    gpu, network = torch.device("cuda"), random_network()
    rates = {
        "tf32": measure_matrix_tflops(torch.float32),
        "bf16": measure_matrix_tflops(torch.bfloat16),
    }
    planes = (np.random.default_rng(0).random((4, *FULL_SHAPE)) < 0.2).astype(np.float32)
    print(f"  {torch.cuda.get_device_name()}: matrix products at {rates} TFLOP/s")
    plain_s = time_gpu_step(plain_on_gpu(network, planes))
    print(f"  plain eager {plain_s:8.3f} s a step")
    precisions: tuple[GeneratorPrecision, ...] = ("tf32", "bf16")
    for precision in precisions:
        floor_s = FULL_STEP_TFLOP / rates[precision]
        engine = Engine(network, SCHEDULE, "noise", device=gpu, precision=precision, compiled=True)
        for batch in (1, 2, 4):
            x = torch.randn((batch, 4, *FULL_SHAPE), device=gpu)
            denoise = engine.denoiser(np.repeat(planes[None], batch, axis=0))
            torch.cuda.reset_peak_memory_stats()
            seconds = time_gpu_step(lambda denoise=denoise, x=x: denoise(x, 100)) / batch  # type: ignore[misc]
            peak_gib = torch.cuda.max_memory_allocated() / 2**30
            print(
                f"  {precision} compiled, batch {batch}: {seconds:8.3f} s a step and volume, "
                f"{plain_s / seconds:5.2f}x, {floor_s / seconds:4.0%} of the floor's rate, "
                f"{peak_gib:5.1f} GiB"
            )


def plain_on_gpu(network: UNet, planes: NDArray[np.float32]) -> Step:
    plain = plain_network(network).cuda()
    condition = torch.from_numpy(planes)[None].cuda()
    x, t = torch.randn((1, 4, *FULL_SHAPE), device="cuda"), torch.tensor([100], device="cuda")

    def step() -> object:
        with torch.no_grad():
            return plain(torch.cat([x, condition], dim=1), t)

    return step


def time_gpu_step(step: Step, runs: int = 5) -> float:
    def whole() -> None:
        step()
        torch.cuda.synchronize()

    whole()  # compiling is not timed
    return measure_medians_s({"step": whole}, runs, time.perf_counter)["step"]


def measure_matrix_tflops(dtype: torch.dtype, side: int = 8192) -> float:
    """The rate of a large matrix product, TF32 for float32."""
    torch.backends.cuda.matmul.allow_tf32 = True
    a = torch.randn((side, side), device="cuda", dtype=dtype)
    seconds = time_gpu_step(lambda: a @ a, runs=20)
    torch.backends.cuda.matmul.allow_tf32 = False
    return 2 * side**3 / seconds / 1e12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    threads = parser.parse_args().threads
    print(f"generator on {threads} CPU thread(s), torch {torch.__version__}")
    with reproducible(threads):
        run_on_cpu()
    if torch.cuda.is_available():
        run_on_gpu()
    else:
        print("  no GPU here")


if __name__ == "__main__":
    main()
