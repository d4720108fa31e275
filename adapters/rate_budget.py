"""How often Zoom may be asked: the plan's limits, kept for each credential and category apart.

Knows the limits, the order of those who wait and what a 429 holds back; refuses to know HTTP and never makes a
call. Of pyrate-limiter it uses the bucket (exact sliding windows, exact waits), not the `Limiter`: that one sleeps
until the deadline even when the turn cannot come before it, and measures by a clock of its own.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Literal

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.ports import Category

Plan = Literal["pro", "business"]
Clock = Callable[[], float]

MOST_LANES = 1_024
"""Lanes remembered, one for each credential and category; idle ones leave first, the longest unused foremost."""

_FINEST_SECONDS = 0.001
"""The bucket counts whole milliseconds: less than one more may change nothing for it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls Zoom allows in any second and, where it counts them, in any day."""

    second: int
    day: int | None = None

    def rates(self, share: float) -> list[Rate]:
        """The windows to keep when `share` of the limit is ours: rounded down, but never to nothing."""
        second = Rate(max(1, int(self.second * share)), Duration.SECOND)
        if self.day is None:
            return [second]
        day = Rate(max(1, int(self.day * share)), Duration.DAY)
        return [second, day] if day.limit > second.limit else [day]


LIMITS: Mapping[Plan, Mapping[Category, Limit]] = MappingProxyType(
    {
        "pro": {Category.LIGHT: Limit(20), Category.MEDIUM: Limit(10), Category.HEAVY: Limit(5, 15_000)},
        "business": {Category.LIGHT: Limit(40), Category.MEDIUM: Limit(20), Category.HEAVY: Limit(10, 30_000)},
    }
)
"""Zoom's limits for Phone (semantics 7, "Phone limits (Pro / Business+)")."""


class RateBudget:
    """One turn for each call, first come first served within a credential and category.

    `clock` is the running loop's own (`loop.time`): deadlines are its moments. `share` is the part of Zoom's
    limits this service may use; above 1 only against a stand-in.
    """

    def __init__(self, plan: Plan, share: float, *, clock: Clock) -> None:
        self._limits = LIMITS[plan]
        self._share = share
        self._clock = clock
        self._lanes: OrderedDict[tuple[str, Category], _Lane] = OrderedDict()

    async def take(self, category: Category, caller_key: str, *, deadline: float) -> None:
        """Waits for the turn of one call and spends it.

        Raises `UpstreamSlow` as soon as it is plain that the turn cannot come before `deadline`, and the 429 that
        holds the lane back when that lasts longer than `deadline`. A waiter that is cancelled gives its turn back.
        """
        try:
            async with asyncio.timeout_at(deadline):
                return await self._lane(category, caller_key).turn(deadline)
        except TimeoutError:
            pass  # raised below, free of the timeout's own chain of exceptions
        raise UpstreamSlow("no turn before the deadline")

    def hold(self, category: Category, caller_key: str, *, seconds: float, refused: UpstreamRefused) -> None:
        """Lets no call of that credential and category through for `seconds`, because of that 429."""
        self._lane(category, caller_key).hold(self._clock() + seconds, refused)

    def _lane(self, category: Category, caller_key: str) -> "_Lane":
        key = caller_key, category
        lane = self._lanes.get(key)
        if lane is None:
            self._make_room()
            lane = self._lanes[key] = _Lane(self._limits[category].rates(self._share), self._clock)
        self._lanes.move_to_end(key)
        return lane

    def _make_room(self) -> None:
        """Forgets one idle lane when there are too many; a busy one stays, or its callers would count twice."""
        if len(self._lanes) >= MOST_LANES:
            idle = next((key for key, lane in self._lanes.items() if not lane.waiting), None)
            if idle is not None:
                del self._lanes[idle]


class _Lane:
    """The calls of one credential in one category."""

    def __init__(self, rates: Sequence[Rate], clock: Clock) -> None:
        self.waiting = 0
        self._bucket = InMemoryBucket(list(rates))
        self._order = asyncio.Lock()
        self._clock = clock
        self._held_until = 0.0
        self._refused: UpstreamRefused | None = None

    def hold(self, until: float, refused: UpstreamRefused) -> None:
        if until > self._held_until:
            self._held_until, self._refused = until, refused

    async def turn(self, deadline: float) -> None:
        self._check_fits(self._soonest(ahead=self.waiting), deadline)
        self.waiting += 1
        try:
            # asyncio's lock serves waiters in order and drops cancelled ones; its holder is the head of the lane.
            async with self._order:
                while (moment := self._next_moment()) is not None:
                    self._check_fits(moment, deadline)
                    await asyncio.sleep(max(moment - self._clock(), _FINEST_SECONDS))
        finally:
            self.waiting -= 1

    def _next_moment(self) -> float | None:
        """When the head should try again, or None: its turn has come and is spent."""
        if self._held_until > self._clock():
            return self._held_until
        now = self._milliseconds()
        self._bucket.leak(now)
        return None if self._bucket.put(RateItem("call", now)) else self._soonest(ahead=0)

    def _soonest(self, *, ahead: int) -> float:
        """The earliest moment a call with `ahead` others before it can go.

        Exact for the head; behind it a lower bound, because each window is looked at alone.
        """
        now = self._milliseconds()
        soonest = now
        for rate in self._bucket.rates:
            rounds, place = divmod(ahead, rate.limit)
            blocking = self._bucket.peek(rate.limit - 1 - place)
            free = now if blocking is None else blocking.timestamp + rate.interval + 1
            soonest = max(soonest, max(now, free) + rounds * (rate.interval + 1))
        return max(soonest / 1_000, self._held_until)

    def _check_fits(self, moment: float, deadline: float) -> None:
        now = self._clock()
        if self._refused is not None and self._held_until > max(now, deadline):
            raise _with_wait(self._refused, ceil(self._held_until - now))
        if moment > deadline:
            raise UpstreamSlow("no turn before the deadline")

    def _milliseconds(self) -> int:
        return int(self._clock() * 1_000)


def _with_wait(refused: UpstreamRefused, seconds: int) -> UpstreamRefused:
    """That 429 once more, with the wait that is left; a `Retry-After` that names a moment is true still."""
    headers = dict(refused.headers)
    if ":" not in headers.get("retry-after", ""):
        headers["retry-after"] = str(seconds)
    return UpstreamRefused(refused.status, refused.code, refused.message, headers=MappingProxyType(headers))
