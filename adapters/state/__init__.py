"""Every id ever served, kept behind one port: in memory, in a SQLite file or in a Redis, chosen by an address."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.ports import Identities
from adapters.sharing import open_link
from adapters.state.memory import MemoryIdentities
from adapters.state.sqlite import SqliteIdentities

if TYPE_CHECKING:
    from adapters.redis.link import RedisLink


@asynccontextmanager
async def open_identities(url: str, *, link: "RedisLink | None" = None) -> AsyncIterator[Identities]:
    """The identities at `memory://`, `sqlite:///relative/path`, `sqlite:////absolute/path` or `redis://host`.

    Closed at the end. `link` is the one to that Redis where there is one already, which is borrowed. A store that
    cannot be opened is no error: it says so by `trouble`. `ValueError` for any other address.
    """
    async with AsyncExitStack() as stack:
        link = link or await stack.enter_async_context(open_link(url))
        identities = _identities(url) if link is None else _in_redis(link)
        stack.push_async_callback(identities.close)
        if isinstance(identities, SqliteIdentities):
            await identities.start()
        yield identities


def _identities(url: str) -> MemoryIdentities | SqliteIdentities:
    if url == "memory://":
        return MemoryIdentities()
    path = url.removeprefix("sqlite:///")
    if path in ("", url):
        raise ValueError("a state address is memory://, sqlite:///path or redis://host")
    return SqliteIdentities(Path(path))


def _in_redis(link: "RedisLink") -> Identities:
    from adapters.state.redis import RedisIdentities  # noqa: PLC0415 - an optional package is behind it

    return RedisIdentities(link)
