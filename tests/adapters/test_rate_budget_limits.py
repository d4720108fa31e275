"""What bounds a lane of the rate budget beside its windows: how many wait in it, and a day that Zoom says is spent."""

import asyncio

import pytest

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.ports import Category
from adapters.rate_budget import MOST_WAITING, RateBudget
from adapters.retry_after import UNSTATED_DAILY_WAIT_SECONDS
from tests.adapters.virtual_time import in_virtual_time

SPENT = {"x-ratelimit-type": "Daily-limit", "x-ratelimit-limit": "30000", "x-ratelimit-remaining": "0"}
TOO_FAST = UpstreamRefused(429, 429, "Try again later.", headers={"x-ratelimit-type": "QPS"})


def budget_now(*, share=1.0) -> RateBudget:
    """A fresh budget of the smaller plan on the running loop's clock."""
    return RateBudget("pro", share, clock=asyncio.get_running_loop().time)


async def refusal(budget: RateBudget, *, within: float) -> UpstreamRefused:
    """What a heavy call with so many seconds is told."""
    with pytest.raises(UpstreamRefused) as refused:
        await budget.take(Category.HEAVY, "account", deadline=asyncio.get_running_loop().time() + within)
    return refused.value


@in_virtual_time
async def test_a_lane_holds_so_many_waiters_and_no_more():
    """One too many is too slow at once, whoever asks and for whichever line; who leaves makes room."""
    budget, loop = budget_now(share=1_000.0), asyncio.get_running_loop()
    budget.hold(Category.LIGHT, "account", seconds=5, refused=TOO_FAST)
    deadline = loop.time() + 100

    async def take(number: int) -> None:
        await budget.take(
            Category.LIGHT, "account", deadline=deadline, asker=str(number % 7), is_background=number % 2 == 0
        )

    waiting = [asyncio.create_task(take(number)) for number in range(MOST_WAITING)]
    await asyncio.sleep(0.001)
    start = loop.time()
    for number in (1, 2, 8):
        with pytest.raises(UpstreamSlow):
            await take(number)
    await budget.take(Category.LIGHT, "another", deadline=deadline)
    assert start == loop.time()
    waiting.pop().cancel()
    await asyncio.sleep(0.001)
    late = asyncio.create_task(take(1))
    await asyncio.sleep(0.001)
    assert not late.done()
    for task in (late, *waiting):
        task.cancel()
    await asyncio.gather(late, *waiting, return_exceptions=True)
    await take(1)


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        pytest.param({}, UNSTATED_DAILY_WAIT_SECONDS, id="nothing"),
        pytest.param({"retry-after": "7200"}, 7_200, id="seconds"),
        pytest.param(
            {"date": "Tue, 10 Mar 2026 22:00:00 GMT", "retry-after": "2026-03-11T00:00:00Z"}, 7_200, id="iso-8601"
        ),
        pytest.param({"retry-after": "-1"}, UNSTATED_DAILY_WAIT_SECONDS, id="garbage"),
    ],
)
@in_virtual_time
async def test_a_day_of_which_nothing_is_left_holds_its_lane(more, seconds):
    """Calls are answered with Zoom's daily 429 and the seconds left; other categories and accounts go on."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    budget.learn(Category.HEAVY, "account", SPENT | more)
    await asyncio.sleep(10)
    refused = await refusal(budget, within=12)
    assert (429, 429, True) == (refused.status, refused.code, "maximum daily rate limit" in refused.message)
    assert ("Daily-limit", str(int(seconds - 10))) == (
        refused.headers["x-ratelimit-type"],
        refused.headers["retry-after"],
    )
    await budget.take(Category.LIGHT, "account", deadline=start + 12)
    await budget.take(Category.HEAVY, "another", deadline=start + 12)
    assert start + 10 == loop.time()
    await budget.take(Category.HEAVY, "account", deadline=start + seconds + 1)
    assert start + seconds == pytest.approx(loop.time(), abs=0.1)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(SPENT | {"x-ratelimit-remaining": "1"}, id="one-left"),
        pytest.param(SPENT | {"x-ratelimit-remaining": ""}, id="unsaid"),
        pytest.param(SPENT | {"x-ratelimit-type": "QPS"}, id="of-the-second"),
        pytest.param({"x-ratelimit-remaining": "0"}, id="of-what"),
    ],
)
@in_virtual_time
async def test_nothing_else_holds_a_lane(headers):
    """A day with something left, a second, and what is not said."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    start = loop.time()
    budget.learn(Category.HEAVY, "account", headers)
    await budget.take(Category.HEAVY, "account", deadline=start + 1)
    assert start == loop.time()


@in_virtual_time
async def test_zooms_own_refusal_is_told_rather_than_ours():
    """A 429 is learnt from like any answer, and then told in Zoom's words with the moment it named."""
    budget = budget_now()
    headers = SPENT | {"date": "Tue, 10 Mar 2026 22:00:00 GMT", "retry-after": "2026-03-11T00:00:00Z"}
    budget.learn(Category.HEAVY, "account", headers)
    theirs = UpstreamRefused(429, 429, "Zoom's own words.", headers=headers)
    budget.hold(Category.HEAVY, "account", seconds=7_200, refused=theirs, is_daily=True)
    refused = await refusal(budget, within=12)
    assert ("Zoom's own words.", "2026-03-11T00:00:00Z") == (refused.message, refused.headers["retry-after"])


@in_virtual_time
async def test_a_spent_day_that_is_learnt_slows_nothing_down():
    """The next day begins at full pace."""
    budget, loop = budget_now(), asyncio.get_running_loop()
    budget.learn(Category.HEAVY, "account", SPENT | {"retry-after": "2"})
    await asyncio.sleep(2)
    start = loop.time()
    for _ in range(5):
        await budget.take(Category.HEAVY, "account", deadline=start + 1)
    assert start == loop.time()
