"""The whole service in front of the stand-in, over real sockets, for tests that ask it as a legacy program does."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp

from adapters.credentials import NOT_YET
from contracts.cases import World
from contracts.codec import decode
from shim.settings import load_settings
from shim.standin import Standin
from shim.wiring import RunningShim, running
from tests.edge.raw import until

BEARER = "Bearer synthetic-token"
MOST_PAGES = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a legacy program got: status, headers, and the JSON it would parse."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Asking:
    """A legacy program pointed at the service; `zoom` is what the service talks to, `shim` the service itself."""

    base: str
    zoom: Standin
    client: aiohttp.ClientSession
    shim: RunningShim

    async def get(
        self, target: str, *, authorization: str | None = BEARER, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One GET of a path and query, with a bearer."""
        headers = {**({} if authorization is None else {"Authorization": authorization}), **(headers or {})}
        async with self.client.get(self.base + target, headers=headers) as response:
            return Answer(response.status, response.headers, decode(await response.read()))

    async def walk(self, target: str, *, token: str = "", authorization: str = BEARER) -> list[dict[str, Any]]:
        """Every page of a list from the first or the one of a token, token by token, as pages."""
        pages: list[dict[str, Any]] = []
        while not pages or token:
            paged = f"{target}&next_page_token={token}" if token else target
            answer = await self.get(paged, authorization=authorization)
            assert answer.status == 200, answer.body
            pages.append(answer.body)
            assert len(pages) < MOST_PAGES, "a walk without end"
            token = answer.body["next_page_token"]
        return pages


@asynccontextmanager
async def service(
    world: World, generation: Any = "v3", *, settings: Mapping[str, str] | None = None, **standin: Any
) -> AsyncIterator[Asking]:
    """The service in front of a stand-in that plays `world`."""
    async with Standin(world, generation, **standin) as zoom, in_front_of(zoom, settings) as asking:
        yield asking


@asynccontextmanager
async def in_front_of(zoom: Standin, settings: Mapping[str, str] | None = None) -> AsyncIterator[Asking]:
    """The service with `settings` over its own defaults: no ops port, ids in memory, no rate limit that matters."""
    async with shim_at(zoom.api_url, settings) as shim, aiohttp.ClientSession() as client:
        host, port = shim.server.addresses[0]
        client._retry_connection = False  # a connection that is cut must be seen
        zoom.calls.clear()  # the app's first token, which stays counted
        yield Asking(f"http://{host}:{port}", zoom, client, shim)


@asynccontextmanager
async def shim_at(api_url: str, settings: Mapping[str, str] | None = None) -> AsyncIterator[RunningShim]:
    """The service alone, in front of whatever listens at an address."""
    async with running(load_settings(environment(api_url, settings))) as shim:
        await until(partial(_is_settled, shim))
        yield shim


def _is_settled(shim: RunningShim) -> bool:
    """Whether the app's first token has come, or has been refused: what a test counts begins behind it."""
    return shim.ops.token is None or shim.ops.token.trouble() != NOT_YET


def environment(api_url: str, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables a test's service is started with."""
    return {
        "SHIM_PORT": "0",
        "SHIM_OPS_PORT": "0",
        "SHIM_STATE_URL": "memory://",
        "SHIM_RATE_SHARE": "1000",
        "ZOOM_API_URL": api_url,
        "ZOOM_OAUTH_URL": f"{api_url.removesuffix('/v2')}/oauth/token",
        **(settings or {}),
    }


def now() -> datetime:
    """The present, for worlds whose calls must be recent."""
    return datetime.now(UTC)
