"""Where the `Authorization` of a call to Zoom comes from: each caller's own, or the app's for all of them.

Knows how long a token lives, who waits for the next one, and when asking for another is no use. Refuses to know HTTP:
`adapters.token_endpoint` asks. A token never stands in a log, an exception or a `repr`.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Final

import structlog

from adapters.errors import OwnCredentialFailed, UpstreamRefused
from adapters.ports import Caller
from adapters.rate_budget import Clock
from adapters.token_endpoint import Grant, Grants, NotGranted
from contracts.legacy.errors import INVALID_TOKEN

LONGEST_FETCH: Final = 10.0
"""Seconds one token may take to come, with every attempt at it."""
RENEWED_AHEAD: Final = 0.1
"""The last part of a token's life in which the next one is fetched; at least a minute, and twice that with jitter."""
LEAST_AHEAD: Final = 60.0
FRESH: Final = 5.0
"""A token that came in place of a refused one and is refused within so many seconds itself is not replaced: the next
one would be no better."""
NOT_YET: Final = "not fetched yet"
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Also behind a plain no: a wrong secret is soon asked for twice a minute, and an odd 400 costs everybody a second."""

_log = structlog.get_logger(__name__)


class CallersOwn:
    """Hands each caller's own credential on, untouched; there is never another one."""

    async def authorization(self, caller: Caller) -> str:
        """The caller's header; one that no header can carry is refused as Zoom refuses a wrong one.

        aiohttp would name it in full in the exception it raises.
        """
        sent = caller.authorization
        if not (sent and sent.isascii() and sent.isprintable()):
            raise UpstreamRefused(INVALID_TOKEN.status, INVALID_TOKEN.code, INVALID_TOKEN.message)
        return sent

    def renewable(self, authorization: str) -> bool:
        """Never: it is the caller who fetches new ones."""
        del authorization
        return False


@dataclass(frozen=True, slots=True)
class _Held:
    """A token in use, in moments of the loop's clock."""

    grant: Grant = field(repr=False)
    came: float
    is_replacement: bool
    renewed_from: float
    ends: float


class AppToken:
    """The app's token for every caller: one fetch for all who wait, renewed before it ends or once it is refused.

    A token that is about to end is used on while the next one is fetched. After a failure the endpoint is left in
    peace for a while, and who needs a token fails at once. `clock` is the running loop's own. Whoever makes it closes
    it.
    """

    def __init__(self, endpoint: Grants, *, clock: Clock | None = None) -> None:
        self._endpoint = endpoint
        self._clock = clock or asyncio.get_running_loop().time
        self._held: _Held | None = None
        self._last = ""
        self._fetching: asyncio.Task[Grant | None] | None = None
        self._scopes: frozenset[str] = frozenset()
        self._failures = 0
        self._why = ""
        self._not_before = 0.0
        self._was_refused = False
        self._has_had_one = False
        self._has_failed = asyncio.Event()
        self._told_of: _Held | None = None

    @property
    def granted_scopes(self) -> frozenset[str]:
        """The scopes Zoom named with the last token; empty before the first one and where it names none."""
        return self._scopes

    def trouble(self) -> str | None:
        """Why there is no token, in one of a few fixed words; None once there has been one and until one cannot be had.

        One that ended while nobody asked is no trouble.
        """
        if self._held is not None and self._clock() < self._held.ends:
            return None
        return self._why or (None if self._has_had_one else NOT_YET)

    async def failed(self) -> None:
        """Waits until a token cannot be had."""
        await self._has_failed.wait()

    async def authorization(self, caller: Caller) -> str:
        """See `adapters.ports.Credential.authorization`."""
        return (await self._grant(caller.deadline)).authorization

    async def fetch(self, *, deadline: float) -> None:
        """Has a token by `deadline`; raises `OwnCredentialFailed` with one of a few fixed words for why it has not."""
        await self._grant(deadline)

    def renewable(self, authorization: str) -> bool:
        """True for the token in use, which is dropped, and for an older one, which costs the newer one nothing.

        False for one that has only just replaced a refused one: a refusal that no new token heals must not become a
        storm.
        """
        held = self._held
        if held is None or held.grant.authorization != authorization:
            return True
        if held.is_replacement and self._clock() - held.came < FRESH:
            self._tell_of_refusal(held)
            return False
        self._held, self._was_refused = None, True
        return True

    async def aclose(self) -> None:
        """Ends a fetch under way; who waits for it fails."""
        task = self._fetching
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _grant(self, deadline: float) -> Grant:
        now, held = self._clock(), self._held
        if held is not None and now < held.ends:
            if now >= held.renewed_from:
                self._start_fetch()
            return held.grant
        task = self._start_fetch()
        if task is None:
            raise OwnCredentialFailed(self._why)
        # `wait` and no `await`: a waiter that is cancelled or out of time takes nothing from the others.
        await asyncio.wait({task}, timeout=max(0.0, deadline - now))
        if not task.done() or task.cancelled():
            raise OwnCredentialFailed("not in time")
        granted = task.result()
        if granted is None:
            raise OwnCredentialFailed(self._why)
        return granted

    def _start_fetch(self) -> asyncio.Task[Grant | None] | None:
        """The fetch under way, else a new one; None while the endpoint is left in peace."""
        if self._fetching is None and self._clock() >= self._not_before:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> Grant | None:
        try:
            grant = await self._endpoint.grant(deadline=self._clock() + LONGEST_FETCH, other_than=self._last)
        except NotGranted as refused:
            self._note_failure(refused)
            return None
        finally:
            self._fetching = None
        self._keep(grant)
        return grant

    def _keep(self, grant: Grant) -> None:
        ahead = max(LEAST_AHEAD, RENEWED_AHEAD * grant.life) * random.uniform(1, 2)  # noqa: S311 - keeps no secret
        ends = grant.asked_at + grant.life
        self._held = _Held(
            grant,
            came=self._clock(),
            is_replacement=self._was_refused,
            # Half of a very short life, or a token would be due as soon as it came.
            renewed_from=ends - min(ahead, grant.life / 2),
            ends=ends,
        )
        self._last = grant.authorization
        self._was_refused = False
        self._has_had_one = True
        self._has_failed.clear()
        self._scopes = grant.scopes
        self._failures, self._why = 0, ""
        _log.info("credential.fetched", life_seconds=round(grant.life), scopes=len(grant.scopes))

    def _note_failure(self, refused: NotGranted) -> None:
        self._failures += 1
        self._has_failed.set()
        self._why = refused.word
        self._not_before = self._clock() + self._pause(refused)
        if self._failures == 1:
            _log.warning("credential.fetch_failed", reason=refused.word)

    def _pause(self, refused: NotGranted) -> float:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 10))
        spread = random.uniform(FIRST_PAUSE, longest)  # noqa: S311 - spreads attempts out, keeps no secret
        return min(max(refused.wait or 0.0, spread), LONGEST_PAUSE)

    def _tell_of_refusal(self, held: _Held) -> None:
        if self._told_of is not held:
            self._told_of = held
            _log.warning("credential.refused", age_seconds=round(self._clock() - held.came, 1))
