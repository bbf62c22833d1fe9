"""The state of a training in one safetensors file (no pickle), written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from syntrust_core.contracts.vocabulary import SegmenterPrecision
from syntrust_core.log import get_logger
from syntrust_segmenter.training_history import History

log = get_logger(__name__)
FORMAT: Final = "syntrust-training-state/1"


@dataclass
class TrainingState:
    """Everything the next iteration depends on, besides data, config and seed.

    The learning rate and the samples are functions of `iteration`, so neither a scheduler nor a
    sampler has state of its own. bfloat16 has the range of float32, so no scaler is needed.
    """

    network: nn.Module
    optimizer: Optimizer
    precision: SegmenterPrecision
    iteration: int = 0
    history: History = field(default_factory=History)
    average: AveragedModel | None = None

    @property
    def result(self) -> nn.Module:
        """The network to validate and store: the running average if one is kept."""
        return self.network if self.average is None else self.average.module


def save_state(state: TrainingState, path: Path, *, identity: str) -> None:
    """Write the state and torch's generators; `identity` names the training they belong to."""
    header = {
        "format": FORMAT,
        "identity": identity,
        "iteration": str(state.iteration),
        "precision": state.precision,
        "history": state.history.model_dump_json(),
    }
    draft = path.with_suffix(".draft")
    save_file(_collect_tensors(state), draft, metadata=header)
    draft.replace(path)


def load_state(state: TrainingState, path: Path, *, identity: str) -> bool:
    """Load `path` into `state`. Return False, with `state` unchanged, if the file is unusable.

    A checkpoint only saves time, so a damaged one, or one of another training, is ignored.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        log.warning("checkpoint.damaged", reason=str(error))
        return False
    if header.get("format") != FORMAT or header.get("identity") != identity:
        log.warning("checkpoint.of_another_training", found=header.get("identity"))
        return False
    _restore(state, header, tensors)
    return True


def _collect_tensors(state: TrainingState) -> dict[str, Tensor]:
    tensors = {f"model/{name}": value for name, value in state.network.state_dict().items()}
    if state.average is not None:
        tensors |= {f"average/{name}": value for name, value in state.average.state_dict().items()}
    for index, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": value for name, value in values.items()}
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def _restore(
    state: TrainingState, header: Mapping[str, str], tensors: Mapping[str, Tensor]
) -> None:
    weights = _select_prefix("model", tensors)
    state.network.load_state_dict(weights)
    if state.average is not None:
        state.average.load_state_dict(_select_prefix("average", tensors))
    _restore_optimizer(state.optimizer, _select_prefix("optimizer", tensors))
    torch.set_rng_state(tensors["random/cpu"])
    if "random/cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random/cuda"])
    state.iteration = int(header["iteration"])
    state.precision = _parse_precision(header["precision"])
    state.history = History.model_validate_json(header["history"])


def _restore_optimizer(optimizer: Optimizer, values: Mapping[str, Tensor]) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments: dict[int, dict[str, Any]] = {}
    for name, value in values.items():
        index, key = name.split("/")
        like = parameters[int(index)]
        # In the parameter's own memory layout, as the optimizer had made it.
        laid_out = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        moments.setdefault(int(index), {})[key] = laid_out
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _select_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }


def _parse_precision(text: str) -> SegmenterPrecision:
    return "bfloat16" if text == "bfloat16" else "float32"
