"""The handler of the main port: every request goes to an operation, to Zoom, or is refused.

Checks come in a fixed order: the connection has judged framing and raw target, then route, credential, how much is
under way, parameters, upstream. One boundary turns failures into the envelope, and one event sums each request up.
"""

import asyncio
import re
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web

from adapters.errors import ShimError, UpstreamBroken
from adapters.legacy_request import LegacyRequest
from adapters.operations.service import Service
from shim.answers import envelope, json_answer
from shim.boundary import answer_to
from shim.callers import Callers
from shim.in_flight import InFlight
from shim.ops import PROBES, Ops
from shim.own_tokens import TOKEN_PATH, OwnTokens, is_like_token_path
from shim.pass_through import API_PREFIX, OAUTH_PREFIX
from shim.pass_through_modes import Passing
from shim.presented import presented
from shim.routing import Route, find_route, query_of
from shim.telemetry import Telemetry

DEPRECATION: Final = {
    "Deprecation": "@1750204800",  # RFC 9745: 2025-06-18, when Zoom announced the end
    "Sunset": "Sat, 30 May 2026 00:00:00 GMT",  # RFC 8594
}
REQUEST_ID: Final = "X-Request-Id"
PROBE: Final = "probe"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Answers every request of the main port; `deadline` is the seconds a legacy request may take.

    `own_tokens` is None where `/oauth/token` is Zoom's, as every other path of its is.
    """

    service: Service
    ops: Ops
    callers: Callers
    own_tokens: OwnTokens | None
    passing: Passing
    telemetry: Telemetry
    in_flight: InFlight
    deadline: float

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request, whatever happens to it; only a cut stream raises."""
        started = asyncio.get_running_loop().time()
        ledger = self.telemetry.open_ledger()
        request_id = _request_id(request)
        path, _, query = request.raw_path.partition("?")
        route = find_route(request.method, path)
        name = self._name(route, path)
        log = structlog.get_logger().bind(request_id=request_id, operation=name)
        answer: web.StreamResponse | None = None
        try:
            answer = await self._answer(request, route, query=query)
        except UpstreamBroken:
            raise  # a stream that had begun: the connection is cut so that nobody takes it for the whole
        except Exception:
            log.error("request.failed", exc_info=True)
            answer = envelope(HTTPStatus.INTERNAL_SERVER_ERROR)
        finally:
            seconds = asyncio.get_running_loop().time() - started
            status = 0 if answer is None else answer.status
            self.telemetry.request_answered(name, status, seconds=seconds)
            _sum_up(log, name, status, upstream_calls=ledger.upstream_calls, milliseconds=round(seconds * 1000, 1))
        if not answer.prepared:
            answer.headers[REQUEST_ID] = request_id
        return answer

    async def _answer(self, request: web.BaseRequest, route: Route | None, *, query: str) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if route is not None:
            return await self._legacy(request, route, query=query)
        if self.own_tokens is not None and is_like_token_path(path):
            return await self.own_tokens.answer(request) if path == TOKEN_PATH else envelope(HTTPStatus.FORBIDDEN)
        if path.startswith((f"{API_PREFIX}/", OAUTH_PREFIX)):
            return await self.passing.answer(request)
        return await self.ops.probe(request.method, path) or envelope(HTTPStatus.NOT_FOUND)

    async def _legacy(self, request: web.BaseRequest, route: Route, *, query: str) -> web.Response:
        parameters = query_of(query)
        try:
            if route.operation.handler is None:
                raise AssertionError("only served operations are routed")
            credential = presented(request.headers.get(hdrs.AUTHORIZATION, ""), parameters)
            until = asyncio.get_running_loop().time() + self.deadline
            caller = self.callers.caller(credential, account=route.account, deadline=until)
            with self.in_flight.one_of(caller.key):
                answer = await route.operation.handler(LegacyRequest(caller, parameters, route.asked_id), self.service)
        except ShimError as failure:
            response = answer_to(failure)
        else:
            response = json_answer(answer.body, headers=answer.headers)
        response.headers.update(DEPRECATION)
        response.headers["Link"] = f'<{_successor(route)}>; rel="successor-version"'
        return response

    def _name(self, route: Route | None, path: str) -> str:
        if route is not None:
            return route.operation.id
        if self.own_tokens is not None and is_like_token_path(path):
            return "ownToken"
        if path.startswith((f"{API_PREFIX}/", OAUTH_PREFIX)):
            return "passThrough"
        return PROBE if path in PROBES else "other"


def _request_id(request: web.BaseRequest) -> str:
    sent = request.headers.get(REQUEST_ID, "")
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def _successor(route: Route) -> str:
    """The path that answers this in the successor's own shape; an id is only known to it after a look-up."""
    account = f"/accounts/{quote(route.account, safe='')}" if route.account else ""
    return f"{API_PREFIX}{account}{route.operation.successor.partition('/{')[0]}"


def _sum_up(
    log: structlog.typing.FilteringBoundLogger,
    operation: str,
    status: int,
    *,
    upstream_calls: int,
    milliseconds: float,
) -> None:
    """The request's one event; a probe's is for debugging, for there is one every few seconds."""
    told = log.debug if operation == PROBE else log.info
    if status == 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = log.warning
    told("request.answered", status=status, upstream_calls=upstream_calls, ms=milliseconds)
