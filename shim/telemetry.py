"""What is counted, and what is logged once: the observer of the adapters, for the metrics and the request's ledger.

Knows which metric an event belongs to. Refuses to know ids, numbers, names and paths.
"""

from collections.abc import Iterable
from typing import Final

import structlog

from adapters.ports import Category
from contracts.successor.reading import Unknown
from shim import metrics
from shim.connection import Refused
from shim.ledger import ledger
from shim.meters import Meters, status_word

MOST_LOGGED: Final = 500
"""Different unknowns logged at the most; beyond that they are counted only."""


class Telemetry:
    """Implements `adapters.ports.Observer` and `adapters.ports.UpstreamWatch` over the process's `meters`."""

    def __init__(self, meters: Meters | None = None) -> None:
        self.meters = meters or Meters()
        self._log = structlog.get_logger()
        self._logged: set[Unknown] = set()

    def request_answered(self, operation: str, status: int, *, seconds: float) -> None:
        """Counts one answered request; `operation` is a name of the routing table, a status of 0 no whole answer."""
        self.meters.count(metrics.REQUESTS, operation, status_word(status))
        self.meters.observe(metrics.REQUEST_SECONDS, seconds, operation)

    def upstream_called(self, name: str, status: int | None, seconds: float) -> None:
        """Counts one attempt that went out; a status of None is no whole answer."""
        ledger().upstream_calls += 1
        self.meters.count(metrics.UPSTREAM_CALLS, name, status_word(status))
        self.meters.observe(metrics.UPSTREAM_SECONDS, seconds)

    def unknown_met(self, unknown: Iterable[Unknown]) -> None:
        """Counts what upstream sent and nobody declared, and logs each kind once."""
        for one in unknown:
            self.meters.count(metrics.UNKNOWN, one.shape)
            if one not in self._logged and len(self._logged) < MOST_LOGGED:
                self._logged.add(one)
                self._log.warning("upstream.unknown_met", shape=one.shape, field=one.field, value=one.value)

    def answered_by(self, generation: str) -> None:
        """Notes which generation of the successor answers."""
        ledger().generation = generation

    def page_told(self, *, rows: int, is_short: bool) -> None:
        """Counts a page about to be served, by its kind, and its rows."""
        page = ledger().page = "short" if is_short else "whole" if rows else "empty"
        ledger().rows = rows
        self.meters.count(metrics.PAGES, page)
        self.meters.count(metrics.ROWS, by=rows)

    def records_looked_up(self, *, hits: int, misses: int) -> None:
        """Counts records had from the cache, and those that were not there."""
        ledger().cache_hits += hits
        self.meters.count(metrics.RECORDS, "hit", by=hits)
        self.meters.count(metrics.RECORDS, "miss", by=misses)

    def call_searched(self, outcome: str) -> None:
        """Counts a search by how it ended."""
        self.meters.count(metrics.SEARCHES, outcome)

    def built_from_summary(self, reason: str) -> None:
        """Counts a row told without its detail."""
        ledger().from_summary += 1
        self.meters.count(metrics.ROWS_FROM_SUMMARY, reason)

    def ids_left_out(self, kinds: Iterable[str]) -> None:
        """Counts answers whose object ids are absent for want of a scope."""
        for kind in kinds:
            self.meters.count(metrics.IDS_LEFT_OUT, kind)

    def walk_cut_off(self) -> None:
        """Counts a walk that pages in a circle ended."""
        self.meters.count(metrics.WALKS_CUT_OFF)

    def charges_left_out(self) -> None:
        """Counts an answer whose charges are absent because the report could not be had."""
        self.meters.count(metrics.CHARGES_LEFT_OUT)

    def turn_taken(self, category: Category, *, seconds: float) -> None:
        """Counts a call that had its turn of the rate budget, and how long it waited."""
        ledger().budget_wait += seconds
        self.meters.observe(metrics.TURN_SECONDS, seconds, category)

    def turn_refused(self, category: Category, reason: str) -> None:
        """Counts a call that was not sent, for its turn would come too late or a 429 holds its lane."""
        self.meters.count(metrics.NO_TURNS, category, reason)

    def limit_met(self, category: Category, window: str) -> None:
        """Counts a 429 by what it was for."""
        ledger().limits_met += 1
        self.meters.count(metrics.LIMITS_MET, category, window)

    def repeat_decided(self, outcome: str) -> None:
        """Counts a repeat that is made, or that the stock was too low for."""
        ledger().repeats += outcome == "made"
        self.meters.count(metrics.UPSTREAM_REPEATS, outcome)

    def call_held_back(self) -> None:
        """Counts a call that the throttle kept from going out."""
        ledger().held_back += 1
        self.meters.count(metrics.HELD_BACK)

    def call_joined(self) -> None:
        """Counts a call that another one's answer stood in for."""
        self.meters.count(metrics.JOINED)

    def fetched_ahead(self, outcome: str) -> None:
        """Counts a page fetched before it is asked for, and one that then was."""
        self.meters.count(metrics.AHEAD, outcome)

    def loop_lagged(self, seconds: float) -> None:
        """Counts by how much the event loop was late."""
        self.meters.observe(metrics.LOOP_LAG, seconds)

    def refused(self, port: str, what: Refused) -> None:
        """Counts a connection that was closed at once, or a request that no handler saw."""
        self.meters.count(metrics.CONNECTIONS_REFUSED if what == "connection" else metrics.REQUESTS_REFUSED, port)
