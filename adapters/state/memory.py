"""Identities in bounded memory: for `memory://`, and for what waits while a store is broken.

It refuses to know of files; what falls out at the bound is forgotten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from cachetools import LRUCache
from cryptography.fernet import Fernet

from adapters.ports import RememberedCall, ServedCall
from adapters.state.names import Pin, Place, in_order, lookups

MOST_CALLS: Final = 20_000
"""About 50 MiB when full."""


@dataclass(slots=True)
class _Kept:
    call: RememberedCall
    names: tuple[str, ...]


class PinnedCalls:
    """Calls by place and by name, the least used forgotten first."""

    def __init__(self, most: int) -> None:
        self._calls: LRUCache[Place, _Kept] = LRUCache(most)
        self._places: dict[tuple[str, str], tuple[Place, ...]] = {}  # tuples: a third of the memory of sets

    def __len__(self) -> int:
        return len(self._calls)

    def pin(self, pin: Pin) -> str:
        """The id the call keeps: the first one proposed. New names are added to it."""
        kept = self._calls.get(pin.place)
        if kept is None:
            while len(self._calls) >= self._calls.maxsize:
                self._unname(*self._calls.popitem())
            kept = self._calls[pin.place] = _Kept(pin.call, ())
        new = tuple(pin.names.difference(kept.names))
        for name in new:
            places = self._places.get((pin.partition, name), ())
            self._places[pin.partition, name] = (*places, pin.place)
        kept.names += new
        return kept.call.v1_id

    def named(self, partition: str, name: str) -> list[RememberedCall]:
        """The calls known under exactly this name."""
        return [self._calls[place].call for place in self._places.get((partition, name), ())]

    def put(self, pin: Pin) -> None:
        """Has the call keep this very id, whatever it had; new names are added to it."""
        self.pin(pin)
        self._calls[pin.place].call = pin.call

    def id_of(self, place: Place) -> str | None:
        """The id the call has; None for one not known."""
        kept = self._calls.get(place)
        return None if kept is None else kept.call.v1_id

    def oldest(self, count: int) -> list[Pin]:
        """Up to `count` pins, the first pinned first."""
        places = list(islice(self._calls, count))
        return [Pin(place.partition, self._calls[place].call, frozenset(self._calls[place].names)) for place in places]

    def forget(self, pins: Iterable[Pin]) -> None:
        """Drops these calls with their names; one that has got further names meanwhile stays."""
        for pin in pins:
            kept = self._calls.get(pin.place)
            if kept is not None and pin.names.issuperset(kept.names):
                self._unname(pin.place, self._calls.pop(pin.place))

    def _unname(self, place: Place, kept: _Kept) -> None:
        for name in kept.names:
            others = tuple(other for other in self._places.pop((place.partition, name)) if other != place)
            if others:
                self._places[place.partition, name] = others


class MemoryIdentities:
    """`Identities` that end with the process."""

    def __init__(self, most_calls: int = MOST_CALLS) -> None:
        self._calls = PinnedCalls(most_calls)
        self._sealing_key = Fernet.generate_key().decode("ascii")

    async def pin(self, partition: str, calls: Sequence[ServedCall]) -> Sequence[str]:
        """The ids to serve, the first proposed ones; never fails."""
        return [self._calls.pin(Pin.of(partition, call)) for call in calls]

    async def find(self, partition: str, key: str) -> Sequence[RememberedCall]:
        """Calls known under any form of `key`, in order."""
        for name in lookups(key):
            if found := self._calls.named(partition, name):
                return in_order(found)
        return ()

    async def sealing_key(self) -> str:
        """The key made with this object."""
        return self._sealing_key

    def trouble(self) -> str | None:
        """None: memory does not break."""
        return None

    def waiting(self) -> int:
        """None: memory is where they belong."""
        return 0

    async def close(self) -> None:
        """Nothing to release."""
