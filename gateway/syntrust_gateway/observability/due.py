"""The steps that are due, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_gateway.container import Container
from syntrust_gateway.observability.queues import count_due


class Due(Collector):
    """Steps that are ready or run, by queue. While Redis is away there is no such number."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "syntrust_steps_due", "Steps that are ready or run, by queue.", labels=["queue"]
        )
        try:
            with self._container.read() as session:
                due = count_due(session, self._container.coordinator)
        except QueueUnavailable:
            return
        for queue in Queue:
            family.add_metric([str(queue)], due[queue])
        yield family
