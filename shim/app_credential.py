"""The app's own credential as the settings name it, on connections of its own.

The secret leaves the settings here and nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from adapters.credentials import AppToken
from adapters.exchange import CallCounter, api_session
from adapters.token_endpoint import AppClient, TokenEndpoint
from shim.pass_through import proxy_for
from shim.settings import Settings

CONNECTIONS: Final = 2
"""There is one fetch at a time; a hung one must not keep the next from going out."""


@asynccontextmanager
async def app_token(settings: Settings, *, on_call: CallCounter | None = None) -> AsyncIterator[AppToken | None]:
    """The token all calls are made with, had when it is first wanted; None where every caller brings its own."""
    client = _client(settings)
    if client is None:
        yield None
        return
    clock = asyncio.get_running_loop().time
    async with api_session(proxy=proxy_for(settings.oauth_url), connections=CONNECTIONS) as session:
        endpoint = TokenEndpoint(session, oauth_url=settings.oauth_url, app=client, clock=clock, on_call=on_call)
        async with aclosing(AppToken(endpoint, clock=clock)) as token:
            yield token


def _client(settings: Settings) -> AppClient | None:
    account, client, secret = settings.zoom_account_id, settings.zoom_client_id, settings.zoom_client_secret
    if account is None or client is None or secret is None:
        return None
    return AppClient(account_id=account, client_id=client, client_secret=secret.get_secret_value())
