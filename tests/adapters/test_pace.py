"""How fast a lane goes when others use up its account's limits, or Zoom's limit is lower than the plan's."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import UpstreamRefused
from adapters.pace import KEPT, LEARNT_FOR, LEAST, Pace
from adapters.ports import Category
from adapters.rate_budget import RateBudget
from tests.adapters.virtual_time import in_virtual_time

TOO_FAST = UpstreamRefused(429, 429, "Try again later.", headers={"x-ratelimit-type": "QPS"})


def gap(pace: Pace, now: float) -> float:
    """Seconds between two calls."""
    pace.went(now)
    return pace.next_moment(now) - now


def test_a_full_pace_asks_for_no_gap():
    """The windows alone decide."""
    assert 0 == gap(Pace(20), 100.0)


def test_a_refusal_halves_the_pace_and_time_doubles_it():
    """Step by step until it is full again."""
    pace = Pace(20)
    pace.refused(100.0)
    assert 1 / 10 == pytest.approx(gap(pace, 100.0))
    pace.refused(102.0)
    assert 1 / 5 == pytest.approx(gap(pace, 102.0))
    assert 1 / 10 == pytest.approx(gap(pace, 102.0 + KEPT))
    assert 0 == gap(pace, 102.0 + 2 * KEPT)


def test_many_refusals_at_once_count_once():
    """They are one surprise."""
    pace = Pace(20)
    for place in range(9):
        pace.refused(100.0 + place / 10)
    assert 1 / 10 == pytest.approx(gap(pace, 101.0))


@given(st.lists(st.floats(0, 5), max_size=60))
def test_it_never_stands_still(waits):
    """However often it is refused."""
    pace, now = Pace(20), 0.0
    for wait in waits:
        now += wait
        pace.refused(now)
        assert gap(pace, now) <= 1 / (20 * LEAST) + 1e-6


def test_a_lower_limit_is_believed_for_an_hour():
    """A higher one changes nothing."""
    pace = Pace(20)
    pace.learnt(5, 100.0)
    assert 1 / 5 == pytest.approx(gap(pace, 100.0))
    assert 0 == gap(pace, 100.0 + LEARNT_FOR)
    pace.learnt(50, 100.0)
    assert 0 == gap(pace, 100.0)


async def moments(budget: RateBudget, count: int) -> list[float]:
    """When each of `count` light calls went, from now on."""
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def take() -> float:
        await budget.take(Category.LIGHT, "account", deadline=start + 100)
        return loop.time() - start

    return sorted(await asyncio.gather(*(take() for _ in range(count))))


@in_virtual_time
async def test_after_a_429_a_lane_goes_at_half_its_rate():
    """Of its own category alone."""
    budget = RateBudget("pro", 1.0, clock=asyncio.get_running_loop().time)
    budget.hold(Category.LIGHT, "account", seconds=1, refused=TOO_FAST)
    light = await moments(budget, 21)
    assert 1 + 20 / 10 == pytest.approx(light[-1], abs=0.1)
    start = asyncio.get_running_loop().time()
    for _ in range(10):
        await budget.take(Category.MEDIUM, "account", deadline=start + 5)
    assert start == asyncio.get_running_loop().time()


@in_virtual_time
async def test_a_spent_day_slows_nothing_down():
    """It holds, and when it is over the pace is the old one."""
    budget = RateBudget("pro", 1.0, clock=asyncio.get_running_loop().time)
    budget.hold(Category.LIGHT, "account", seconds=1, refused=TOO_FAST, is_daily=True)
    assert 1 == pytest.approx((await moments(budget, 20))[-1], abs=0.1)


@pytest.mark.parametrize(
    ("headers", "slow"),
    [
        ({"x-ratelimit-limit": "10", "x-ratelimit-type": "QPS"}, True),
        ({"x-ratelimit-limit": "10"}, True),
        ({"x-ratelimit-limit": "0"}, True),
        ({"x-ratelimit-limit": "20"}, False),
        ({"x-ratelimit-limit": "40"}, False),
        ({"x-ratelimit-limit": "10", "x-ratelimit-type": "Daily-limit"}, False),
        ({"x-ratelimit-limit": "many"}, False),
        ({"x-ratelimit-limit": "\u0661\u0660"}, True),
        ({"x-ratelimit-limit": "9" * 99}, False),
        ({"x-ratelimit-limit": "-5"}, False),
        ({}, False),
    ],
)
@in_virtual_time
async def test_what_zoom_says_of_its_limit_is_heard_when_it_is_lower(headers, slow):
    """Never a higher one, and no nonsense."""
    budget = RateBudget("pro", 1.0, clock=asyncio.get_running_loop().time)
    budget.learn(Category.LIGHT, "account", headers)
    assert slow == ((await moments(budget, 20))[-1] > 0.5)
