"""When the service may get requests: as soon as its app has a token, and again whenever it has one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contracts.codec import decode
from shim.settings import load_settings
from shim.standin import Standin
from shim.wiring import running
from tests.adapters.virtual_time import in_virtual_time
from tests.edge.raw import RawUpstream, exchange, is_silent, reply, request, says, sized, until
from tests.service.app_service import APP, BEARER, app_settings, grants
from tests.service.running import environment
from tests.service.test_probes import free_port
from tests.service.worlds import DAY, plain

NO_TOKEN = "the app's token cannot be had: {}"
KEY = f"Authorization: {BEARER}".encode()


@asynccontextmanager
async def started(api_url: str, **settings: str) -> AsyncIterator[int]:
    """The port of a service that has just started, its token fetched or not."""
    async with running(load_settings(environment(api_url, app_settings(**settings)))) as shim:
        yield shim.server.addresses[0][1]


async def readiness(port: int) -> tuple[int, Any]:
    """The status of `/readyz` and what it says."""
    answer = await exchange(port, request(b"/readyz"))
    return answer.status, decode(answer.body)["status"]


async def until_ready(port: int) -> None:
    """Waits for it; `TimeoutError` when it does not come."""
    async with asyncio.timeout(60):
        while await readiness(port) != (200, "ready"):  # noqa: ASYNC110 - it is a probe: it is asked
            await asyncio.sleep(0.1)


class TestToken:
    """Of the service's own app."""

    async def test_is_fetched_without_a_request(self):
        """Once, and by nobody's request; then the service is ready."""
        async with RawUpstream(answer=grants) as zoom, started(f"{zoom.url}/v2") as port:
            await until_ready(port)
            assert 1 == len(zoom.requests)

    async def test_is_waited_for_by_the_probe_alone(self):
        """Not ready with the reason, alive, and the start waited for nobody."""
        async with RawUpstream(answer=is_silent) as zoom, started(f"{zoom.url}/v2") as port:
            await until(lambda: len(zoom.requests) == 1)
            assert (503, NO_TOKEN.format("not fetched yet")) == await readiness(port)
            assert 200 == (await exchange(port, request(b"/healthz"))).status

    @in_virtual_time
    async def test_that_cannot_be_had_is_tried_for_until_it_comes(self):
        """Its endpoint says no, then answers: the service recovers by itself, and did not pester meanwhile."""
        no = says(reply(sized(b"{}"), status=b"400 Bad Request", body=b"{}"))
        async with RawUpstream(answer=no) as zoom, started(f"{zoom.url}/v2") as port:
            await asyncio.sleep(20)
            assert (503, NO_TOKEN.format("refused")) == await readiness(port)
            refused = len(zoom.requests)
            zoom.answer = grants
            await until_ready(port)
            assert (True, refused + 1) == (3 <= refused <= 16, len(zoom.requests))

    @in_virtual_time
    async def test_that_is_lost_is_a_reason_again(self):
        """Zoom ends it and gives no new one: requests fail, the probe says so; then it comes back without any."""
        async with Standin(plain(1), app=APP) as zoom, started(zoom.api_url) as port:
            await until_ready(port)
            zoom.revoke_tokens()
            zoom.fail("/oauth/token", status=400, times=1)
            served = await exchange(port, request(DAY.encode(), KEY))
            lost = await readiness(port)
            await until_ready(port)
            again = await exchange(port, request(DAY.encode(), KEY))
        assert (503, (503, NO_TOKEN.format("refused")), 200) == (served.status, lost, again.status)

    async def test_without_an_app_there_is_nothing_to_wait_for(self):
        """Callers bring their own."""
        async with running(load_settings(environment("http://127.0.0.1:9/v2"))) as shim:
            assert (200, "ready") == await readiness(shim.server.addresses[0][1])


class TestUpstreamDown:
    """At the start."""

    @pytest.mark.parametrize("settings", [{}, app_settings()], ids=["caller", "app"])
    async def test_the_service_starts_and_recovers(self, settings):
        """It is alive at once, says what is missing, and serves as soon as Zoom is there."""
        port_of_zoom = int(free_port())
        base = f"http://127.0.0.1:{port_of_zoom}/v2"
        async with running(load_settings(environment(base, settings))) as shim:
            port = shim.server.addresses[0][1]
            alive, before = await exchange(port, request(b"/healthz")), await readiness(port)
            late = await asyncio.start_server(_grants_late, "127.0.0.1", port_of_zoom)
            await until_ready(port)
            late.close()
        assert (200, 503 if settings else 200) == (alive.status, before[0])

    async def test_every_reason_is_told(self, tmp_path):
        """One behind the other, in an order that stays."""
        (tmp_path / "state.db").mkdir()
        settings = app_settings(SHIM_STATE_URL=f"sqlite:///{tmp_path}/state.db")
        async with running(load_settings(environment(f"http://127.0.0.1:{free_port()}/v2", settings))) as shim:
            shim.drain()
            status, told = await readiness(shim.server.addresses[0][1])
        draining, state, token = told.split("; ")
        assert (503, "draining", "a folder stands in the place of the state file") == (status, draining, state)
        assert token.startswith(NO_TOKEN.format(""))


async def _grants_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A token for whoever asks."""
    await reader.readuntil(b"\r\n\r\n")
    body = b'{"access_token": "late", "expires_in": 3599}'
    writer.write(reply(b"Content-Type: application/json", b"Connection: close", sized(body), body=body))
    await writer.drain()
    writer.close()
