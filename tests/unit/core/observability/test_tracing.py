from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syntrust_core.observability import tracing
from syntrust_core.settings import TracingSettings


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


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
