"""Calculate what an experiment would cost, and could show, before it is accepted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from anyio import to_process, to_thread
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from syntrust_core.errors import Conflict, NotFound, Unavailable
from syntrust_gateway.auth.quotas import describe_room
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.costs.outline import Outline, outline_steps
from syntrust_gateway.costs.schemas import Detectable
from syntrust_gateway.costs.service import price
from syntrust_gateway.datasets.planner_view import DatasetView
from syntrust_gateway.db.tables import Experiment, RunState
from syntrust_gateway.experiments.answers.results import RESULTS_FILE, read_report_file
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.repeat import RepeatedSpec
from syntrust_gateway.experiments.schemas import CostBody
from syntrust_gateway.experiments.service import resolve_request
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_metrics.trust.estimation.intervals import MIN_CASES

LARGE_IMAGES: Final = 20_000
TOO_FEW: Final = f"With fewer than {MIN_CASES} test cases no difference can be tested."
_TASK: Final = "syntrust_gateway.planning.compute:answer_detectable"
_LOOKED_AT: Final = 20


async def calculate_cost(
    scorers: ScorerPool,
    container: Container,
    caller: Caller,
    request: ExperimentSpec | RepeatedSpec,
) -> CostBody:
    """Calculate the cost of an experiment without accepting it.

    A large plan takes seconds in which its process does little else, so it gets one of its own.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be met, as if it were accepted.
    Conflict
        If the dataset is not ready.
    """
    spec, dataset = await to_thread.run_sync(resolve_request, container, caller, request)
    if is_large(spec):
        outline = await to_process.run_sync(outline_plan, spec, dataset, cancellable=True)
    else:
        outline = await to_thread.run_sync(outline_plan, spec, dataset)
    priced = await to_thread.run_sync(_price, container, caller, outline)
    detectable = await _find_detectable(scorers, container, caller, spec)
    return CostBody(
        **priced,
        detectable=detectable,
        detectable_reason=None if detectable else TOO_FEW,
        spec=spec.model_dump(mode="json"),
    )


def outline_plan(spec: ResolvedSpec, dataset: DatasetView) -> Outline:
    """Plan the steps, and keep of each what its cost depends on."""
    return outline_steps(plan(spec, dataset).steps)


def is_large(spec: ResolvedSpec) -> bool:
    """Say whether a plan names so many images that it would hold up a process for long."""
    trainings = len(spec.alphas) * len(spec.seeds) * (1 + len(spec.controls))
    images = len(spec.train) + 2 * (len(spec.validation) + len(spec.test))
    return trainings * images > LARGE_IMAGES


def _price(container: Container, caller: Caller, outline: Outline) -> dict[str, Any]:
    with container.read() as session:
        cost = price(session, outline)
        room = describe_room(session, caller.id, container.limits.stored_bytes, cost.bytes)
    return {**dict(cost), "room": room}


async def _find_detectable(
    scorers: ScorerPool, container: Container, caller: Caller, spec: ResolvedSpec
) -> Detectable | None:
    """Find the smallest differences, or None with too few test cases.

    The spread is that of the caller's newest experiment on the dataset that compares a share with
    real data alone; else that of published scores.
    """
    if len(spec.test) < MIN_CASES:
        return None
    earlier = await to_thread.run_sync(_read_earlier, container, caller, spec.dataset)
    identity, *results = earlier or (None,)
    asked = {
        "cases": len(spec.test),
        "seeds": len(spec.seeds),
        "compares_with_real": _compares(spec.alphas),
        "experiment": identity,
    }
    parts = [json.dumps(asked).encode(), *results]
    return Detectable.model_validate_json(await scorers.compute(_TASK, parts))


def _read_earlier(container: Container, caller: Caller, dataset: str) -> tuple[str, bytes] | None:
    """Read the results of an earlier experiment; None if there is none that can be read."""
    with container.read() as session:
        identity = _find_earlier(session, caller, dataset)
    if identity is None:
        return None
    # A plan can do without: damaged or deleted results are no reason to refuse a dry run.
    with suppress(Conflict, NotFound, Unavailable):
        return identity, read_report_file(container, caller, identity, RESULTS_FILE).content
    return None


def _find_earlier(session: Session, caller: Caller, dataset: str) -> str | None:
    query = (
        select(Experiment)
        .where(Experiment.owner == caller.id, Experiment.dataset_id == dataset)
        .where(Experiment.state == RunState.SUCCEEDED)
        .order_by(Experiment.id.desc())
        .limit(_LOOKED_AT)
        .options(defer(Experiment.spec), defer(Experiment.error))
    )
    found = (row.id for row in session.scalars(query) if _compares(row.alphas))
    return next(found, None)


def _compares(alphas: Sequence[object]) -> bool:
    """Say whether some share is compared with real data alone."""
    known = {float(str(alpha)) for alpha in alphas}
    return 1.0 in known and len(known) > 1
