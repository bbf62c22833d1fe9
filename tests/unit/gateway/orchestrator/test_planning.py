"""Planning a run: in turns, and without holding up what else the orchestrator does."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from sqlalchemy.orm import Session
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_gateway.db.tables import Experiment, Run
from syntrust_gateway.orchestrator import planning
from syntrust_gateway.orchestrator.planning import PlannedSteps, Planner
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_gateway.runs.tables import TABLES


def test_a_plan_that_takes_long_is_made_beside_the_other_work(
    harness: OrchestratorHarness, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = harness.experiment(ready)
    may_end, plan = threading.Event(), planning.plan_steps

    def plan_slowly(session: Session, run: Run) -> PlannedSteps:
        assert may_end.wait(60)
        return plan(session, run)

    monkeypatch.setattr(planning, "plan_steps", plan_slowly)
    ticking = count()
    servers = Servers(
        harness.store, harness.coordinator, harness.queue, monotonic=lambda: float(next(ticking))
    )
    table = next(table for table in TABLES if table.rows is Experiment)
    planner = Planner(harness.read, harness.write.begin, servers, table)

    assert planner.advance(until_s=next(ticking) + 2.0)
    assert not planner.planned
    may_end.set()
    while planner.advance(until_s=next(ticking) + 2.0):
        pass

    assert planner.planned == {experiment}
