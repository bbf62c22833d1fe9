"""Import of Med-DDPM's own checkpoint files as model folders.

There are two files: `model_brats.pt` draws four modalities of a brain, `model_128.pt` draws one
image of a whole head.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from syntrust_core.checkpoint_files import check_stored_size, explain_unreadable, numpy_numbers
from syntrust_core.errors import CallerError
from syntrust_generator.checkpoints.publish import SHIPPED
from syntrust_generator.checkpoints.store import (
    check_weights,
    create_network,
    save_model,
    software_versions,
)
from syntrust_generator.diffusion.network import BRATS, WHOLE_HEAD, Architecture
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import (
    ArchitectureCard,
    Domain,
    ModelCard,
    Sampling,
    SeenCase,
    Variant,
    WholeHeadDomain,
)

PARAMETER_PREFIX: Final = "denoise_fn."
WEIGHT_KEYS: Final = ("ema", "model")  # of the trainer's dict, the one to sample from first
TABLE_TOLERANCE: Final = 1e-6  # relative; the reference's tables and ours agree to the last bit
MOST_STEPS: Final = 10_000  # Med-DDPM has 250
INPUT_WEIGHT: Final = "input_blocks.0.0.weight"  # its width tells the two models apart
TRAINING_CASES: Final = SHIPPED / "med_ddpm_training_cases.csv"


@dataclass(frozen=True)
class ReleasedModel:
    """What is known of a released model besides its weights."""

    variant: Variant
    architecture: Architecture
    domain: Domain | WholeHeadDomain
    seen: Path | None
    dataset: str


BRATS_MODEL: Final = ReleasedModel(
    variant="brats",
    architecture=BRATS,
    domain=Domain(
        shape=(192, 192, 144),
        spacing_mm=(1.0, 1.0, 1.0),
        view="grid",
        fit="crop",
        intensity="min-max",
    ),
    seen=TRAINING_CASES,
    dataset="BraTS 2021, the 193 cases that the released Med-DDPM weights were trained on",
)
WHOLE_HEAD_MODEL: Final = ReleasedModel(
    variant="whole-head",
    architecture=WHOLE_HEAD,
    domain=WholeHeadDomain(),
    seen=None,
    dataset="whole heads; which, the authors have not listed",
)


def import_med_ddpm(
    path: Path, out: Path, *, name: str, seen: Path | None = None, dataset: str | None = None
) -> dict[str, Path]:
    """Write the weights of a Med-DDPM checkpoint, of either model, as a model folder.

    Parameters
    ----------
    path : Path
        A file of `torch.save`: {"ema": …} of float32 parameters with the prefix `denoise_fn.` (338
        for four modalities) and 13 schedule tables, as the authors released it. Nothing in it is
        executed.
    seen : Path, optional
        A text file with one id per line: the cases that the weights were fitted to. If None, the
        published list.
    dataset : str, optional
        Where these cases come from, for the card. If None, what was published.

    Returns
    -------
    dict of str to Path
        "model" and "card".

    Raises
    ------
    CallerError
        If the file is not such a checkpoint; the first parameter or table that differs is named.
    """
    entries = _state_dict(_load_checkpoint(path), path.name)
    tables = {key: value for key, value in entries.items() if not _is_parameter(key)}
    weights = {
        key.removeprefix(PARAMETER_PREFIX): value
        for key, value in entries.items()
        if _is_parameter(key)
    }
    steps = check_tables(tables)
    model = _identify_model(weights)
    architecture = ArchitectureCard(**asdict(model.architecture))
    with torch.device("meta"):
        network = create_network(architecture)
    check_weights(network, weights)
    _check_finite(weights)
    listed = seen or model.seen
    card = ModelCard(
        name=name,
        variant=model.variant,
        architecture=architecture,
        parameters=sum(value.numel() for value in weights.values()),
        schedule_steps=steps,
        domain=model.domain,
        default=Sampling(sampler="ancestral", steps=steps),  # until fewer are measured on them
        seen=() if listed is None else _read_seen_cases(listed),
        dataset=dataset or model.dataset,
        recipe=None,
        iterations=0,
        versions=software_versions(),
        loss=(),
        weights_sha256="",
    )
    return save_model(weights, card, out)


def _identify_model(weights: Mapping[str, Tensor]) -> ReleasedModel:
    """Find which of the two released models has an input of that many channels."""
    found = weights.get(INPUT_WEIGHT)
    is_whole_head = found is not None and found.shape[1:2] == (WHOLE_HEAD.in_channels,)
    return WHOLE_HEAD_MODEL if is_whole_head else BRATS_MODEL


def check_tables(tables: Mapping[str, Tensor]) -> int:
    """Compare every schedule table of a checkpoint with ours; returns T, the number of steps.

    Raises
    ------
    CallerError
        Naming the first table that is missing, unknown or different.
    """
    if "betas" not in tables or tables["betas"].ndim != 1 or len(tables["betas"]) < 2:
        raise CallerError("checkpoint: the schedule table betas is missing.", parameter="betas")
    if len(tables["betas"]) > MOST_STEPS:
        raise CallerError(
            f"checkpoint: the schedule has {len(tables['betas'])} steps; at most {MOST_STEPS} are "
            "read.",
            parameter="betas",
        )
    expected = cosine_schedule(len(tables["betas"])).tables()
    for key, table in expected.items():
        found = tables.get(key)
        if found is None or found.shape != table.shape:
            raise CallerError(f"checkpoint: the schedule table {key} is missing.", parameter=key)
        if not torch.allclose(found.float(), table, rtol=TABLE_TOLERANCE, atol=TABLE_TOLERANCE):
            raise CallerError(
                f"checkpoint: the schedule table {key} is not that of a cosine schedule of "
                f"{len(table)} steps.",
                parameter=key,
            )
    for key in tables:
        if key not in expected:
            raise CallerError(f"checkpoint: {key} is not part of Med-DDPM.", parameter=key)
    return len(tables["betas"])


def _load_checkpoint(path: Path) -> object:
    with explain_unreadable(path), torch.serialization.safe_globals(numpy_numbers()):
        # Torch's older format cannot be mapped.
        mmap = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def _state_dict(content: object, name: str) -> dict[str, Tensor]:
    """The state dict in a checkpoint: under `ema` or `model`, or the file's whole content."""
    if not isinstance(content, Mapping):
        raise CallerError(f"{name}: holds no dict of tensors.")
    key = next((key for key in WEIGHT_KEYS if isinstance(content.get(key), Mapping)), None)
    entries = content if key is None else content[key]
    for entry, value in entries.items():
        if not isinstance(entry, str) or not isinstance(value, Tensor):
            raise CallerError(f"{name}: {entry} is not a tensor; expected the key ema.")
        check_stored_size(entry, value)
    return dict(entries)


def _is_parameter(key: str) -> bool:
    return key.startswith(PARAMETER_PREFIX)


def _check_finite(weights: Mapping[str, Tensor]) -> None:
    for key, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise CallerError(f"weights: parameter {key} holds NaN or infinity.", parameter=key)


def _read_seen_cases(path: Path) -> tuple[SeenCase, ...]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CallerError(f"{path.name}: not a text file of one case id per line.") from error
    return tuple(SeenCase(id=line.strip()) for line in lines if line.strip())
