"""A generator's card: what it is, its domain, the cases it has seen, how it was trained.

Imports only pydantic and the standard library.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syntrust_core.errors import CallerError

CARD_FILE = "card.json"
WEIGHTS_FILE = "model.safetensors"
NOTICE: Final = "For research use only. Not a medical device."

MASK_PLANES: Final = 4  # NCR, ED, ET, brain without tumour
POSITION_PLANES: Final = 3

View = Literal["grid", "brain"]
Convention = Literal["brain-z", "min-max"]
Prediction = Literal["noise", "velocity"]
Variant = Literal["brats", "whole-head"]
Weighting = Literal["none", "velocity", "image"]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchitectureCard(_Frozen):
    """The arguments of `network.build_network`."""

    base_channels: Annotated[int, Field(ge=2, le=512, multiple_of=2)]
    multipliers: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=8)]
    residual_blocks: Positive
    attention_factors: tuple[Positive, ...] = ()
    middle_attention: bool = True
    heads: Positive = 1
    in_channels: Positive = 8
    out_channels: Positive = 4
    groups: Positive = 32
    anatomy: Annotated[
        tuple[Positive, Positive, Positive] | None,
        Field(
            description="Nodes of the atlas along z, y and the distance from the middle; the "
            "network then has three more condition planes: atlas coordinates. See atlas/."
        ),
    ] = None


class Domain(_Frozen):
    """The cases that a generator can be conditioned on. Any other case is refused."""

    shape: Annotated[
        tuple[Positive, Positive, Positive], Field(description="Voxels along x, y, z.")
    ]
    spacing_mm: tuple[float, float, float]
    view: Annotated[
        View,
        Field(description="The network sees the whole grid, or the box around the brain."),
    ]
    fit: Annotated[
        Literal["exact", "crop"],
        Field(
            description="Other shapes at the same spacing: refused, or cut and padded around the "
            "middle of the grid; see grid_fit.py."
        ),
    ] = "exact"
    labels: Annotated[
        tuple[str, ...], Field(description="The condition's planes, each 0 or 1.")
    ] = ("NCR", "ED", "ET", "brain without tumour")
    intensity: Annotated[
        Convention,
        Field(description="What the twins' numbers mean; see intensity.py."),
    ]
    intensity_range: tuple[float, float] = (-1.0, 1.0)
    expanded: Annotated[
        bool,
        Field(description="The network sees brain-z through intensity.expand; twins do not."),
    ] = False


class WholeHeadDomain(_Frozen):
    """What Med-DDPM's other model draws: one image of a whole head, from two label planes."""

    shape: tuple[Positive, Positive, Positive] = (128, 128, 128)
    labels: tuple[str, ...] = ("head without tumour, -1 or 1", "tumour, -1 or 1")
    intensity: Literal["slice-min-max"] = "slice-min-max"  # of each axial slice by itself
    intensity_range: tuple[float, float] = (-1.0, 1.0)


class Sampling(_Frozen):
    sampler: Literal["ancestral", "ddim", "dpm++2m"]
    steps: Annotated[int, Field(ge=2, le=1000)]


class SeenCase(_Frozen):
    """A case that the weights were trained on. The digests find it again under another id."""

    id: str
    label_map_digest: str | None = None
    fingerprint: str | None = None


class Phase(_Frozen):
    """A part of the training with one size of window."""

    share: Annotated[float, Field(gt=0, le=1, description="Of all iterations.")]
    crop: Annotated[
        int | None,
        Field(ge=8, description="Edge of the cubes in voxels; null takes whole views."),
    ] = None
    batch: Positive = 2
    weighting: Annotated[
        Weighting,
        Field(
            description="Of the loss by t: none (Med-DDPM) is for texture, image for brightness "
            "and contrast, velocity lies between; see training.loop.loss_weights."
        ),
    ] = "none"


class Recipe(_Frozen):
    """Every hyper-parameter of a training. Defaults suit the tiny model."""

    iterations: Positive = 2000
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = (Phase(share=1.0),)
    accumulate: Annotated[
        Positive, Field(description="Batches whose gradients are averaged for one step.")
    ] = 1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    final_learning_rate: Annotated[float, Field(ge=0, le=1)] = 5e-5
    hold: Annotated[Share, Field(description="Of the iterations, before the rate falls.")] = 0.0
    warmup: Annotated[int, Field(ge=0, description="Iterations of linear rise.")] = 50
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.995
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    flip: Annotated[Share, Field(description="Chance of a left-right flip.")] = 0.5
    tumour_share: Annotated[
        Share, Field(description="Share of the cubes that are centred on a tumour voxel.")
    ] = 0.25
    tumour_weight: Annotated[
        float, Field(ge=1, le=100, description="Of an error in a tumour voxel, else 1.")
    ] = 1.0
    prediction: Prediction = "noise"
    precision: Literal["fp32", "bf16"] = "fp32"


class TrainConfig(_Frozen):
    """The settings of a training besides its cases: the `config` of a `TrainGenerator` step."""

    architecture: ArchitectureCard
    recipe: Recipe = Recipe()
    schedule_steps: Annotated[int, Field(ge=2, le=1000)] = 250
    view: View = "brain"
    intensity: Convention = "brain-z"
    expanded: bool = False
    default: Sampling = Sampling(sampler="dpm++2m", steps=10)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        """Refuse channels that do not match the planes, and `expanded` without its inverse."""
        has_atlas = self.architecture.anatomy is not None
        due = self.architecture.out_channels + MASK_PLANES + (POSITION_PLANES if has_atlas else 0)
        if self.architecture.in_channels != due:
            with_or_without = "with" if has_atlas else "without"
            msg = f"architecture.in_channels: must be {due} {with_or_without} anatomy."
            raise ValueError(msg)
        if self.expanded and self.intensity != "brain-z":
            msg = f"expanded: needs intensity brain-z, not {self.intensity}."
            raise ValueError(msg)
        return self


TINY = TrainConfig(
    architecture=ArchitectureCard(
        base_channels=16,
        multipliers=(1, 2, 3, 3),
        residual_blocks=1,
        groups=4,
        in_channels=11,
        anatomy=(52, 60, 26),
    ),
    recipe=Recipe(
        iterations=4200,
        phases=(
            Phase(share=0.95, crop=32, batch=4, weighting="velocity"),
            # One view a step diverges at the full rate, so this phase waits for its fall.
            Phase(share=0.05, batch=1, weighting="velocity"),
        ),
        learning_rate=1.5e-3,
        final_learning_rate=2e-5,
        hold=0.5,
        warmup=100,
        ema_decay=0.998,
        tumour_share=0.6,
        tumour_weight=4.0,
        prediction="velocity",
        precision="bf16",
    ),
    expanded=True,
    default=Sampling(sampler="dpm++2m", steps=5),
)
"""How the shipped model for 64x64x64 voxels of 3 mm is trained on a CPU with native bfloat16.

Five steps were measured on it alone; other networks may need more.
"""


class LossPoint(_Frozen):
    """Mean L1 loss over the iterations up to this one, since the point before."""

    iteration: int
    loss: float


class Stage(_Frozen):
    """An earlier training whose weights a later one started from."""

    name: str
    dataset: str
    recipe: Recipe | None
    iterations: int
    loss: tuple[LossPoint, ...]
    weights_sha256: str


class ModelCard(_Frozen):
    version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    variant: Annotated[
        Variant,
        Field(description="brats: four modalities of a brain; whole-head: one of a head."),
    ] = "brats"
    notice: Literal["For research use only. Not a medical device."] = NOTICE
    architecture: ArchitectureCard
    parameters: Positive
    schedule_steps: Annotated[int, Field(ge=2, le=1000)] = 250
    prediction: Annotated[
        Prediction, Field(description="What the network's output is; see schedule.py.")
    ] = "noise"
    domain: Domain | WholeHeadDomain
    default: Sampling
    seen: tuple[SeenCase, ...]
    dataset: Annotated[str, Field(description="Where the seen cases come from.")]
    recipe: Annotated[Recipe | None, Field(description="null for imported weights.")]
    iterations: Annotated[int, Field(ge=0, description="Done; less than asked if stopped.")]
    devices: Annotated[Positive, Field(description="That shared each batch.")] = 1
    versions: dict[str, str]
    loss: tuple[LossPoint, ...]
    earlier: Annotated[
        tuple[Stage, ...], Field(description="Trainings that this one went on from, oldest first.")
    ] = ()
    weights_sha256: str

    @model_validator(mode="after")
    def _has_the_domain_of_its_variant(self) -> Self:
        if (self.variant == "brats") != isinstance(self.domain, Domain):
            msg = f"domain: not one of the variant {self.variant}."
            raise ValueError(msg)
        return self

    def twin_domain(self) -> Domain:
        """The cases that twins may be drawn of.

        Raises
        ------
        CallerError
            If this model cannot draw the four modalities of a twin.
        """
        if isinstance(self.domain, Domain):
            return self.domain
        raise CallerError(
            f"generator: {self.name} is Med-DDPM's whole-head model, which draws one modality from "
            "two label planes; a twin has four. Name a model of the variant brats.",
            variant=self.variant,
        )

    def as_stage(self) -> Stage:
        """Describe this training as an earlier stage of another."""
        kept = self.model_dump(include=set(Stage.model_fields))
        return Stage.model_validate(kept)


def read_card(folder: Path) -> ModelCard:
    """Read the card of a model folder.

    Raises
    ------
    CallerError
        If the folder has no card, or the file is not a model card.
    """
    try:
        return ModelCard.model_validate_json((folder / CARD_FILE).read_bytes())
    except FileNotFoundError as error:
        raise CallerError(f"model: the folder {folder.name} has no {CARD_FILE}.") from error
    except ValueError as error:
        raise CallerError(f"{CARD_FILE}: not a model card: {error}") from error


def write_card(card: ModelCard, folder: Path) -> Path:
    path = folder / CARD_FILE
    path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path
