"""A retired operation on the wire: its request out of HTTP, its answer back into it, with the news that it is retired.

Knows the order in which a request is judged: body, credential, parameters, how much is under way; then it is answered.
Refuses to know what an operation does.
"""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from adapters.errors import ShimError, UpstreamSlow
from adapters.legacy_request import LegacyRequest
from adapters.operations.service import Service
from shim.answers import json_answer, refusal
from shim.boundary import answer_to
from shim.callers import Callers
from shim.in_flight import InFlight
from shim.pass_through import API_PREFIX
from shim.presented import presented
from shim.routing import Route, query_of
from shim.unneeded_body import drop_body

DEPRECATION: Final = {
    "Deprecation": "@1750204800",  # RFC 9745: 2025-06-18, when Zoom announced the end
    "Sunset": "Sat, 30 May 2026 00:00:00 GMT",  # RFC 8594
}

LATEST: Final = 0.05
"""Seconds beyond its deadline after which a request is answered whatever it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Answers what the table of operations serves; `deadline` is the seconds each request may take."""

    service: Service
    callers: Callers
    in_flight: InFlight
    deadline: float

    async def answer(self, request: web.BaseRequest, route: Route, *, query: str) -> web.Response:
        """The operation's answer, or its refusal in the envelope."""
        until = asyncio.get_running_loop().time() + self.deadline
        fault = await drop_body(request)
        if fault is not None:
            return _with_news(refusal(fault), route)
        parameters = query_of(query)
        try:
            credential = presented(request.headers.get(hdrs.AUTHORIZATION, ""), parameters)
            caller = self.callers.caller(credential, account=route.account, deadline=until)
            asked = LegacyRequest(caller, parameters, route.asked_id)
            with closing(route.handler(asked, self.service)) as answering, self.in_flight.one_of(caller.program):
                async with asyncio.timeout_at(until + LATEST):
                    answer = await answering
        except TimeoutError:
            return _with_news(answer_to(UpstreamSlow("nothing by the deadline")), route)
        except ShimError as failure:
            return _with_news(answer_to(failure), route)
        return _with_news(json_answer(answer.body, headers=answer.headers), route)


def _with_news(response: web.Response, route: Route) -> web.Response:
    response.headers.update(DEPRECATION)
    response.headers["Link"] = f'<{_successor(route)}>; rel="successor-version"'
    return response


def _successor(route: Route) -> str:
    """The path that answers this in the successor's own shape; an id is only known to it after a look-up."""
    account = f"/accounts/{quote(route.account, safe='')}" if route.account else ""
    return f"{API_PREFIX}{account}{route.operation.successor.partition('/{')[0]}"
