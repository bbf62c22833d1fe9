"""Traces across gateway, queue and worker. They are off unless an endpoint is configured.

The trace of a run has the run's id, so whoever knows the run finds it. A trace context travels as a
W3C `traceparent` (https://www.w3.org/TR/trace-context/) in the headers of a step's message. Without
configuration a span costs a few microseconds and goes nowhere. No span holds a case id, a name or a
key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Final
from uuid import UUID

from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from syntrust_core.settings import TracingSettings

PARENT: Final = "traceparent"
_TIMEOUT_S: Final = 5
_SEND_EVERY_MS: Final = 1000  # a worker's child may end at any moment
Attribute = str | int | float | bool


def configure(service: str, settings: TracingSettings) -> None:
    """Send the spans of this process to the configured endpoint, if there is one.

    Call it in the process that makes spans: the thread that sends them does not survive a fork.
    """
    if settings.endpoint is None:
        return
    # The SDK and its exporter take a third of a second to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MS))
    trace.set_tracer_provider(provider)


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    link: SpanContext | None = None,
    **attributes: Attribute,
) -> Iterator[Span]:
    """Trace the block as one span, under `parent` (a `traceparent`) or under the current span.

    An exception that leaves the block marks the span by its class; its text may name a case, so it
    is not recorded.
    """
    context = None if parent is None else extract({PARENT: parent})
    tracer = trace.get_tracer("syntrust")
    with tracer.start_as_current_span(
        name,
        context,
        kind,
        attributes=attributes,
        links=() if link is None else (Link(link),),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def annotate(**attributes: Attribute) -> None:
    """Add attributes to the current span, if there is one."""
    trace.get_current_span().set_attributes(attributes)


def note_accepted(run: str, what: str) -> None:
    """Begin the trace of a run; it and the request's trace name each other."""
    request = trace.get_current_span().get_span_context()
    annotate(run=run)
    link = request if request.is_valid else None
    with span("run accepted", parent=parent_of_run(run), link=link, run=run, what=what):
        pass


def parent_of_run(run: str | None) -> str | None:
    """Give the `traceparent` of a run: its trace id is the run's UUID. None for no run."""
    try:
        trace_id = UUID(run or "").hex
    except ValueError:
        return None
    return f"00-{trace_id}-{sha256(str(run).encode()).hexdigest()[:16]}-01"


def current_parent() -> str | None:
    """Give the current span as a `traceparent`; None where no span is recorded."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get(PARENT)


def read_parent(headers: Mapping[str, str]) -> str | None:
    """Read the `traceparent` of a request's or message's headers."""
    return headers.get(PARENT)
