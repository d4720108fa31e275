"""A name that leads nowhere is a failure of the wire like any other, in every session the service makes."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from adapters.errors import UpstreamBroken
from adapters.exchange import Wire, api_session
from shim.pass_through_session import pass_through_session


class NamesWithoutAddresses(asyncio.SelectorEventLoop):
    """A loop whose resolver knows every name and no address."""

    async def getaddrinfo(self, *_: Any, **__: Any) -> list[Any]:
        """Nothing."""
        return []


def run(coroutine: Any) -> Any:
    """What comes of it where no name has an address."""
    with asyncio.Runner(loop_factory=NamesWithoutAddresses) as runner:
        return runner.run(coroutine)


def test_a_call_to_a_name_without_an_address_is_broken():
    """The wire tells it in its own words."""

    async def asked() -> str:
        async with api_session(proxy=None) as session:
            wire = Wire(session, clock=asyncio.get_running_loop().time)
            with pytest.raises(UpstreamBroken) as broken:
                await wire.get("any", URL("http://zoom.example.com/v2"), authorization="Bearer x", largest=1)
            return str(broken.value)

    assert "host not found" == run(asked())


@pytest.mark.parametrize("session_of", [api_session, pass_through_session])
def test_every_session_has_a_failure_that_aiohttp_names(session_of: Callable[..., aiohttp.ClientSession]):
    """Whoever uses it need not know of empty lists."""

    async def asked() -> None:
        async with session_of(proxy=None) as session:
            with pytest.raises(aiohttp.ClientConnectorDNSError):
                await session.get("http://zoom.example.com/v2")

    run(asked())
