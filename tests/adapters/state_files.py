"""State files opened, asked, locked and spoilt from outside, for the tests of the state."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from adapters.state.sqlite import SqliteIdentities

DAY = 86_400
NOW = 1_773_100_000.0
PATIENCE = 0.4


@asynccontextmanager
async def started(
    path: Path, clock: list[float] | None = None, *, most_waiting: int = 100
) -> AsyncIterator[SqliteIdentities]:
    """Identities that wait hardly at all for locks and read the time from `clock`."""
    times = clock or [NOW]
    identities = SqliteIdentities(path, now=lambda: times[-1], patience=PATIENCE, most_waiting=most_waiting)
    await identities.start()
    try:
        yield identities
    finally:
        await identities.close()


def ask(path: Path, question: str) -> list[tuple[object, ...]]:
    """What the file answers to a connection of its own."""
    with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        return connection.execute(question).fetchall()


def locked(path: Path) -> sqlite3.Connection:
    """A connection that holds the file's lock until it is closed."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def read(path: Path) -> bytes:
    """The whole file."""
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Makes the file hold `content` alone."""
    path.write_bytes(content)


def spoil(path: Path) -> None:
    """Overwrites everything behind the first page of the file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (size - 4_096))
