"""The handler of the main port: every request goes to an operation, to Zoom, or is refused.

Checks come in a fixed order: the connection has judged framing and raw target, then route, credential, parameters, how
much is under way, upstream. One boundary turns failures into the envelope, and one event sums each request up.
"""

import asyncio
import hashlib
import re
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import hdrs, web

from adapters.errors import ShimError, UpstreamBroken
from shim.answers import envelope
from shim.boundary import answer_to, is_an_end
from shim.in_flight import InFlight
from shim.ledger import Ledger, open_ledger
from shim.operations import Operations
from shim.ops import PROBES, Ops
from shim.own_tokens import TOKEN_PATH, OwnTokens, is_like_token_path
from shim.pass_through import API_PREFIX, OAUTH_PREFIX
from shim.pass_through_modes import Passing
from shim.presented import presented
from shim.routing import Route, find_route, query_of
from shim.telemetry import Telemetry

REQUEST_ID: Final = "X-Request-Id"
PROBE: Final = "probe"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Answers every request of the main port; `passed` counts what passes through.

    `own_tokens` is None where `/oauth/token` is Zoom's, as every other path of its is.
    """

    operations: Operations
    ops: Ops
    own_tokens: OwnTokens | None
    passing: Passing
    passed: InFlight
    telemetry: Telemetry

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request, whatever happens to it; only a cut stream raises."""
        started = asyncio.get_running_loop().time()
        ledger = open_ledger()
        request_id = _request_id(request)
        path, _, query = request.raw_path.partition("?")
        route = find_route(request.method, path)
        name = self._name(route, path)
        log = structlog.get_logger().bind(request_id=request_id, operation=name)
        answer: web.StreamResponse | None = None
        try:
            answer = await self._answer(request, route, query=query)
        except BaseException as failure:
            if is_an_end(failure):
                raise
            answer = _in_its_place(failure, request, log)
        finally:
            seconds = asyncio.get_running_loop().time() - started
            status = 0 if answer is None else answer.status
            self.telemetry.request_answered(name, status, seconds=seconds)
            _sum_up(log, name, status, ledger, milliseconds=round(seconds * 1000, 1))
        if not answer.prepared:
            answer.headers[REQUEST_ID] = request_id
        return answer

    async def _answer(self, request: web.BaseRequest, route: Route | None, *, query: str) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if route is not None:
            return await self.operations.answer(request, route, query=query)
        if self.own_tokens is not None and is_like_token_path(path):
            return await self.own_tokens.answer(request) if path == TOKEN_PATH else envelope(HTTPStatus.FORBIDDEN)
        if path.startswith((f"{API_PREFIX}/", OAUTH_PREFIX)):
            with self.passed.one_of(_credential_key(request, query)):
                return await self.passing.answer(request)
        return await self.ops.probe(request.method, path) or envelope(HTTPStatus.NOT_FOUND)

    def _name(self, route: Route | None, path: str) -> str:
        if route is not None:
            return route.operation.id
        if self.own_tokens is not None and is_like_token_path(path):
            return "ownToken"
        if path.startswith((f"{API_PREFIX}/", OAUTH_PREFIX)):
            return "passThrough"
        return PROBE if path in PROBES else "other"


def _in_its_place(
    failure: BaseException, request: web.BaseRequest, log: structlog.typing.FilteringBoundLogger
) -> web.Response:
    """The envelope for a failure; raises where an answer has begun, which nobody may take for the whole."""
    if request.writer.output_size > 0:
        raise failure if isinstance(failure, Exception) else UpstreamBroken("the answer had begun")
    if isinstance(failure, ShimError):
        return answer_to(failure)
    log.error("request.failed", exc_info=failure)
    return envelope(HTTPStatus.INTERNAL_SERVER_ERROR)


def _request_id(request: web.BaseRequest) -> str:
    sent = request.headers.get(REQUEST_ID, "")
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def _credential_key(request: web.BaseRequest, query: str) -> str:
    """Whose request it is as far as it says so."""
    shown = presented(request.headers.get(hdrs.AUTHORIZATION, ""), query_of(query))
    return hashlib.sha256(shown.encode(errors="surrogateescape")).hexdigest()


def _sum_up(
    log: structlog.typing.FilteringBoundLogger, operation: str, status: int, ledger: Ledger, *, milliseconds: float
) -> None:
    """The request's one event; a probe's is for debugging, for there is one every few seconds."""
    told = log.debug if operation == PROBE else log.info
    if status == 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = log.warning
    told("request.answered", status=status, ms=milliseconds, **ledger.told())
