"""Planning a run: in turns, and without holding up what else the orchestrator does."""

from __future__ import annotations

import threading
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.tables import Experiment, Run
from syntrust_gateway.orchestrator import planning
from syntrust_gateway.orchestrator.healing.heal import _lost_inputs
from syntrust_gateway.orchestrator.planning import PlannedSteps, Planner
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_gateway.runs.tables import TABLES, RunTable


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


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_a_new_run_lacks_is_found_without_looking_at_every_step(
    tmp_path: Path, table: RunTable
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(str(engine.url))
    query = _lost_inputs(table, "a run").compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        ways = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    engine.dispose()

    assert [way.detail for way in ways if way.detail.startswith("SCAN")] == []
