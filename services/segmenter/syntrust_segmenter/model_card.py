"""The card of a trained segmenter: config.json for programs, MODEL_CARD.md for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, Region, SegmenterPrecision
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.preprocessing.image_entry import ImageKind
from syntrust_segmenter.preprocessing.normalise import RECIPE
from syntrust_segmenter.training_history import History


class ModelCard(BaseModel):
    """How to use the weights, and what they were trained on. Research use only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = "SwinUNETR"
    modalities: tuple[str, ...] = MODALITIES
    labels: dict[Region, int] = dict(LABELS)
    preprocessing: str = RECIPE
    config: SegmenterConfig
    precision: SegmenterPrecision
    seed: int
    threads: int
    device: str
    devices: Annotated[int, Field(description="Shared each batch; each used `threads`.")] = 1
    training_images: tuple[str, ...]
    training_digest: Annotated[
        str | None,
        Field(description="Digest of the contents of the training images, in their order."),
    ] = None
    grid: Annotated[
        Grid | None, Field(description="Grid of every training image; null: their grids differ.")
    ] = None
    parameters: int | None = None
    validation_dice: Annotated[
        dict[ImageKind, dict[str, float | None]],
        Field(
            description="At the last validation, by image and region: the mean over the cases in "
            "which either label map has the region; null: none has."
        ),
    ] = {}
    start: Annotated[
        StartRecord | None, Field(description="What training started from; null: fresh weights.")
    ] = None
    versions: Annotated[
        dict[str, str],
        Field(description="Versions of the packages that trained, and the git revision."),
    ] = {}
    weights_digest: str
    use: str = "research only"

    def count_images(self, view: ImageKind) -> int:
        """Count the training images of a view, real or twin."""
        return sum(label.endswith(f"({view})") for label in self.training_images)


COLUMNS: Final = ("ET", "ED", "NCR", "TC", "WT")


def card_markdown(card: ModelCard, history: History) -> str:
    """Write the model card as Markdown."""
    facts = [f"| {name} | {value} |" for name, value in _list_facts(card, history).items()]
    lines = [
        f"# {card.architecture}, preset {card.config.preset}",
        "",
        f"Use: {card.use}. It has not been checked on patients for any purpose.",
        "",
        "| | |",
        "|---|---|",
        *facts,
        "",
        "## Validation",
        "",
        *_tabulate_validation(card, history),
        "",
        "Every setting is in `config.json`, every iteration in `history.json`.",
    ]
    return "\n".join(lines) + "\n"


def _list_facts(card: ModelCard, history: History) -> dict[str, str]:
    config = card.config
    labels = ", ".join(f"{value} {name}" for name, value in card.labels.items())
    reals, twins = card.count_images("real"), card.count_images("twin")
    mode = "deterministic" if config.deterministic else "not deterministic"
    return {
        "input": f"{', '.join(card.modalities)}, prepared as `{card.preprocessing}`",
        "output": f"{labels}; head `{config.head}`",
        "grid": _describe_grid(card.grid),
        "network": f"feature size {config.feature_size}, depths {config.depths}, heads "
        f"{config.heads}, window {config.window}; {card.parameters} parameters",
        "trained on": f"{reals} real images, {twins} twins; digest `{card.training_digest}`",
        "start": _describe_start(card.start),
        "budget": f"{len(history.loss)} iterations of {config.batch} x {config.patch} voxels; the "
        "last weights, chosen by no score",
        "arithmetic": f"{card.precision}, {_name_devices(card)}, {card.threads} threads, {mode}",
        "seed": str(card.seed),
        "weights": f"`{card.weights_digest}`",
        "versions": ", ".join(f"{name} {value}" for name, value in card.versions.items()),
    }


def _name_devices(card: ModelCard) -> str:
    return card.device if card.devices == 1 else f"{card.devices} x {card.device}"


def _describe_start(start: StartRecord | None) -> str:
    if start is None:
        return "fresh weights"
    fresh = f"; {len(start.fresh)} tensors fresh" if start.fresh else ""
    return f"{start.source}, weights `{start.weights_digest}`{fresh}"


def _describe_grid(grid: Grid | None) -> str:
    if grid is None:
        return "that of each upload; they differ"
    shape, spacing = ("x".join(f"{n:g}" for n in each) for each in (grid.shape, grid.spacing_mm))
    return f"{shape} voxels of {spacing} mm"


def summarise_validation(history: History) -> dict[ImageKind, dict[str, float | None]]:
    """Average Dice at the latest validation, by view and region; see `ModelCard`."""
    views: tuple[ImageKind, ...] = ("real", "twin")
    scored = {view: [entry.regions() for entry in history.latest(view)] for view in views}
    return {
        view: {name: _mean([entry.get(name) for entry in entries]) for name in COLUMNS}
        for view, entries in scored.items()
        if entries
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _tabulate_validation(card: ModelCard, history: History) -> list[str]:
    """Tabulate mean Dice at the latest validation, one row for each view."""
    if not card.validation_dice:
        return ["No case was set aside for validation."]
    header = f"| images | cases | {' | '.join(COLUMNS)} |"
    rows = [
        f"| {view} | {len(history.latest(view))} | {' | '.join(_format_dice(dice.values()))} |"
        for view, dice in card.validation_dice.items()
    ]
    note = "Mean Dice; cases in which neither label map has the region are left out of its mean."
    return [header, "|" + "---|" * (2 + len(COLUMNS)), *rows, "", note]


def _format_dice(values: Iterable[float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in values]


class StartRecord(BaseModel):
    """What a training started from. `fresh` lists the tensors that were initialised anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    weights_digest: str
    fresh: tuple[str, ...]
