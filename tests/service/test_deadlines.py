"""A request is answered at its deadline whatever it waits for."""

import asyncio
from typing import Any

import aiohttp

from shim.settings import load_settings
from shim.standin import Standin
from shim.wiring import running
from shim.wrapping import Role
from tests.adapters.virtual_time import in_virtual_time
from tests.service.running import environment
from tests.service.worlds import DAY, plain


def _hanging(port: str, made: Role) -> Role:
    """A state that takes ids and says no more."""
    if port == "Identities":

        async def pin(*_: object) -> Any:
            await asyncio.Event().wait()

        made.pin = pin  # type: ignore[attr-defined] # what a broken store would do
    return made


@in_virtual_time
async def test_a_store_that_hangs_is_a_504_in_time():
    """In the envelope, a twentieth of a second after the deadline at the latest."""
    loop = asyncio.get_running_loop()
    async with Standin(plain(1)) as zoom:
        settings = load_settings({**environment(zoom.api_url), "SHIM_DEADLINE": "5"})
        async with running(settings, wrap=_hanging) as shim, aiohttp.ClientSession() as client:
            host, port = shim.server.addresses[0]
            asked = loop.time()
            async with client.get(f"http://{host}:{port}{DAY}", headers={"Authorization": "Bearer one"}) as answer:
                assert (504, {"code": 504, "message": "Gateway Timeout"}) == (answer.status, await answer.json())
            assert 4.9 < loop.time() - asked < 5.2
