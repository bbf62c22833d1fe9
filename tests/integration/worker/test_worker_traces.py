"""What a worker tells of its steps: traces, counts and log lines that name the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.integration.worker.toy import Toy, until
from tests.otlp_collector import Collector, collecting

RUN = "0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def start_with(toy: Toy, collector: Collector, folder: Path) -> None:
    """Start a worker that traces, on a machine with a GPU."""
    tool = folder / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho '3, 50, 1, 2'\n")
    tool.chmod(0o700)
    toy.start(SYNTRUST_TRACING__ENDPOINT=collector.endpoint, PATH=f"{tool.parent}:/usr/bin:/bin")


def test_a_step_is_traced_counted_and_logged_under_the_run_that_it_was_sent_for(
    idle: Toy, collector: Collector, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    start_with(idle, collector, tmp_path)
    idle.queue.submit(idle.message, RUN)
    idle.go()
    until(lambda: bool(collector.named("score_cases")))

    (step,) = collector.named("score_cases")
    (sent,) = spans.get_finished_spans()
    assert sent.context is not None
    assert collector.paths == {"/v1/traces"}
    assert (step.service, step.attributes["outcome"]) == ("syntrust-metrics", "done")
    assert step.attributes["step"] == idle.message.step_id
    assert step.trace_id == f"{sent.context.trace_id:032x}" == RUN.replace("-", "")
    assert step.parent_id == f"{sent.context.span_id:016x}"

    until(lambda: bool(idle.coordinator.read_counts()))
    counted = {
        (sample.name, sample.part): sample.value for sample in idle.coordinator.read_counts()
    }
    assert counted["syntrust_step_attempts", ""] == 1
    assert counted["syntrust_step_seconds", "count"] == 1
    (gpu,) = [gpu for gpus in idle.coordinator.gpus().values() for gpu in gpus]
    assert (gpu.index, gpu.utilisation) == (3, 0.5)
    log = (tmp_path / "worker.log").read_text().splitlines()
    (done,) = [json.loads(line) for line in log if '"step.done"' in line]
    assert (done["run"], done["step"]) == (RUN, idle.message.step_id)
