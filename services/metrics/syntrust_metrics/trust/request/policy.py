"""The settings of a scoring that a caller may choose, with the defaults of the definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, cast

from syntrust_metrics.trust.request.errors import InvalidScores, pointer, shorten
from syntrust_metrics.trust.schema.answer import EmptyRule
from syntrust_metrics.trust.schema.answer import Policy as PolicyBody

EMPTY_RULES: Final = ("brats", "drop", "zero")
MAX_RESAMPLES: Final = 20_000
MIN_CONFIDENCE: Final = 0.5


@dataclass(frozen=True)
class Policy:
    """How empty regions, spread and uncertainty are computed.

    Attributes
    ----------
    empty : {"brats", "drop", "zero"}
        What a null Dice counts as: ``brats`` 1, ``zero`` 0, ``drop`` leaves the pair out.
    ddof : int
        0 (population standard deviation, as the definition says) or 1.
    confidence : float
        Level of every interval, in [0.5, 1).
    resamples : int
        Bootstrap draws, 0 to 20 000. Under 100 no interval is given.
    seed : int
        Seed of the bootstrap, >= 0.
    margin : float
        Equivalence margin in Dice, in (0, 1].
    """

    empty: EmptyRule = "brats"
    ddof: int = 0
    confidence: float = 0.95
    resamples: int = 2000
    seed: int = 0
    margin: float = 0.03

    def as_body(self) -> PolicyBody:
        """Give the settings as an answer does."""
        return {
            "empty": self.empty,
            "ddof": self.ddof,
            "confidence": self.confidence,
            "resamples": self.resamples,
            "seed": self.seed,
            "margin": self.margin,
        }


def read_policy(given: object) -> Policy:
    """Check a request's `policy`. Absent fields take their defaults."""
    if given is None:
        return Policy()
    if not isinstance(given, Mapping):
        raise InvalidScores("policy must be an object.", pointer="/policy")
    known = {field.name for field in fields(Policy)}
    for name in given:
        if name not in known:
            raise InvalidScores(
                f"policy has no field {shorten(name)!r}; it has {', '.join(sorted(known))}.",
                pointer=pointer("policy", name),
            )
    return Policy(
        empty=_read_rule(given.get("empty", Policy.empty)),
        ddof=_read_whole(given, "ddof", Policy.ddof, 0, 1),
        confidence=_read_confidence(given.get("confidence", Policy.confidence)),
        resamples=_read_whole(given, "resamples", Policy.resamples, 0, MAX_RESAMPLES),
        seed=_read_whole(given, "seed", Policy.seed, 0, 2**63 - 1),
        margin=_read_margin(given.get("margin", Policy.margin)),
    )


def _read_rule(value: object) -> EmptyRule:
    if not isinstance(value, str) or value not in EMPTY_RULES:
        raise InvalidScores("empty must be brats, drop or zero.", pointer="/policy/empty")
    return cast("EmptyRule", value)


def _read_whole(given: Mapping[str, object], name: str, default: int, low: int, high: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidScores(
            f"{name} must be a whole number from {low} to {high}.", pointer=pointer("policy", name)
        )
    return value


def _read_confidence(value: object) -> float:
    number = _read_number(value)
    if not MIN_CONFIDENCE <= number < 1:
        raise InvalidScores("confidence must lie in [0.5, 1).", pointer="/policy/confidence")
    return number


def _read_margin(value: object) -> float:
    number = _read_number(value)
    if not 0 < number <= 1:
        raise InvalidScores("margin must lie in (0, 1].", pointer="/policy/margin")
    return number


def _read_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return math.nan
    return float(value)
