"""What is told of the rate budget, of repeats and of calls held back, and that telling changes nothing."""

import asyncio
from dataclasses import dataclass, field

import pytest

from adapters.errors import UpstreamHeldBack, UpstreamRefused, UpstreamSlow
from adapters.ports import Category
from adapters.rate_budget import RateBudget
from adapters.retry_quota import STOCK
from adapters.upstream_health import UpstreamHealth
from adapters.upstream_watch import Unwatched, WatchedBudget
from tests.adapters.fake_ports import Clock
from tests.adapters.virtual_time import in_virtual_time

TOO_FAST = UpstreamRefused(429, 429, "Try again later.", headers={"x-ratelimit-type": "QPS"})


@dataclass(slots=True)
class Notes:
    """A watch that writes down what it hears."""

    heard: list[tuple[object, ...]] = field(default_factory=list)

    def turn_taken(self, category: Category, *, seconds: float) -> None:
        """A turn."""
        self.heard.append(("taken", category, round(seconds, 1)))

    def turn_refused(self, category: Category, reason: str) -> None:
        """None."""
        self.heard.append(("refused", category, reason))

    def limit_met(self, category: Category, window: str) -> None:
        """A 429."""
        self.heard.append(("met", category, window))

    def repeat_decided(self, outcome: str) -> None:
        """A repeat."""
        self.heard.append(("repeat", outcome))

    def call_held_back(self) -> None:
        """A call unsent."""
        self.heard.append(("held back",))

    def call_joined(self) -> None:
        """A call that another one stands in for."""
        self.heard.append(("joined",))

    def fetched_ahead(self, outcome: str) -> None:
        """A page fetched ahead."""
        self.heard.append(("ahead", outcome))


def watched(notes: Notes) -> WatchedBudget:
    """A budget of five heavy calls a second."""
    clock = asyncio.get_running_loop().time
    return WatchedBudget(RateBudget("pro", 1.0, clock=clock), notes, clock=clock)


@in_virtual_time
async def test_turns_are_told_with_their_waits():
    """Also those in the background, which keep their smaller part; a cancelled one is not told."""
    notes, loop = Notes(), asyncio.get_running_loop()
    budget = watched(notes)
    deadline = loop.time() + 10
    for is_background in (True, True, False):
        await budget.take(Category.HEAVY, "account", deadline=deadline, asker="a", is_background=is_background)
    assert [0.0, 1.0, 0.0] == [seconds for _, _, seconds in notes.heard]
    leaving = asyncio.create_task(budget.take(Category.HEAVY, "account", deadline=deadline, is_background=True))
    await asyncio.sleep(0.1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert [("taken", Category.HEAVY)] * 3 == [told[:2] for told in notes.heard]


@in_virtual_time
async def test_askers_still_take_turns():
    """One with a single call passes another's many."""
    notes, order = Notes(), list[str]()
    budget = watched(notes)
    deadline = asyncio.get_running_loop().time() + 10

    async def ask(asker: str) -> None:
        await budget.take(Category.HEAVY, "account", deadline=deadline, asker=asker)
        order.append(asker)

    await asyncio.gather(*(ask(asker) for asker in "aaaaaaaaaab"))
    assert order.index("b") <= 7


@pytest.mark.parametrize(
    ("is_daily", "window", "within", "failure", "reason"),
    [
        pytest.param(False, "second", 12, UpstreamRefused, "held", id="held-by-the-second"),
        pytest.param(True, "day", 12, UpstreamRefused, "held", id="held-by-the-day"),
        pytest.param(True, "day", -1, UpstreamRefused, "held", id="held-and-late"),
    ],
)
@in_virtual_time
async def test_a_429_and_those_it_keeps_back_are_told(is_daily, window, within, failure, reason):
    """With what it was for; the failure is the budget's own."""
    notes, loop = Notes(), asyncio.get_running_loop()
    budget = watched(notes)
    budget.hold(Category.LIGHT, "account", seconds=100, refused=TOO_FAST, is_daily=is_daily)
    with pytest.raises(failure):
        await budget.take(Category.LIGHT, "account", deadline=loop.time() + within)
    assert [("met", Category.LIGHT, window), ("refused", Category.LIGHT, reason)] == notes.heard


@in_virtual_time
async def test_a_spent_day_slows_nothing_down_behind_a_watch():
    """The budget is told what a 429 was for."""
    loop = asyncio.get_running_loop()
    budget = watched(Notes())
    budget.hold(Category.HEAVY, "account", seconds=2, refused=TOO_FAST, is_daily=True)
    await asyncio.sleep(2)
    start = loop.time()
    for _ in range(5):
        await budget.take(Category.HEAVY, "account", deadline=start + 1)
    assert start == loop.time()


@in_virtual_time
async def test_a_turn_that_would_come_too_late_is_told():
    """And what the headers say is passed on to the budget."""
    notes, loop = Notes(), asyncio.get_running_loop()
    budget = watched(notes)
    budget.learn(Category.LIGHT, "account", {"x-ratelimit-limit": "1"})
    await budget.take(Category.LIGHT, "account", deadline=loop.time() + 0.5)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.LIGHT, "account", deadline=loop.time() + 0.5)
    assert [("taken", Category.LIGHT, 0.0), ("refused", Category.LIGHT, "slow")] == notes.heard


def test_repeats_and_calls_held_back_are_told():
    """The stock ends, then the throttle holds the next call back."""
    notes = Notes()
    health = UpstreamHealth(clock=Clock(), chance=lambda: 0.0, watch=notes)
    assert [True] * STOCK + [False] == [health.may_repeat() for _ in range(STOCK + 1)]
    for _ in range(100):
        health.failed()
    for _ in range(4):
        health.admit()
    with pytest.raises(UpstreamHeldBack):
        health.admit()
    assert [("repeat", "made")] * STOCK + [("repeat", "spent"), ("held back",)] == notes.heard


def test_nobody_need_listen():
    """A watch that hears nothing takes everything."""
    watch = Unwatched()
    watch.turn_taken(Category.LIGHT, seconds=0.25)
    watch.turn_refused(Category.HEAVY, "held")
    watch.limit_met(Category.HEAVY, "day")
    watch.repeat_decided("made")
    watch.call_held_back()
