"""Steps in outline: which ids do the same sort and amount of work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_gateway.costs.rates import Work, size_work


class Group(NamedTuple):
    kind: Kind
    work: Work


Outline = Mapping[Group, Sequence[str]]


def outline_steps(steps: Iterable[StepMessage]) -> Outline:
    """Keep of each step what its cost depends on."""
    groups: dict[Group, dict[str, None]] = defaultdict(dict)
    for step in steps:
        groups[Group(step.KIND, size_work(step))][step.step_id] = None
    return {group: list(ids) for group, ids in groups.items()}
