"""How often Zoom may be asked: the plan's limits, kept for each account and category apart.

Knows the limits, the order of those who wait and what a 429 holds back; refuses to know HTTP and never makes a
call. What has gone of late is in `adapters.spent`, and that of all replicas wherever `SharedWindows` has it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Literal

from pyrate_limiter import Duration, Rate

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.fair_line import FairLine
from adapters.pace import Pace
from adapters.ports import Category
from adapters.retry_after import UNSTATED_DAILY_WAIT_SECONDS, wait_seconds
from adapters.shared_windows import SharedTurn, SharedWindows
from adapters.spent import Spent, in_background
from adapters.turns_together import TurnsTogether
from contracts.legacy.errors import DAY_SPENT

Plan = Literal["pro", "business"]
Clock = Callable[[], float]

MOST_LANES = 1_024
"""Lanes remembered, one for each account and category; idle ones leave first, the longest unused foremost."""

MOST_WAITING = 4_096
"""Calls that wait in one lane; the deadlines of a dozen programs at full pace leave fewer."""

_BEHIND_SECONDS = 0.02
"""How long the background looks away while somebody is in front."""
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
    `adapters.spent.BACKGROUND_PART` allows.

    `clock` is the running loop's own (`loop.time`): deadlines are its moments. `share` is the part of Zoom's
    limits this service may use; above 1 only against a stand-in. With `shared` it is the part of all replicas together;
    whose turn it is within each of them is decided here.
    """

    def __init__(self, plan: Plan, share: float, *, clock: Clock, shared: SharedWindows | None = None) -> None:
        self._limits = LIMITS[plan]
        self._share = share
        self._clock = clock
        self._shared = shared
        self._lanes: OrderedDict[tuple[str, Category], _Lane] = OrderedDict()

    async def take(
        self, category: Category, lane: str, *, deadline: float, asker: str = "", is_background: bool = False
    ) -> None:
        """Waits for the turn of one call and spends it; in the background, behind all calls somebody waits for.

        `lane` names those whom Zoom counts together, `asker` the one of them who calls.

        Raises `UpstreamSlow` as soon as it is plain that the turn cannot come before `deadline`, and the 429 that
        holds the lane back when that lasts longer than `deadline`. A waiter that is cancelled gives its turn back. One
        that would be too many in its lane is too slow at once.
        """
        found = self._lane(category, lane)
        if found.goes_at_once(deadline, is_background=is_background):
            return
        try:
            async with asyncio.timeout_at(deadline):
                return await found.turn(deadline, asker=asker, is_background=is_background)
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
        if self._shared is not None:
            self._shared.hold(category, lane, seconds=seconds, refused=refused)

    def learn(self, category: Category, lane: str, headers: Mapping[str, str]) -> None:
        """Takes a lower limit a second than the plan's from an answer's headers, looked up by lower-case name.

        A day of which nothing is left holds the lane as the 429 that the next call would get. Whichever category the
        headers name, they are true for the calls that get them; what is left of a second is gone before it is read.
        """
        told = headers.get("x-ratelimit-limit", "")
        kind = headers.get("x-ratelimit-type", "QPS").casefold()
        if kind == "qps" and told.isdecimal() and 0 < len(told) < 10:
            self._lane(category, lane).learn(min(int(told), self._limits[category].second) * self._share)
        if kind == "daily-limit" and headers.get("x-ratelimit-remaining") == "0":
            wait = wait_seconds(headers.get("retry-after"), headers.get("date")) or UNSTATED_DAILY_WAIT_SECONDS
            self.hold(category, lane, seconds=wait, refused=_day_spent(), is_daily=True)

    def _lane(self, category: Category, name: str) -> "_Lane":
        key = name, category
        lane = self._lanes.get(key)
        if lane is None:
            self._make_room()
            shared = self._shared
            together = None if shared is None else TurnsTogether(shared, category, name, clock=self._clock)
            lane = self._lanes[key] = _Lane(self._limits[category].rates(self._share), self._clock, together)
        self._lanes.move_to_end(key)
        return lane

    def _make_room(self) -> None:
        """Forgets one idle lane when there are too many, one that no 429 holds where there is one.

        A busy one stays, or its callers would count twice.
        """
        if len(self._lanes) >= MOST_LANES:
            idle = [key for key, lane in self._lanes.items() if lane.is_idle]
            for key in [*(key for key in idle if not self._lanes[key].is_held), *idle][:1]:
                del self._lanes[key]


class _Lane:
    """The calls Zoom counts together, of one category."""

    def __init__(self, rates: Sequence[Rate], clock: Clock, together: TurnsTogether | None) -> None:
        self._rates = rates
        self._together = together
        self._spent = Spent(rates, clock)
        self._spent_behind = Spent(in_background(rates), clock)
        self._pace = Pace(rates[0].limit * Duration.SECOND / rates[0].interval)
        self._front, self._behind = FairLine(), FairLine()
        self._clock = clock
        self._held_until = 0.0
        self._refused: UpstreamRefused | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits here."""
        return not (len(self._front) or len(self._behind))

    @property
    def is_held(self) -> bool:
        """Whether a 429 keeps its calls back."""
        return self._held_until > self._clock()

    def hold(self, until: float, refused: UpstreamRefused, *, is_daily: bool) -> None:
        if not is_daily:
            self._pace.refused(self._clock())
        if until >= self._held_until:  # of two that last as long, the later one is Zoom's own
            self._held_until, self._refused = until, refused

    def learn(self, per_second: float) -> None:
        self._pace.learnt(max(1.0, per_second), self._clock())

    def goes_at_once(self, deadline: float, *, is_background: bool) -> bool:
        """Whether a call went without a wait, as nearly all do; where replicas count together, none does."""
        if self._together is not None or not self.is_idle:
            return False
        is_time = self._soonest(ahead=0, is_background=is_background) <= self._clock() <= deadline
        return is_time and self._goes(is_background=is_background)

    async def turn(self, deadline: float, *, asker: str, is_background: bool) -> None:
        line = self._behind if is_background else self._front
        if len(self._front) + len(self._behind) >= MOST_WAITING:
            raise UpstreamSlow("too many wait")
        self._check_fits(self._soonest(ahead=line.ahead_of(asker), is_background=is_background), deadline)
        async with line.at_head(asker):
            while (moment := await self._try(is_background=is_background)) is not None:
                self._check_fits(moment, deadline)
                await asyncio.sleep(max(moment - self._clock(), _FINEST_SECONDS))

    async def _try(self, *, is_background: bool) -> float | None:
        """When the head should try again, or None: its turn has come and is spent."""
        moment = self._soonest(ahead=0, is_background=is_background)
        # The background lets everybody in front go first.
        if is_background and len(self._front):
            return max(moment, self._clock() + _BEHIND_SECONDS)
        if moment > self._clock():
            return moment
        if self._together is None:
            return None if self._goes(is_background=is_background) else moment
        now = self._clock()
        waiting = len(self._front) if self._pace.is_full(now) else 1
        turn = await self._together.take(self._rates, per_second=self._pace.per_second(now), waiting=waiting)
        if turn is not None and turn.wait > 0:
            return self._waits(turn)
        if turn is None and (unsure := self._together.windows.unsure_for()) > 0:
            return self._clock() + unsure
        # What was spent with the others is ours, whatever else went here meanwhile.
        return None if self._goes(is_background=is_background) or turn is not None else moment

    def _waits(self, turn: SharedTurn) -> float:
        """When the head should try again by what all replicas have spent, and by the 429 one of them got."""
        until = self._clock() + turn.wait
        if turn.refused is not None and until >= self._held_until:
            self._held_until, self._refused = until, turn.refused
        return until

    def _goes(self, *, is_background: bool) -> bool:
        """Whether a call goes now, which is then spent."""
        if not self._spent.spend(self._parts):
            return False
        if is_background:
            self._spent_behind.spend()
        self._pace.went(self._clock())
        return True

    @property
    def _parts(self) -> int:
        """Among how many replicas the limits are divided, where they cannot be counted together."""
        return 1 if self._together is None else self._together.windows.parts()

    def _soonest(self, *, ahead: int, is_background: bool) -> float:
        """The earliest moment a call with `ahead` others before it in its own line can go."""
        soonest = self._spent.soonest(ahead=len(self._front) if is_background else ahead, parts=self._parts)
        if is_background:
            soonest = max(soonest, self._spent_behind.soonest(ahead=ahead))
        return max(soonest, self._held_until, self._pace.next_moment(self._clock()))

    def _check_fits(self, moment: float, deadline: float) -> None:
        now = self._clock()
        if self._refused is not None and self._held_until > max(now, deadline):
            raise _with_wait(self._refused, ceil(self._held_until - now))
        if moment > deadline:
            raise UpstreamSlow("no turn before the deadline")


def _day_spent() -> UpstreamRefused:
    """The 429 that Zoom would answer next."""
    headers = {"x-ratelimit-type": "Daily-limit", "x-ratelimit-remaining": "0"}
    return UpstreamRefused(DAY_SPENT.status, DAY_SPENT.code, DAY_SPENT.message, headers=headers)


def _with_wait(refused: UpstreamRefused, seconds: int) -> UpstreamRefused:
    """That 429 once more, with the wait that is left; a `Retry-After` that names a moment is true still."""
    headers = dict(refused.headers)
    if ":" not in headers.get("retry-after", ""):
        headers["retry-after"] = str(seconds)
    return UpstreamRefused(refused.status, refused.code, refused.message, headers=MappingProxyType(headers))
