"""The stand-in's HTTP face on a free loopback port, and the handles a test has on it.

It knows bearers, faults, limits and headers; what is answered stands in `routes`.
"""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from aiohttp import web

from adapters.ports import Category
from contracts.cases import World
from contracts.cases.worlds import Spoken
from contracts.codec import encode
from shim.standin.faults import DEFAULT_SCOPES, Fault, Faults, Scopes
from shim.standin.limits import Meter
from shim.standin.oauth import TOKEN_PATH, AppClient, Tokens
from shim.standin.paging import Walks
from shim.standin.refusals import Refusal, invalid_token, no_such_endpoint, too_fast
from shim.standin.routes import Asked, Route, find_route
from shim.standin.world import Account

HOST: Final = "127.0.0.1"
OAUTH: Final = "/oauth/"
BASE: Final = re.compile(r"/v2(?:/accounts/[^/]+(?=/))?(?P<below>/.*)")


class Call(NamedTuple):
    """A request the stand-in saw: the path and the query as they came over the wire."""

    method: str
    path: str
    query: str


def _now() -> datetime:
    return datetime.now(UTC)


class Standin:
    """One Zoom. `bearers` are the only ones accepted, each with its own world (None: `world`); by default all are.

    With an `app` its tokens are accepted too, and alone where no `bearers` are given; they see `world`.
    `limits` (calls a second by category) makes it refuse what is too fast; without, the limits are only reported.
    `hides_unrecorded`: a list that asks for no recording status leaves unrecorded calls out, as Zoom documents it.
    """

    def __init__(
        self,
        world: World,
        generation: Spoken = "v3",
        *,
        clock: Callable[[], datetime] = _now,
        bearers: Mapping[str, World | None] | None = None,
        limits: Mapping[Category, int] | None = None,
        app: AppClient | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.latency = 0.0
        self.hides_unrecorded = False
        self._generation: Spoken = generation
        self._clock = clock
        self._account = Account(world)
        self._bearers = None if bearers is None else {name: self._tenant(own) for name, own in bearers.items()}
        self._tokens = None if app is None else Tokens(app, clock)
        self._walks = Walks(clock)
        self._faults, self._scopes = Faults(), Scopes()
        self._meter = Meter(clock, limits)
        self._numbers = itertools.count(1)
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Where the stand-in listens, once it runs."""
        return f"http://{HOST}:{self._runner.addresses[0][1]}"

    @property
    def api_url(self) -> str:
        """The API's base address, once the stand-in runs."""
        return f"{self.origin}/v2"

    @property
    def oauth_url(self) -> str:
        """The address of the token endpoint, once the stand-in runs."""
        return f"{self.origin}{TOKEN_PATH}"

    @property
    def token_requests(self) -> int:
        """How often the app's token endpoint was asked since the calls were last forgotten, whatever it answered."""
        return self.counts["token"]

    def fail(
        self,
        path_prefix: str,
        *,
        status: int | None = None,
        body: Mapping[str, Any] | bytes | None = None,
        times: int | None = 1,
        headers: Mapping[str, str] | None = None,
        delay: asyncio.Event | Awaitable[object] | None = None,
    ) -> None:
        """Scripts a fault for the next `times` requests (None: all) whose path below `/v2`, or from `/oauth/`
        on, begins so.

        `delay` is waited for first (an event by all of them, any other awaitable by one); without a status the true
        answer follows it.
        """
        self._faults.add(Fault(path_prefix, status, body, times, headers or {}, delay))

    def revoke(self, path_prefix: str, *, scopes: tuple[str, ...] = DEFAULT_SCOPES, bearer: str | None = None) -> None:
        """Takes the scopes for a path prefix away from everybody, or from one bearer."""
        self._scopes.revoke(path_prefix, scopes, bearer)

    def revoke_tokens(self) -> None:
        """Ends every token the app was given so far."""
        if self._tokens is not None:
            self._tokens.revoke()

    def add_call(self, row: dict[str, Any], record: dict[str, Any] | None = None, *, bearer: str | None = None) -> None:
        """A call arrives (or, with a known history uuid, changes) in the main account or in that of a bearer."""
        account = self._account if bearer is None else self._account_of(bearer)
        account.add(row, record)

    def forget_faults(self) -> None:
        """Ends every fault that is still to come."""
        self._faults.forget()

    def forget_calls(self) -> None:
        """Empties `calls` and `counts`."""
        self.calls.clear()
        self.counts.clear()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        base = BASE.fullmatch(path)
        below = base["below"] if base else path if path.startswith(OAUTH) else ""
        found = find_route(below, self._generation) if request.method == "GET" else None
        tokens = self._tokens if (request.method, path) == ("POST", TOKEN_PATH) else None
        self.calls.append(Call(request.method, path, query))
        self.counts["token" if tokens else found[0].name if found else "unknown"] += 1
        tracking = {"x-zm-trackingid": f"v=2.0;clid=us06;rid=WEB_{next(self._numbers):032x}"}
        fault = self._faults.take(below)
        if fault is not None:
            await fault.wait()
            if fault.status is not None:
                return _response(request, fault.status, fault.content(), {**tracking, **fault.headers})
        if self.latency:
            await asyncio.sleep(self.latency)
        if tokens is not None:
            return await self._issue(request, tokens, query, tracking)
        return self._answer(request, below, found, tracking)

    async def _issue(
        self, request: web.BaseRequest, tokens: Tokens, query: str, headers: dict[str, str]
    ) -> web.Response:
        fields = "&".join(filter(None, (query, await request.text())))
        try:
            granted = tokens.issue(request.headers.get("Authorization", ""), fields, origin=self.origin)
        except Refusal as refusal:
            return _response(request, refusal.status, encode(refusal.body), headers)
        return _response(request, 200, encode(granted), headers)

    def _answer(
        self, request: web.BaseRequest, below: str, found: tuple[Route, str] | None, headers: dict[str, str]
    ) -> web.Response:
        try:
            bearer = _bearer(request)
            account = self._account_of(bearer)
            if found is None:
                raise no_such_endpoint()
            self._scopes.check(below, bearer)
            route, key = found
            rate = self._meter.count(account, route.category)
            headers |= rate.headers()
            if rate.exceeded:
                raise too_fast()
            now, hides = self._clock(), self.hides_unrecorded
            asked = Asked(account, request.query, key, self._walks, now, self._generation, hides)
            return _response(request, 200, encode(route.answer(asked)), headers)
        except Refusal as refusal:
            return _response(request, refusal.status, encode(refusal.body), headers)

    def _tenant(self, world: World | None) -> Account:
        return self._account if world is None else Account(world)

    def _account_of(self, bearer: str) -> Account:
        if self._tokens is not None and self._tokens.check(bearer):
            return self._account
        if self._bearers is None and self._tokens is None and bearer:
            return self._account
        account = (self._bearers or {}).get(bearer)
        if account is None:
            raise invalid_token()
        return account


def _bearer(request: web.BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _response(request: web.BaseRequest, status: int, body: bytes, headers: Mapping[str, str]) -> web.Response:
    response = web.Response(status=status, body=body, headers={"Content-Type": "application/json;charset=UTF-8"})
    response.headers.update(headers)
    if body and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
