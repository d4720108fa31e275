"""Finished records in Redis: sealed, for a day, and only those that no longer change.

One round trip reads what a page lacks; writing is left for later and delays nobody. Refuses to know who may be served
what: that is the cache's part, on whose terms a record is handed out here too.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from redis.asyncio import Redis

from adapters.finished import DAY, FinishedRecord
from adapters.redis.keys import hashed
from adapters.redis.link import RedisLink
from adapters.redis.scripts import Script
from adapters.redis.troubles import RedisTrouble
from adapters.sealing import Seal, Unsealable

LARGEST: Final = 64 * 1024
"""Characters of the largest sealed record that is kept; a usual one has three thousand."""
MOST_AT_ONCE: Final = 2 * 1024 * 1024
"""Characters of all records that are read at once, twice what a page of 300 has; the rest upstream is asked for."""
MOST_PENDING: Final = 2_000
"""Records that wait to be written; further ones are dropped."""
_BATCH: Final = 100
_SLICE: Final = 10
"""Records sealed or opened at a stretch: half a millisecond in which nobody else has a turn."""

# What is too large, of another kind or beyond what fits is not there: it must not hold up a page.
_TAKE: Final = Script(f"""
local room, told = {MOST_AT_ONCE}, {{}}
for place = 1, #KEYS do
    local size = redis.pcall('STRLEN', KEYS[place])
    local fits = type(size) == 'number' and size > 0 and size <= {LARGEST} and size <= room
    told[place] = fits and redis.call('GET', KEYS[place])
    room = fits and room - size or room
end
return told
""")


class _Kept(msgspec.Struct, array_like=True, frozen=True, tag="record"):
    """A record, under which key and at which epoch second it was kept: it opens nowhere else and for no longer."""

    key: str
    kept_at: int
    record: FinishedRecord


class RedisShelf:
    """`adapters.finished.Shelf` over a borrowed link, for replicas of one `family`: those that finish records alike.

    Whoever makes it closes it. `now` is the time in epoch seconds.
    """

    def __init__(self, link: RedisLink, *, family: str, seal: Seal, now: Callable[[], float] = time.time) -> None:
        self._link = link
        self._family = family
        self._seal = seal
        self._now = now
        self._pending: dict[str, FinishedRecord] = {}
        self._writing: asyncio.Task[None] | None = None

    async def take(self, account: str, history_uuids: Sequence[str]) -> Mapping[str, tuple[FinishedRecord, float]]:
        """See `Shelf.take`."""
        keys = {uuid: self._key(account, uuid) for uuid in history_uuids}

        async def work(redis: Redis) -> Sequence[bytes | None]:
            told: Sequence[bytes | None] = await _TAKE.run(redis, list(keys.values()))
            return told

        try:
            values = await self._link.run(work)
        except RedisTrouble:
            return {}
        found: dict[str, tuple[FinishedRecord, float]] = {}
        for number, (uuid, value) in enumerate(zip(keys, values, strict=True)):
            if value is not None and (kept := self._opened(value, keys[uuid])) is not None:
                found[uuid] = (kept.record, min(DAY, kept.kept_at + DAY - self._now()))
            await _every_so_often(number)
        return found

    def put(self, account: str, record: FinishedRecord) -> None:
        """See `Shelf.put`."""
        if self._link.trouble() is None and len(self._pending) < MOST_PENDING:
            self._pending[self._key(account, record.history_uuid)] = record
            if self._writing is None or self._writing.done():
                self._writing = asyncio.create_task(self._write())

    async def aclose(self) -> None:
        """Writes what is pending, if Redis lets it."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write(self) -> None:
        """Writes until nothing is pending; what Redis does not take is dropped, for upstream still has it."""
        await asyncio.sleep(0)  # the page goes on first, with the rest of its records
        while self._pending:
            sealed = await self._sealed([self._pending.popitem() for _ in range(min(_BATCH, len(self._pending)))])

            async def work(redis: Redis, sealed: Mapping[str, str] = sealed) -> None:
                pipeline = redis.pipeline(transaction=False)
                for key, text in sealed.items():
                    pipeline.set(key, text, ex=int(DAY))
                await pipeline.execute()

            try:
                await self._link.run(work)
            except RedisTrouble:
                self._pending.clear()

    async def _sealed(self, records: Sequence[tuple[str, FinishedRecord]]) -> dict[str, str]:
        now, texts = int(self._now()), dict[str, str]()
        for number, (key, record) in enumerate(records):
            text = self._seal.seal(_Kept(key, now, record), now=now)
            if len(text) <= LARGEST:
                texts[key] = text
            await _every_so_often(number)
        return texts

    def _opened(self, value: bytes, key: str) -> _Kept | None:
        try:
            text = value.decode("ascii")
            kept = self._seal.open(text, _Kept, life=int(DAY), now=int(self._now()), longest=LARGEST)
        except (Unsealable, UnicodeDecodeError):
            return None
        return kept if kept.key == key else None

    def _key(self, account: str, history_uuid: str) -> str:
        return f"shim:record:{self._family}:{hashed(account)}:{history_uuid}"


async def _every_so_often(number: int) -> None:
    """Lets others have a turn after each slice."""
    if number % _SLICE == _SLICE - 1:
        await asyncio.sleep(0)
