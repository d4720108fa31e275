"""One open SQLite state file: its schema and its statements.

It refuses to know what to do about a failure: every one is a `StateTrouble` in a few fixed words.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Final, Self

import aiosqlite
import stamina

from adapters.ports import RememberedCall
from adapters.state.names import Pin
from adapters.state.troubles import CORRUPT, IS_FOLDER, NEWER, StateTrouble, is_locked, named_troubles
from contracts.codec import encode

SCHEMA_VERSION: Final = 1

_SCHEMA: Final = (
    """CREATE TABLE calls (
        number INTEGER PRIMARY KEY,
        partition TEXT NOT NULL,
        history_uuid TEXT NOT NULL,
        call_group INTEGER NOT NULL,
        v1_id TEXT NOT NULL,
        call_id TEXT NOT NULL,
        start_time TEXT NOT NULL,
        direction TEXT NOT NULL,
        seen TEXT NOT NULL,
        UNIQUE (partition, history_uuid, call_group)
    )""",
    "CREATE INDEX calls_by_age ON calls (seen)",
    """CREATE TABLE names (
        partition TEXT NOT NULL,
        name TEXT NOT NULL,
        number INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
        PRIMARY KEY (partition, name, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX names_by_call ON names (number)",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_INSERT_CALL: Final = """
INSERT INTO calls (partition, history_uuid, call_group, v1_id, call_id, start_time, direction, seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_INSERT_NAME: Final = "INSERT INTO names (partition, name, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PINNED: Final = """
SELECT asked.key, calls.number, calls.v1_id
FROM json_each(?) AS asked JOIN calls
ON calls.partition = json_extract(asked.value, '$[0]')
AND calls.history_uuid = json_extract(asked.value, '$[1]')
AND calls.call_group = json_extract(asked.value, '$[2]')
"""
_NAMED: Final = """
SELECT v1_id, history_uuid, call_group, call_id, start_time, direction
FROM names JOIN calls USING (number) WHERE names.partition = ? AND names.name = ?
"""
_PRUNE: Final = "DELETE FROM calls WHERE number IN (SELECT number FROM calls WHERE seen < ? LIMIT ?)"


class StateFile:
    """The file, with one connection that writes and one that reads (so no look-up waits for a lock)."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self.identity = identity_of(path)

    @classmethod
    async def open(cls, path: Path, *, patience: float) -> Self:
        """The file at `path`, made when missing; waits `patience` seconds for the locks of others."""
        with named_troubles():
            await asyncio.to_thread(_make, path)
            writer = await aiosqlite.connect(path, timeout=patience, isolation_level=None)
            try:
                await _prepare(writer)
                reader = await aiosqlite.connect(path, timeout=patience, isolation_level=None)
            except BaseException:
                await writer.close()
                raise
            return cls(path, writer, reader)

    async def pin(self, pins: Sequence[Pin], seen: str) -> list[str]:
        """The id each call keeps, durable when this returns; pins that are all known already write nothing."""
        with named_troubles():
            async with _transaction(self._writer):
                await self._writer.executemany(_INSERT_CALL, [_call_row(pin, seen) for pin in pins])
                kept = [(number, v1_id) for _, number, v1_id in await _pinned(self._writer, pins)]
                names = [
                    (pin.partition, name, number)
                    for pin, (number, _) in zip(pins, kept, strict=True)
                    for name in pin.names
                ]
                await self._writer.executemany(_INSERT_NAME, names)
            return [v1_id for _, v1_id in kept]

    async def pinned(self, pins: Sequence[Pin]) -> dict[int, str]:
        """The ids already kept, by their place in `pins`; reads only."""
        with named_troubles():
            return {index: v1_id for index, _, v1_id in await _pinned(self._reader, pins)}

    async def named(self, partition: str, name: str) -> list[RememberedCall]:
        """The calls known under exactly this name; reads only."""
        with named_troubles():
            return [RememberedCall(*row) for row in await self._reader.execute_fetchall(_NAMED, (partition, name))]

    async def sealing_key(self, offered: str) -> str:
        """The key kept here, which is `offered` when there was none."""
        with named_troubles():
            async with _transaction(self._writer):
                await self._writer.execute_fetchall(
                    "INSERT INTO secrets VALUES ('sealing', ?) ON CONFLICT DO NOTHING", (offered,)
                )
                kept = list(await self._writer.execute_fetchall("SELECT value FROM secrets WHERE name = 'sealing'"))
            return str(kept[0][0])

    async def prune(self, before: str, at_most: int) -> int:
        """How many calls first seen before this date were deleted with their names."""
        with named_troubles():
            async with _transaction(self._writer):
                return (await self._writer.execute(_PRUNE, (before, at_most))).rowcount

    async def wait_for_locks(self, patience: float) -> None:
        """Changes how many seconds a write waits for the locks of others."""
        with named_troubles():
            await self._writer.execute_fetchall(f"PRAGMA busy_timeout = {int(patience * 1000)}")

    async def close(self) -> None:
        """Closes both connections; their threads are no daemons and would hold the exit of the process."""
        with named_troubles():
            try:
                await self._reader.close()
            finally:
                await self._writer.close()


def set_aside(path: Path, stamp: str) -> Path:
    """Renames the file out of the way, its journal first: a journal left beside a new file would be played into it."""
    names = (f"{path.name}.corrupt-{stamp}{again}" for again in chain([""], (f"-{number}" for number in count(2))))
    aside = next(free for name in names if not (free := path.with_name(name)).exists())
    try:
        for suffix in ("-wal", "-shm"):
            journal = path.with_name(path.name + suffix)
            if journal.exists():
                journal.rename(aside.with_name(aside.name + suffix))
        path.rename(aside)
    except FileNotFoundError:
        pass  # another process was quicker
    except OSError as error:
        raise StateTrouble(CORRUPT) from error
    return aside


async def _prepare(writer: aiosqlite.Connection) -> None:
    if await _version(writer) > SCHEMA_VERSION:
        raise StateTrouble(NEWER)
    await _switch_to_wal(writer)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", f"journal_size_limit = {64 * 1024 * 1024}"):
        await writer.execute_fetchall(f"PRAGMA {pragma}")
    if await _version(writer) == SCHEMA_VERSION:
        return
    async with _transaction(writer):
        # Another process may have made the tables while this one waited for the lock.
        for statement in _SCHEMA if await _version(writer) == 0 else ():
            await writer.execute_fetchall(statement)


@asynccontextmanager
async def _transaction(writer: aiosqlite.Connection) -> AsyncIterator[None]:
    await writer.execute_fetchall("BEGIN IMMEDIATE")
    try:
        yield
        await writer.execute_fetchall("COMMIT")
    except BaseException:
        # SQLite itself rolls back on some errors of the disk.
        if writer.in_transaction:
            await writer.execute_fetchall("ROLLBACK")
        raise


async def _switch_to_wal(writer: aiosqlite.Connection) -> None:
    # This one statement says "database is locked" at once when two processes switch, whatever the busy timeout.
    locked = stamina.retry_context(is_locked, attempts=40, timeout=2, wait_initial=0.01, wait_max=0.1, wait_jitter=0.05)
    async for attempt in locked:
        with attempt:
            await writer.execute_fetchall("PRAGMA journal_mode = WAL")


async def _version(connection: aiosqlite.Connection) -> int:
    (row,) = await connection.execute_fetchall("PRAGMA user_version")
    return int(row[0])


async def _pinned(connection: aiosqlite.Connection, pins: Sequence[Pin]) -> list[tuple[int, int, str]]:
    asked = encode([pin.place for pin in pins]).decode()
    return sorted(
        (int(key), number, v1_id) for key, number, v1_id in await connection.execute_fetchall(_PINNED, (asked,))
    )


def _call_row(pin: Pin, seen: str) -> tuple[str | int, ...]:
    call = pin.call
    return (*pin.place, call.v1_id, call.call_id, call.start_time, call.direction, seen)


def _make(path: Path) -> None:
    if path.is_dir():
        raise StateTrouble(IS_FOLDER)
    # The sealing key lives here: only its owner may read the file, and SQLite gives its journals the same mode.
    # Never opened when it exists: closing it again would drop the locks SQLite holds on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def identity_of(path: Path) -> tuple[int, int] | None:
    """What tells the file now at `path` from any other; SQLite itself would go on writing to one that was moved."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
