"""The calls that went of late, in exact sliding windows: whether one more fits, and when the next one will.

Of pyrate-limiter it uses the bucket (exact windows, exact waits), not the `Limiter`: that one sleeps until the deadline
even when the turn cannot come before it, and measures by a clock of its own. Refuses to know whose calls they are.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final

from pyrate_limiter import InMemoryBucket, Rate, RateItem

BACKGROUND_PART: Final = 4
"""One call in so many may be made in the background: a search that runs at full pace leaves three quarters of every
second and day to the programs that page through lists, which then slow down by no more than a third."""


class Spent:
    """The calls that went of late, in windows that hold so many each."""

    def __init__(self, rates: Sequence[Rate], clock: Callable[[], float]) -> None:
        self._bucket = InMemoryBucket(list(rates))
        self._clock = clock

    def spend(self, parts: int = 1) -> bool:
        """Counts a call that goes now; False when a window, or our part of it, is full."""
        now = self._milliseconds()
        if parts > 1 and self.soonest(ahead=0, parts=parts) * 1_000 > now:
            return False
        self._bucket.leak(now)
        return bool(self._bucket.put(RateItem("call", now)))

    def soonest(self, *, ahead: int, parts: int = 1) -> float:
        """The earliest moment a call with `ahead` others before it can go, by one of `parts` of every window.

        Exact for the head; behind it a lower bound, because each window is looked at alone.
        """
        now = self._milliseconds()
        soonest = now
        for rate in self._bucket.rates:
            limit = max(1, rate.limit // parts)
            rounds, place = divmod(ahead, limit)
            blocking = self._bucket.peek(limit - 1 - place)
            free = now if blocking is None else blocking.timestamp + rate.interval + 1
            soonest = max(soonest, max(now, free) + rounds * (rate.interval + 1))
        return soonest / 1_000

    def _milliseconds(self) -> int:
        return int(self._clock() * 1_000)


def in_background(rates: Sequence[Rate]) -> list[Rate]:
    """The background's part of each window; of a window that holds too few, one call in a longer one."""
    parts = [
        Rate(part, rate.interval)
        if (part := rate.limit // BACKGROUND_PART)
        else Rate(1, ceil(rate.interval * BACKGROUND_PART / rate.limit))
        for rate in rates
    ]
    return parts if parts[0].limit < parts[-1].limit else parts[-1:]
