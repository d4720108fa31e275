"""What fetching ahead costs over many walks, and what it saves whoever reads on."""

import asyncio
import random
from collections import Counter
from typing import Any, TypeVar

import pytest

from contracts.cases import World
from tests.adapters.list_bench import ListBench, ids
from tests.adapters.successor_bodies import record_body, row_body
from tests.adapters.virtual_time import on_virtual_time

DAY = (("from", "2026-03-10"), ("to", "2026-03-10"))
T = TypeVar("T")


def calls(count: int) -> World:
    """A day of plain calls to nobody who needs to be looked up."""
    nobody: dict[str, Any] = dict.fromkeys(("callee_ext_id", "callee_ext_number", "callee_ext_type", "callee_email"))
    return World(
        [row_body(number, **nobody) for number in range(count)],
        [record_body(number, **nobody) for number in range(count)],
        {},
    )


async def page(bench: ListBench, token: str, *, bearer: str) -> str:
    """The token on a page of five rows."""
    query = ("page_size", "5"), ("next_page_token", token)
    told: str = (await bench.page(*DAY, *query, bearer=bearer))["next_page_token"]
    return told


def upstream_calls(*, looks_ahead: bool, walks: int, leaving: float, callers: int) -> int:
    """What so many walks over forty calls cost, the part `leaving` of them left somewhere on the way."""

    async def walked() -> int:
        # No finished record is kept and no walk comes within the minute of another: each pays for itself.
        bench = ListBench(calls(40), seconds=0.005, cache_mib=0, looks_ahead=looks_ahead)
        chance = random.Random(7)  # noqa: S311 - draws who leaves, the same every time
        for number in range(walks):
            bearer, left_behind = f"c{number % callers}", chance.random() < leaving
            token = ""
            for _ in range(chance.randint(1, 7) if left_behind else 8):
                token = await page(bench, token, bearer=bearer)
                await asyncio.sleep(chance.choice([0.01, 1.0, 5.0]))
            await asyncio.sleep(61)
        return bench.zoom.counts.total()

    return on_virtual_time(walked)


@pytest.mark.parametrize(("leaving", "callers"), [(0.5, 1), (0.5, 20), (1.0, 60)])
def test_walks_that_are_left_cost_little(leaving, callers):
    """Of all calls, at most one in twenty was made for a page that nobody came for, and a stock at the start."""
    how = {"walks": 60, "leaving": leaving, "callers": callers}
    without = upstream_calls(looks_ahead=False, **how)
    assert without <= upstream_calls(looks_ahead=True, **how) <= 1.05 * without + 100


def test_who_reads_on_finds_the_next_page_there():
    """From the second page on only the first row of a walk was waited for at all."""

    async def reading() -> list[Counter[str]]:
        bench = ListBench(calls(40), seconds=0.05)
        token, costs = "", []
        for _ in range(4):
            bench.zoom.counts.clear()
            token = await page(bench, token, bearer="one")
            costs.append(+bench.zoom.counts)
            await asyncio.sleep(10)
        return costs

    first, second, *rest = on_virtual_time(reading)
    assert {"call_history": 1, "call_record": 5} == first == second
    assert [{}, {}] == rest


def test_the_rest_of_a_short_page_is_there_when_it_is_asked_for():
    """The deadline left ten rows: the second page costs nothing although its client has followed no token before."""

    async def reading() -> tuple[int, Counter[str], list[str]]:
        bench = ListBench(calls(15), seconds=0.1, deadline=2.0)
        first = await bench.page(*DAY)
        await asyncio.sleep(10)
        bench.zoom.counts.clear()
        second = await bench.page(*DAY, ("next_page_token", first["next_page_token"]))
        return len(first["call_logs"]), +bench.zoom.counts, ids([first, second])

    told, cost, served = on_virtual_time(reading)
    assert 0 < told < 15
    assert ({}, 15) == (cost, len(set(served)))


def test_what_one_credential_fetched_ahead_is_nothing_to_another():
    """A token may be handed over; the other's page is asked for with its own credential."""

    async def reading() -> Counter[str]:
        bench = ListBench(calls(15), seconds=0.05)
        token = ""
        for bearer in ("one", "other"):
            token = await page(bench, "", bearer=bearer)
            token = await page(bench, token, bearer=bearer)
        await asyncio.sleep(10)
        bench.zoom.counts.clear()
        await page(bench, token, bearer="third")
        return +bench.zoom.counts

    assert {"call_history": 1, "call_record": 5} == on_virtual_time(reading)


def test_a_first_page_is_never_an_old_one():
    """Whoever polls sees what has come in since, however recently he asked."""

    async def polling() -> tuple[list[str], int]:
        bench = ListBench(calls(3))
        query = ("page_size", "2"), ("path", "extension")  # the page is gone on with, and so kept
        await bench.page(*DAY, *query)
        bench.zoom.account.add(row_body(9, start_time="2026-03-10T19:00:00Z"), record_body(9))
        again = await bench.page(*DAY, *query)
        return ids([again]), bench.zoom.counts["call_history"]

    served, lists = on_virtual_time(polling)
    assert ("00000009", 2) == (served[0][:8], lists)


@pytest.mark.parametrize(("wait", "lists"), [(0.0, 0), (59.0, 0), (60.0, 1)])
def test_a_page_that_is_gone_on_with_is_asked_for_once_a_minute(wait, lists):
    """A page size that changed, or a record that straddles, opens the same upstream page again."""

    async def reading() -> int:
        bench = ListBench(calls(9), looks_ahead=False)
        walk = await bench.page(*DAY, ("page_size", "2"), ("path", "extension"))
        bench.zoom.counts.clear()
        await asyncio.sleep(wait)
        await bench.page(*DAY, ("page_size", "2"), ("next_page_token", walk["next_page_token"]))
        return bench.zoom.counts["call_history"]

    assert lists == on_virtual_time(reading)
