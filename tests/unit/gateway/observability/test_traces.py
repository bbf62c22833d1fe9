"""A run's trace: from the request that asked for it to the steps that were handed out for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.unit.gateway.api_harness import ApiHarness, send

from syntrust_core.runtime.queue import RUN, CeleryQueue, make_celery
from syntrust_core.settings import QueueSettings
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container

pytestmark = [pytest.mark.usefixtures("generator"), pytest.mark.any_database]


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


def test_one_trace_has_the_accepted_run_and_the_message_of_its_step(
    api: Any,
    harness: ApiHarness,
    store: MemoryStore,
    spans: InMemorySpanExporter,
    valkey_url: str,
) -> None:
    upload = send(api, store, {"seg": b"a mask", "brain": b"a brain"})
    job = api.post("/syntheses", json={"upload": upload}).json()["id"]
    harness.receive()
    (message,) = harness.queue.messages
    assert harness.queue.runs[message.step_id] == job
    settings = QueueSettings(url=valkey_url.removesuffix("/0") + "/6")
    CeleryQueue(settings).submit(message, job)

    with make_celery(settings).connection_for_read() as connection:
        sent = connection.default_channel.basic_get("metrics")
        sent.ack()
    found = {span.name: span for span in spans.get_finished_spans()}
    accepted, submitted = found["run accepted"].context, found[f"submit {message.KIND}"].context
    assert accepted is not None
    assert submitted is not None
    trace = job.replace("-", "")
    assert f"{accepted.trace_id:032x}" == f"{submitted.trace_id:032x}" == trace
    assert sent.headers[RUN] == job
    assert sent.headers["traceparent"] == f"00-{trace}-{submitted.span_id:016x}-01"
    request = found["POST /syntheses"]
    assert request.attributes is not None
    assert (request.attributes["run"], request.attributes["status"]) == (job, 202)
