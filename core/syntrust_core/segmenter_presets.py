"""Sizes and settings of the segmenter: the presets, and the fields that a caller may change.

The gateway refuses by it what the segmenter could not train with. It imports pydantic alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from syntrust_core.contracts.vocabulary import SegmenterPrecision
from syntrust_core.errors import InvalidRequest, PrecisionNotNamed
from syntrust_core.field_errors import describe_field

DIVISOR: Final = 32  # SwinUNETR halves every side five times
Side = Annotated[int, Field(ge=DIVISOR, le=512, multiple_of=DIVISOR)]
Four = tuple[int, int, int, int]
Probability = Annotated[float, Field(ge=0, le=1)]
PrecisionChoice = Literal["auto"] | SegmenterPrecision
Head = Literal["labels", "regions"]


def _expand_side(side: Any) -> Any:  # noqa: ANN401 - whatever a caller sends
    """Expand one number to the three sides of a cube; a request may give either."""
    return (side, side, side) if isinstance(side, int) else side


Patch = Annotated[tuple[Side, Side, Side], BeforeValidator(_expand_side)]


class SegmenterConfig(BaseModel):
    """Everything that a training depends on besides its data and its seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str
    head: Annotated[
        Head,
        Field(
            description="labels: a softmax over background, NCR, ED and ET. regions: a sigmoid for "
            "each of TC, WT and ET."
        ),
    ] = "labels"
    feature_size: Annotated[int, Field(ge=12, le=96, multiple_of=12)]
    depths: Four
    heads: Four
    window: Annotated[int, Field(ge=2, le=14, description="Side of an attention window.")] = 7
    norm: Literal["instance", "group"] = "instance"
    gradient_checkpointing: bool = False
    precision: Annotated[
        PrecisionChoice,
        Field(description="`auto`: what the installation has chosen; no training starts with it."),
    ] = "auto"

    patch: Annotated[Patch, Field(description="Voxels along X, Y, Z of a training sample.")]
    batch: Annotated[int, Field(ge=1, le=64)] = 1
    tumour_share: Annotated[
        Probability,
        Field(description="Share of patches centred on NCR, ED or ET, each as often."),
    ] = 0.75
    flip: Annotated[
        Probability, Field(description="Probability of mirroring, each axis on its own.")
    ] = 0.5
    intensity: Annotated[
        Probability, Field(description="Probability of each of: scale, shift, noise.")
    ] = 0.5
    scale: Annotated[float, Field(ge=0, lt=1, description="Factor in 1 ± scale, per modality.")] = (
        0.1
    )
    shift: Annotated[float, Field(ge=0, le=2, description="Offset in ± shift, z-score units.")] = (
        0.1
    )
    noise: Annotated[float, Field(ge=0, le=1, description="Largest sd of Gaussian noise.")] = 0.1

    iterations: Annotated[
        int, Field(ge=1, description="Number of iterations if the request names none.")
    ]
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warmup: Annotated[Probability, Field(description="Share of the iterations.")] = 0.05
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-5
    gradient_norm: Annotated[float, Field(gt=0, description="Gradients are clipped to it.")] = 1.0
    ema: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="Decay per iteration of a running average of the weights. The average "
            "is then validated and stored; 0: none.",
        ),
    ] = 0.0
    deterministic: Annotated[
        bool,
        Field(description="false: the fastest kernels of a GPU; runs then differ in their bits."),
    ] = True
    dice_weight: Annotated[float, Field(ge=0)] = 1.0
    cross_entropy_weight: Annotated[float, Field(ge=0)] = 1.0
    validations: Annotated[
        int, Field(ge=0, le=100, description="How often validation cases are scored, evenly.")
    ] = 3

    roi: Annotated[Patch | None, Field(description="Window of inference; null: the patch.")] = None
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    windows: Annotated[int, Field(ge=1, le=64, description="Windows computed at once.")] = 1
    mirrored_inference: Annotated[
        bool, Field(description="Average each window with its seven mirror images.")
    ] = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for stage, heads in enumerate(self.heads):
            if heads < 1 or (self.feature_size << stage) % heads:
                msg = f"heads: {heads} must divide {self.feature_size << stage}, stage {stage}"
                raise ValueError(msg)
        if min(self.depths) < 1:
            msg = f"depths: each stage needs at least one block, not {self.depths}"
            raise ValueError(msg)
        if self.dice_weight + self.cross_entropy_weight == 0:
            msg = "dice_weight and cross_entropy_weight are both 0: there is nothing to learn"
            raise ValueError(msg)
        if self.norm == "instance" and not self._bottleneck_has_voxels():
            msg = "patch: one voxel is left in the bottleneck; enlarge a side, or set norm to group"
            raise ValueError(msg)
        return self

    @property
    def named_precision(self) -> SegmenterPrecision:
        """The precision to compute in.

        Raises
        ------
        PrecisionNotNamed
            It is `auto`: whoever asks for a training resolves it, and never who computes it.
        """
        if self.precision == "auto":
            raise PrecisionNotNamed
        return self.precision

    @property
    def inference_roi(self) -> Patch:
        return self.roi or self.patch

    def _bottleneck_has_voxels(self) -> bool:
        smallest = DIVISOR**3
        sizes = (x * y * z for x, y, z in (self.patch, self.inference_roi))
        return all(size > smallest for size in sizes)


# On a CPU, torch computes small convolutions of a single sample by a slow path: two half volumes
# a step cost little more than half of what one whole volume does.
TINY: Final = SegmenterConfig(
    preset="tiny",
    feature_size=12,
    depths=(1, 1, 1, 1),
    heads=(1, 2, 4, 8),
    window=4,
    patch=(64, 64, 32),
    batch=2,
    iterations=80,
    learning_rate=3e-3,
    roi=(64, 64, 64),
)
BASE: Final = SegmenterConfig(
    preset="base",
    feature_size=24,
    depths=(2, 2, 2, 2),
    heads=(3, 6, 12, 24),
    patch=(96, 96, 96),
    batch=2,
    iterations=10_000,
    learning_rate=5e-4,
    windows=4,
)
FULL: Final = SegmenterConfig(
    preset="full",
    feature_size=48,
    depths=(2, 2, 2, 2),
    heads=(3, 6, 12, 24),
    gradient_checkpointing=True,
    patch=(128, 128, 128),
    iterations=100_000,
    learning_rate=1e-4,
    windows=2,
)
PRESETS: Final[Mapping[str, SegmenterConfig]] = MappingProxyType(
    {config.preset: config for config in (TINY, BASE, FULL)}
)


_ELSEWHERE: Final = ("preset", "iterations")
_BY_PRESET: Final = ("depths", "heads")
CHANGEABLE: Final = tuple(
    name for name in SegmenterConfig.model_fields if name not in {*_ELSEWHERE, *_BY_PRESET}
)
"""The fields that overrides may name. The stages of the network are those of its preset."""
_TEXTS: Final = ("head", "norm", "precision")


def configure(preset: str, overrides: Mapping[str, Any] | None = None) -> SegmenterConfig:
    """Return a preset with some of its fields replaced.

    Raises
    ------
    InvalidRequest
        The preset or a field does not exist, or a value is out of range; the pointer names it.
    """
    if preset not in PRESETS:
        raise InvalidRequest(
            f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.", pointer="/preset"
        )
    changed = {**PRESETS[preset].model_dump(), **(overrides or {}), "preset": preset}
    try:
        return SegmenterConfig.model_validate(changed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        names = [str(part) for part in first["loc"]]
        about = f"{'.'.join(names)}: " if names else ""
        raise InvalidRequest(
            f"segmenter: {about}{describe_field(first)}",
            pointer="".join(f"/{part}" for part in ("overrides", *names)),
        ) from error


def require_overrides(preset: str, overrides: Mapping[str, Any]) -> None:
    """Refuse overrides that a caller may not give, or that a training would refuse.

    Raises
    ------
    InvalidRequest
        A field does not exist, has a place of its own in a request, or has a value that is not of
        its type or out of range; the pointer names it.
    """
    for name, value in overrides.items():
        if name not in CHANGEABLE:
            raise InvalidRequest(_unknown(name), pointer=f"/overrides/{_token(name)}")
        if isinstance(value, str) and name not in _TEXTS:
            detail = f"{name}: Give a number, or true or false, and not a text."
            raise InvalidRequest(detail, pointer=f"/overrides/{name}")
        if isinstance(value, bool) != (SegmenterConfig.model_fields[name].annotation is bool):
            right = "a number or a name" if isinstance(value, bool) else "true or false"
            raise InvalidRequest(f"{name}: Give {right}.", pointer=f"/overrides/{name}")
    configure(preset, overrides)


def _unknown(name: str) -> str:
    if name in _ELSEWHERE:
        return f"{name} has a field of its own in the request: `segmenter.{name}`."
    near = difflib.get_close_matches(name, CHANGEABLE, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"The segmenter has no setting {name}.{meant} It has {', '.join(CHANGEABLE)}."


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
