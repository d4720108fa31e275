"""The app's token on a bench: a scripted token endpoint before it, with planted secrets that must show nowhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.credentials import AppToken
from adapters.errors import OwnCredentialFailed
from adapters.exchange import api_session
from adapters.ports import Caller
from adapters.token_endpoint import AppClient, TokenEndpoint
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply
from tests.adapters.zoom_bench import all_it_says

SECRET = "planted-secret-7c2e"
TOKEN = "planted-token-93b1"
APP = AppClient(account_id="acct-1", client_id="client-1", client_secret=SECRET)
BASIC = "Basic Y2xpZW50LTE6cGxhbnRlZC1zZWNyZXQtN2MyZQ=="
SCOPES = "phone:read:list_call_logs:admin phone:read:call_log:admin"


def bearer(number: int) -> str:
    """The header of the token with this number."""
    return f"Bearer {TOKEN}-{number}"


def granted(number: int, **changes: Any) -> bytes:
    """The endpoint's answer with the token of this number; a value of None leaves its key out.

    It closes its connection: an idle one would be looked at every few seconds of the jumping clock.
    """
    body = {
        "access_token": f"{TOKEN}-{number}",
        "token_type": "bearer",
        "expires_in": 3599,
        "scope": SCOPES,
        "api_url": "https://elsewhere.example.com",
        **changes,
    }
    return json_reply(200, {name: value for name, value in body.items() if value is not None}, "Connection: close")


def refused(status: int = 400, error: Any = "invalid_client") -> bytes:
    """The endpoint's no, which quotes what it was sent."""
    return json_reply(status, {"reason": f"Invalid client_id or client_secret: {SECRET}", "error": error})


def asking(*, within: float = 12.0) -> Caller:
    """A caller with so many seconds to the deadline."""
    return Caller("Bearer client-key", "a", None, asyncio.get_running_loop().time() + within)


@asynccontextmanager
async def token_at(url: str, **endpoint: Any) -> AsyncIterator[AppToken]:
    """The app's token from the endpoint of an origin."""
    async with api_session(proxy=None, connections=2) as session:
        asked = TokenEndpoint(session, oauth_url=f"{url}/oauth/token", app=APP, **endpoint)
        async with aclosing(AppToken(asked)) as token:
            yield token


@asynccontextmanager
async def token_of(*script: bytes | Play) -> AsyncIterator[tuple[RawUpstream, AppToken]]:
    """A token endpoint with a script, and the app's token from it."""
    async with RawUpstream(*script) as zoom, token_at(zoom.url) as token:
        yield zoom, token


@contextmanager
def credential_events() -> Iterator[list[Any]]:
    """The events about the credential; tests have stamina's own besides, which the service turns off."""
    told: list[Any] = []
    with capture_logs() as events:
        yield told
    told += [event for event in events if event["event"].startswith("credential.")]


async def word_of(token: AppToken, *, within: float = 12.0) -> str:
    """Why there is no token; neither that error nor one behind it names a secret."""
    with pytest.raises(OwnCredentialFailed) as caught:
        await token.authorization(asking(within=within))
    told = all_it_says(caught.value)
    assert [] == [planted for planted in (SECRET, TOKEN, BASIC[6:]) if planted in told]
    return str(caught.value)
