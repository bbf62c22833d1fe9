"""What `/metrics` tells of the work, and that dashboard and alerts ask for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.observability.gpus import Gpu
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.schedule_tables import ReadyStep, ScheduledRun
from syntrust_gateway.db.tables import Step, StepState
from syntrust_gateway.observability.work import count_steps

METRICS_PAGE: Final = Path(__file__).parents[4] / "docs" / "observability.md"
MONITORING: Final = Path(__file__).parents[4] / "monitoring"
_NAME: Final = re.compile(r"\bsyntrust_\w+")


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    COUNTERS.clear()


@pytest.fixture
def steps(container: Container, ready_dataset: str) -> list[str]:
    """Seven steps: done, failed, waiting, and four that are ready."""
    ids = [f"{number:064x}" for number in range(7)]
    states = [StepState.DONE, StepState.FAILED, *[StepState.WAITING] * 5]
    with container.write.begin() as session:
        for step, state in zip(ids, states, strict=True):
            row = Step(id=step, kind=Kind.SCORE_CASES, message={}, needs=[], state=state)
            session.add(row)
        for run in ("one", "another"):
            session.add(ScheduledRun(run_id=run, owner=1, precedence=0))
        session.flush()
        for run, ready in (("one", ids[3:]), ("another", ids[5:])):
            for position, step in enumerate(ready):
                line = ReadyStep(run_id=run, step_id=step, queue="metrics", owner=1, precedence=0)
                line.position = position
                session.add(line)
    return ids


def test_steps_are_counted_once_by_what_they_wait_for(
    container: Container, coordinator: MemoryCoordinator, steps: list[str]
) -> None:
    coordinator.set_queued(steps[3])
    coordinator.acquire_lease(steps[5], "token")
    coordinator.acquire_lease(steps[0], "token")  # of a step that has ended meanwhile

    with container.read() as session:
        counts = count_steps(session, coordinator)

    assert {state: number for (_, state), number in counts.items()} == {
        "done": 1,
        "failed": 1,
        "waiting": 1,
        "ready": 2,
        "queued": 1,
        "running": 1,
    }


def test_a_step_that_runs_though_nobody_needs_it_any_more_is_running(
    container: Container, coordinator: MemoryCoordinator, steps: list[str]
) -> None:
    coordinator.acquire_lease(steps[2], "token")

    with container.read() as session:
        counts = count_steps(session, coordinator)

    assert (counts["score_cases", "running"], counts["score_cases", "waiting"]) == (1, 0)


def test_the_sums_of_all_processes_are_counters_and_histograms(
    admin: Any, coordinator: MemoryCoordinator
) -> None:
    COUNTERS.add("syntrust_step_attempts", kind="score_cases", outcome="done")
    COUNTERS.add("syntrust_step_attempts", kind="score_cases", color="of another release")
    COUNTERS.observe("syntrust_step_seconds", 20, kind="score_cases")
    coordinator.send_counts()
    COUNTERS.observe("syntrust_step_seconds", 400, kind="score_cases")

    lines = admin.get("/metrics").text.splitlines()

    attempts = [line for line in lines if line.startswith("syntrust_step_attempts_total{")]
    assert attempts == ['syntrust_step_attempts_total{kind="score_cases",outcome="done"} 1.0']
    for bound, number in (("15.0", 0), ("60.0", 1), ("900.0", 2), ("+Inf", 2)):
        bucket = f'syntrust_step_seconds_bucket{{kind="score_cases",le="{bound}"}} {number}.0'
        assert bucket in lines
    assert 'syntrust_step_seconds_sum{kind="score_cases"} 420.0' in lines
    assert 'syntrust_step_seconds_count{kind="score_cases"} 2.0' in lines


def test_an_orchestrator_of_which_nothing_is_known_is_infinitely_late(
    admin: Any, coordinator: MemoryCoordinator
) -> None:
    age = "syntrust_orchestrator_tick_age_seconds"
    assert f"{age} +Inf" in admin.get("/metrics").text.splitlines()
    coordinator.note_tick()
    assert f"{age} 0.0" in admin.get("/metrics").text.splitlines()


def test_dashboard_and_alerts_ask_only_for_metrics_that_are_there(
    admin: Any, coordinator: MemoryCoordinator, post_experiment: Any, steps: list[str]
) -> None:
    post_experiment()
    _record_work(coordinator)
    admin.get("/datasets")

    text = admin.get("/metrics").text

    there = {line.partition(" ")[0].partition("{")[0] for line in text.splitlines()}
    # Prometheus gives a family that has no sample yet no name of its own.
    there |= {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert len(steps) == 7
    asked = {name for query in _queries() for name in _NAME.findall(query)}
    assert len(asked) > 10
    assert asked - there == set()


def test_the_page_about_metrics_lists_every_one(admin: Any, coordinator: MemoryCoordinator) -> None:
    _record_work(coordinator)
    text = admin.get("/metrics").text

    there = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}

    listed = set(re.findall(r"`(syntrust_\w+)`", METRICS_PAGE.read_text()))
    assert len(there) > 10
    # prometheus_client gives the instant of creation beside each counter and histogram.
    assert {name for name in there if not name.endswith("_created")} == listed


def _record_work(coordinator: MemoryCoordinator) -> None:
    for name, labels in (
        ("syntrust_step_attempts", {"kind": "score_cases", "outcome": "done"}),
        ("syntrust_lease_losses", {"kind": "score_cases"}),
        ("syntrust_server_errors", {"server": "store"}),
    ):
        COUNTERS.add(name, 1, **labels)
    COUNTERS.observe("syntrust_step_seconds", 2, kind="score_cases")
    COUNTERS.observe("syntrust_orchestrator_tick_seconds", 0.02)
    coordinator.note_tick()
    coordinator.worker_alive(Queue.METRICS, "worker")
    gpu = Gpu(index=0, utilisation=0.5, memory_used_bytes=1, memory_total_bytes=2)
    coordinator.report_gpus("host", [gpu])
    coordinator.report_clock("metrics-host")


def _queries() -> Iterator[str]:
    """Give every expression of the alerts and of the dashboard."""
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())
    for group in rules["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
