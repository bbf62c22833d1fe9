"""Whether another layout, compiler or runtime computes our networks faster on this processor.

One denoising step of the shipped generator and of Med-DDPM's network, one prediction and one
training iteration of the segmenter's preset `tiny`. Timings are interleaved, medians, in CPU
seconds of all threads together, which other work on the machine moves little. *Ready* is the
time until the first answer, which each process of a worker would spend once for each network.

    python benchmarks/bench_kernels.py [--threads N] [--runs N] [--compile] [PART ...]

Parts: tiny med predict train. Compiling takes minutes, and is measured only with `--compile`.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import torch

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kernels.networks import (
    make_generator,
    make_iteration,
    make_segmenter,
    predict,
    without_safety,
)
from benchmarks.kernels.variants import (
    Precision,
    Prepare,
    Run,
    Timing,
    compiled,
    frozen,
    measure,
    onnx_runtime,
    openvino,
    time_in_turns,
)

from syntrust_generator.synthesis.determinism import reproducible

PARTS, SIDE = ("tiny", "med", "predict", "train"), 1024
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")


def list_generator_variants(part: str, threads: int, *, compiling: bool) -> dict[str, Prepare]:
    generator = make_generator(part)
    module, inputs = generator.contiguous()

    def ours(precision: Precision) -> Run:
        placed, laid_out = generator.place(precision)
        return lambda: placed(*laid_out)

    def by_inductor(precision: Precision, *, freezing: bool) -> Run:
        return compiled(*generator.place(precision), freezing=freezing)

    found: dict[str, Prepare] = {f"ours {p}": partial(ours, p) for p in PRECISIONS}
    found["contiguous fp32"] = lambda: lambda: module(*inputs)
    found["TorchScript fp32"] = lambda: frozen(*generator.place("fp32"))
    for p in PRECISIONS:
        found[f"OpenVINO {p}"] = partial(openvino, module, inputs, p, threads)
    found["ONNX Runtime fp32"] = lambda: onnx_runtime(module, inputs, threads)
    if compiling:
        for p in PRECISIONS:
            found[f"inductor {p}"] = partial(by_inductor, p, freezing=False)
            found[f"inductor, frozen {p}"] = partial(by_inductor, p, freezing=True)
    return found


def list_prediction_variants(threads: int, *, compiling: bool) -> dict[str, Prepare]:
    network, window = make_segmenter()
    plain = without_safety(network)

    def ours(precision: Precision) -> Run:
        return lambda: predict(network, window, precision)

    def by_inductor(precision: Precision) -> Run:
        graph = torch.compile(network, dynamic=False)
        return lambda: predict(graph, window, precision)

    found: dict[str, Prepare] = {f"ours {p}": partial(ours, p) for p in PRECISIONS}
    for p in PRECISIONS:
        found[f"OpenVINO {p}"] = partial(openvino, plain, (window,), p, threads)
    found["ONNX Runtime fp32"] = lambda: onnx_runtime(plain, (window,), threads)
    if compiling:
        found |= {f"inductor {p}": partial(by_inductor, p) for p in PRECISIONS}
    return found


def list_training_variants(*, compiling: bool) -> dict[str, Prepare]:
    found: dict[str, Prepare] = {
        f"ours {p}": partial(make_iteration, p, compile_network=False) for p in PRECISIONS
    }
    if compiling:
        found |= {
            f"inductor {p}": partial(make_iteration, p, compile_network=True) for p in PRECISIONS
        }
    return found


def print_matrix_rates() -> None:
    """The rate of a large matrix product: no convolution is computed faster."""
    a = torch.randn(SIDE, SIDE)
    taken = time_in_turns({"fp32": partial(torch.mm, a, a)}, 9)
    half = a.bfloat16()
    taken |= time_in_turns({"bf16": partial(torch.mm, half, half)}, 9)
    rates = {name: 2 * SIDE**3 / seconds / 1e9 for name, seconds in taken.items()}
    print("  matrix products:", ", ".join(f"{n} {r:.0f} GFLOP/s" for n, r in rates.items()))


def print_part(part: str, variants: dict[str, Prepare], runs: int) -> None:
    print(f"  {part}: variant, ready s, s a call, gain over ours, rms and most from ours fp32")
    seconds: dict[str, float] = {}
    for found in measure(variants, runs):
        if not isinstance(found, Timing):
            print(f"    {found}")
            continue
        seconds[found.name] = found.call_s
        ours = seconds[f"ours {found.name.rpartition(' ')[2]}"]
        print(
            f"    {found.name:22} {found.ready_s:7.1f} {found.call_s:8.3f} "
            f"{ours / found.call_s:6.2f}x {found.rms:9.1e} {found.largest:9.1e}"
        )


def list_variants(part: str, threads: int, *, compiling: bool) -> dict[str, Prepare]:
    if part == "train":
        return list_training_variants(compiling=compiling)
    if part == "predict":
        return list_prediction_variants(threads, compiling=compiling)
    return list_generator_variants(part, threads, compiling=compiling)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    print(f"networks on {asked.threads} CPU thread(s), torch {torch.__version__}")
    with reproducible(asked.threads):
        print_matrix_rates()
        for part in asked.parts:
            variants = list_variants(part, asked.threads, compiling=asked.compile)
            with torch.set_grad_enabled(part == "train"):
                print_part(part, variants, asked.runs)


if __name__ == "__main__":
    main()
