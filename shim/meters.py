"""The declared metrics with their present values, for whoever counts and for whoever reads `/metrics`.

Knows prometheus-client and refuses to know what the numbers mean. What nobody declared cannot be counted.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from shim.metrics import METRICS, Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_TOLD_APART: Final = frozenset({401, 403, 404, 429})


class Meters:
    """Counts, in a registry of its own, beside the figures of the process itself."""

    def __init__(self) -> None:
        # Without, there is a second series for each one, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus-client has no type for it
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counters = {
            metric.name: Counter(metric.name, metric.meaning, tuple(metric.labels), registry=self._registry)
            for metric in METRICS
            if metric.kind == "counter"
        }
        self._histograms = {
            metric.name: Histogram(
                metric.name, metric.meaning, tuple(metric.labels), buckets=metric.buckets, registry=self._registry
            )
            for metric in METRICS
            if metric.kind == "histogram"
        }
        self._gauges: dict[str, Gauge] = {}

    def count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """Adds to a counter; `labels` in the order they are declared."""
        counter = self._counters[metric.name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds a value to a histogram."""
        histogram = self._histograms[metric.name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def show(self, metric: Metric, value: Callable[[], float], *labels: str) -> None:
        """Shows what `value` says whenever somebody reads; a gauge nobody gave a value is not shown at all."""
        gauge = self._gauges.get(metric.name)
        if gauge is None:
            gauge = Gauge(metric.name, metric.meaning, tuple(metric.labels), registry=self._registry)
            self._gauges[metric.name] = gauge
        (gauge.labels(*labels) if labels else gauge).set_function(value)

    def exposition(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)


def status_word(status: int | None) -> str:
    """The label a status is counted under; 0 and None are no answer."""
    if not status:
        return "none"
    return str(status) if status in _TOLD_APART else f"{status // 100}xx"
