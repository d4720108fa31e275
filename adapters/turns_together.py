"""A lane's turns among those of all replicas: one for whoever is at its head, and some for those who wait behind.

Refuses to know who waits, and where the turns of all are counted.
"""

from collections.abc import Callable, Sequence
from typing import Final

from pyrate_limiter import Duration, Rate

from adapters.ports import Category
from adapters.shared_windows import FRESH, SharedTurn, SharedWindows

MOST_AT_ONCE: Final = 8
"""Turns that are spent at once: a page of thirty then asks four times and not thirty."""


class TurnsTogether:
    """What replicas share of one lane. Turns that are not used within `FRESH` seconds are lost."""

    def __init__(self, windows: SharedWindows, category: Category, lane: str, *, clock: Callable[[], float]) -> None:
        self.windows = windows
        self._category = category
        self._lane = lane
        self._clock = clock
        self._kept, self._kept_until = 0, 0.0

    async def take(self, rates: Sequence[Rate], *, per_second: float, waiting: int) -> SharedTurn | None:
        """A turn within the lane's windows at its present pace; None when nobody can tell.

        `waiting` is how many could go at once, whoever asks included.
        """
        if self._kept and self._clock() < self._kept_until:
            self._kept -= 1
            return SharedTurn()
        paced = max(1, int(per_second))
        limits = [
            (min(rate.limit, paced) if rate.interval == Duration.SECOND else rate.limit, rate.interval)
            for rate in rates
        ]
        at_most = max(1, min(MOST_AT_ONCE, waiting))
        turn = await self.windows.spend(self._category, self._lane, limits, at_most=at_most)
        if turn is not None and turn.calls > 1:
            self._kept, self._kept_until = turn.calls - 1, self._clock() + FRESH
        return turn
