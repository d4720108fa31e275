"""A line in which askers take turns: order, cancellation, and what stands before whom."""

import asyncio
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fair_line import FairLine
from adapters.ports import Caller, Category
from adapters.rate_budget import RateBudget
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import CALL, GOOD, against


async def served(line: FairLine, askers: str) -> str:
    """The order in which the askers of a text, who come one after the other, are served."""
    order: list[str] = []

    async def ask(asker: str) -> None:
        async with line.at_head(asker):
            await asyncio.sleep(0)
            order.append(asker)

    tasks = [asyncio.create_task(ask(asker)) for asker in askers]
    await asyncio.gather(*tasks)
    return "".join(order)


@pytest.mark.parametrize(
    ("came", "expected"),
    [("", ""), ("a", "a"), ("aaa", "aaa"), ("aaaab", "aabaa"), ("aaabbb", "aababb"), ("abcabc", "abcabc")],
)
async def test_askers_take_turns(came, expected):
    """One who comes late with one call waits for no more than a call of each other."""
    assert expected == await served(FairLine(), came)


@settings(deadline=None)
@given(came=st.text("abc", max_size=12), leaving=st.sets(st.integers(0, 11)))
def test_who_leaves_takes_nobodys_place(came, leaving):
    """All others are served, each asker's in order, and the line is empty at the end."""

    async def play() -> tuple[list[int], int]:
        line, order = FairLine(), list[int]()

        async def ask(number: int, asker: str) -> None:
            async with line.at_head(asker):
                await asyncio.sleep(0)
                order.append(number)

        tasks = [asyncio.create_task(ask(number, asker)) for number, asker in enumerate(came)]
        await asyncio.sleep(0)
        for number in leaving & set(range(len(tasks))):
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return order, len(line)

    order, left = asyncio.run(play())
    staying = [number for number in range(len(came)) if number not in leaving]
    assert (sorted(staying), 0) == (sorted(order), left)
    for asker in "abc":
        assert [n for n in staying if came[n] == asker] == [n for n in order if came[n] == asker]


async def test_it_tells_how_many_go_before_one_that_comes():
    """The head, one's own, and as many of each other as one has oneself, and one."""
    line = FairLine()
    async with line.at_head("a"):
        waiting = [asyncio.create_task(served(line, one)) for one in chain("a" * 9, "bb")]
        await asyncio.sleep(0.01)
        assert (12, 1 + 9 + 2, 1 + 2 + 3, 1 + 1 + 1) == (len(line), *map(line.ahead_of, "abc"))
    await asyncio.gather(*waiting)
    assert 0 == len(line)


@in_virtual_time
async def test_a_page_of_three_hundred_does_not_hold_up_one_call():
    """Two programs of an account: the one with a single call has it within two turns, not after ten seconds."""
    loop = asyncio.get_running_loop()
    budget = RateBudget("business", 0.8, clock=loop.time)
    start = loop.time()

    async def ask(asker: str) -> float:
        await budget.take(Category.LIGHT, "account", deadline=start + 12, asker=asker)
        return loop.time() - start

    page = [asyncio.create_task(ask("archive")) for _ in range(300)]
    await asyncio.sleep(2.5)
    assert await ask("crm") < 2.5 + 1.1
    assert max([await one for one in page]) < 11


@in_virtual_time
async def test_a_program_of_the_app_has_its_turn_behind_anothers_first():
    """The client of Zoom's API says who asks: with one turn a second, the eleventh call to come is the fourth to go."""
    loop = asyncio.get_running_loop()
    async with against(GOOD, share=0.05) as (_, client):
        start = loop.time()

        async def ask(program: str) -> float:
            await client.zoom.fetch(CALL, Caller("Bearer app", program, None, start + 60, budget="app"))
            return loop.time() - start

        page = [asyncio.create_task(ask("archive")) for _ in range(10)]
        await asyncio.sleep(0.001)
        assert await ask("crm") < 4
        assert 9 < max([await one for one in page])


async def test_one_that_is_cancelled_as_it_comes_to_the_head_lets_the_next_one_pass():
    """The turn it had just been given is not lost."""
    line = FairLine()

    async def hold(asker: str) -> str:
        async with line.at_head(asker):
            return asker

    async with line.at_head("a"):
        leaving, staying = (asyncio.create_task(hold(asker)) for asker in "bc")
        await asyncio.sleep(0.01)
    leaving.cancel()
    done, _ = await asyncio.wait({leaving, staying}, timeout=1)
    assert (True, "c", 0) == (leaving.cancelled(), staying in done and staying.result(), len(line))
