"""A raw upstream, and servers under test that are closed again."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shim.connection import Handler, Limits
from shim.listener import RunningServer, start_server
from shim.pass_through import PassThrough
from shim.pass_through_session import pass_through_session
from tests.edge.raw import RawUpstream

DEFAULTS = Limits()
QUICK = Limits(lingering_time=0.1)

Serve = Callable[..., Awaitable[RunningServer]]


@pytest.fixture
async def upstream() -> AsyncIterator[RawUpstream]:
    """An upstream that answers `{}` until told otherwise."""
    async with RawUpstream() as running:
        yield running


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server on a free loopback port for any handler, limits and TLS context."""
    running: list[RunningServer] = []

    async def start(handler: Handler, limits: Limits = DEFAULTS, **more) -> RunningServer:
        server = await start_server(handler, host="127.0.0.1", port=0, limits=limits, **more)
        running.append(server)
        return server

    yield start
    for server in running:
        await server.close(0)


@pytest.fixture
async def forwarder(upstream: RawUpstream, serve: Serve) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Starts a server that passes everything to the upstream, and says its port."""
    sessions = []

    async def start(*, api_path: str = "/v2", silence: float = 30.0, oauth_url: str | None = None) -> int:
        session = pass_through_session(proxy=None, silence=silence)
        sessions.append(session)
        way = PassThrough(
            api_url=upstream.url + api_path, oauth_url=oauth_url or f"{upstream.url}/oauth/token", session=session
        )
        server = await serve(lambda request: way.forward(request, request.raw_path), QUICK)
        return server.addresses[0][1]

    yield start
    for session in sessions:
        await session.close()
