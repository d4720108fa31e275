"""Calls in the background: a quarter of the rate at most, and never in front of one somebody waits for."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.ports import Category
from adapters.rate_budget import MOST_LANES, RateBudget
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import CALL, GOOD, against

A_DAY = 86_400.0
FOREVER = 1e9
REFUSED = UpstreamRefused(429, 429, "Try again later.", headers={})


def budget_now(*, share=1.0) -> RateBudget:
    """A fresh budget of the smaller plan on the running loop's clock."""
    return RateBudget("pro", share, clock=asyncio.get_running_loop().time)


async def moments(budget, count, *, category=Category.LIGHT, deadline=FOREVER, is_background=True) -> list[float]:
    """When each of `count` calls that ask at once is let through."""
    times: list[float] = []

    async def one() -> None:
        await budget.take(category, "a", deadline=deadline, is_background=is_background)
        times.append(asyncio.get_running_loop().time())

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    return times


def most_in_any(seconds: float, times: list[float]) -> int:
    """The fullest window of that length."""
    return max((sum(start <= time < start + seconds for time in times) for start in times), default=0)


@pytest.mark.parametrize(
    ("category", "share", "expected", "window"),
    [
        (Category.LIGHT, 1.0, 5, 1.0),
        (Category.MEDIUM, 1.0, 2, 1.0),
        (Category.HEAVY, 0.8, 1, 1.0),
        (Category.HEAVY, 0.4, 1, 2.0),
        (Category.HEAVY, 0.2, 1, 4.0),
        (Category.LIGHT, 50.0, 250, 1.0),
    ],
)
@in_virtual_time
async def test_a_quarter_goes_in_the_background(category, share, expected, window):
    """As many as a quarter of the rate at once, rounded down; of less than four calls a second, one in more seconds."""
    times = await moments(budget_now(share=share), 3 * expected, category=category)
    assert {times[0]: expected} == Counter(times[:expected])
    assert expected == most_in_any(window, times)
    assert times[-1] - times[0] == pytest.approx(2 * window, abs=0.01)


@in_virtual_time
async def test_the_rest_is_there_for_the_others_at_any_moment():
    """While the background has used its part and waits for more, three quarters of the second go at once."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    behind = asyncio.create_task(moments(budget, 20))
    await asyncio.sleep(0.001)
    assert [pytest.approx(start, abs=0.01)] * 15 == await moments(budget, 15, is_background=False)
    assert 5 == most_in_any(1.0, await behind)


@in_virtual_time
async def test_who_is_waited_for_goes_first():
    """A call in the background that came first lets all go that come while it waits."""
    budget, order = budget_now(), []
    await moments(budget, 5, category=Category.HEAVY, is_background=False)

    async def one(name: str, *, is_background: bool) -> None:
        await budget.take(Category.HEAVY, "a", deadline=FOREVER, is_background=is_background)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(one("behind", is_background=True))
        await asyncio.sleep(0.5)
        for _ in range(12):
            group.create_task(one("front", is_background=False))
    assert ["front"] * 12 + ["behind"] == order


@in_virtual_time
async def test_the_background_keeps_its_own_order():
    """First come, first served among themselves."""
    budget, order = budget_now(), []

    async def one(number: int) -> None:
        await budget.take(Category.HEAVY, "a", deadline=FOREVER, is_background=True)
        order.append(number)

    await asyncio.gather(*(one(number) for number in range(5)))
    assert list(range(5)) == order


@given(
    arrivals=st.lists(st.tuples(st.floats(0, 0.3), st.booleans()), min_size=1, max_size=60),
    cancelled=st.sets(st.integers(0, 59)),
)
@settings(max_examples=25, deadline=None)
@in_virtual_time
async def test_no_second_holds_more_than_the_limit_or_the_background_more_than_its_part(arrivals, cancelled):
    """Arrivals of both kinds at any pace, some of which leave, keep both limits in every window of a second."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    times: dict[bool, list[float]] = {False: [], True: []}

    async def one(is_background: bool) -> None:
        await budget.take(Category.MEDIUM, "a", deadline=FOREVER, is_background=is_background)
        times[is_background].append(loop.time())

    tasks = []
    for number, (pause, is_background) in enumerate(arrivals):
        tasks.append(asyncio.create_task(one(is_background)))
        await asyncio.sleep(pause)
        doomed = [tasks[number]] if number in cancelled else []
        for task in doomed:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most_in_any(1.0, times[True] + times[False]) <= 10
    assert most_in_any(1.0, times[True]) <= 2


@in_virtual_time
async def test_a_quarter_of_the_day():
    """The background ends at its part of the day while others go on."""
    budget, loop = budget_now(share=0.002), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 7, category=Category.HEAVY)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "a", deadline=start + A_DAY - 1, is_background=True)
    await moments(budget, 23, category=Category.HEAVY, is_background=False)
    assert loop.time() - start < 60


@in_virtual_time
async def test_a_hopeless_turn_in_the_background_is_refused_at_once():
    """Who cannot come before the deadline hears so without waiting, for the part or for the others."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    await moments(budget, 5)
    start = loop.time()
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.LIGHT, "a", deadline=start + 0.9, is_background=True)
    await moments(budget, 15, is_background=False)
    in_front = asyncio.create_task(moments(budget, 40, is_background=False))
    await asyncio.sleep(0.001)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.LIGHT, "a", deadline=start + 2.9, is_background=True)
    assert start + 0.001 == pytest.approx(loop.time())
    await in_front


@in_virtual_time
async def test_a_429_holds_the_background_back_too():
    """A hold that outlasts the deadline is answered with its 429, a shorter one is waited for."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    budget.hold(Category.LIGHT, "a", seconds=3, refused=REFUSED)
    with pytest.raises(UpstreamRefused):
        await budget.take(Category.LIGHT, "a", deadline=start + 2, is_background=True)
    assert [start + 3] == await moments(budget, 1)


@in_virtual_time
async def test_a_background_waiter_that_leaves_costs_nothing():
    """Those behind it move up."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 5)
    leaving = [asyncio.create_task(moments(budget, 1)) for _ in range(5)]
    await asyncio.sleep(0.5)
    staying = asyncio.create_task(moments(budget, 5))
    await asyncio.sleep(0.001)
    for task in leaving:
        task.cancel()
    assert [pytest.approx(start + 1, abs=0.01)] * 5 == await staying


@in_virtual_time
async def test_a_lane_with_background_waiters_is_not_forgotten():
    """However many other credentials come, its calls do not count twice."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    await moments(budget, 5)
    waiting = asyncio.create_task(budget.take(Category.LIGHT, "a", deadline=FOREVER, is_background=True))
    await asyncio.sleep(0)
    for number in range(MOST_LANES + 1):
        await budget.take(Category.LIGHT, str(number), deadline=FOREVER)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.LIGHT, "a", deadline=loop.time() + 0.9, is_background=True)
    await waiting


@in_virtual_time
async def test_a_call_says_that_it_is_in_the_background():
    """The client of Zoom's API takes its turn there: of four calls a second one, while another goes at once."""
    loop = asyncio.get_running_loop()
    async with against(GOOD, share=0.2) as (_, client):
        await client.fetch(replace(CALL, is_background=True))
        behind = asyncio.create_task(client.fetch(replace(CALL, is_background=True)))
        await asyncio.sleep(0.001)
        start = loop.time()
        await client.fetch()
        assert (True, False) == (loop.time() - start < 0.5, behind.done())
        await behind
        assert loop.time() - start > 0.9
