"""Identities in a Redis or Valkey that all replicas share and that may be gone at any moment.

It decides what is remembered in front of Redis and what waits while it is gone; the link decides whether anything is
asked at all, and `adapters.state.redis_calls` knows how calls lie there.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from cachetools import TTLCache
from redis.asyncio import Redis

from adapters.ports import RememberedCall, ServedCall
from adapters.redis.link import RedisLink
from adapters.redis.sealing_key import SharedSealingKey
from adapters.redis.troubles import RedisTrouble
from adapters.state.memory import PinnedCalls
from adapters.state.names import Pin, Place, in_order, lookups
from adapters.state.redis_calls import named, pinned

MOST_KNOWN: Final = 10_000
"""Calls that are remembered in front of Redis: about 25 MiB."""
KNOWN_FOR: Final = 60.0
"""Seconds for which a call is believed to be in Redis still: one that was emptied gets its ids back."""
MOST_WAITING: Final = 10_000
_BATCH: Final = 500

_log = structlog.get_logger(__name__)


class RedisIdentities:
    """`Identities` behind a link that is borrowed, and that whoever lends it starts afterwards.

    While Redis is gone, new ids wait in memory (at most `most_waiting` calls, the oldest lost first); they are written
    when it is back. Of what it has seen in Redis this process remembers a part: such a call keeps its id and is found
    while Redis is gone, and when it comes back empty.
    """

    def __init__(
        self, link: RedisLink, *, clock: Callable[[], float] = time.monotonic, most_waiting: int = MOST_WAITING
    ) -> None:
        self._link = link
        self._known: TTLCache[Place, tuple[str, int]] = TTLCache(MOST_KNOWN, KNOWN_FOR, timer=clock)
        self._seen = PinnedCalls(MOST_KNOWN)
        self._waiting = PinnedCalls(most_waiting)
        self._turn = asyncio.Lock()
        self._key = SharedSealingKey(link, clock=clock)
        self._refusal: str | None = None
        link.when_back(self._catch_up)

    async def pin(self, partition: str, calls: Sequence[ServedCall]) -> Sequence[str]:
        """The ids to serve, in Redis before this returns; an empty page tries a Redis that is gone once more."""
        if self._key.is_due():
            self._link.aside(self._key.offer)
        if not calls:
            await self._try_again()
            return []
        if all(self._is_known(partition, call) for call in calls):
            return [self._known[Place(partition, call.history_uuid, call.group)][0] for call in calls]
        pins = [self._with_its_id(Pin.of(partition, call)) for call in calls]
        try:
            ids = await self._pinned(pins)
        except RedisTrouble:
            return [self._waiting.pin(pin) for pin in pins]
        for pin, call, id in zip(pins, calls, ids, strict=True):
            self._known[pin.place] = (id, _fact(call))
        if len(self._waiting) and not self._turn.locked():
            self._link.aside(self._write_waiting)
        return ids

    async def find(self, partition: str, key: str) -> Sequence[RememberedCall]:
        """Calls known under any form of `key`, in Redis or waiting for it, in order."""
        names = lookups(key)
        stored = await self._stored(partition, names) if names else []
        for position, name in enumerate(names):
            here = (*self._waiting.named(partition, name), *self._seen.named(partition, name))
            if found := _merged(here, stored[position] if stored else ()):
                return in_order(found)
        return ()

    async def sealing_key(self) -> str:
        """The key kept in Redis; while that is gone, one that Redis is offered when it is back."""
        return await self._key.use()

    def trouble(self) -> str | None:
        """What Redis suffers from, one of a few fixed texts."""
        return self._link.trouble() or self._refusal or self._key.trouble()

    def waiting(self) -> int:
        """Calls that wait for Redis."""
        return len(self._waiting)

    async def close(self) -> None:
        """Writes what still waits, if Redis lets it. May be called twice; the link is closed by whoever owns it."""
        if len(self._waiting):
            await self._try_again()
        if len(self._waiting):
            _log.error("state.ids_lost", calls=len(self._waiting), reason=self.trouble())
            self._waiting.forget(self._waiting.oldest(len(self._waiting)))

    async def _try_again(self) -> None:
        if self._link.trouble() is not None:
            await self._link.try_again()
        await self._write_waiting()

    async def _catch_up(self) -> None:
        await self._key.offer()
        await self._write_waiting()

    async def _write_waiting(self) -> None:
        """Writes what waits, the first pinned first; what fails waits on."""
        async with self._turn:
            while pins := self._waiting.oldest(_BATCH):
                try:
                    await self._pinned(pins)
                except RedisTrouble:
                    return
                self._waiting.forget(pins)

    async def _pinned(self, pins: Sequence[Pin]) -> list[str]:
        """The ids these calls keep in Redis. A refusal that is no trouble of the whole server is remembered."""

        async def work(redis: Redis) -> list[str]:
            return await pinned(redis, pins)

        try:
            ids = await self._link.run(work)
        except RedisTrouble as trouble:
            self._refusal = None if trouble.is_lasting else trouble.reason
            raise
        self._refusal = None
        for pin, id in zip(pins, ids, strict=True):
            self._seen.put(pin.proposing(id))
        return ids

    async def _stored(self, partition: str, names: Sequence[str]) -> list[list[RememberedCall]]:
        """The calls known under each of these names; empty while Redis is gone."""

        async def work(redis: Redis) -> list[list[RememberedCall]]:
            return await named(redis, partition, names)

        try:
            stored = await self._link.run(work)
        except RedisTrouble:
            return []
        for name, calls in zip(names, stored, strict=True):
            for call in calls:
                self._seen.put(Pin(partition, call, frozenset({name})))
        return stored

    def _with_its_id(self, pin: Pin) -> Pin:
        """The pin for the id the call has already, in Redis as far as is known or while it waits for it."""
        id = self._seen.id_of(pin.place) or self._waiting.id_of(pin.place)
        return pin if id is None else pin.proposing(id)

    def _is_known(self, partition: str, call: ServedCall) -> bool:
        known = self._known.get(Place(partition, call.history_uuid, call.group))
        return known is not None and known[1] == _fact(call)


def _fact(call: ServedCall) -> int:
    """Stands for: this very call, with all its names, was put into Redis."""
    return hash(call)


def _merged(here: Iterable[RememberedCall], stored: Iterable[RememberedCall]) -> list[RememberedCall]:
    """What is remembered here, and what is stored: that is how it is for all."""
    by_place = {(call.history_uuid, call.group): call for call in (*here, *stored)}
    return list(by_place.values())
