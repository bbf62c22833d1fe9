"""Prometheus metrics: requests of this process, and the work in the database and Redis.

Steps are counted in the database and not in the queue, which the orchestrator keeps short on
purpose: waiting steps are what autoscaling needs to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Step
from syntrust_gateway.runs.tables import TABLES, RunTable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one application."""

    def __init__(self, container: Container) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Work(container))
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
        return generate_latest(self._registry)


class _Work(Collector):
    """Read the database and Redis at each scrape."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from (self._runs(table) for table in TABLES)
        yield self._steps()
        yield from self._workers()

    def _runs(self, table: RunTable) -> Metric:
        family = GaugeMetricFamily(f"syntrust_{table.name}s", "By state.", labels=["state"])
        query = select(table.rows.state, func.count()).group_by(table.rows.state)
        with self._container.read() as session:
            for state, count in session.execute(query):
                family.add_metric([str(state)], count)
        return family

    def _steps(self) -> Metric:
        labels = ["kind", "queue", "state"]
        family = GaugeMetricFamily("syntrust_steps", "By kind, queue and state.", labels=labels)
        query = select(Step.kind, Step.state, func.count()).group_by(Step.kind, Step.state)
        with self._container.read() as session:
            for kind, state, count in session.execute(query):
                family.add_metric([kind, str(QUEUES[Kind(kind)]), str(state)], count)
        return family

    def _workers(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("syntrust_workers", "Live workers by queue.", labels=["queue"])
        try:
            for queue in Queue:
                family.add_metric([str(queue)], self._container.coordinator.workers(queue))
        except QueueUnavailable:
            return  # a missing number is better than a wrong one
        yield family
