"""The choices that a data folder keeps, and those that its operator has set instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import InvalidRequest
from syntrust_core.precision.tuning import Tuning
from syntrust_standalone.data_folder import DataFolder, write_json

SETTINGS: Final[Mapping[Queue, str]] = MappingProxyType(
    {
        Queue.GENERATOR: "SYNTRUST_GATEWAY__GENERATOR_PRECISION",
        Queue.SEGMENTER: "SYNTRUST_GATEWAY__SEGMENTER_PRECISION",
    }
)
_FLOAT32: Final[Mapping[Queue, str]] = {Queue.GENERATOR: "fp32", Queue.SEGMENTER: "float32"}


class Choices(BaseModel):
    """What was measured for a folder, as its `precision.json` keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: Tuning | None = None
    segmenter: Tuning | None = None

    def of(self, queue: Queue) -> Tuning | None:
        """Give the choice for the workers of a queue."""
        return self.generator if queue is Queue.GENERATOR else self.segmenter

    def replace(self, queue: Queue, tuning: Tuning) -> Choices:
        """Give the same with another choice for a queue."""
        return self.model_copy(update={str(queue): tuning})


def read_choices(folder: DataFolder) -> Choices:
    """Read what the folder keeps; nothing before its first start.

    Raises
    ------
    InvalidRequest
        The file was damaged.
    """
    path = folder.precision_file
    if not path.exists():
        return Choices()
    try:
        return Choices.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidRequest(
            f"{path} is damaged; restore it, or remove it to have the precision measured anew."
        ) from error


def keep(folder: DataFolder, queue: Queue, tuning: Tuning) -> None:
    """Keep a choice in place of the one before. Call it under the folder's lock."""
    changed = read_choices(folder).replace(queue, tuning)
    write_json(folder.precision_file, changed.model_dump(mode="json", exclude_none=True))


def list_unchosen(folder: DataFolder, environment: Mapping[str, str]) -> list[Queue]:
    """List the queues whose precision neither the folder nor the operator says."""
    stored = read_choices(folder)
    return [
        queue
        for queue, setting in SETTINGS.items()
        if stored.of(queue) is None and not environment.get(setting)
    ]


def list_variables(folder: DataFolder, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the gateway's settings that the folder keeps; what the operator has set comes first."""
    stored = {setting: read_choices(folder).of(queue) for queue, setting in SETTINGS.items()}
    return {
        setting: tuning.precision
        for setting, tuning in stored.items()
        if tuning is not None and not environment.get(setting)
    }


def give_up(queue: Queue, reason: str) -> tuple[Tuning, str]:
    """Choose float32 where nothing could be measured, and say so."""
    precision = _FLOAT32[queue]
    chosen = Tuning(
        setting=SETTINGS[queue], precision=precision, timings=(), threads=0, device="not measured"
    )
    return chosen, f"The {queue}'s precision could not be measured, so it is {precision}: {reason}"


def describe(folder: DataFolder, environment: Mapping[str, str]) -> str:
    """Say in one line which precision the networks compute in, and why."""
    stored = read_choices(folder)
    parts = (
        f"{queue} {_describe(stored.of(queue), environment.get(setting))}"
        for queue, setting in SETTINGS.items()
    )
    return f"precision: {', '.join(parts)}"


def _describe(tuning: Tuning | None, preset: str | None) -> str:
    if preset:
        return f"{preset} (as the environment says)"
    if tuning is None:
        return "not measured yet"
    if not tuning.timings:
        return f"{tuning.precision} (it could not be measured)"
    first = tuning.timings[0]
    ratios = (
        f"{name} takes {first.ratio(name):.2f} of {first.reference}'s time"
        for name in first.seconds
        if name != first.reference
    )
    return f"{tuning.precision} ({', '.join(ratios)})"
