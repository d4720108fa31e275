"""What Zoom would answer, without a server: the stand-in's routes, asked in process.

Knows bearers, the app's token endpoint and limits; refuses to know sockets and faults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from multidict import MultiDict

from adapters.ports import Category
from contracts.cases import World
from contracts.cases.worlds import Spoken
from contracts.codec import encode
from shim.standin.faults import Scopes
from shim.standin.limits import Meter
from shim.standin.oauth import TOKEN_PATH, AppClient, Tokens
from shim.standin.paging import Walks
from shim.standin.refusals import Refusal, invalid_token, no_such_endpoint, too_fast
from shim.standin.routes import Asked, find_route
from shim.standin.world import Account

JSON = (("Content-Type", "application/json;charset=UTF-8"),)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire; `headers` by lower-case name, `at` a moment of the loop's clock."""

    at: float
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    head: bytes = b""

    @property
    def path(self) -> str:
        """The path below `/v2`; whole where it is not below it."""
        return self.target.partition("?")[0].removeprefix("/v2")

    @property
    def query(self) -> str:
        """The query as it came."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `name` is the kind of call, for the counts."""

    status: int
    body: bytes
    name: str = "unknown"
    headers: tuple[tuple[str, str], ...] = JSON


@dataclass(slots=True)
class ZoomAnswers:
    """One Zoom over a world; with `bearers` only these are known, each with a world of its own.

    With an `app` its token endpoint answers, and its tokens see `world`. `limits` makes it refuse what is too fast.
    """

    world: World
    generation: Spoken = "v3"
    bearers: Mapping[str, World] = field(default_factory=dict)
    app: AppClient | None = None
    limits: Mapping[Category, int] | None = None
    scopes: Scopes = field(default_factory=Scopes)
    tokens: Tokens | None = field(init=False, default=None)
    _account: Account = field(init=False)
    _tenants: dict[str, Account] = field(init=False)
    _walks: Walks = field(init=False)
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self._account = Account(self.world)
        self._tenants = {bearer: Account(world) for bearer, world in self.bearers.items()}
        self._walks, self._meter = Walks(_now), Meter(_now, self.limits)
        self.tokens = Tokens(self.app, _now) if self.app else None

    def admit(self, bearers: Mapping[str, World]) -> None:
        """Knows these bearers besides, each with a world of its own."""
        self._tenants.update({bearer: Account(world) for bearer, world in bearers.items()})

    def enforce(self, limits: Mapping[Category, int]) -> None:
        """From now on refuses what is too fast."""
        self._meter = Meter(_now, limits)

    def __call__(self, request: Request) -> Reply:
        """The true answer."""
        if self.tokens is not None and (request.method, request.target) == ("POST", TOKEN_PATH):
            return self._token(request, self.tokens)
        found = find_route(request.path, self.generation) if request.method == "GET" else None
        name = found[0].name if found else "unknown"
        try:
            bearer = request.headers.get("authorization", "").partition(" ")[2]
            account = self._account_of(bearer)
            if found is None:
                raise no_such_endpoint()
            self.scopes.check(request.path, bearer)
            route, key = found
            rate = self._meter.count(account, route.category)
            if rate.exceeded:
                raise too_fast()
            query = MultiDict(parse_qsl(request.query, keep_blank_values=True))
            body = route.answer(Asked(account, query, key, self._walks, _now(), self.generation))
            return Reply(200, encode(body), name, (*JSON, *rate.headers().items()))
        except Refusal as refusal:
            return Reply(refusal.status, encode(refusal.body), name)

    def _token(self, request: Request, tokens: Tokens) -> Reply:
        try:
            granted = tokens.issue(request.headers.get("authorization", ""), request.body.decode(), origin="")
        except Refusal as refusal:
            return Reply(refusal.status, encode(refusal.body), "token")
        return Reply(200, encode(granted), "token")

    def _account_of(self, bearer: str) -> Account:
        if bearer in self._tenants:
            return self._tenants[bearer]
        is_known = self.tokens.check(bearer) if self.tokens else bool(bearer) and not self.bearers
        if not is_known:
            raise invalid_token()
        return self._account


def _now() -> datetime:
    return datetime.now(UTC)
