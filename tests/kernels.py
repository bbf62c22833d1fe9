"""Run the numerical tests on other kernels than the processor's own: `make test-kernels`.

Torch, oneDNN, OpenBLAS and numpy choose their kernels by the processor. Each combination below
names lower levels and a number of threads, checks in a process of its own that they are in effect,
and runs the tests marked `numeric` there. One that the processor lacks is reported as not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
import torch
from tests.outcomes import Outcome, Record, outcome_of, table

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SIMD = np.show_config(mode="dicts")["SIMD Extensions"]
NUMPY = SIMD.get("found", [])


@dataclass(frozen=True)
class Level:
    """Kernels of one generation of processors: what to ask for and what is then seen."""

    asked: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)


def level(aten: str, onednn: str, openblas: str, numpy: list[str], seen: str) -> Level:
    asked = {
        "ATEN_CPU_CAPABILITY": aten,
        "ONEDNN_MAX_CPU_ISA": onednn,
        "OPENBLAS_CORETYPE": openblas,
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in NUMPY if name not in numpy),
    }
    last = (numpy or SIMD["baseline"])[-1]
    return Level(asked, {"ATen": aten.upper(), "oneDNN": seen, "OpenBLAS": openblas, "numpy": last})


OWN = Level()  # what the libraries choose here, and the environment left as it is
SSE4 = level("default", "SSE41", "Nehalem", [], "Intel SSE4.1")
AVX2 = level("avx2", "AVX2", "Haswell", ["X86_V3"], "Intel AVX2")
AVX512 = level("avx512", "AVX512_CORE", "SkylakeX", ["X86_V3", "X86_V4"], "Intel AVX-512")

COMBINATIONS = {
    "own kernels, 1 thread": (OWN, 1),
    "own kernels, 4 threads": (OWN, 4),
    "SSE4, 1 thread": (SSE4, 1),
    "AVX2, 1 thread": (AVX2, 1),
    "AVX2, 4 threads": (AVX2, 4),
    "AVX-512, 1 thread": (AVX512, 1),
}


class WithoutBfloat16:
    """A plugin that skips what the level cannot do.

    Torch takes oneDNN for bfloat16 by the processor, and oneDNN refuses by the level it was given;
    on a processor of that level torch takes its own kernels.
    """

    REFUSAL = "bf16 path needs the cpu support"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.excinfo is not None and self.REFUSAL in str(call.excinfo.value):
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, self.REFUSAL)
        return report


def use_threads(threads: int) -> None:
    """Really so many: the libraries take no more than there are cores from the environment.

    OpenBLAS alone takes no more than that, for its threads spin while they wait: with four on two
    cores the fit of an outline took eight times as long as with one.
    """
    torch.set_num_threads(threads)
    threadpoolctl.threadpool_limits(threads)
    threadpoolctl.threadpool_limits(blas_threads(threads), user_api="blas")


def blas_threads(threads: int) -> int:
    """Give the number of threads of OpenBLAS where others take `threads`."""
    return min(threads, os.cpu_count() or 1)


def probe() -> None:
    """Say which kernels are in effect; oneDNN says its own when it is first used."""
    torch.mkldnn_convolution(
        torch.ones(1, 16, 8, 8, 8), torch.ones(16, 16, 3, 3, 3), None, [0] * 3, [1] * 3, [1] * 3, 1
    )
    pools = threadpoolctl.threadpool_info()
    blas = {pool["architecture"] for pool in pools if pool["internal_api"] == "openblas"}
    seen = {
        "ATen": torch.backends.cpu.get_cpu_capability(),
        "OpenBLAS": ", ".join(sorted(blas)),
        "numpy": [*SIMD["baseline"], *NUMPY][-1],
        "threads": sorted({pool["num_threads"] for pool in pools} | {torch.get_num_threads()}),
    }
    sys.stdout.write("\n" + json.dumps(seen) + "\n")


def environment(kernels: Level, threads: int) -> dict[str, str]:
    # Threads that wait must not spin where there are more of them than cores.
    fixed = dict.fromkeys(THREADS, str(threads)) | {
        "OPENBLAS_NUM_THREADS": str(blas_threads(threads)),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    return {**os.environ, **kernels.asked, **fixed}


def command(task: str, threads: int) -> list[str]:
    return [sys.executable, "-m", "tests.kernels", task, str(threads)]


def in_effect(kernels: Level, threads: int) -> tuple[str, str]:
    """What a process sees that asks for them, and what of it is not as asked."""
    environ = environment(kernels, threads) | {"ONEDNN_VERBOSE": "1"}
    done = subprocess.run(
        command("probe", threads), env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return "", f"the libraries do not start (exit code {done.returncode})"
    isa = re.search(r"cpu,isa:(.*)", done.stdout)
    seen = json.loads(done.stdout.splitlines()[-1]) | {"oneDNN": isa.group(1) if isa else "none"}
    wrong = [
        f"{name} is {seen[name]} where {wanted} was asked for"
        for name, wanted in kernels.seen.items()
        if not seen[name].startswith(wanted)
    ]
    wanted = sorted({threads, blas_threads(threads)})
    if seen["threads"] != wanted:
        wrong.append(f"threads are {seen['threads']} where {wanted} were asked for")
    return ", ".join(f"{name} {value}" for name, value in seen.items()), "; ".join(wrong)


def run(name: str) -> Outcome:
    """The numerical tests on one combination."""
    kernels, threads = COMBINATIONS[name]
    seen, wrong = in_effect(kernels, threads)
    sys.stdout.write(f"== {name}: {wrong or seen}\n")
    sys.stdout.flush()
    if wrong:
        return Outcome(name, wrong)
    arguments = [*command("test", threads), "tests/unit", *sys.argv[1:]]
    return outcome_of(name, arguments, environment(kernels, threads))


def run_all() -> list[Outcome]:
    """Run every combination: those of one thread as many at once as there are cores."""
    single = [name for name, (_, threads) in COMBINATIONS.items() if threads == 1]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(single, pool.map(run, single), strict=True))
    return [found.get(name) or run(name) for name in COMBINATIONS]


def main() -> int:
    """Run every combination and print the table."""
    outcomes = run_all()
    sys.stdout.write(table(outcomes))
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    task = sys.argv[1] if len(sys.argv) > 1 else ""
    if task in {"probe", "test"}:
        use_threads(int(sys.argv[2]))
    if task == "probe":
        probe()
    elif task == "test":
        options = ["-m", "numeric", "-q", "--no-header", *sys.argv[3:-1]]
        sys.exit(pytest.main(options, plugins=[WithoutBfloat16(), Record(Path(sys.argv[-1]))]))
    else:
        sys.exit(main())
