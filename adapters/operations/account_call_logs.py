"""`GET /phone/call_logs`: the account's calls, a page at a time.

Source: Zoom's OpenAPI, operation accountCallLogs; semantics 3.1 (envelope), 6.1 (parameters), 6.4 (paging).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from adapters.charged_pages import among
from adapters.charges import ChargedCall
from adapters.errors import PagesInCircle, ShimError, UpstreamSlow
from adapters.filters import CHARGED, are_vain, asked_filters, keeping, leave_out, same_filters
from adapters.history_pages import HistoryPages
from adapters.legacy_request import Answering, LegacyAnswer, LegacyRequest
from adapters.next_page import fetch_next
from adapters.operations.service import Service
from adapters.page_tokens import Position
from adapters.page_walk import PageWalk
from adapters.parameters import page_size, window
from adapters.records import Told
from contracts.codec import encode
from contracts.legacy.shapes import LARGEST_PAGE_SIZE
from contracts.successor.shapes import CallHistory

PATH: Final = "/phone/call_logs"
UNKNOWN_TOTAL: Final = -1


def account_call_logs(request: LegacyRequest, service: Service) -> Answering:
    """One page of old records: the first, or the one a sealed token stands for.

    A page is full, or ends with the walk, at the deadline, or before the first row that a limit or an outage took.
    A page without any row is an error, save at the deadline when the rows gone through were all left out.
    """
    return _page(_start(request, service), request, service)


async def _page(start: Position, request: LegacyRequest, service: Service) -> LegacyAnswer:
    if request.parameter("next_page_token"):
        service.ahead.followed(request.caller, start)
    charged = await _charged(start, request, service)
    pages = HistoryPages(service, request.caller, charged)
    walk = _walk(start, pages, charged, request=request, service=service)
    is_short = False
    try:
        if are_vain(start.filters):
            await pages.fetch(start)  # upstream judges the request, no row of its answer can pass
            walk.position = None
        await walk.fill()
    except ShimError as stop:
        is_short = True
        if not (walk.rows or (isinstance(stop, UpstreamSlow) and _has_moved(walk, start))):
            if isinstance(stop, PagesInCircle):
                service.observer.walk_cut_off()
            raise
    rows = await _rows(walk, start, request, service)
    service.observer.page_told(rows=len(rows), is_short=is_short)
    _look_ahead(walk, pages, request, service, is_short=is_short)
    return LegacyAnswer(encode(_envelope(walk, rows, start, request, service)), pages.headers)


def _look_ahead(
    walk: PageWalk, pages: HistoryPages, request: LegacyRequest, service: Service, *, is_short: bool
) -> None:
    """Keeps the upstream page that the walk goes on within, and has what comes next fetched while the client reads."""
    position = walk.position
    if position is None or position.is_cut_off:
        return
    if position.is_within:
        pages.keep()
    fetch = partial(fetch_next, position=position, size=walk.size, pages=pages, service=service)
    service.ahead.answered(request.caller, position, is_short=is_short, fetch=fetch)


async def _charged(start: Position, request: LegacyRequest, service: Service) -> Sequence[ChargedCall] | None:
    """The calls a walk is confined to by `charged_call_logs`, None where it is not."""
    if CHARGED not in start.filters:
        return None
    return await service.charges.charged_calls(request.caller, window=_window(start))


def _walk(
    start: Position,
    pages: HistoryPages,
    charged: Sequence[ChargedCall] | None,
    *,
    request: LegacyRequest,
    service: Service,
) -> PageWalk:
    async def tell(rows: Sequence[CallHistory]) -> Told:
        told = service.records.exact if service.fidelity == "exact" else service.records.summaries
        async with asyncio.TaskGroup() as group:
            if service.are_charges_told:
                names = [row.call_id for row in rows if row.call_id]
                group.create_task(service.charges.of_calls(names, request.caller, window=_window(start)))
            telling = group.create_task(told(rows, request.caller))
        return telling.result()

    judges = [keeping(start.filters), *([among(charged)] if charged is not None else [])]
    keep = (lambda call: all(judge(call) for judge in judges)) if leave_out(start.filters) else None
    return PageWalk(page_size(request.parameter("page_size")), start, pages.fetch, tell, keep)


def _has_moved(walk: PageWalk, start: Position) -> bool:
    here = walk.position
    return here is not None and (here.upstream_token, here.after_uuid) != (start.upstream_token, start.after_uuid)


async def _rows(walk: PageWalk, start: Position, request: LegacyRequest, service: Service) -> Sequence[bytes]:
    """The encoded rows, with charges where the operator or the request wants them."""
    if not _wants_charges(start, service):
        return [call.row for call in walk.rows]
    if not service.are_charges_told:
        priced = service.charges.price_of_walk(walk.rows, request.caller, window=_window(start))
        if priced is not None:
            return priced
    return await service.charges.price(walk.rows, request.caller, window=_window(start))


def _wants_charges(start: Position, service: Service) -> bool:
    return service.are_charges_told or CHARGED in start.filters


def _window(start: Position) -> tuple[str, str]:
    """The window of the charges report, which goes by the start of calls: of a list by ends it begins a day before."""
    if ("time_type", "endTime") not in start.filters:
        return start.window_from, start.window_to
    earlier = (date.fromisoformat(start.window_from[:10]) - timedelta(days=1)).isoformat()
    return earlier + start.window_from[10:], start.window_to


def _start(request: LegacyRequest, service: Service) -> Position:
    token = request.parameter("next_page_token")
    now = service.now()
    if token:
        position = service.page_tokens.open(token, bound_to=_bound(request), now=int(now.timestamp()))
        return replace(position, filters=same_filters(position.filters, request))
    filters = asked_filters(request)
    asked = window(request.parameter("from"), request.parameter("to"), now=now)
    return Position(
        upstream_token="",
        window_from=asked.first,
        window_to=asked.last,
        echo_from=asked.echo_from,
        echo_to=asked.echo_to,
        after_uuid="",
        after_group=0,
        filters=filters,
        # Of a large page many rows may fall out: few calls of the scarcest kind, each for as much as it gives.
        upstream_page_size=LARGEST_PAGE_SIZE if leave_out(filters) else page_size(request.parameter("page_size")),
        total=UNKNOWN_TOTAL,
        served=0,
    )


def _bound(request: LegacyRequest) -> str:
    """What a page token is good for: this path of this account."""
    return f"{request.partition} {PATH}"


def _envelope(
    walk: PageWalk, rows: Sequence[bytes], start: Position, request: LegacyRequest, service: Service
) -> dict[str, Any]:
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
        "call_logs": [msgspec.Raw(row) for row in rows],
    }


def _token(walk: PageWalk, request: LegacyRequest, service: Service) -> str:
    if walk.position is None:
        return ""
    return service.page_tokens.seal(walk.position, bound_to=_bound(request), now=int(service.now().timestamp()))
