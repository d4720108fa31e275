"""Zoom's token endpoint: the app's account, id and secret in, one grant or the reason for none out.

Knows the grant type, the form and Zoom's answer to it; refuses to know how long a grant is kept and who uses it. The
secret goes into one header of one kind of request, and the reason is a word of a closed set, never Zoom's own text.

The answer's `api_url` is not read: it would send calls past ZOOM_API_URL, to wherever an answer says.
Source: https://developers.zoom.us/docs/internal-apps/s2s-oauth/; RFC 6749 section 5.2 for the words.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import aiohttp
import stamina

from adapters.errors import ShimError, UpstreamBroken
from adapters.exchange import CallCounter, Wire, plain_address
from adapters.patience import Patience
from adapters.rate_budget import Clock
from adapters.upstream_errors import NoObject, Throttled, Unwanted, json_object, refusal

MOST_ATTEMPTS: Final = 4
LARGEST_BODY: Final = 64 * 1024
LONGEST_TOKEN: Final = 4096
UNSTATED_LIFE: Final = 600.0
"""Seconds a token is believed in when Zoom does not say how long it lives; it says an hour."""
LONGEST_LIFE: Final = 24 * 3600.0

_WORDS: Final = frozenset(
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope".split()
)


@dataclass(frozen=True, slots=True)
class AppClient:
    """A server-to-server OAuth app as Zoom knows it."""

    account_id: str = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as the header it goes into, when it was asked for, the seconds it lives from then on, and its scopes."""

    authorization: str = field(repr=False)
    asked_at: float
    life: float
    scopes: frozenset[str]


class NotGranted(ShimError):
    """There is no token, for the reason `word` names; `wait` is the seconds Zoom asks for if it does."""

    def __init__(self, word: str, *, wait: float | None = None) -> None:
        super().__init__(word)
        self.word = word
        self.wait = wait


class Grants(Protocol):
    """Where tokens come from."""

    async def grant(self, *, deadline: float, other_than: str = "") -> Grant:
        """A token had by `deadline`, other than the one of this header value; raises `NotGranted`."""


class TokenEndpoint:
    """Asks for a token, again where that may help. `session` comes from `api_session` and is borrowed."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        oauth_url: str,
        app: AppClient,
        clock: Clock | None = None,
        on_call: CallCounter | None = None,
    ) -> None:
        self._address = plain_address(oauth_url, name="oauth_url")
        self._basic = aiohttp.encode_basic_auth(app.client_id, app.client_secret)
        self._form = {"grant_type": "account_credentials", "account_id": app.account_id}
        self._clock = clock or asyncio.get_running_loop().time
        self._wire = Wire(session, clock=self._clock, on_call=on_call)

    async def grant(self, *, deadline: float, other_than: str = "") -> Grant:
        """See `Grants.grant`; every token asked for is another one."""
        del other_than
        patience = Patience(
            left=lambda: deadline - self._clock(), hold=lambda _seconds, _refused: None, most=MOST_ATTEMPTS
        )
        refused = NotGranted("silent")
        try:
            async with asyncio.timeout_at(deadline):
                async for attempt in stamina.retry_context(on=patience, attempts=MOST_ATTEMPTS, timeout=None):
                    with attempt:
                        return await self._ask()
        except TimeoutError:
            pass  # raised below, free of what the timeout interrupted
        except ShimError as failure:
            refused = _not_granted(failure)
        raise refused

    async def _ask(self) -> Grant:
        asked_at = self._clock()
        answer = await self._wire.post(
            "token", self._address, authorization=self._basic, form=self._form, largest=LARGEST_BODY
        )
        if answer.status == 429 or answer.status >= 500:
            raise refusal(answer.status, answer.headers, answer.body)
        if answer.status >= 400:
            raise NotGranted(_word(answer.body))
        body = json_object(answer.body) or {}
        token = body.get("access_token")
        if not _is_token(token):
            raise NoObject("no token")
        return Grant(f"Bearer {token}", asked_at, _life(body.get("expires_in")), _scopes(body.get("scope")))


def _not_granted(failure: ShimError) -> NotGranted:
    match failure:
        case NotGranted():
            return failure
        case Throttled():
            return NotGranted("throttled", wait=failure.wait)
        case NoObject():
            return NotGranted("no token")
        case Unwanted():
            return NotGranted("unwanted answer")
        case UpstreamBroken():
            return NotGranted(str(failure))
    return NotGranted("unavailable")


def _word(body: bytes) -> str:
    """Why the endpoint says no, as far as that is one of the words the standard has for it."""
    error = (json_object(body) or {}).get("error")
    return error if isinstance(error, str) and error in _WORDS else "refused"


def _is_token(value: Any) -> bool:
    """Whether a header can carry it: anything else would be named in full in the exception aiohttp raises."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _life(value: Any) -> float:
    """Seconds, as a number or as text; a usual life for what is neither, a day at the most."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(min(value, LONGEST_LIFE)) if is_number and value > 0 else UNSTATED_LIFE


def _scopes(value: Any) -> frozenset[str]:
    """Scopes as one text with blanks in between, or as a list."""
    named = value.split() if isinstance(value, str) else value if isinstance(value, list) else ()
    return frozenset(scope for scope in named if isinstance(scope, str))
