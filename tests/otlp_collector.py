"""A collector of traces that keeps what is posted to it, as OpenTelemetry's own would get it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class ReceivedSpan(NamedTuple):
    """A span as it came."""

    service: str
    name: str
    trace_id: str
    parent_id: str
    span_id: str
    attributes: dict[str, str]


class Collector:
    """What was posted, as spans."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.paths: set[str] = set()
        self.raw = b""
        self._spans: list[ReceivedSpan] = []

    def take(self, path: str, body: bytes) -> None:
        self.paths.add(path)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    told = {item.key: item.value.string_value for item in span.attributes}
                    ids = (span.trace_id.hex(), span.parent_span_id.hex(), span.span_id.hex())
                    self._spans.append(ReceivedSpan(named["service.name"], span.name, *ids, told))

    def named(self, name: str) -> list[ReceivedSpan]:
        return [span for span in list(self._spans) if span.name == name]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Serve a collector on a free port of this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, name="collector")
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
