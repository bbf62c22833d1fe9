"""The two jobs of this service, as ordinary functions on folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from syntrust_core.canonical import digest
from syntrust_core.cases import Case, read_case, read_images
from syntrust_core.errors import InvalidRequest, OutOfMemory
from syntrust_core.labels import MODALITIES
from syntrust_core.volumes import write_volume
from syntrust_segmenter.data import PreparedCase, keep_on_disk, prepare_case
from syntrust_segmenter.history import ImageKind
from syntrust_segmenter.inference import predict_labels
from syntrust_segmenter.model import ModelCard, load_model, save_model
from syntrust_segmenter.network import weights_digest
from syntrust_segmenter.presets import SegmenterConfig, configure
from syntrust_segmenter.training import (
    Checkpoints,
    Report,
    Run,
    ValidationImage,
    reproducible,
    train_network,
)

FEWEST_CASES: Final = 2


@dataclass(frozen=True)
class ImageEntry:
    """A canonical case seen through its real image, or through its twin if there is a folder.

    Labels and brain are the case's in both views. `name` tells entries apart in messages and
    files; the same case may enter once as real and once as twin.
    """

    name: str
    folder: Path
    twin_folder: Path | None = None

    @property
    def view(self) -> ImageKind:
        return "real" if self.twin_folder is None else "twin"

    @property
    def label(self) -> str:
        return f"{self.name} ({self.view})"


def best_device() -> str:
    """The GPU if this process sees one, else the CPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Machine:
    """What a job computes on. `threads` is exact: it decides the last bits of every weight."""

    threads: int = 1
    device: str = field(default_factory=best_device)
    workers: int = 0
    checkpoint_every_s: float = 60.0


def train(
    cases: Sequence[ImageEntry],
    validation: Sequence[ImageEntry],
    *,
    preset: str,
    seed: int,
    out: Path,
    scratch: Path,
    report: Report,
    overrides: Mapping[str, Any] | None = None,
    iterations: int | None = None,
    checkpoints: Checkpoints | None = None,
    machine: Machine | None = None,
) -> ModelCard:
    """Train on `cases` and write weights, config and history into `out`.

    The validation images are scored for the history only; the weights are those of the last
    iteration.

    Parameters
    ----------
    cases, validation : sequences of ImageEntry
        The order of `cases` matters: samples are drawn by it. A validation case usually enters
        twice, as real and as twin.
    seed : int
        Drives initialisation, sampling and augmentation.
    iterations : int, optional
        The preset's own number if left out.
    report : Report
        Called after each iteration with done, total and numbers worth showing.

    Raises
    ------
    InvalidRequest
        Fewer than two training cases, an entry twice, a case both trained on and validated, a twin
        that is incomplete, or a setting out of range.
    InvalidVolume, Diverged, OutOfMemory
        See `prepare_case`, `train_network`; the last says which setting to lower.
    """
    machine = machine or Machine()
    changes = dict(overrides or {}) | ({} if iterations is None else {"iterations": iterations})
    config = configure(preset, changes)
    _check(cases, validation)
    run = _run(cases, config, seed, machine, scratch)
    with memory_advice(config), reproducible(machine.threads):
        prepared = [_prepare(entry, config, scratch / "train") for entry in cases]
        held_out = [_held_out(entry, config, scratch / "validation") for entry in validation]
        state = train_network(
            prepared, held_out, config, run, report=report, checkpoints=checkpoints
        )
    card = ModelCard(
        config=config,
        precision=state.precision,
        seed=seed,
        threads=machine.threads,
        device=machine.device,
        training_images=tuple(entry.label for entry in cases),
        weights_digest=weights_digest(state.network.state_dict()),
    )
    save_model(state.network, card, state.history, out)
    return card


def predict(
    model_folder: Path,
    entries: Sequence[ImageEntry],
    *,
    out: Path,
    report: Report,
    machine: Machine | None = None,
) -> dict[str, Path]:
    """Write the predicted label map of each entry as `<name>.nii.gz`; paths by name.

    Label maps are uint8 on the canonical grid: 0 background, 1 NCR, 2 ED, 3 ET; 0 outside the
    brain. They are computed in the precision the model was trained in.

    Raises
    ------
    InvalidRequest
        No entry, or two of one name; the model's weights do not fit its card.
    InvalidVolume, ObjectDamaged, OutOfMemory
        See `preprocessing.normalise`, `load_model`.
    """
    machine = machine or Machine()
    _require_distinct([entry.name for entry in entries], what="images to predict")
    out.mkdir(parents=True, exist_ok=True)
    model = load_model(model_folder)
    config, precision = model.card.config, model.card.precision
    paths = {}
    with memory_advice(config), reproducible(machine.threads):
        network = model.network.to(machine.device)
        for done, entry in enumerate(entries, start=1):
            case, images = _read(entry)
            labels = predict_labels(network, images, case.brain, config, precision=precision)
            paths[entry.name] = out / f"{entry.name}.nii.gz"
            write_volume(paths[entry.name], labels, case.geometry.affine)
            report(done, len(entries))
    return paths


@contextmanager
def memory_advice(config: SegmenterConfig) -> Iterator[None]:
    """Turn running out of memory into an error that says which setting to lower."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfMemory(_advice(config)) from error
    except RuntimeError as error:
        # Torch has no class of its own for the allocator of the CPU.
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise OutOfMemory(_advice(config)) from error


def _advice(config: SegmenterConfig) -> str:
    """What to lower first: whatever costs no accuracy comes before what does."""
    if config.batch > 1:
        lower = f"batch (now {config.batch})"
    elif not config.gradient_checkpointing:
        lower = "patch or feature_size, or set gradient_checkpointing to true"
    else:
        lower = f"patch (now {config.patch}) or feature_size (now {config.feature_size})"
    return f"The segmenter does not fit into memory: lower {lower}; for prediction also windows."


def _run(
    cases: Sequence[ImageEntry], config: SegmenterConfig, seed: int, machine: Machine, scratch: Path
) -> Run:
    labels = [entry.label for entry in cases]
    return Run(
        seed=seed,
        iterations=config.iterations,
        identity=digest({"cases": labels, "config": config.model_dump(mode="json"), "seed": seed}),
        scratch=scratch,
        device=torch.device(machine.device),
        workers=machine.workers,
        checkpoint_every_s=machine.checkpoint_every_s,
    )


def _prepare(entry: ImageEntry, config: SegmenterConfig, folder: Path) -> PreparedCase:
    case, images = _read(entry)
    prepared = prepare_case(images, case.labels, case.brain, patch=config.patch)
    return keep_on_disk(prepared, folder / entry.name / entry.view)


def _held_out(entry: ImageEntry, config: SegmenterConfig, folder: Path) -> ValidationImage:
    return ValidationImage(entry.name, entry.view, _prepare(entry, config, folder))


def _read(entry: ImageEntry) -> tuple[Case, NDArray[np.float32]]:
    """The case, and the images of the view that is meant."""
    case, _ = read_case(entry.folder)
    if entry.twin_folder is None:
        return case, case.images
    missing = [m for m in MODALITIES if not (entry.twin_folder / f"{m}.nii.gz").is_file()]
    if missing:
        raise InvalidRequest(
            f"The twin of case {entry.name} lacks {', '.join(missing)}; synthesise it first.",
            pointer=f"/cases/{entry.name}/twin",
        )
    return case, read_images(entry.twin_folder, case.geometry)


def _check(cases: Sequence[ImageEntry], validation: Sequence[ImageEntry]) -> None:
    names = {entry.name for entry in cases}
    if len(names) < FEWEST_CASES:
        raise InvalidRequest(
            f"Training needs at least {FEWEST_CASES} different cases, not {len(names)}.",
            pointer="/train",
        )
    _require_distinct([entry.label for entry in cases], what="training images")
    _require_distinct([entry.label for entry in validation], what="validation images")
    both = sorted(names & {entry.name for entry in validation})
    if both:
        raise InvalidRequest(
            f"Cases both trained on and validated: {', '.join(both)}.", pointer="/validation"
        )


def _require_distinct(labels: Sequence[str], *, what: str) -> None:
    repeated = sorted(label for label, times in Counter(labels).items() if times > 1)
    if repeated:
        raise InvalidRequest(
            f"Each of the {what} may enter once; repeated: {', '.join(repeated)}.",
            pointer="/images",
        )
