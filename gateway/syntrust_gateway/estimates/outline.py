"""The steps of a plan in outline: which ids do the same sort and amount of work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from syntrust_core.contracts.base import Kind
from syntrust_gateway.datasets.planner_view import DatasetView
from syntrust_gateway.estimates.rates import Work, size_work
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.spec import ResolvedSpec

LARGE_IMAGES: Final = 20_000


class Group(NamedTuple):
    kind: Kind
    work: Work


Outline = Mapping[Group, Sequence[str]]


def outline_plan(spec: ResolvedSpec, dataset: DatasetView) -> Outline:
    """Plan the steps and keep of each what an estimate needs."""
    groups: dict[Group, dict[str, None]] = defaultdict(dict)
    for step in plan(spec, dataset).steps:
        groups[Group(step.KIND, size_work(step))][step.step_id] = None
    return {group: list(ids) for group, ids in groups.items()}


def is_large(spec: ResolvedSpec) -> bool:
    """Say whether a plan names so many images that it would hold up a process for long."""
    trainings = len(spec.alphas) * len(spec.seeds) * (1 + len(spec.controls))
    images = len(spec.train) + 2 * (len(spec.validation) + len(spec.test))
    return trainings * images > LARGE_IMAGES
