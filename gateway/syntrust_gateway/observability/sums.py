"""What all processes have counted and reported to Redis, as Prometheus reads it.

While Redis is away there are none of them: a missing number is better than a wrong one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from syntrust_core.errors import QueueUnavailable
from syntrust_core.observability.counters import BUCKETS_S, Sample
from syntrust_core.observability.gpus import Gpu
from syntrust_core.runtime.coordination import StepCoordinator

Labels = tuple[tuple[str, str], ...]

COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "syntrust_step_attempts": ("Attempts at steps that ended.", ("kind", "outcome")),
    "syntrust_lease_losses": ("Attempts that ended as the lease was lost.", ("kind",)),
    "syntrust_server_errors": ("Requests to a server that failed.", ("server",)),
}
HISTOGRAMS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "syntrust_step_seconds": ("Seconds of a step that was done.", ("kind",)),
    "syntrust_orchestrator_tick_seconds": ("Seconds of a tick.", ()),
}


class Sums(Collector):
    """Counters and histograms of all processes, and the GPUs of their machines."""

    def __init__(self, coordinator: StepCoordinator) -> None:
        self._coordinator = coordinator

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            samples, gpus = self._coordinator.read_counts(), self._coordinator.gpus()
        except QueueUnavailable:
            return
        for name, (text, labels) in COUNTERS.items():
            yield _counter(name, text, labels, samples)
        for name, (text, labels) in HISTOGRAMS.items():
            yield _histogram(name, text, labels, samples)
        yield from _describe_gpus(gpus)


def _counter(name: str, text: str, labels: tuple[str, ...], samples: list[Sample]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for given, parts in _gather(name, labels, samples).items():
        family.add_metric(given, parts.get("", 0))
    return family


def _histogram(name: str, text: str, labels: tuple[str, ...], samples: list[Sample]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    for given, parts in _gather(name, labels, samples).items():
        family.add_metric(given, _buckets(parts), parts.get("sum", 0))
    return family


def _gather(
    name: str, labels: tuple[str, ...], samples: list[Sample]
) -> dict[tuple[str, ...], dict[str, float]]:
    """Gather the parts of one metric by its labels. What another release labels is left out."""
    found: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for sample in samples:
        given = dict(sample.labels)
        if sample.name == name and given.keys() == set(labels):
            found[tuple(given[label] for label in labels)][sample.part] = sample.value
    return found


def _buckets(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Give the buckets in order; none has less than one before, whichever release counted it."""
    buckets: list[tuple[str, float]] = []
    most = 0.0
    for bound in BUCKETS_S:
        most = max(most, parts.get(f"{bound:g}", 0))
        buckets.append((f"{float(bound)}", most))
    return [*buckets, ("+Inf", max(most, parts.get("count", 0)))]


def _describe_gpus(found: Mapping[str, Sequence[Gpu]]) -> Iterator[Metric]:
    labels = ["host", "gpu"]
    ratio = GaugeMetricFamily(
        "syntrust_gpu_utilisation_ratio", "Share of time a GPU computes.", labels=labels
    )
    used = GaugeMetricFamily(
        "syntrust_gpu_memory_used_bytes", "Memory of a GPU in use.", labels=labels
    )
    total = GaugeMetricFamily("syntrust_gpu_memory_total_bytes", "Memory of a GPU.", labels=labels)
    for host, gpus in found.items():
        for gpu in gpus:
            which = [host, str(gpu.index)]
            ratio.add_metric(which, gpu.utilisation)
            used.add_metric(which, gpu.memory_used_bytes)
            total.add_metric(which, gpu.memory_total_bytes)
    yield from (ratio, used, total)
