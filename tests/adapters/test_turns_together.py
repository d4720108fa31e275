"""Turns among those of all replicas: several are asked for at once when several wait, and none is used late."""

import asyncio
from collections.abc import Sequence

import pytest
from pyrate_limiter import Duration, Rate

from adapters.errors import UpstreamRefused
from adapters.ports import Category
from adapters.rate_budget import RateBudget
from adapters.shared_windows import FRESH, SharedTurn
from adapters.turns_together import MOST_AT_ONCE, TurnsTogether
from tests.adapters.virtual_time import in_virtual_time

RATES = [Rate(10, Duration.SECOND)]
LIGHT = Category.LIGHT


class Windows:
    """Windows in which everything has room, or `room` turns; what was asked for is noted."""

    def __init__(self, *, room: int = 1_000, seconds: float = 0.0) -> None:
        self.room = room
        self.seconds = seconds
        self.asked: list[int] = []
        self.limits: list[tuple[int, int]] = []

    async def spend(
        self, category: Category, lane: str, limits: Sequence[tuple[int, int]], *, at_most: int = 1
    ) -> SharedTurn | None:
        """Spends them after the seconds a round trip takes."""
        self.asked.append(at_most)
        self.limits = list(limits)
        await asyncio.sleep(self.seconds)
        calls = min(at_most, self.room)
        self.room -= calls
        return SharedTurn(calls=calls) if calls else SharedTurn(wait=1.0)

    def hold(self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused) -> None:
        """Nobody else is there."""

    def unsure_for(self) -> float:
        """They are always there."""
        return 0.0

    def parts(self) -> int:
        """They are filled together."""
        return 1


def budget(windows: Windows) -> RateBudget:
    """A budget of 32 light calls a second, shared by these windows."""
    return RateBudget("business", 0.8, clock=asyncio.get_running_loop().time, shared=windows)


async def take(budget: RateBudget, count: int, *, is_background: bool = False) -> None:
    """So many turns at once."""
    deadline = asyncio.get_running_loop().time() + 60
    await asyncio.gather(
        *(budget.take(LIGHT, "lane", deadline=deadline, is_background=is_background) for _ in range(count))
    )


@in_virtual_time
async def test_who_waits_behind_is_asked_for_too():
    """Thirty calls of a page cost five round trips: one for the first, and eight turns at a time for the others."""
    windows = Windows(seconds=0.001)
    await take(budget(windows), 30)
    assert [1, 8, 8, 8, 5] == windows.asked


@in_virtual_time
async def test_no_more_is_spent_than_is_used():
    """Turns are asked for those alone who wait; the windows count each once."""
    windows = Windows(seconds=0.001)
    await take(budget(windows), 5)
    assert 1_000 - 5 == windows.room


@in_virtual_time
async def test_a_slowed_lane_asks_for_one_at_a_time():
    """Turns that its pace would let go only later would be lost to everybody."""
    windows = Windows(seconds=0.001)
    slowed = budget(windows)
    slowed.hold(LIGHT, "lane", seconds=0, refused=UpstreamRefused(429, 429, "Slower."))
    await take(slowed, 5)
    assert {1} == set(windows.asked)
    assert [(16, 1_000)] == windows.limits


@in_virtual_time
async def test_the_background_asks_for_one_at_a_time():
    """It goes far slower than that."""
    windows = Windows(seconds=0.001)
    await take(budget(windows), 3, is_background=True)
    assert {1} == set(windows.asked)


@in_virtual_time
async def test_a_turn_kept_too_long_is_lost():
    """The windows are longer by as much as a turn may be kept, and by no more."""
    windows = Windows()
    turns = TurnsTogether(windows, LIGHT, "lane", clock=asyncio.get_running_loop().time)
    await turns.take(RATES, per_second=10, waiting=3)
    await turns.take(RATES, per_second=10, waiting=3)
    await asyncio.sleep(FRESH)
    await turns.take(RATES, per_second=10, waiting=1)
    assert [3, 1] == windows.asked


@pytest.mark.parametrize(("waiting", "asked"), [(0, 1), (1, 1), (MOST_AT_ONCE + 1, MOST_AT_ONCE)])
async def test_turns_at_once_are_bounded(waiting: int, asked: int) -> None:
    """At least one, and never a burst that another replica's calls would have to wait for."""
    windows = Windows()
    await TurnsTogether(windows, LIGHT, "lane", clock=lambda: 0.0).take(RATES, per_second=10, waiting=waiting)
    assert [asked] == windows.asked


async def test_fewer_turns_than_asked_for_are_used_as_they_are() -> None:
    """A window that is nearly full gives what it has; then whoever is at the head is told to wait."""
    windows = Windows(room=2)
    turns = TurnsTogether(windows, LIGHT, "lane", clock=lambda: 0.0)
    waits = [(await turns.take(RATES, per_second=10, waiting=5) or SharedTurn()).wait for _ in range(3)]
    assert [0, 0, 1.0] == waits
