"""How often one may be wrong: failures in a minute, by address and in all.

It counts failures alone. Who is right is never kept out by those who are wrong, behind one address or not; with keys
that nobody guesses the limit is there to keep a broken client quiet, not to keep a key safe.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from cachetools import TTLCache

WINDOW: Final = 60.0
"""Seconds over which failures are counted, from the first of them."""
MOST_OF_ONE: Final = 10
MOST_IN_ALL: Final = 200
"""Failures of all addresses together; as many addresses are remembered."""
_ALL: Final = ""


@dataclass(slots=True)
class _Count:
    since: float
    failures: int = 0


class FailureLimit:
    """Counts wrong answers; `clock` is in seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: TTLCache[str, _Count] = TTLCache(maxsize=MOST_IN_ALL, ttl=WINDOW, timer=clock)
        self._all: TTLCache[str, _Count] = TTLCache(maxsize=1, ttl=WINDOW, timer=clock)

    def count(self, address: str) -> int | None:
        """Counts a failure of `address`; the seconds to wait when it is one too many, which is not counted."""
        own, overall = _count(self._counts, address, self._clock), _count(self._all, _ALL, self._clock)
        if own.failures >= MOST_OF_ONE:
            return self._wait(own)
        if overall.failures >= MOST_IN_ALL:
            return self._wait(overall)
        own.failures += 1
        overall.failures += 1
        return None

    def _wait(self, count: _Count) -> int:
        return max(1, ceil(count.since + WINDOW - self._clock()))


def _count(counts: TTLCache[str, _Count], name: str, clock: Callable[[], float]) -> _Count:
    count = counts.get(name)
    if count is None:
        count = counts[name] = _Count(clock())
    return count
