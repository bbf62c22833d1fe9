"""What `POST /trust-score` takes."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

Dice = dict[str, float | None]


class ScoredCase(TypedDict):
    """The Dice of one case under one training seed, on its real image and on its twin."""

    id: str
    """Name of the case, 1 to 200 characters. It is unique for each seed."""

    real: Dice
    """Dice on the real image by region, in [0, 1]; higher is better. It is null where reference
    and prediction are both empty."""

    synthetic: Dice
    """Dice on the synthetic image by region, in [0, 1]; higher is better. It is null where
    reference and prediction are both empty."""

    group: NotRequired[str | None]
    """A group of cases, such as a site. Groups of 20 cases or more get factors of their own."""

    seed: NotRequired[int]
    """The training seed of the model that was scored. It is 0 where it is left out."""


class PolicyChoice(TypedDict, total=False):
    """How the scores are to be read; a field that is left out has its default."""

    empty: Literal["brats", "drop", "zero"]
    """What a null Dice counts as: `brats` 1, `zero` 0, and `drop` leaves the pair out."""

    ddof: Literal[0, 1]
    """The standard deviation: 0 of the population, 1 of a sample."""

    confidence: float
    """Level of every interval, in [0.5, 1)."""

    resamples: int
    """Bootstrap draws, 0 to 20000. Below 100 there is no interval."""

    seed: int
    """Seed of the bootstrap, 0 or above."""

    margin: float
    """Equivalence margin in Dice, in (0, 1]."""


class ScoreRequest(TypedDict):
    """Dice scores per case, and how to read them."""

    cases: list[ScoredCase]
    """One entry for each case and training seed, at most 100000. All have the same regions."""

    policy: NotRequired[PolicyChoice | None]
    """How the scores are to be read. It has its defaults where it is left out."""
