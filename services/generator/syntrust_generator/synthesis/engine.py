"""A generator's network prepared for one processor: device, precision and kernels.

On a CPU: convolutions in float32 or bfloat16, channels last, oneDNN's kernels. On a GPU: TF32
too, channels last, and one compiled graph if every case has the same shape.
Compiling fuses norms with activations, whose memory traffic is most of what is not convolution.
Steps and schedule stay in float32. Tensors are (N, C, Z, Y, X).
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_generator.checkpoints.store import Generator
from syntrust_generator.diffusion.network import (
    UNet,
    activate_in_place,
    bfloat16_convolutions,
    channels_last,
)
from syntrust_generator.diffusion.samplers import Denoiser
from syntrust_generator.diffusion.schedule import Schedule, cosine_schedule, noise_estimate
from syntrust_generator.model_card import Prediction


def best_device() -> torch.device:
    """The GPU if this process sees one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class ComputeConfig:
    """Where and how precisely twins are drawn. It decides their last bits and is in `twin.json`.

    `compiled` allows compiled graphs on a GPU, see `get_engine`. A CPU has no TF32, and computes in
    float32 instead.
    """

    device: torch.device = field(default_factory=best_device)
    precision: GeneratorPrecision = "fp32"
    compiled: bool = True


class Engine:
    """Estimates noise with a network on `device`, in `precision`, with its schedule.

    The time embeddings of all steps are computed once. `compiled` makes one graph for each shape of
    input, so it is for generators whose cases all have one shape.
    """

    def __init__(
        self,
        network: UNet,
        schedule: Schedule,
        prediction: Prediction,
        *,
        device: torch.device,
        precision: GeneratorPrecision,
        compiled: bool = False,
    ) -> None:
        self.schedule, self.device, self.precision = schedule, device, precision
        self.compiled = compiled
        self._prediction, self._channels = prediction, network.architecture.out_channels
        placed = _place(network, device, precision)
        self._atlas, self._add_atlas = placed.atlas, placed.add_atlas
        self._predict: Callable[[Tensor, Tensor], Tensor] = placed.predict
        if compiled:
            self._predict = torch.compile(placed.predict, fullgraph=True, dynamic=False)
        with torch.inference_mode():
            self._embeddings = placed.embed(torch.arange(schedule.steps, device=device))

    @property
    def deformation_modes(self) -> NDArray[np.float32] | None:
        """Modes of the deformations that twins sample from, if the network has an atlas."""
        return None if self._atlas is None else self._atlas.deformation_modes.float().cpu().numpy()

    def denoiser(self, planes: NDArray[np.float32]) -> Denoiser:
        """The noise estimate for N images, each under its own condition (N, C, Z, Y, X).

        The noise in them, and in the estimate, is that of `noise_scale`.
        """
        condition, channels = torch.from_numpy(planes), self._channels
        inputs = self._inputs(condition)
        expected, scale = self._expected(condition), self.noise_scale(planes)

        def estimate(x: Tensor, t: int) -> Tensor:
            x = (x - self.schedule.sqrt_alphas_cumprod[t] * expected) / scale
            inputs[:, :channels] = x
            with torch.inference_mode(), _cudnn_flags(self.device, self.precision):
                output = self._predict(inputs, self._embeddings[t : t + 1])
                output = output.float().contiguous()
                return scale * noise_estimate(self.schedule, self._prediction, output, x, t)

        return estimate

    def _inputs(self, condition: Tensor) -> Tensor:
        """The network's input under a condition: an image, yet 0, the condition, and the atlas."""
        count, seen, *shape = condition.shape
        inputs = torch.zeros(
            (count, self._channels + seen, *shape),
            dtype=torch.bfloat16 if self.precision == "bf16" else torch.float32,
            device=self.device,
        )
        inputs[:, self._channels :] = condition
        return self._add_atlas(inputs).contiguous(memory_format=torch.channels_last_3d)

    def noise_scale(self, planes: NDArray[np.float32]) -> Tensor | float:
        """The sd of the noise that images under a condition (N, C, Z, Y, X) are drawn from.

        1, or (N, 4, Z, Y, X) for a network with an atlas, whose scale differs by region.
        """
        if self._atlas is None:
            return 1.0
        with torch.inference_mode():
            return self._atlas.scale_map(torch.from_numpy(planes).to(self.device))

    def _expected(self, condition: Tensor) -> Tensor | float:
        """The atlas images, to which a network with an atlas draws the difference."""
        if self._atlas is None:
            return 0.0
        with torch.inference_mode():
            return self._atlas.expected_images(condition.to(self.device))


def _place(network: UNet, device: torch.device, precision: GeneratorPrecision) -> UNet:
    """A copy of the network for inference on the device. The given network does not change."""
    placed = copy.deepcopy(network).to(device).eval().requires_grad_(requires_grad=False)
    if precision == "bf16":
        placed = bfloat16_convolutions(placed)
    return channels_last(activate_in_place(placed))


def _cudnn_flags(
    device: torch.device, precision: GeneratorPrecision
) -> AbstractContextManager[None]:
    """On a GPU: deterministic kernels, and TF32 in convolutions unless precision is fp32."""
    if device.type != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=precision != "fp32"
    )


@lru_cache(maxsize=1)
def get_engine(generator: Generator, compute: ComputeConfig) -> Engine:
    """The engine of a generator. It is kept until another is needed: a worker draws many twins."""
    card, device = generator.card, compute.device
    return Engine(
        generator.network,
        cosine_schedule(card.schedule_steps),
        card.prediction,
        device=device,
        precision=compute.precision,
        compiled=compute.compiled and _should_compile(generator, device),
    )


def _should_compile(generator: Generator, device: torch.device) -> bool:
    """On a GPU, if all cases have one shape: each other shape would be compiled again.

    Triton builds its launchers with the machine's C compiler, which slim images lack.
    """
    has_compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang"))
    return device.type == "cuda" and generator.domain.view == "grid" and has_compiler
