"""The file of a study: which cases, which split, and which experiments on them.

Steps are shared by content. So what two experiments of a study have in common is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from syntrust_core.contracts.base import Queue, Seed
from syntrust_core.contracts.report import Control
from syntrust_core.errors import InvalidRequest
from syntrust_core.field_errors import describe_field
from syntrust_core.json_numbers import REAL, WHOLE
from syntrust_gateway.api.schemas import RequestBody
from syntrust_gateway.experiments.spec import (
    MAX_ALPHAS,
    MAX_SEEDS,
    MAX_TWINS,
    Drawing,
    SegmenterChoice,
)

NAME: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
PATTERNS: Final = {NAME: "Give a name of small letters, digits and hyphens, at most 40."}
Name = Annotated[str, Field(pattern=NAME)]
Count = Annotated[int, Field(ge=0, le=100_000), WHOLE]
Alpha = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), REAL]


class Phantoms(RequestBody):
    """Cases that the study makes itself, in the demo's preset: 64x64x64 voxels of 3 mm."""

    kind: Literal["phantoms"]
    seed: Annotated[Seed, Field(description="Of the cohort; part of the ids.")]


class Registered(RequestBody):
    """Cases that lie on the platform already."""

    kind: Literal["registered"]
    name: Annotated[
        str, Field(min_length=1, max_length=200, description="Of a ready dataset, in its lists.")
    ]


class StudySplit(RequestBody):
    """How many cases train, validate and test: all cases of the dataset, each in one part."""

    train: Annotated[int, Field(ge=2, le=100_000), WHOLE]
    validation: Count
    test: Annotated[int, Field(ge=1, le=100_000), WHOLE]
    seed: Annotated[
        Seed | None,
        Field(
            description="Of a random split by patient, which tests on cases that the generator has "
            "not seen. null: cases train, validate and test in the order of their ids."
        ),
    ]

    @property
    def cases(self) -> int:
        return self.train + self.validation + self.test


class StudyExperiment(RequestBody):
    """One experiment of a study. What it does not say is the study's."""

    name: Name
    alphas: Annotated[tuple[Alpha, ...], Field(min_length=1, max_length=MAX_ALPHAS)]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MAX_SEEDS)]
    twins: Annotated[
        int, Field(ge=1, le=MAX_TWINS, description="Of each test case; from two, a floor."), WHOLE
    ] = 1
    controls: tuple[Control, ...] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _require_distinct("alphas", self.alphas)
        _require_distinct("seeds", self.seeds)
        _require_distinct("controls", self.controls)
        return self


class StudyCost(RequestBody):
    """What the study takes on an installation that holds nothing of it."""

    steps: Annotated[int, Field(ge=1, description="Of all experiments, shared ones once."), WHOLE]
    device_hours: Annotated[
        dict[Queue, Annotated[float, Field(ge=0)]] | None,
        Field(description="By kind of worker; null where rates were not measured."),
    ]
    basis: Annotated[
        str, Field(min_length=1, description="What the hours rest on, or why there are none.")
    ]


class Study(RequestBody):
    """The file of a study. Its first experiment is the one that claims and figures are of."""

    study: Annotated[Literal[1], Field(description="Version of this form.")]
    name: Name
    title: Annotated[str, Field(min_length=1, max_length=120)]
    dataset: Annotated[Phantoms | Registered, Field(discriminator="kind")]
    split: StudySplit
    generator: Drawing
    segmenter: SegmenterChoice
    experiments: Annotated[tuple[StudyExperiment, ...], Field(min_length=1, max_length=10)]
    cost: StudyCost

    @model_validator(mode="after")
    def _names_experiments_once(self) -> Self:
        _require_distinct("experiments", [each.name for each in self.experiments])
        return self

    @property
    def main(self) -> StudyExperiment:
        """The experiment that claims, recommendation and figures are of."""
        return self.experiments[0]


def read_study(path: Path) -> Study:
    """Read and check the file of a study.

    Raises
    ------
    InvalidRequest
        It cannot be read, or a field is wrong. The sentence names the file, the field and what
        would be right.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return Study.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "".join(f"/{part}" for part in first["loc"] if part not in _KINDS)
        said = describe_field(first, PATTERNS)
        raise InvalidRequest(f"{path}, {pointer or 'the whole file'}: {said}") from error


_KINDS: Final = ("phantoms", "registered")  # pydantic adds which form of a dataset it tried


def _require_distinct(field: str, values: Sequence[object]) -> None:
    for value in values:
        if values.count(value) > 1:
            msg = f"{field}: {value} is listed twice; name each once."
            raise ValueError(msg)
