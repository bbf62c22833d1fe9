"""Prometheus metrics: requests of this process, the work, and what all processes have counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from syntrust_gateway.container import Container
from syntrust_gateway.observability.due import Due
from syntrust_gateway.observability.sums import Sums
from syntrust_gateway.observability.work import Work

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one application."""

    def __init__(self, container: Container) -> None:
        self._coordinator = container.coordinator
        self._registry = CollectorRegistry()
        self._registry.register(Work(container))
        self._registry.register(Due(container))
        self._registry.register(Sums(container.coordinator))
        self._requests = Counter(
            "syntrust_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "syntrust_http_request_seconds",
            "Seconds until a request was answered.",
            ("method", "route"),
            registry=self._registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request by the template of its route, as there is no end of paths."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        self._coordinator.send_counts()
        return generate_latest(self._registry)
