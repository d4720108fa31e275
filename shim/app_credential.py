"""The app's own credential as the settings name it, on connections of its own.

The secret leaves the settings here, and in `shim.replicas` for the key that is made of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final, NoReturn

from adapters.credentials import LONGEST_FETCH, AppToken
from adapters.errors import OwnCredentialFailed
from adapters.exchange import CallCounter, api_session
from adapters.token_endpoint import AppClient, Grants, TokenEndpoint
from shim.pass_through_session import proxy_for
from shim.settings import Settings

CONNECTIONS: Final = 2
"""There is one fetch at a time; a hung one must not keep the next from going out."""

LOOK: Final = 0.5
"""Seconds between two looks at a token that is missing."""


@asynccontextmanager
async def app_token(
    settings: Settings, *, on_call: CallCounter | None = None, share: Callable[[Grants], Grants] = lambda own: own
) -> AsyncIterator[AppToken | None]:
    """The token all calls are made with, had when it is first wanted; None where every caller brings its own.

    `share` may put other replicas between the token and its endpoint.
    """
    client = _client(settings)
    if client is None:
        yield None
        return
    clock = asyncio.get_running_loop().time
    async with api_session(proxy=proxy_for(settings.oauth_url), connections=CONNECTIONS) as session:
        endpoint = TokenEndpoint(session, oauth_url=settings.oauth_url, app=client, clock=clock, on_call=on_call)
        async with aclosing(AppToken(share(endpoint), clock=clock)) as token:
            yield token


async def keep_token(token: AppToken) -> NoReturn:
    """Has the first token fetched, and another one whenever that failed, for ever.

    No request would: while there is none, probes send them elsewhere. How long the endpoint is left in peace after a
    failure is the token's own affair.
    """
    clock = asyncio.get_running_loop().time
    while True:
        while token.trouble() is not None:
            with suppress(OwnCredentialFailed):
                await token.fetch(deadline=clock() + LONGEST_FETCH)
            await asyncio.sleep(LOOK)
        await token.failed()


def _client(settings: Settings) -> AppClient | None:
    account, client, secret = settings.zoom_account_id, settings.zoom_client_id, settings.zoom_client_secret
    if account is None or client is None or secret is None:
        return None
    return AppClient(account_id=account, client_id=client, client_secret=secret.get_secret_value())
