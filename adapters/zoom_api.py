"""The client of Zoom's API: one call in, one JSON object or one of our errors out.

Knows addresses, credentials and how attempts follow each other; refuses to know what an answer means. The credential
goes into one header of a request to one origin and nowhere else.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from urllib.parse import quote, unquote, urlencode

import aiohttp
import stamina
from cachetools import TLRUCache
from yarl import URL

from adapters.credentials import CallersOwn
from adapters.errors import (
    OwnCredentialFailed,
    ShimError,
    UpstreamBroken,
    UpstreamHeldBack,
    UpstreamRefused,
    UpstreamSlow,
)
from adapters.exchange import Answer, CallCounter, Wire, plain_address
from adapters.patience import ATTEMPTS_AT_OPTIONAL, MOST_ATTEMPTS, Patience
from adapters.ports import Budget, Caller, Credential, SuccessorCall, SuccessorReply
from adapters.rate_budget import Clock
from adapters.upstream_errors import NoObject, Throttled, json_object, passed_on, refusal
from adapters.upstream_health import UpstreamHealth

LARGEST_BODY = 8 * 1024 * 1024
"""Decoded bytes of one answer; a page of 300 rows has about 0.4 MB."""

MOST_HELD = 1_024
"""Lanes remembered as held back by a 429."""

_UNWATCHED: AbstractContextManager[object] = nullcontext()
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")


class ZoomApi:
    """Asks Zoom within the rate budget, again where that may help, and never past the caller's deadline.

    `session` comes from `api_session` and is borrowed: whoever made it closes it. `clock` is the running loop's
    own, by which deadlines are told. A credential that Zoom takes no longer is renewed once for each call; one of this
    service that is refused all the same fails as `OwnCredentialFailed`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        budget: Budget,
        credential: Credential | None = None,
        health: UpstreamHealth | None = None,
        clock: Clock | None = None,
        on_call: CallCounter | None = None,
    ) -> None:
        self._base = plain_address(api_url, name="api_url")
        self._budget = budget
        self._credential = credential or CallersOwn()
        self._clock = clock or asyncio.get_running_loop().time
        self._health = health or UpstreamHealth(clock=self._clock)
        self._held: TLRUCache[str, float] = TLRUCache(
            MOST_HELD, ttu=lambda _lane, seconds, now: now + seconds, timer=self._clock
        )
        self._wire = Wire(session, clock=self._clock, on_call=on_call)

    def is_quiet(self, caller: Caller) -> bool:
        """Whether nothing holds the caller's calls back: neither trouble upstream nor a 429."""
        return not self._health.is_throttling and caller.lane not in self._held

    async def fetch(
        self, call: SuccessorCall, caller: Caller, *, wire: AbstractContextManager[object] = _UNWATCHED
    ) -> SuccessorReply:
        """See `adapters.ports.TraceableZoom.fetch`. A call that cannot be sent is refused in Zoom's words, unsent."""
        address = _address(self._base, call, caller.account)
        presented = _Presented(self._credential, caller)
        patience = Patience(
            left=lambda: caller.deadline - self._clock(),
            hold=partial(self._hold, call, caller),
            renew=presented.renew,
            quota=self._health.may_repeat,
            most=ATTEMPTS_AT_OPTIONAL if call.is_optional else MOST_ATTEMPTS,
        )
        attempt = partial(self._attempt, call, caller, address, presented, wire=wire)
        failure: ShimError = UpstreamSlow("deadline passed")
        try:
            # Nearly all calls succeed at once: what decides about a repeat is made when there is one to decide about.
            try:
                return await attempt()
            except ShimError as first:
                failed = first
            return await _repeated(attempt, failed, patience)
        except TimeoutError:
            pass  # raised below, free of what the timeout interrupted
        except UpstreamRefused as refused:
            failure = presented.verdict(refused)
        except UpstreamBroken as broken:
            failure = broken
        raise _held_back(failure) if patience.is_cut_short else failure

    def _hold(self, call: SuccessorCall, caller: Caller, seconds: float, throttled: Throttled) -> None:
        self._held[caller.lane] = max(seconds, self._held.get(caller.lane, 0.0))
        self._budget.hold(call.category, caller.lane, seconds=seconds, refused=throttled, is_daily=throttled.daily)

    async def _attempt(
        self,
        call: SuccessorCall,
        caller: Caller,
        address: URL,
        presented: "_Presented",
        *,
        wire: AbstractContextManager[object],
    ) -> SuccessorReply:
        """One turn of the budget and one exchange on the wire."""
        # Had before the turn, or turns would pile up behind a token being fetched and all be used in one moment;
        # and again behind it, for the token may have been renewed meanwhile.
        await presented.header()
        self._health.admit()
        turn = partial(
            self._budget.take,
            call.category,
            caller.lane,
            deadline=caller.deadline,
            asker=caller.program,
            is_background=call.is_background,
        )
        await turn()
        async with self._wire.room(caller.deadline) as had_to_wait:
            if had_to_wait:  # those who waited with a turn of long ago must not all leave in one moment
                await turn()
            authorization = await presented.header()
            try:
                async with asyncio.timeout_at(caller.deadline):
                    with wire:
                        answer = await self._wire.get(
                            call.name, address, authorization=authorization, largest=LARGEST_BODY
                        )
            except (UpstreamBroken, TimeoutError):
                self._health.failed()
                raise
        self._health.answered(answer.status)
        self._budget.learn(call.category, caller.lane, answer.headers)
        return _judged(answer)


async def _repeated(
    attempt: Callable[[], Awaitable[SuccessorReply]], failed: ShimError, patience: Patience
) -> SuccessorReply:
    """`attempt` made again as long as patience with its failures lasts, of which `failed` is the first."""
    failures = [failed]
    async for turn in stamina.retry_context(on=patience, attempts=MOST_ATTEMPTS + 1, timeout=None):
        with turn:
            if failures:
                raise failures.pop()
            return await attempt()
    raise AssertionError("patience raises the last failure")


class _Presented:
    """What one call has shown Zoom as its credential last."""

    def __init__(self, credential: Credential, caller: Caller) -> None:
        self._credential = credential
        self._caller = caller
        self._last = ""

    async def header(self) -> str:
        """The header value to show now."""
        self._last = await self._credential.authorization(self._caller)
        return self._last

    def renew(self) -> bool:
        """Whether the next header will be another one than the last."""
        return self._credential.renewable(self._last)

    def verdict(self, refused: UpstreamRefused) -> ShimError:
        """Zoom's no as it is, unless it is one to this service's own credential, which is not the caller's fault."""
        is_own = self._last not in ("", self._caller.authorization)
        return OwnCredentialFailed("refused") if is_own and refused.is_of_credential else refused


def _held_back(failure: ShimError) -> UpstreamHeldBack:
    """A failure that would have been worth another attempt, were there not too many of them already."""
    if isinstance(failure, UpstreamRefused):
        return UpstreamHeldBack(failure.status, failure.code, failure.message, headers=failure.headers)
    return UpstreamHeldBack(502, None, "")


def _judged(answer: Answer) -> SuccessorReply:
    if answer.status >= 400:
        raise refusal(answer.status, answer.headers, answer.body)
    body = json_object(answer.body)
    if body is None:
        raise NoObject("no JSON object")
    return SuccessorReply(body=body, headers=passed_on(answer.headers))


def _address(base: URL, call: SuccessorCall, account: str | None) -> URL:
    """Where `call` goes: always below `base`, whatever its texts hold.

    A path that no server takes for a single resource below `base` (a dot segment in any spelling, a byte that
    needed encoding) names nothing there: a 404. A value that is no text at all is Zoom's own "Validation Failed.".
    """
    path = call.path if account is None else f"/accounts/{account}{call.path}"
    if not _PATH.fullmatch(path) or {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
        raise UpstreamRefused(404, None, "")
    query = _encoded(call.query)
    if query is None:
        raise UpstreamRefused(400, 300, "Validation Failed.")
    address = URL.build(
        scheme=base.scheme,
        authority=base.raw_authority,
        path=base.raw_path.rstrip("/") + path,
        query_string=query,
        encoded=True,
    )
    if address.origin() != base.origin():
        raise UpstreamRefused(404, None, "")
    return address


def _encoded(query: tuple[tuple[str, str], ...]) -> str | None:
    """`query` in order with repeated names kept, all but unreserved characters encoded; None for half a character."""
    try:
        return urlencode(query, safe="", quote_via=quote)
    except UnicodeEncodeError:
        return None
