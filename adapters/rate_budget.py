"""How often Zoom may be asked: the plan's limits, kept for each account and category apart.

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
from adapters.fair_line import FairLine
from adapters.pace import Pace
from adapters.ports import Category

Plan = Literal["pro", "business"]
Clock = Callable[[], float]

MOST_LANES = 1_024
"""Lanes remembered, one for each account and category; idle ones leave first, the longest unused foremost."""

BACKGROUND_PART = 4
"""One call in so many may be made in the background: a search that runs at full pace leaves three quarters of every
second and day to the programs that page through lists, which then slow down by no more than a third."""

_FINEST_SECONDS = 0.001
"""The bucket counts whole milliseconds: less than one more may change nothing for it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls Zoom allows in any second and, where it counts them, in any day."""

    second: int
    day: int | None = None

    def share_of(self, share: float) -> "Limit":
        """The limit that is ours when `share` of it is: rounded down, but never to nothing."""
        day = None if self.day is None else max(1, int(self.day * share))
        return Limit(max(1, int(self.second * share)), day)

    def rates(self, share: float) -> list[Rate]:
        """The windows to keep when `share` of the limit is ours."""
        ours = self.share_of(share)
        second = Rate(ours.second, Duration.SECOND)
        if ours.day is None:
            return [second]
        day = Rate(ours.day, Duration.DAY)
        return [second, day] if day.limit > second.limit else [day]


LIMITS: Mapping[Plan, Mapping[Category, Limit]] = MappingProxyType(
    {
        "pro": {Category.LIGHT: Limit(20), Category.MEDIUM: Limit(10), Category.HEAVY: Limit(5, 15_000)},
        "business": {Category.LIGHT: Limit(40), Category.MEDIUM: Limit(20), Category.HEAVY: Limit(10, 30_000)},
    }
)
"""Zoom's limits for Phone (semantics 7, "Phone limits (Pro / Business+)")."""


class RateBudget:
    """One turn for each call: within an account's category askers take turns, each of them first come first served.

    Calls in the background have a line of their own: they go when nobody else waits, and never faster than
    `BACKGROUND_PART` allows.

    `clock` is the running loop's own (`loop.time`): deadlines are its moments. `share` is the part of Zoom's
    limits this service may use; above 1 only against a stand-in.
    """

    def __init__(self, plan: Plan, share: float, *, clock: Clock) -> None:
        self._limits = LIMITS[plan]
        self._share = share
        self._clock = clock
        self._lanes: OrderedDict[tuple[str, Category], _Lane] = OrderedDict()

    async def take(
        self, category: Category, lane: str, *, deadline: float, asker: str = "", is_background: bool = False
    ) -> None:
        """Waits for the turn of one call and spends it; in the background, behind all calls somebody waits for.

        `lane` names those whom Zoom counts together, `asker` the one of them who calls.

        Raises `UpstreamSlow` as soon as it is plain that the turn cannot come before `deadline`, and the 429 that
        holds the lane back when that lasts longer than `deadline`. A waiter that is cancelled gives its turn back.
        """
        try:
            async with asyncio.timeout_at(deadline):
                return await self._lane(category, lane).turn(deadline, asker=asker, is_background=is_background)
        except TimeoutError:
            pass  # raised below, free of the timeout's own chain of exceptions
        raise UpstreamSlow("no turn before the deadline")

    def hold(
        self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused, is_daily: bool = False
    ) -> None:
        """Lets no call of that lane and category through for `seconds`, because of that 429.

        One for the second's limit was not earned here: others are at work, and the lane goes slower for a while.
        """
        self._lane(category, lane).hold(self._clock() + seconds, refused, is_daily=is_daily)

    def learn(self, category: Category, lane: str, headers: Mapping[str, str]) -> None:
        """Takes a lower limit a second than the plan's from the rate headers of an answer, by lower-case name."""
        told = headers.get("x-ratelimit-limit", "")
        if headers.get("x-ratelimit-type", "QPS").casefold() == "qps" and told.isdecimal() and 0 < len(told) < 10:
            self._lane(category, lane).learn(min(int(told), self._limits[category].second) * self._share)

    def _lane(self, category: Category, name: str) -> "_Lane":
        key = name, category
        lane = self._lanes.get(key)
        if lane is None:
            self._make_room()
            lane = self._lanes[key] = _Lane(self._limits[category].rates(self._share), self._clock)
        self._lanes.move_to_end(key)
        return lane

    def _make_room(self) -> None:
        """Forgets one idle lane when there are too many; a busy one stays, or its callers would count twice."""
        if len(self._lanes) >= MOST_LANES:
            idle = next((key for key, lane in self._lanes.items() if lane.is_idle), None)
            if idle is not None:
                del self._lanes[idle]


class _Lane:
    """The calls Zoom counts together, of one category."""

    def __init__(self, rates: Sequence[Rate], clock: Clock) -> None:
        self._spent = _Spent(rates, clock)
        self._spent_behind = _Spent(_in_background(rates), clock)
        self._pace = Pace(rates[0].limit * Duration.SECOND / rates[0].interval)
        self._front, self._behind = FairLine(), FairLine()
        self._clock = clock
        self._held_until = 0.0
        self._refused: UpstreamRefused | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits here."""
        return not (len(self._front) or len(self._behind))

    def hold(self, until: float, refused: UpstreamRefused, *, is_daily: bool) -> None:
        if not is_daily:
            self._pace.refused(self._clock())
        if until > self._held_until:
            self._held_until, self._refused = until, refused

    def learn(self, per_second: float) -> None:
        self._pace.learnt(max(1.0, per_second), self._clock())

    async def turn(self, deadline: float, *, asker: str, is_background: bool) -> None:
        line, next_moment = (self._behind, self._next_behind) if is_background else (self._front, self._next_in_front)
        self._check_fits(self._soonest(ahead=line.ahead_of(asker), is_background=is_background), deadline)
        async with line.at_head(asker):
            while (moment := next_moment()) is not None:
                self._check_fits(moment, deadline)
                await asyncio.sleep(max(moment - self._clock(), _FINEST_SECONDS))

    def _next_in_front(self) -> float | None:
        """When the head should try again, or None: its turn has come and is spent."""
        moment = self._soonest(ahead=0, is_background=False)
        return None if moment <= self._clock() and self._goes() else moment

    def _next_behind(self) -> float | None:
        """The same for the head of the background line, which lets everybody in front go first."""
        moment = self._soonest(ahead=0, is_background=True)
        if len(self._front) or moment > self._clock() or not self._goes():
            return moment
        self._spent_behind.spend()
        return None

    def _goes(self) -> bool:
        """Whether a call goes now, which is then spent."""
        if not self._spent.spend():
            return False
        self._pace.went(self._clock())
        return True

    def _soonest(self, *, ahead: int, is_background: bool) -> float:
        """The earliest moment a call with `ahead` others before it in its own line can go."""
        soonest = self._spent.soonest(ahead=len(self._front) if is_background else ahead)
        if is_background:
            soonest = max(soonest, self._spent_behind.soonest(ahead=ahead))
        return max(soonest, self._held_until, self._pace.next_moment(self._clock()))

    def _check_fits(self, moment: float, deadline: float) -> None:
        now = self._clock()
        if self._refused is not None and self._held_until > max(now, deadline):
            raise _with_wait(self._refused, ceil(self._held_until - now))
        if moment > deadline:
            raise UpstreamSlow("no turn before the deadline")


class _Spent:
    """The calls that went of late, in windows that hold so many each."""

    def __init__(self, rates: Sequence[Rate], clock: Clock) -> None:
        self._bucket = InMemoryBucket(list(rates))
        self._clock = clock

    def spend(self) -> bool:
        """Counts a call that goes now; False when a window is full."""
        now = self._milliseconds()
        self._bucket.leak(now)
        return bool(self._bucket.put(RateItem("call", now)))

    def soonest(self, *, ahead: int) -> float:
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
        return soonest / 1_000

    def _milliseconds(self) -> int:
        return int(self._clock() * 1_000)


def _in_background(rates: Sequence[Rate]) -> list[Rate]:
    """The background's part of each window; of a window that holds too few, one call in a longer one."""
    parts = [
        Rate(part, rate.interval)
        if (part := rate.limit // BACKGROUND_PART)
        else Rate(1, ceil(rate.interval * BACKGROUND_PART / rate.limit))
        for rate in rates
    ]
    return parts if parts[0].limit < parts[-1].limit else parts[-1:]


def _with_wait(refused: UpstreamRefused, seconds: int) -> UpstreamRefused:
    """That 429 once more, with the wait that is left; a `Retry-After` that names a moment is true still."""
    headers = dict(refused.headers)
    if ":" not in headers.get("retry-after", ""):
        headers["retry-after"] = str(seconds)
    return UpstreamRefused(refused.status, refused.code, refused.message, headers=MappingProxyType(headers))
