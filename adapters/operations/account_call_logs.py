"""`GET /phone/call_logs`: the account's calls, a page at a time.

Source: Zoom's OpenAPI, operation accountCallLogs; semantics 3.1 (envelope), 6.1 (parameters), 6.4 (paging).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from adapters.both_recordings import merged_page
from adapters.errors import NO_HEADERS, ShimError, UpstreamBroken
from adapters.legacy_request import LegacyAnswer, LegacyRequest
from adapters.operations.service import Service
from adapters.page_tokens import Position
from adapters.page_walk import PageWalk
from adapters.parameters import page_size, window
from adapters.records import Told
from adapters.refusals import in_legacy_words
from adapters.successor_calls import call_history
from contracts.codec import encode
from contracts.legacy.errors import ACCOUNT_CALL_LOGS, CALL_LOG_PAGE
from contracts.successor.reading import HistoryPage, Unreadable, read_page
from contracts.successor.shapes import CallHistory

PATH: Final = "/phone/call_logs"
UNKNOWN_TOTAL: Final = -1


async def account_call_logs(request: LegacyRequest, service: Service) -> LegacyAnswer:
    """One page of old records: the first, or the one a sealed token stands for.

    A page is full, or ends with the walk, at the deadline, or before the first row that a limit or an outage took;
    only a page without any row is an error.
    """
    start = _start(request, service)
    source = _Source(request, service)
    walk = PageWalk(page_size(request.parameter("page_size")), start, source.fetch, source.tell)
    try:
        await walk.fill()
    except ShimError:
        if not walk.rows:
            raise
    return LegacyAnswer(encode(_envelope(walk, start, request, service)), source.headers)


@dataclass(slots=True)
class _Source:
    """What the walk asks: upstream pages, and rows told in the service's fidelity."""

    request: LegacyRequest
    service: Service
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)

    async def fetch(self, position: Position) -> HistoryPage:
        """The upstream page at a position."""
        if self.service.options.recording_status == "both":
            return await merged_page(position.upstream_token, partial(self._fetch_recorded, position))
        return await self._fetch(position, token=position.upstream_token, filters=position.filters)

    async def _fetch_recorded(self, position: Position, status: str, token: str) -> HistoryPage:
        return await self._fetch(position, token=token, filters=(*position.filters, ("recording_status", status)))

    async def _fetch(self, position: Position, *, token: str, filters: tuple[tuple[str, str], ...]) -> HistoryPage:
        window = (position.window_from, position.window_to)
        call = call_history(window=window, page_size=position.upstream_page_size, token=token, filters=filters)
        with in_legacy_words(CALL_LOG_PAGE if token else ACCOUNT_CALL_LOGS):
            reply = await self.service.zoom.fetch(call, self.request.caller)
        self.headers = reply.headers
        try:
            reading = read_page(reply.body)
        except Unreadable as wrong:
            raise UpstreamBroken(str(wrong)) from wrong
        self.service.observer.unknown_met(reading.unknown)
        return reading.value

    async def tell(self, rows: Sequence[CallHistory]) -> Told:
        """The finished records of upstream rows."""
        records = self.service.records
        told = records.exact if self.service.fidelity == "exact" else records.summaries
        return await told(rows, self.request.caller)


def _start(request: LegacyRequest, service: Service) -> Position:
    token = request.parameter("next_page_token")
    now = service.now()
    if token:
        return service.page_tokens.open(token, bound_to=_bound(request), now=int(now.timestamp()))
    asked = window(request.parameter("from"), request.parameter("to"), now=now)
    return Position(
        upstream_token="",
        window_from=asked.first,
        window_to=asked.last,
        echo_from=asked.echo_from,
        echo_to=asked.echo_to,
        after_uuid="",
        after_group=0,
        filters=(),
        upstream_page_size=page_size(request.parameter("page_size")),
        total=UNKNOWN_TOTAL,
        served=0,
    )


def _bound(request: LegacyRequest) -> str:
    """What a page token is good for: this path of this account."""
    return f"{request.partition} {PATH}"


def _envelope(walk: PageWalk, start: Position, request: LegacyRequest, service: Service) -> dict[str, Any]:
    served = start.served + len(walk.rows)
    is_all = walk.position is None and start.total == UNKNOWN_TOTAL
    total = served if is_all else max(served, walk.position.total if walk.position else start.total)
    pages = {"page_count": -(-total // walk.size)} if service.options.page_count == "emit" else {}
    return {
        "next_page_token": _token(walk, request, service),
        **pages,
        "page_size": walk.size,
        "total_records": total,
        "from": start.echo_from,
        "to": start.echo_to,
        "call_logs": [msgspec.Raw(call.row) for call in walk.rows],
    }


def _token(walk: PageWalk, request: LegacyRequest, service: Service) -> str:
    if walk.position is None:
        return ""
    return service.page_tokens.seal(walk.position, bound_to=_bound(request), now=int(service.now().timestamp()))
