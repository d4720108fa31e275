"""The rate budget: how many go through, in which order, and who is told early that it is hopeless."""

import asyncio
import gc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrate_limiter import RateItem

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.ports import Category
from adapters.rate_budget import LIMITS, MOST_LANES, Limit, RateBudget
from tests.adapters.virtual_time import in_virtual_time

A_DAY = 86_400.0
FOREVER = 1e9
REFUSED = UpstreamRefused(429, 429, "Try again later.", headers={"x-ratelimit-type": "QPS"})


def budget_now(*, plan="pro", share=1.0) -> RateBudget:
    """A fresh budget on the running loop's clock."""
    return RateBudget(plan, share, clock=asyncio.get_running_loop().time)


async def moments(budget, count, *, category=Category.LIGHT, key="a", deadline=FOREVER) -> list[float]:
    """When each of `count` calls that ask at once is let through."""
    times: list[float] = []

    async def one() -> None:
        await budget.take(category, key, deadline=deadline)
        times.append(asyncio.get_running_loop().time())

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    return times


def most_in_any(seconds: float, times: list[float]) -> int:
    """The fullest window of that length."""
    return max(sum(start <= time < start + seconds for time in times) for start in times)


@pytest.mark.parametrize(
    ("plan", "category", "share", "expected"),
    [
        ("pro", Category.LIGHT, 1.0, 20),
        ("pro", Category.MEDIUM, 1.0, 10),
        ("pro", Category.HEAVY, 1.0, 5),
        ("business", Category.LIGHT, 1.0, 40),
        ("business", Category.MEDIUM, 1.0, 20),
        ("business", Category.HEAVY, 1.0, 10),
        ("pro", Category.LIGHT, 0.8, 16),
        ("pro", Category.LIGHT, 0.29, 5),
        ("pro", Category.HEAVY, 0.01, 1),
        ("pro", Category.HEAVY, 0.00001, 1),
        ("business", Category.LIGHT, 50.0, 2_000),
    ],
)
@in_virtual_time
async def test_as_many_go_at_once_as_the_share_of_the_plan_allows(plan, category, share, expected):
    """The first second holds the plan's limit times the share, rounded down, and at least one."""
    budget = budget_now(plan=plan, share=share)
    start = asyncio.get_running_loop().time()
    times = await moments(budget, expected, category=category)
    assert {start: expected} == Counter(times)
    with pytest.raises(UpstreamSlow):
        await budget.take(category, "a", deadline=start + 0.999)


@in_virtual_time
async def test_no_second_holds_more_than_the_limit():
    """Seventy waiters at once leave twenty in any window of a second, and no second is wasted."""
    times = await moments(budget_now(), 70)
    assert 20 == most_in_any(1.0, times)
    assert times[-1] - times[0] < 3.1


@given(
    pauses=st.lists(st.floats(0, 0.4), min_size=1, max_size=60),
    cancelled=st.sets(st.integers(0, 59)),
)
@settings(max_examples=25, deadline=None)
@in_virtual_time
async def test_no_second_holds_more_whoever_comes_and_goes(pauses, cancelled):
    """Arrivals at any pace and waiters that leave never let a window of a second exceed the limit."""
    budget, loop, times = budget_now(), asyncio.get_running_loop(), [0.0]

    async def one() -> None:
        await budget.take(Category.HEAVY, "a", deadline=FOREVER)
        times.append(loop.time())

    tasks = []
    for number, pause in enumerate(pauses):
        tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(pause)
        doomed = [tasks[number]] if number in cancelled else []
        for task in doomed:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most_in_any(1.0, times) <= 5


@in_virtual_time
async def test_a_day_holds_no_more_than_its_limit():
    """HEAVY calls end at the day's limit; the next goes when the first is a day old, not before."""
    budget, loop = budget_now(share=0.002), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 30, category=Category.HEAVY)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "a", deadline=start + A_DAY - 1)
    await budget.take(Category.HEAVY, "a", deadline=FOREVER)
    assert A_DAY < loop.time() - start < A_DAY + 1


@in_virtual_time
async def test_waiters_go_in_the_order_they_came():
    """First come, first served."""
    budget, order = budget_now(), []

    async def one(number: int) -> None:
        await budget.take(Category.HEAVY, "a", deadline=FOREVER)
        order.append(number)

    await asyncio.gather(*(one(number) for number in range(23)))
    assert list(range(23)) == order


@in_virtual_time
async def test_a_cancelled_waiter_gives_its_turn_back():
    """Waiters that leave, at the head or behind it, cost those behind them nothing."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 5, category=Category.HEAVY)
    leaving = [asyncio.create_task(moments(budget, 1, category=Category.HEAVY)) for _ in range(7)]
    await asyncio.sleep(0.5)
    staying = asyncio.create_task(moments(budget, 5, category=Category.HEAVY))
    await asyncio.sleep(0.001)
    for task in leaving:
        task.cancel()
    assert [pytest.approx(start + 1, abs=0.01)] * 5 == await staying


@in_virtual_time
async def test_cancellation_is_not_swallowed():
    """A waiter that is cancelled ends cancelled."""
    budget = budget_now()
    await moments(budget, 5, category=Category.HEAVY)
    waiter = asyncio.create_task(budget.take(Category.HEAVY, "a", deadline=FOREVER))
    await asyncio.sleep(0.1)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter


@pytest.mark.parametrize("ahead", [0, 4, 5, 12])
@in_virtual_time
async def test_a_hopeless_turn_is_refused_at_once(ahead):
    """Who cannot come before the deadline hears so without waiting, at the head and behind others."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    await moments(budget, 5, category=Category.HEAVY)
    waiting = [asyncio.create_task(moments(budget, 1, category=Category.HEAVY)) for _ in range(ahead)]
    await asyncio.sleep(0.001)
    start = loop.time()
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "a", deadline=start + 0.9 + ahead // 5)
    assert start == loop.time()
    await budget.take(Category.HEAVY, "a", deadline=start + 1.1 + ahead // 5)
    await asyncio.gather(*waiting)


@in_virtual_time
async def test_a_deadline_already_past_spends_nothing():
    """A call that is too late takes no turn from the others."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "a", deadline=start - 1)
    assert {start: 5} == Counter(await moments(budget, 5, category=Category.HEAVY))


@in_virtual_time
async def test_credentials_and_categories_do_not_share():
    """A spent lane holds neither another credential nor another category back."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 20)
    await moments(budget, 20, key="b")
    await moments(budget, 10, category=Category.MEDIUM)
    assert start == loop.time()


@in_virtual_time
async def test_a_held_lane_waits_and_no_longer():
    """A hold keeps back new calls and those in line alike, the longer of two holds counts, then all goes on."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    await moments(budget, 5, category=Category.HEAVY)
    in_line = asyncio.create_task(moments(budget, 1, category=Category.HEAVY))
    await asyncio.sleep(0.001)
    start = loop.time()
    budget.hold(Category.HEAVY, "a", seconds=3, refused=REFUSED, is_daily=True)
    budget.hold(Category.HEAVY, "a", seconds=2, refused=REFUSED, is_daily=True)
    [new] = await moments(budget, 1, category=Category.HEAVY)
    assert [start + 3, start + 3] == [*await in_line, new]


@in_virtual_time
async def test_a_hold_past_the_deadline_is_answered_with_its_429():
    """Who cannot outwait the hold gets that 429 at once, with the seconds left; other categories go on."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    budget.hold(Category.HEAVY, "a", seconds=100, refused=REFUSED)
    await asyncio.sleep(39.5)
    start = loop.time()
    with pytest.raises(UpstreamRefused) as refused:
        await budget.take(Category.HEAVY, "a", deadline=start + 12)
    assert (429, 429, "Try again later.") == (refused.value.status, refused.value.code, refused.value.message)
    assert {"x-ratelimit-type": "QPS", "retry-after": "61"} == dict(refused.value.headers)
    await budget.take(Category.LIGHT, "a", deadline=start + 12)
    assert start == loop.time()


@in_virtual_time
async def test_a_held_429_keeps_the_moment_it_names():
    """A Retry-After that names a moment is passed on as it came: it stays true while time goes by."""
    budget = budget_now()
    daily = UpstreamRefused(429, 429, "Daily.", headers={"retry-after": "2026-03-11T00:00:00Z"})
    budget.hold(Category.HEAVY, "a", seconds=5_000, refused=daily)
    with pytest.raises(UpstreamRefused) as refused:
        await budget.take(Category.HEAVY, "a", deadline=asyncio.get_running_loop().time() + 12)
    assert {"retry-after": "2026-03-11T00:00:00Z"} == dict(refused.value.headers)


@in_virtual_time
async def test_a_hold_laid_on_while_in_line_ends_the_wait():
    """A call in line is told of a hold it cannot outwait when its turn would have come, not at its deadline."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 5, category=Category.HEAVY)
    in_line = asyncio.create_task(budget.take(Category.HEAVY, "a", deadline=start + 12))
    await asyncio.sleep(0.001)
    budget.hold(Category.HEAVY, "a", seconds=100, refused=REFUSED)
    with pytest.raises(UpstreamRefused):
        await in_line
    assert loop.time() - start < 1.1


@in_virtual_time
async def test_in_line_behind_a_patient_call_the_deadline_still_counts():
    """A hold that the head of the line can outwait does not keep those behind it beyond their own deadlines."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    await moments(budget, 5, category=Category.HEAVY)
    patient = asyncio.create_task(budget.take(Category.HEAVY, "a", deadline=FOREVER))
    in_line = asyncio.create_task(budget.take(Category.HEAVY, "a", deadline=start + 12))
    await asyncio.sleep(0.001)
    budget.hold(Category.HEAVY, "a", seconds=100, refused=REFUSED)
    with pytest.raises(UpstreamSlow) as slow:
        await in_line
    assert start + 12 == loop.time()
    assert slow.value.__context__ is None
    await patient


@in_virtual_time
async def test_a_hold_that_is_over_is_told_to_nobody():
    """A call that was too late before the hold ended is too slow, not throttled."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    budget.hold(Category.HEAVY, "a", seconds=5, refused=REFUSED)
    await asyncio.sleep(6)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "a", deadline=start + 1)


@in_virtual_time
async def test_memory_of_credentials_is_bounded():
    """The longest unused credential is forgotten first; one used since, or with callers in line, is not."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    for key in ("busy", "used", "idle"):
        await moments(budget, 5, category=Category.HEAVY, key=key)
    in_line = asyncio.create_task(budget.take(Category.HEAVY, "busy", deadline=FOREVER))
    await asyncio.sleep(0)
    for number in range(MOST_LANES - 3):
        await budget.take(Category.HEAVY, str(number), deadline=FOREVER)
    with pytest.raises(UpstreamSlow):
        await budget.take(Category.HEAVY, "used", deadline=start + 0.9)
    await budget.take(Category.HEAVY, "one more", deadline=FOREVER)
    for key in ("busy", "used"):
        with pytest.raises(UpstreamSlow):
            await budget.take(Category.HEAVY, key, deadline=start + 0.9)
    await moments(budget, 5, category=Category.HEAVY, key="idle")
    assert start == loop.time()
    await in_line


@in_virtual_time
async def test_memory_of_calls_is_bounded():
    """Calls whose second is over leave nothing behind."""
    gc.collect()  # what other tests left
    budget = budget_now()
    await moments(budget, 200)
    assert sum(isinstance(thing, RateItem) for thing in gc.get_objects()) <= 2 * 20


def test_every_plan_limits_every_category():
    """No category of any plan goes without a limit, and only HEAVY counts days."""
    assert {plan: set(Category) for plan in ("pro", "business")} == {plan: set(LIMITS[plan]) for plan in LIMITS}
    assert {Category.HEAVY} == {category for plan in LIMITS.values() for category in plan if plan[category].day}


@pytest.mark.parametrize(
    ("limit", "share", "ours"),
    [
        (Limit(40), 0.8, Limit(32)),
        (Limit(10, 30_000), 0.8, Limit(8, 24_000)),
        (Limit(5, 15_000), 0.35, Limit(1, 5_250)),
        (Limit(5, 15_000), 0.00001, Limit(1, 1)),
    ],
)
def test_a_share_is_rounded_down_but_never_to_nothing(limit, share, ours):
    """What is ours of a limit has the limit's own form."""
    assert ours == limit.share_of(share)
