"""What requests share while they are made, what is fetched ahead, and what a client that gave up leaves behind."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from contracts.cases import World
from shim.in_flight import MOST_OF_ONE
from shim.standin import Standin
from tests.adapters.successor_bodies import id_of, record_body, row_body, uuid_of
from tests.adapters.virtual_time import in_virtual_time
from tests.service.running import in_front_of, service
from tests.service.worlds import DAY, LIST, marked, plain

FIVE = plain(1, 2, 3, 4, 5)
LISTED, DETAIL = "list_call_history", "get_call_history"


async def until(holds: Callable[[], bool]) -> None:
    """Waits for the service to come so far."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


def ids(body: dict[str, list[dict[str, str]]]) -> list[str]:
    """The ids on a page."""
    return [row["id"] for row in body["call_logs"]]


def nobody(*numbers: int) -> World:
    """Calls to nobody who needs to be looked up."""
    changes: dict[str, Any] = dict.fromkeys(("callee_ext_id", "callee_ext_number", "callee_ext_type", "callee_email"))
    rows = [row_body(number, **changes) for number in numbers]
    return World(rows, [record_body(number, **changes) for number in numbers], {})


class TestIdentical:
    """Requests for the same at the same moment."""

    async def test_many_cost_what_one_costs(self):
        """As many as a caller may make at once: one list, one detail for each row, and all are told the same."""
        async with service(nobody(1, 2, 3, 4, 5)) as asking:
            gate = asyncio.Event()
            asking.zoom.fail("/phone/call_history", delay=gate)
            pages = [asyncio.create_task(asking.get(DAY)) for _ in range(MOST_OF_ONE)]
            await until(lambda: len(asking.zoom.calls) == 1)
            await asyncio.sleep(0.2)  # for the last of them to be waiting, or more lists would be asked for
            gate.set()
            answers = await asyncio.gather(*pages)
        expected = 200, [id_of(number) for number in range(1, 6)]
        assert [expected] * MOST_OF_ONE == [(answer.status, ids(answer.body)) for answer in answers]
        assert {LISTED: 1, DETAIL: 5} == dict(asking.zoom.counts)

    async def test_the_one_that_asked_first_may_leave(self):
        """The others have their answer, and nothing is asked for again."""
        async with service(nobody(1, 2)) as asking:
            gate = asyncio.Event()
            asking.zoom.fail("/phone/call_history", delay=gate)
            first = asyncio.create_task(asking.get(DAY))
            await until(lambda: len(asking.zoom.calls) == 1)
            others = [asyncio.create_task(asking.get(DAY)) for _ in range(3)]
            await asyncio.sleep(0.1)
            first.cancel()
            await asyncio.sleep(0.1)
            gate.set()
            answers = await asyncio.gather(*others)
        assert [200] * 3 == [answer.status for answer in answers]
        assert {LISTED: 1, DETAIL: 2} == dict(asking.zoom.counts)

    async def test_two_credentials_share_nothing(self):
        """At the same moment, for the same calls: each is asked for, and told, with its own."""
        worlds = {name: marked(FIVE, name) for name in ("alpha", "beta")}
        async with Standin(FIVE, bearers=worlds) as zoom, in_front_of(zoom) as asking:
            gate = asyncio.Event()
            zoom.fail("/phone/call_history", delay=gate)
            zoom.fail("/phone/call_history", delay=gate)
            pages = [
                asyncio.create_task(asking.get(DAY, authorization=f"Bearer {name}"))
                for _ in range(5)
                for name in worlds
            ]
            await until(lambda: len(zoom.calls) == 2)
            await asyncio.sleep(0.1)
            gate.set()
            answers = await asyncio.gather(*pages)
        marks = [("alpha" in str(answer.body), "beta" in str(answer.body)) for answer in answers]
        assert [(True, False), (False, True)] * 5 == marks
        assert (2, 10) == (zoom.counts[LISTED], zoom.counts[DETAIL])


class TestGivenUp:
    """A client that gives up first, and asks again."""

    async def test_the_repeat_asks_for_the_rest_alone(self):
        """What had come in and what was out is not asked for again."""
        async with service(nobody(1, 2, 3, 4, 5)) as asking:
            await asking.get(f"{DAY}&page_size=1")
            gate = asyncio.Event()
            asking.zoom.forget_calls()
            asking.zoom.fail(f"/phone/call_history/{uuid_of(3)}", delay=gate)
            leaving = asyncio.create_task(asking.get(DAY))
            await until(lambda: asking.zoom.counts[DETAIL] == 4)
            await asyncio.sleep(0.05)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            await asyncio.sleep(0.05)
            gate.set()
            answer = await asking.get(DAY)
        assert [id_of(number) for number in range(1, 6)] == ids(answer.body)
        assert {LISTED: 2, DETAIL: 4} == dict(asking.zoom.counts)


class TestAhead:
    """What is there before it is asked for."""

    @in_virtual_time
    async def test_a_second_page_behind_a_short_one_costs_nothing(self):
        """The rest of the page that ran out of time came in while the client read."""
        async with service(nobody(1, 2, 3, 4, 5)) as asking:
            await asking.get(f"{DAY}&page_size=1")
            gate = asyncio.Event()
            asking.zoom.fail(f"/phone/call_history/{uuid_of(3)}", delay=gate, times=None)
            first = (await asking.get(DAY)).body
            assert [id_of(1), id_of(2)] == ids(first)
            gate.set()
            await asyncio.sleep(10)
            asking.zoom.forget_calls()
            second = (await asking.get(f"{DAY}&next_page_token={first['next_page_token']}")).body
            assert ([id_of(3), id_of(4), id_of(5)], {}) == (ids(second), dict(asking.zoom.counts))

    @in_virtual_time
    async def test_who_follows_tokens_finds_the_next_page_there(self):
        """Its list and its details were asked for in the background."""
        async with service(nobody(*range(1, 10))) as asking:
            served: list[str] = []
            token, costs = "", []
            for _ in range(4):
                asking.zoom.forget_calls()
                page = (await asking.get(f"{DAY}&page_size=2&next_page_token={token}")).body
                costs.append(dict(asking.zoom.counts))
                served, token = served + ids(page), page["next_page_token"]
                await asyncio.sleep(30)
        each = {LISTED: 1, DETAIL: 2}
        assert ([each, each, {}, {}], [id_of(number) for number in range(1, 9)]) == (costs, served)

    @in_virtual_time
    async def test_nothing_is_fetched_ahead_while_the_service_drains(self):
        """Nobody will come here for it."""
        async with service(nobody(*range(1, 10))) as asking:
            first = (await asking.get(f"{DAY}&page_size=2")).body
            asking.shim.drain()
            await asking.get(f"{DAY}&page_size=2&next_page_token={first['next_page_token']}")
            asking.zoom.forget_calls()
            await asyncio.sleep(30)
            assert {} == dict(asking.zoom.counts)

    @in_virtual_time
    async def test_nothing_is_fetched_ahead_behind_a_429(self):
        """Whatever goes is for those who wait."""
        async with service(nobody(*range(1, 10))) as asking:
            first = (await asking.get(f"{DAY}&page_size=2")).body
            asking.zoom.fail(f"/phone/call_history/{uuid_of(4)}", status=429, headers={"Retry-After": "60"})
            second = (await asking.get(f"{DAY}&page_size=2&next_page_token={first['next_page_token']}")).body
            asking.zoom.forget_calls()
            await asyncio.sleep(30)
            assert ([id_of(3)], {}) == (ids(second), dict(asking.zoom.counts))


class TestListsThatGoWrong:
    """Pages in a circle, and entries that are no rows."""

    async def test_a_circle_is_an_error_behind_its_rows(self):
        """What there is is served; the token then brings a 502, and the metrics count it."""
        async with service(plain(1, 2)) as asking:
            body = {"next_page_token": "again", "total_records": 3, "call_history": [row_body(1)]}
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=200, body=body)
            asking.zoom.fail(
                "/phone/call_history", status=200, body={**body, "call_history": [row_body(2)]}, times=None
            )
            first = await asking.get(DAY)
            asking.zoom.forget_calls()
            second = await asking.get(f"{LIST}?next_page_token={first.body['next_page_token']}")
            metrics = asking.shim.ops.meters.exposition().decode()
        assert ([id_of(1), id_of(2)], 502, Counter()) == (ids(first.body), second.status, asking.zoom.counts)
        assert "shim_walks_cut_off_total 1.0" in metrics

    @pytest.mark.parametrize("entry", [None, {}, {"call_id": "1"}, "x"])
    async def test_an_entry_that_is_no_row_takes_no_other_away(self, entry):
        """It is passed over and counted."""
        async with service(plain(1, 2)) as asking:
            body = {"next_page_token": "", "total_records": 3, "call_history": [row_body(1), entry, row_body(2)]}
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=200, body=body)
            answer = await asking.get(DAY)
            metrics = asking.shim.ops.meters.exposition().decode()
        assert (200, [id_of(1), id_of(2)], 2) == (answer.status, ids(answer.body), answer.body["total_records"])
        assert 'shim_unknown_total{shape="history"} 1.0' in metrics
