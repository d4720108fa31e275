"""Requests that come at the same moment and ask the same: what upstream sees of them."""

import asyncio
from collections import Counter

from shim.standin import Standin
from tests.adapters.successor_bodies import id_of
from tests.service.running import in_front_of, service
from tests.service.worlds import DAY, LIST, marked, plain


def gate(zoom: Standin) -> asyncio.Event:
    """Holds every list back until it is set."""
    event = asyncio.Event()
    zoom.fail("/phone/call_history", delay=event, times=None)
    return event


async def test_identical_lists_cost_one():
    """One list, one detail a row, each person once."""
    async with service(plain(1, 2, 3)) as asking:
        event = gate(asking.zoom)
        answers = [asyncio.create_task(asking.get(DAY)) for _ in range(30)]
        asyncio.get_running_loop().call_later(0.3, event.set)
        bodies = [(await answer).body for answer in answers]
        counts = Counter(asking.zoom.counts)
    assert [bodies[0]] * 30 == bodies
    assert {"list_call_history": 1, "get_call_history": 3, "get_user": 3} == counts


async def test_one_client_that_leaves_takes_nothing_from_the_others():
    """The request that began the call may be given up."""
    async with service(plain(1)) as asking:
        event = gate(asking.zoom)
        first = asyncio.create_task(asking.get(DAY))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(asking.get(DAY))
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.sleep(0.1)
        event.set()
        answer = await second
        assert (200, [id_of(1)]) == (answer.status, [row["id"] for row in answer.body["call_logs"]])
        assert 1 == asking.zoom.counts["list_call_history"]


async def test_two_accounts_at_once_share_nothing():
    """The same request of two credentials is two calls, each with its own answer."""
    worlds = {name: marked(plain(1), f"zz{name}zz") for name in ("alpha", "beta")}
    async with Standin(plain(), bearers=worlds) as zoom, in_front_of(zoom) as asking:
        event = gate(zoom)
        answers = {
            name: [asyncio.create_task(asking.get(DAY, authorization=f"Bearer {name}")) for _ in range(5)]
            for name in worlds
        }
        asyncio.get_running_loop().call_later(0.3, event.set)
        rows = {name: [(await task).body["call_logs"][0] for task in tasks] for name, tasks in answers.items()}
        assert 2 == zoom.counts["list_call_history"]
    assert {name: {f"{id_of(1)}zz{name}zz"} for name in worlds} == {
        name: {row["id"] for row in listed} for name, listed in rows.items()
    }


async def test_identical_details_cost_one():
    """By id, when nothing is cached yet for this credential."""
    async with service(plain(1)) as asking:
        await asking.get(DAY)
        asking.zoom.forget_calls()
        event = asyncio.Event()
        asking.zoom.fail("/phone/call_history/", delay=event, times=None)
        answers = [
            asyncio.create_task(asking.get(f"{LIST}/{id_of(1)}", authorization="Bearer another")) for _ in range(20)
        ]
        asyncio.get_running_loop().call_later(0.3, event.set)
        assert {200} == {(await answer).status for answer in answers}
        assert 1 == asking.zoom.counts["get_call_history"]
