"""Choose a precision by measurement: the rule is one for the generator and the segmenter.

A precision is chosen only if it takes at most .95 of float32's time in every work that was
measured, so the choice is never slower. Rounds are interleaved, because other work on the machine
changes from second to second; the first round only warms up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

SHARE: Final = 0.95
"""Of float32's time: a precision that takes more is not chosen."""
HOPELESS: Final = 2.0  # times float32's in a trial: emulated bfloat16 takes some 14 times as long
CLEAR: Final = ((1, 1.25), (2, 1.1))
"""Rounds after the warm-up, and how far all must be from the bound for more to change nothing."""
_FEWEST: Final = 3  # where the answer is not clear

Step = Callable[[], object]


@dataclass(frozen=True)
class Work:
    """A step to measure, in each precision; float32 is the first of them.

    `trials` are the same on a small grid, so that a hopeless precision costs little.
    """

    name: str
    steps: Mapping[str, Step]
    trials: Mapping[str, Step]


@dataclass(frozen=True)
class Limits:
    """How long a work is measured at most: so many rounds, or three if these take longer."""

    rounds: int = 7
    seconds: float = 3.0


class Timing(BaseModel):
    """What a step of a work took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: str
    seconds: Annotated[
        dict[str, float], Field(description="Medians by precision, float32's first.")
    ]
    rounds: int

    @property
    def reference(self) -> str:
        """The name of float32."""
        return next(iter(self.seconds))

    def ratio(self, precision: str) -> float:
        """Divide a precision's time by float32's."""
        return self.seconds[precision] / self.seconds[self.reference]


class Tuning(BaseModel):
    """The answer of a `tune` command."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setting: Annotated[str, Field(description="The variable that keeps the choice.")]
    precision: str
    timings: tuple[Timing, ...]
    threads: int
    device: str

    @property
    def variable(self) -> str:
        """The line of an env file."""
        return f"{self.setting}={self.precision}"


def measure(
    works: Iterable[Work],
    limits: Limits | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Timing, ...]:
    """Measure one work after the other, and of each only what may still be chosen."""
    timings: list[Timing] = []
    for work in works:
        left = _passing(work.trials, timings)
        tried = _try_out(work, left, clock)
        timings += [each for each in tried if _is_hopeless(each)]
        left = _passing(left, timings)
        if len(left) > 1:
            steps = {name: work.steps[name] for name in left}
            seconds, rounds = _time_rounds(steps, limits or Limits(), clock)
            timings.append(Timing(work=work.name, seconds=seconds, rounds=rounds))
    return tuple(timings)


def conclude(timings: Sequence[Timing], *, setting: str, threads: int, device: object) -> Tuning:
    """Choose, and say under which conditions it was measured."""
    return Tuning(
        setting=setting,
        precision=choose(timings),
        timings=tuple(timings),
        threads=threads,
        device=str(device),
    )


def choose(timings: Sequence[Timing]) -> str:
    """Choose the fastest precision that passes in every timing that has it, else float32."""
    reference = timings[0].reference
    measured = [name for timing in timings for name in timing.seconds if name != reference]
    passing = [name for name in dict.fromkeys(measured) if _passes(name, timings)]
    ratios = {name: max(_ratios(name, timings)) for name in passing}
    return min(ratios, key=ratios.__getitem__, default=reference)


def _passes(name: str, timings: Iterable[Timing]) -> bool:
    return all(ratio <= SHARE for ratio in _ratios(name, timings))


def _ratios(name: str, timings: Iterable[Timing]) -> list[float]:
    return [timing.ratio(name) for timing in timings if name in timing.seconds]


def _passing(names: Iterable[str], timings: Sequence[Timing]) -> tuple[str, ...]:
    reference, *others = names
    return (reference, *(name for name in others if _passes(name, timings)))


def _try_out(work: Work, names: Sequence[str], clock: Callable[[], float]) -> list[Timing]:
    """Time each precision against float32 on the small grid, after a first step of each."""
    taken = {}
    for name in names:
        work.trials[name]()
        taken[name] = _time(work.trials[name], clock)
    reference, *others = names
    return [
        Timing(
            work=f"{work.name}, on a small grid",
            seconds={reference: taken[reference], name: taken[name]},
            rounds=1,
        )
        for name in others
    ]


def _is_hopeless(timing: Timing) -> bool:
    return max(map(timing.ratio, timing.seconds)) > HOPELESS


def _time_rounds(
    steps: Mapping[str, Step], limits: Limits, clock: Callable[[], float]
) -> tuple[dict[str, float], int]:
    taken: dict[str, list[float]] = {name: [] for name in steps}
    started, rounds = clock(), 0
    for rounds in range(limits.rounds + 1):
        for name, step in steps.items():
            taken[name].append(_time(step, clock))
        is_over = rounds >= _FEWEST and clock() - started > limits.seconds
        is_clear = any(rounds >= least and _is_beyond(margin, taken) for least, margin in CLEAR)
        if is_over or is_clear:
            break
    return {name: median(seconds[1:]) for name, seconds in taken.items()}, rounds


def _is_beyond(margin: float, taken: Mapping[str, Sequence[float]]) -> bool:
    """Whether every round, the first too, has each precision so far on one side of the bound."""
    reference, *others = taken.values()
    for seconds in others:
        ratios = [mine / theirs for mine, theirs in zip(seconds, reference, strict=True)]
        if min(ratios) < SHARE * margin and max(ratios) > SHARE / margin:
            return False
    return True


def _time(step: Step, clock: Callable[[], float]) -> float:
    started = clock()
    step()
    return clock() - started
