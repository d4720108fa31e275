"""Links to the tests' Redis, opened and closed, and a way to it that counts round trips."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.redis.link import BEAT, RedisLink
from tests.redis_server import RedisServer

RETRY = 0.05
"""Seconds until a Redis that is back is found: tests have less time than replicas."""


@asynccontextmanager
async def linked(
    server: RedisServer, *, url: str = "", family: str = "kin", beat: float = BEAT, stretch: float = 20.0
) -> AsyncIterator[RedisLink]:
    """A link to the server, started; `stretch` keeps a busy machine out of tests that are not about waits."""
    link = RedisLink(url or server.url, family=family, beat=beat, retry=RETRY, stretch=stretch)
    await link.start()
    try:
        yield link
    finally:
        await link.close()


@dataclass(slots=True)
class Way:
    """A way to the server at `url`; `trips` counts how often somebody has asked after it had answered."""

    url: str
    trips: int = 0


@asynccontextmanager
async def counted(server: RedisServer) -> AsyncIterator[Way]:
    """A proxy before the server. What is asked at once must fit into one packet, or it counts twice."""

    async def pass_on(asking: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answering, there = await asyncio.open_connection("127.0.0.1", server.port)
        is_asked = False

        async def ask() -> None:
            nonlocal is_asked
            while words := await asking.read(1 << 16):
                way.trips += not is_asked
                is_asked = True
                there.write(words)
            there.close()

        async def answer() -> None:
            nonlocal is_asked
            while words := await answering.read(1 << 16):
                is_asked = False
                client.write(words)
            client.close()

        await asyncio.gather(ask(), answer(), return_exceptions=True)

    proxy = await asyncio.start_server(pass_on, "127.0.0.1")
    way = Way(f"redis://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    async with proxy:
        yield way
