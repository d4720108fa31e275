"""The roles the operations speak to, and the plain values that travel between them.

No role knows aiohttp; whoever implements one owns what it opens.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from adapters.errors import UpstreamRefused
from contracts.successor.reading import Unknown

Read = TypeVar("Read")


class Category(StrEnum):
    """Zoom's rate-limit label of a successor operation."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and until when.

    `authorization` is the header value sent upstream (never logged), `key` the SHA-256 of the full credential and the
    account it speaks for, `account` the `{accountId}` of the path as sent (None without one and for `me`), `deadline` a
    moment of the event loop's monotonic clock in seconds. `budget` names the credential whose rate limits the calls
    count against, where several callers share one; "" is the caller's own. `asker` is the hash of the
    credential alone, whatever account it speaks for; "" is `key`.
    """

    authorization: str = field(repr=False)
    key: str = field(repr=False)
    account: str | None
    deadline: float
    budget: str = field(default="", repr=False)
    asker: str = field(default="", repr=False)

    @property
    def program(self) -> str:
        """Who asks, for whichever account: for fair turns and caps, never for what may be told."""
        return self.asker or self.key

    @property
    def lane(self) -> str:
        """Whose calls Zoom counts together with this caller's."""
        return self.budget or self.key


@dataclass(frozen=True, slots=True)
class SuccessorCall:
    """One GET to be made of Zoom.

    `name` comes from a closed set (metrics, logs); `path` stands below the API's base address and is already
    percent-encoded: `/phone/call_history/20260310-...`; the account prefix is not part of it. A call in the background
    leaves most of the rate budget to those somebody waits for; an optional one is not repeated for long, for the answer
    goes out without it.
    """

    name: str
    path: str
    category: Category
    query: tuple[tuple[str, str], ...] = ()
    is_background: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class SuccessorReply:
    """A 2xx answer: its JSON object, and the tracking and rate-limit headers worth passing on."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    _read: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read_once(self, read: Callable[[Mapping[str, Any]], Read]) -> Read:
        """What `read` makes of the body: made once for all who were given this very answer; what it raises is not kept.

        Hundreds may share an answer, and reading a page takes longer than sending it.
        """
        if read not in self._read:
            self._read[read] = read(self.body)
        made: Read = self._read[read]
        return made


class Credential(Protocol):
    """Where the `Authorization` of a call to Zoom comes from: the caller's own, or the app's for all callers."""

    async def authorization(self, caller: Caller) -> str:
        """The header value for a call of this caller, had before its deadline.

        Raises `OwnCredentialFailed` when it is this service's own and cannot be had.
        """

    def renewable(self, authorization: str) -> bool:
        """Told that Zoom no longer takes this value; whether the next `authorization` will be another one."""


class Budget(Protocol):
    """How often Zoom may be asked: one turn for each call, within limits that all callers of a lane share.

    A lane is `Caller.lane`, those whom Zoom counts together; each category of it has limits of its own.
    """

    async def take(
        self, category: Category, lane: str, *, deadline: float, asker: str = "", is_background: bool = False
    ) -> None:
        """Waits for the turn of one call and spends it. Askers of a lane take turns, each first come first served;
        in the background a call goes behind all that somebody waits for.

        Raises `UpstreamSlow` when the turn cannot come before `deadline` or too many wait already, and
        `UpstreamRefused`, the 429 that holds the lane back, when that lasts beyond `deadline`. A waiter that is
        cancelled gives its turn back.
        """

    def hold(
        self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused, is_daily: bool = False
    ) -> None:
        """Lets no call through for `seconds`, because of that 429; one for the second's limit also slows the lane down.

        Of two holds the longer counts.
        """

    def learn(self, category: Category, lane: str, headers: Mapping[str, str]) -> None:
        """Heeds what the headers of an answer, looked up by lower-case name, say of Zoom's limits: never more than the
        plan allows. Never raises.
        """


class Zoom(Protocol):
    """The only way to Zoom's API: credentials, rate budget, retries and size caps are behind it."""

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The answer to `call`, asked with the caller's own credential before the caller's deadline.

        Idempotent; may be asked more than once on the wire. Raises `UpstreamRefused` (an error status),
        `UpstreamBroken` (no usable answer) or `UpstreamSlow` (the deadline passed, or would while waiting for
        the rate budget).
        """


class TraceableZoom(Protocol):
    """`Zoom` as whoever shares its calls needs it."""

    async def fetch(
        self, call: SuccessorCall, caller: Caller, *, wire: AbstractContextManager[object]
    ) -> SuccessorReply:
        """See `Zoom.fetch`; `wire` is entered whenever a request goes out and left when its answer has come or not."""


@dataclass(frozen=True, slots=True)
class ServedCall:
    """One legacy row or details answer about to be served, with every form its id may come back in.

    Ids are bare (no date prefix) except `history_uuid`, which is kept as upstream spells it. `proposed_id` is
    the v1 id this answer would carry; `entries` are the ids of its `log_details`. Times are UTC text.
    """

    history_uuid: str
    group: int
    proposed_id: str
    element_id: str
    call_id: str
    start_time: str
    direction: str
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RememberedCall:
    """What the state knows of an id: enough to ask upstream for the call, never enough to answer."""

    v1_id: str
    history_uuid: str
    group: int
    call_id: str
    start_time: str
    direction: str


class Identities(Protocol):
    """Every id ever served, and the one id each call keeps for ever. Holds no personal data."""

    async def pin(self, partition: str, calls: Sequence[ServedCall]) -> Sequence[str]:
        """The v1 ids to serve, in the order of `calls`: the id served first for (history_uuid, group), else the
        proposed one. They are durable when this returns. Never raises for a broken store: the ids then wait in
        bounded memory and `trouble` says so. Idempotent.
        """

    async def find(self, partition: str, key: str) -> Sequence[RememberedCall]:
        """Calls known under `key`, in any form of id, earliest start first, outbound before inbound on a tie;
        empty when unknown.
        """

    async def sealing_key(self) -> str:
        """The Fernet key made at first start and kept with the state."""

    def trouble(self) -> str | None:
        """Why the store is degraded, in a few fixed words; None when it is well."""

    def waiting(self) -> int:
        """How many calls wait in memory until the store can be written."""

    async def close(self) -> None:
        """Flushes and releases the store."""


class Observer(Protocol):
    """Told of everything that is counted and logged once, so that nothing odd passes unseen. Never raises."""

    def answered_by(self, generation: str) -> None:
        """A list came from this generation of the successor."""

    def page_told(self, *, rows: int, is_short: bool) -> None:
        """A page of so many rows is about to be served; a short one ends before its walk and its room do."""

    def records_looked_up(self, *, hits: int, misses: int) -> None:
        """So many finished records of a page were in the cache, and so many were not."""

    def call_searched(self, outcome: str) -> None:
        """A search for an id never served ended: `found`, `missing`, `unfinished` or `failed`."""

    def unknown_met(self, unknown: Iterable[Unknown]) -> None:
        """Upstream sent keys or words nobody declared."""

    def built_from_summary(self, reason: str) -> None:
        """A row's detail could not be had; `reason` is one of `missing`, `scope`, `failed`."""

    def ids_left_out(self, kinds: Iterable[str]) -> None:
        """Object ids of these directories are absent for want of a scope."""

    def walk_cut_off(self) -> None:
        """Upstream's pages went in a circle: a walk ended in an error, for rows may be missing."""

    def charges_left_out(self) -> None:
        """Rows go out without their charges: the report was refused or could not be had in time."""


class UpstreamWatch(Protocol):
    """Told how the client of Zoom's API fares with limits and outages. Never raises."""

    def turn_taken(self, category: Category, *, seconds: float) -> None:
        """A call had its turn of the rate budget after so many seconds."""

    def turn_refused(self, category: Category, reason: str) -> None:
        """A call was not sent: `slow`, its turn would have come too late, or `held`, a 429 keeps its lane back."""

    def limit_met(self, category: Category, window: str) -> None:
        """Zoom answered 429: the limit of a `second` or of a `day` is met."""

    def repeat_decided(self, outcome: str) -> None:
        """A failed call is `made` once more from the stock of repeats, or not, for the stock is `spent`."""

    def call_held_back(self) -> None:
        """A call was not sent because too few of the others succeed."""

    def call_joined(self) -> None:
        """A call was not sent because the same one of the same credential was under way, or had just been answered."""

    def fetched_ahead(self, outcome: str) -> None:
        """The next page of a walk is being fetched before it is asked for, `begun`, or was then asked for, `used`."""
