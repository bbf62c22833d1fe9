from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syntrust_core.observability import tracing
from syntrust_core.settings import TracingSettings


def test_a_span_of_another_process_continues_the_trace(spans: InMemorySpanExporter) -> None:
    with tracing.span("request"):
        parent = tracing.current_parent()
    assert parent is not None
    with tracing.span("step", parent=parent, kind_of_step="score_cases"):
        pass
    request, step = spans.get_finished_spans()
    assert request.context is not None
    assert step.context is not None
    assert step.context.trace_id == request.context.trace_id
    assert step.parent is not None
    assert step.parent.span_id == request.context.span_id


def test_a_failed_span_names_the_class_of_the_error_and_not_its_text(
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(ValueError, match="case-17"), tracing.span("step"):
        raise ValueError("case-17 of Jane Doe")
    (step,) = spans.get_finished_spans()
    assert step.status.description == "ValueError"
    assert "Jane" not in step.to_json()


def test_without_an_endpoint_no_span_is_recorded() -> None:
    tracing.configure("gateway", TracingSettings())
    with tracing.span("request") as span:
        assert not span.is_recording()
        assert tracing.current_parent() is None


def test_the_trace_of_a_run_has_the_runs_id(spans: InMemorySpanExporter) -> None:
    run = "0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d"
    with tracing.span("request"):
        tracing.note_accepted(run, "job")
    accepted, request = spans.get_finished_spans()
    assert accepted.context is not None
    assert f"{accepted.context.trace_id:032x}" == run.replace("-", "")
    assert [link.context for link in accepted.links] == [request.context]
    assert request.attributes is not None
    assert request.attributes["run"] == run


@pytest.mark.parametrize("run", [None, "", "no uuid"])
def test_what_is_no_run_has_no_trace(run: str | None) -> None:
    assert tracing.parent_of_run(run) is None
