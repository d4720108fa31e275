"""Work that several wait for, and that goes on when they have left."""

import asyncio

import pytest

from adapters.long_work import MOST_WORKS, LongWork
from tests.adapters.virtual_time import in_virtual_time


def within(seconds: float) -> float:
    """A moment of the loop's clock."""
    return asyncio.get_running_loop().time() + seconds


class Digging:
    """Ten seconds of work, and how often it was begun and ended."""

    def __init__(self, *, says: bool = True) -> None:
        self.begun = self.ended = 0
        self._says = says

    async def __call__(self) -> bool:
        """The work."""
        self.begun += 1
        await asyncio.sleep(10)
        self.ended += 1
        return self._says


@pytest.mark.parametrize("says", [True, False])
@in_virtual_time
async def test_many_wait_for_one(says):
    """All are told what it says."""
    work, digging = LongWork(), Digging(says=says)
    told = await asyncio.gather(*(work.done("a", digging, deadline=float("inf")) for _ in range(5)))
    assert ([says] * 5, 1) == (told, digging.begun)


@in_virtual_time
async def test_it_goes_on_when_everybody_has_left():
    """Whoever comes later waits for the rest of it."""
    work, digging = LongWork(), Digging()
    assert not await work.done("a", digging, deadline=within(3))
    assert not work.is_waited_for("a")
    await asyncio.sleep(5)
    assert await work.done("a", digging, deadline=within(3))
    assert (1, 1) == (digging.begun, digging.ended)


@in_virtual_time
async def test_a_waiter_that_is_cancelled_takes_nothing_from_it():
    """Neither the one that began it."""
    work, digging = LongWork(), Digging()
    first, second = (asyncio.create_task(work.done("a", digging, deadline=within(60))) for _ in range(2))
    await asyncio.sleep(1)
    assert work.is_waited_for("a")
    first.cancel()
    assert await second
    assert 1 == digging.begun


@in_virtual_time
async def test_another_key_is_another_work_and_so_is_the_next_one():
    """Nothing is kept of what was done."""
    work, digging = LongWork(), Digging()
    await asyncio.gather(*(work.done(key, digging, deadline=within(60)) for key in "ab"))
    await work.done("a", digging, deadline=within(60))
    assert 3 == digging.begun


@in_virtual_time
async def test_works_are_bounded():
    """One that finds no room is not done, and not waited for."""
    work, digging = LongWork(), Digging()
    told = await asyncio.gather(*(work.done(key, digging, deadline=within(60)) for key in range(MOST_WORKS + 2)))
    assert ([True] * MOST_WORKS + [False] * 2, MOST_WORKS) == (told, digging.begun)


@in_virtual_time
async def test_closing_ends_them():
    """Whoever still waits is told that it is not done."""
    work, digging = LongWork(), Digging()
    waiting = asyncio.create_task(work.done("a", digging, deadline=within(60)))
    await asyncio.sleep(1)
    await work.aclose()
    assert (False, 0) == (await waiting, digging.ended)
