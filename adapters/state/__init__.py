"""Every id ever served, kept behind one port: in memory or in a SQLite file, chosen by an address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.ports import Identities
from adapters.state.memory import MemoryIdentities
from adapters.state.sqlite import SqliteIdentities


@asynccontextmanager
async def open_identities(url: str) -> AsyncIterator[Identities]:
    """The identities at `memory://`, `sqlite:///relative/path` or `sqlite:////absolute/path`, closed at the end.

    A store that cannot be opened is no error: it says so by `trouble`. `ValueError` for any other address.
    """
    identities = _identities(url)
    try:
        if isinstance(identities, SqliteIdentities):
            await identities.start()
        yield identities
    finally:
        await identities.close()


def _identities(url: str) -> MemoryIdentities | SqliteIdentities:
    if url == "memory://":
        return MemoryIdentities()
    path = url.removeprefix("sqlite:///")
    if path in ("", url):
        raise ValueError("a state address is memory:// or sqlite:///path")
    return SqliteIdentities(Path(path))
