"""The service with an app's credentials of its own, and clients that have keys for it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from contracts.cases import World
from contracts.codec import decode
from shim.standin.oauth import AppClient
from tests.edge.raw import Message, RawUpstream, reply, says, sized
from tests.service.running import Answer, Asking, service, shim_at

APP = AppClient("synthetic-account", "synthetic-client", "synthetic-secret-0123456789abcdef")
KEY, OTHER_KEY = "alpha-key-0123456789abcdef-0123456789", "beta:key+0123456789/abcdef=0123456789"
NEW_KEY = "alpha-new-0123456789abcdef-0123456789"
BEARER = f"Bearer {KEY}"
TOKEN = "/oauth/token"
APPS_TOKEN = b"the-apps-own-token"
REFUSED = (401, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
INVALID_TOKEN = (401, {"code": 124, "message": "Invalid access token."})
SEALING_KEY = base64.urlsafe_b64encode(b"s" * 32).decode()


def app_settings(*keys: str, **more: str) -> Mapping[str, str]:
    """The variables of a service with the app's credentials and these client keys (else two clients)."""
    return {
        "ZOOM_ACCOUNT_ID": APP.account_id,
        "ZOOM_CLIENT_ID": APP.client_id,
        "ZOOM_CLIENT_SECRET": APP.client_secret,
        "SHIM_CLIENT_KEYS": ",".join(keys or (f"alpha:{KEY}", f"beta:{OTHER_KEY}")),
        **more,
    }


@asynccontextmanager
async def app_service(
    world: World, *, settings: Mapping[str, str] | None = None, **standin: Any
) -> AsyncIterator[Asking]:
    """The service in front of a stand-in that knows its app and nobody else."""
    async with service(world, settings=settings or app_settings(), app=APP, **standin) as asking:
        yield asking


def basic(name: str, key: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()}


async def post(asking: Asking, target: str = TOKEN, **request: Any) -> Answer:
    """One POST as aiohttp's client makes it of headers, data or json."""
    async with asking.client.post(asking.base + target, **request) as response:
        return Answer(response.status, response.headers, decode(await response.read()))


async def trade(asking: Asking, name: str = "alpha", key: str = KEY) -> str:
    """The Authorization value of a bearer that a key was traded for."""
    answer = await post(asking, data={"grant_type": "account_credentials"}, headers=basic(name, key))
    assert answer.status == 200, answer.body
    return f"Bearer {answer.body['access_token']}"


async def grants(request: Message, writer: asyncio.StreamWriter) -> None:
    """An upstream that gives its app a token, and has an empty object for every other request."""
    is_token = request.target == TOKEN.encode()
    body = b'{"access_token": "%s", "expires_in": 3599}' % APPS_TOKEN if is_token else b"{}"
    shown = b"" if request.start.startswith(b"HEAD ") else body
    await says(reply(b"Content-Type: application/json", sized(body), body=shown))(request, writer)


@asynccontextmanager
async def watched(settings: Mapping[str, str]) -> AsyncIterator[tuple[RawUpstream, int]]:
    """The service's port in front of an upstream that keeps every byte it is sent."""
    async with RawUpstream(answer=grants) as upstream, shim_at(f"{upstream.url}/v2", settings) as shim:
        upstream.requests.clear()  # the app's first token
        yield upstream, shim.server.addresses[0][1]
