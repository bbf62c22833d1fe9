"""Ways to run one network of ours on a processor: as it is, compiled, or by another runtime.

OpenVINO and ONNX Runtime are no dependency of the platform. Where they are not installed, their
variants say so. To measure them: `pip install openvino onnxruntime onnx` in an environment beside.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

Run = Callable[[], Tensor]
Prepare = Callable[[], Run]
Precision = Literal["fp32", "bf16"]
BLOCKS: Final[dict[Precision, str]] = {"fp32": "f32", "bf16": "bf16"}  # as OpenVINO names them


@dataclass(frozen=True)
class Timing:
    """What a variant costs and how far its output is from the first variant's."""

    name: str
    ready_s: float
    call_s: float
    rms: float
    largest: float


def measure(variants: dict[str, Prepare], runs: int) -> Iterator[Timing | str]:
    """Prepare all, call them in turn, in alternating order; CPU seconds, medians.

    The first variant is the reference. One that cannot be prepared is a sentence that says why.
    """
    ready: dict[str, tuple[Run, Tensor, float]] = {}
    for name, prepare in variants.items():
        start = cpu_s()
        try:
            run = prepare()
            output = run().float().clone()
        except Exception as error:  # noqa: BLE001 - other runtimes raise what they like
            lines = str(error).splitlines()
            yield f"{name}: not measured, {type(error).__name__}: {lines[0] if lines else ''}"
        else:
            ready[name] = run, output, cpu_s() - start
    taken = time_in_turns({name: run for name, (run, _, _) in ready.items()}, runs)
    reference = next(iter(ready.values()))[1]
    for name, (_, output, ready_s) in ready.items():
        apart = output - reference
        rms, largest = float(apart.square().mean().sqrt()), float(apart.abs().max())
        yield Timing(name, ready_s, taken[name], rms, largest)


def time_in_turns(runs_of: dict[str, Run], runs: int) -> dict[str, float]:
    """Median CPU seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in runs_of}
    for turn in range(runs):
        names = list(runs_of)
        for name in names if turn % 2 else reversed(names):
            start = time.process_time()
            runs_of[name]()
            taken[name].append(time.process_time() - start)
    return {name: median(values) for name, values in taken.items()}


def cpu_s() -> float:
    """CPU seconds of this process, its threads and the compilers that it started."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def compiled(module: nn.Module, inputs: Sequence[Tensor], *, freezing: bool) -> Run:
    """Compile by torch's inductor with the machine's C++ compiler."""
    config: Any = importlib.import_module("torch._inductor.config")
    config.compile_threads, config.freezing = 1, freezing
    graph = torch.compile(module.eval(), fullgraph=True, dynamic=False)
    return lambda: graph(*inputs)


def frozen(module: nn.Module, inputs: Sequence[Tensor]) -> Run:
    """Trace and freeze by TorchScript, with oneDNN's graph fusion on."""
    torch.jit.enable_onednn_fusion(enabled=True)
    trace: Any = torch.jit.trace  # no stub
    graph = torch.jit.freeze(trace(module.eval(), tuple(inputs), check_trace=False))
    for _ in range(2):  # it is optimised at the second call
        graph(*inputs)
    return lambda: graph(*inputs)


def openvino(
    module: nn.Module, inputs: Sequence[Tensor], precision: Precision, threads: int
) -> Run:
    """Convert to OpenVINO, and compile there for this processor."""
    runtime: Any = importlib.import_module("openvino")
    with portable_convolutions():
        model = runtime.convert_model(
            module.eval(), example_input=tuple(inputs), input=[list(one.shape) for one in inputs]
        )
    options = {
        "INFERENCE_PRECISION_HINT": BLOCKS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    request = runtime.Core().compile_model(model, "CPU", options).create_infer_request()
    arrays = [one.numpy() for one in inputs]
    return lambda: torch.from_numpy(request.infer(arrays, share_inputs=True)[0])


def onnx_runtime(module: nn.Module, inputs: Sequence[Tensor], threads: int) -> Run:
    """Export to ONNX and run on ONNX Runtime's processor backend; float32 alone."""
    runtime: Any = importlib.import_module("onnxruntime")
    names = [f"input{index}" for index in range(len(inputs))]
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder, portable_convolutions():
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            module.eval(),
            tuple(inputs),
            str(path),
            dynamo=False,
            opset_version=18,
            input_names=names,
        )
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {name: one.numpy() for name, one in zip(names, inputs, strict=True)}
    return lambda: torch.from_numpy(session.run(None, feed)[0])


@contextmanager
def portable_convolutions() -> Iterator[None]:
    """Trace torch's own convolution, which other runtimes know, instead of oneDNN's."""
    # The generator calls oneDNN's by name unless it is off.
    with torch.backends.mkldnn.flags(enabled=False):
        yield
