"""The roles the operations speak to, and the plain values that travel between them.

No role knows aiohttp; whoever implements one owns what it opens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from contracts.successor.reading import Unknown


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
    count against, where several callers share one; "" is the caller's own.
    """

    authorization: str = field(repr=False)
    key: str = field(repr=False)
    account: str | None
    deadline: float
    budget: str = field(default="", repr=False)

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


class Credential(Protocol):
    """Where the `Authorization` of a call to Zoom comes from: the caller's own, or the app's for all callers."""

    async def authorization(self, caller: Caller) -> str:
        """The header value for a call of this caller, had before its deadline.

        Raises `OwnCredentialFailed` when it is this service's own and cannot be had.
        """

    def renewable(self, authorization: str) -> bool:
        """Told that Zoom no longer takes this value; whether the next `authorization` will be another one."""


class Zoom(Protocol):
    """The only way to Zoom's API: credentials, rate budget, retries and size caps are behind it."""

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The answer to `call`, asked with the caller's own credential before the caller's deadline.

        Idempotent; may be asked more than once on the wire. Raises `UpstreamRefused` (an error status),
        `UpstreamBroken` (no usable answer) or `UpstreamSlow` (the deadline passed, or would while waiting for
        the rate budget).
        """


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

    async def close(self) -> None:
        """Flushes and releases the store."""


class Observer(Protocol):
    """Told of everything that is counted and logged once, so that nothing odd passes unseen. Never raises."""

    def unknown_met(self, unknown: Iterable[Unknown]) -> None:
        """Upstream sent keys or words nobody declared."""

    def built_from_summary(self, reason: str) -> None:
        """A row's detail could not be had; `reason` is one of `missing`, `scope`, `failed`."""

    def ids_left_out(self, kinds: Iterable[str]) -> None:
        """Object ids of these directories are absent for want of a scope."""

    def charges_left_out(self) -> None:
        """Rows go out without their charges: the report was refused or could not be had in time."""
