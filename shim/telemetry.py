"""What is counted, and what is logged once: the observer of the adapters and the ledger of every request.

Knows metric names and events; label values come from closed sets. Refuses to know ids, numbers, names and paths.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from contracts.successor.reading import Unknown

MOST_LOGGED: Final = 500
"""Different unknowns logged at the most; beyond that they are counted only."""
SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


@dataclass(slots=True)
class Ledger:
    """What one request cost so far."""

    upstream_calls: int = 0


_LEDGER: Final[ContextVar[Ledger | None]] = ContextVar("ledger", default=None)


class Telemetry:
    """The process's counters, in a registry of its own; implements `adapters.ports.Observer`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._log = structlog.get_logger()
        self._logged: set[Unknown] = set()
        self._requests = self._counter("shim_requests", "Requests answered.", "operation", "status")
        self._seconds = Histogram(
            "shim_request_seconds",
            "Time to an answer, in seconds.",
            ["operation"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._calls = self._counter("shim_upstream_calls", "Attempts made upstream.", "call", "status")
        self._unknown = self._counter("shim_unknown", "Upstream keys and words nobody declared.", "shape")
        self._summaries = self._counter("shim_rows_from_summary", "Rows told without their detail.", "reason")
        self._left_out = self._counter("shim_ids_left_out", "Answers made without object ids.", "directory")
        self._uncharged = self._counter("shim_charges_left_out", "Answers made without charges that were wanted.")

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def open_ledger(self) -> Ledger:
        """Starts counting for the request of the running task and all tasks it makes."""
        ledger = Ledger()
        _LEDGER.set(ledger)
        return ledger

    def request_answered(self, operation: str, status: int, *, seconds: float) -> None:
        """Counts one answered request; `operation` is a name of the routing table."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def upstream_called(self, name: str, status: int | None, _seconds: float) -> None:
        """Counts one attempt that went out; a status of None is no whole answer."""
        ledger = _LEDGER.get()
        if ledger is not None:
            ledger.upstream_calls += 1
        self._calls.labels(name, "none" if status is None else str(status)).inc()

    def unknown_met(self, unknown: Iterable[Unknown]) -> None:
        """Counts what upstream sent and nobody declared, and logs each kind once."""
        for one in unknown:
            self._unknown.labels(one.shape).inc()
            if one not in self._logged and len(self._logged) < MOST_LOGGED:
                self._logged.add(one)
                self._log.warning("upstream.unknown_met", shape=one.shape, field=one.field, value=one.value)

    def built_from_summary(self, reason: str) -> None:
        """Counts a row told without its detail."""
        self._summaries.labels(reason).inc()

    def ids_left_out(self, kinds: Iterable[str]) -> None:
        """Counts answers whose object ids are absent for want of a scope."""
        for kind in kinds:
            self._left_out.labels(kind).inc()

    def charges_left_out(self) -> None:
        """Counts an answer whose charges are absent because the report could not be had."""
        self._uncharged.inc()

    def exposition(self) -> bytes:
        """All counters in Prometheus' text format."""
        return generate_latest(self._registry)
