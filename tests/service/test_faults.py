"""Upstream fails in the middle: short pages, summaries in place of details, errors relayed, deadlines kept.

Waits are real waits of a clock that jumps: retries and deadlines cost no time.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from contracts.cases import World
from shim.standin import merged
from tests.adapters.successor_bodies import at, id_of, summary_id_of, uuid_of
from tests.adapters.virtual_time import in_virtual_time
from tests.edge.raw import until
from tests.service.running import Answer, Asking, service
from tests.service.worlds import DAY, LIST, plain, transferred

FIVE = plain(1, 2, 3, 4, 5)
ALL = [id_of(number) for number in (1, 2, 3, 4, 5)]
TOO_FAST = "You have reached the maximum per-second rate limit for this API. Try again later."
ATTEMPTS = 6
"""How often a call that may succeed later is made."""


def path(number: int) -> str:
    """Where upstream is asked for a call."""
    return f"/phone/call_history/{uuid_of(number)}"


def ids(answer: Answer) -> list[str]:
    """The ids of a page."""
    return [row["id"] for row in answer.body["call_logs"]]


async def rest_of(asking: Asking, first: Answer) -> list[str]:
    """The ids on all pages after this one."""
    pages = await asking.walk(DAY, token=first.body["next_page_token"])
    return [row["id"] for page in pages for row in page["call_logs"]]


class TestShortPages:
    """A page that ends in front of what could not be had."""

    @pytest.mark.parametrize("place", [1, 2, 3, 4])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Retry-After": "1"},
            {"Date": "Thu, 31 Dec 2037 23:59:59 GMT", "Retry-After": "Fri, 01 Jan 2038 00:00:00 GMT"},
        ],
        ids=["no wait", "seconds", "moment"],
    )
    @in_virtual_time
    async def test_a_limit_in_the_middle_ends_the_page_and_the_token_brings_the_rest(self, place, headers):
        """However the 429 says how long: the rows before it, in order, then all others; none lost, none twice."""
        async with service(FIVE) as asking:
            await asking.get(f"{DAY}&page_size=1")
            asking.zoom.fail(path(place + 1), status=429, headers=headers, times=ATTEMPTS)
            first = await asking.get(DAY)
            assert (200, ALL[:place]) == (first.status, ids(first))
            assert ALL[place:] == await rest_of(asking, first)
            assert 5 == first.body["total_records"]

    @in_virtual_time
    async def test_what_came_in_behind_the_stop_is_not_asked_for_again(self):
        """The next page costs the one detail that was missing."""
        async with service(FIVE) as asking:
            await asking.get(f"{DAY}&page_size=1")
            asking.zoom.fail(path(2), status=429, headers={"Retry-After": "30"})
            first = await asking.get(DAY)
            await asyncio.sleep(31)
            asking.zoom.forget_calls()
            assert ALL[1:] == await rest_of(asking, first)
            assert {"get_call_history": 1} == dict(asking.zoom.counts)

    @pytest.mark.parametrize("times", [1, 2, 3])
    @in_virtual_time
    async def test_a_limit_that_passes_is_waited_for(self, times):
        """Some 429s in a row within the deadline are nobody's trouble."""
        async with service(FIVE) as asking:
            asking.zoom.fail(path(3), status=429, headers={"Retry-After": "1"}, times=times)
            assert ALL == ids(await asking.get(DAY))

    @in_virtual_time
    async def test_a_limit_at_the_first_row_is_the_answer(self):
        """Upstream's own 429 with its rate headers and its wait."""
        headers = {"Retry-After": "3600", "X-RateLimit-Type": "QPS", "X-RateLimit-Category": "Light"}
        async with service(FIVE) as asking:
            asking.zoom.fail(path(1), status=429, headers=headers)
            answer = await asking.get(DAY)
        assert (429, {"code": 429, "message": TOO_FAST}) == (answer.status, answer.body)
        assert ["3600", "QPS", "Light"] == [answer.headers[name] for name in headers]

    @in_virtual_time
    async def test_a_spent_day_is_not_asked_again(self):
        """After a daily limit nothing of that kind goes out for this credential; others still ask."""
        headers = {"Retry-After": "3600", "X-RateLimit-Type": "Daily-limit"}
        async with service(FIVE) as asking:
            asking.zoom.fail("/phone/call_history", status=429, headers=headers)
            assert 429 == (await asking.get(DAY)).status
            again = await asking.get(DAY)
            assert (429, 1) == (again.status, asking.zoom.counts["list_call_history"])
            assert 200 == (await asking.get(DAY, authorization="Bearer another")).status

    @pytest.mark.parametrize("place", [1, 2, 3])
    @in_virtual_time
    async def test_an_outage_from_a_row_on_ends_the_page_there(self, place):
        """The rows before it are served, the token brings the rest once upstream is well again."""
        async with service(FIVE) as asking:
            for number in range(place + 1, 6):
                asking.zoom.fail(path(number), status=503, times=ATTEMPTS)
            first = await asking.get(DAY)
            assert (200, ALL[:place]) == (first.status, ids(first))
            assert ALL[place:] == await rest_of(asking, first)

    @in_virtual_time
    async def test_an_outage_inside_a_record_keeps_its_place(self):
        """A page cut inside a transferred call goes on with its other parts when the next page is whole again."""
        async with service(merged(transferred(1, 3), plain(2))) as asking:
            first = await asking.get(f"{DAY}&page_size=2")
            await asyncio.sleep(61)  # then the list is asked for again
            asking.zoom.fail("/phone/call_history", status=503, times=ATTEMPTS)
            failed = await asking.get(f"{DAY}&page_size=2&next_page_token={first.body['next_page_token']}")
            assert ([id_of(1, 2), id_of(1, 1)], 503) == (ids(first), failed.status)
            assert [id_of(1), id_of(2)] == await rest_of(asking, first)

    @in_virtual_time
    async def test_a_slow_row_ends_the_page_at_the_deadline(self):
        """The rows before one that hangs are served in time; the token brings it when it answers again."""
        async with service(FIVE) as asking:
            gate = asyncio.Event()
            asking.zoom.fail(path(3), delay=gate, times=None)
            started = asyncio.get_running_loop().time()
            first = await asking.get(DAY)
            seconds = asyncio.get_running_loop().time() - started
            gate.set()
            assert (200, ALL[:2], True) == (first.status, ids(first), seconds <= 12)
            assert ALL[2:] == await rest_of(asking, first)

    @in_virtual_time
    async def test_a_list_that_does_not_come_is_a_504_at_the_deadline(self):
        """No row, so the envelope says that time ran out, and not later than promised."""
        async with service(FIVE, settings={"SHIM_DEADLINE": "8"}) as asking:
            gate = asyncio.Event()
            asking.zoom.fail("/phone/call_history", delay=gate, times=None)
            started = asyncio.get_running_loop().time()
            answer = await asking.get(DAY)
            seconds = asyncio.get_running_loop().time() - started
            gate.set()
        assert (504, {"code": 504, "message": "Gateway Timeout"}) == (answer.status, answer.body)
        assert 7.9 <= seconds <= 8.2

    @in_virtual_time
    async def test_the_shortest_deadline_leaves_time_to_ask(self):
        """One second is enough for an upstream that answers."""
        async with service(FIVE, settings={"SHIM_DEADLINE": "1"}) as asking:
            answer = await asking.get(DAY)
            details = await asking.get(f"{LIST}/{ALL[0]}", authorization="Bearer another")
        assert (ALL, 200) == (ids(answer), details.status)


class TestSummaries:
    """Rows whose detail could not be had."""

    @pytest.mark.parametrize("place", range(5))
    @in_virtual_time
    async def test_a_missing_detail_is_told_by_its_summary(self, place):
        """A 404 of one record takes no row away; its id is that of the call as a whole, and details find it later."""
        async with service(FIVE) as asking:
            asking.zoom.fail(path(place + 1), status=404)
            answer = await asking.get(DAY)
            expected = [*ALL]
            expected[place] = summary_id_of(place + 1)
            assert (200, expected, "") == (answer.status, ids(answer), answer.body["next_page_token"])
            assert expected == ids(await asking.get(DAY))
            details = await asking.get(f"{LIST}/{summary_id_of(place + 1)}")
            assert (200, summary_id_of(place + 1)) == (details.status, details.body["id"])

    @pytest.mark.parametrize("place", range(5))
    @in_virtual_time
    async def test_a_detail_that_keeps_failing_alone_is_told_by_its_summary(self, place):
        """The first, one in the middle or the last: the page is whole, and the id stays when upstream is well."""
        async with service(FIVE) as asking:
            asking.zoom.fail(path(place + 1), status=500, body=b"<html>", times=ATTEMPTS)
            broken = await asking.get(DAY)
            well = await asking.get(DAY)
        expected = [*ALL]
        expected[place] = summary_id_of(place + 1)
        assert (expected, expected, "") == (ids(broken), ids(well), broken.body["next_page_token"])

    @in_virtual_time
    async def test_without_the_scope_for_details_rows_come_from_summaries(self):
        """One detail call shows it; the list is whole, details by id are upstream's refusal."""
        async with service(FIVE) as asking:
            asking.zoom.revoke("/phone/call_history/", scopes=("phone:read:call_log:admin",))
            answer = await asking.get(DAY)
            assert ([summary_id_of(n) for n in (1, 2, 3, 4, 5)], 1) == (
                ids(answer),
                asking.zoom.counts["get_call_history"],
            )
            details = await asking.get(f"{LIST}/{summary_id_of(1)}")
            assert (400, 4711) == (details.status, details.body["code"])

    @in_virtual_time
    async def test_rows_from_summaries_are_counted(self):
        """The operator sees how many and why."""
        async with service(FIVE) as asking:
            asking.zoom.fail(path(2), status=404)
            asking.zoom.fail(path(4), status=500, times=ATTEMPTS)
            await asking.get(DAY)
            counted = asking.shim.ops.meters.exposition().decode()
        assert 'shim_rows_from_summary_total{reason="missing"} 1.0' in counted
        assert 'shim_rows_from_summary_total{reason="failed"} 1.0' in counted


class TestLateRecords:
    """A record appears some seconds after its call."""

    @staticmethod
    def young(minutes: float) -> World:
        """A call that ended so many minutes ago."""
        moment = datetime.now(UTC)
        start, end = at(moment, minutes=minutes + 1), at(moment, minutes=minutes)
        return plain(1, start_time=start, answer_time=start, end_time=end)

    @pytest.mark.parametrize(("minutes", "tries"), [(1, 3), (6, 1)])
    @in_virtual_time
    async def test_the_detail_of_a_young_call_is_asked_for_again(self, minutes, tries):
        """Two more tries within the deadline when it ended less than five minutes ago."""
        async with service(self.young(minutes)) as asking:
            asking.zoom.fail(path(1), status=404, times=2)
            await asking.get(LIST)
            assert tries == asking.zoom.counts["get_call_history"]

    @in_virtual_time
    async def test_a_late_record_is_exact_when_it_comes_in_time(self):
        """The row is not told by its summary."""
        async with service(self.young(1)) as asking:
            asking.zoom.fail(path(1), status=404, times=2)
            assert [id_of(1)] == ids(await asking.get(LIST))

    @in_virtual_time
    async def test_a_call_without_a_start_has_details_too(self):
        """What is remembered of it has no time; that is no error."""
        world = plain(1, answer_time="2026-03-10T09:00:00Z")
        for entry in (*world.call_history, *world.records, *world.records[0]["call_elements"]):
            del entry["start_time"]
        async with service(world) as asking:
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=200, body={"call_history": world.call_history})
            listed = await asking.get(DAY)
            answer = await asking.get(f"{LIST}/{ids(listed)[0]}", authorization="Bearer another")
        assert (200, ids(listed)[0]) == (answer.status, answer.body["id"])


class TestArrival:
    """Details come in any order."""

    @pytest.mark.parametrize("order", list(permutations((2, 3, 4, 5)))[::5])
    async def test_the_order_of_arrival_does_not_matter(self, order):
        """Rows stand as upstream lists them."""
        async with service(FIVE) as asking:
            await asking.get(f"{DAY}&page_size=1")
            gates = {number: asyncio.Event() for number in order}
            for number, gate in gates.items():
                asking.zoom.fail(path(number), delay=gate)
            listing = asyncio.create_task(asking.get(DAY))
            await until(lambda: asking.zoom.counts["get_call_history"] == 5)
            for number in order:
                gates[number].set()
                await asyncio.sleep(0.002)
            assert ALL == ids(await listing)

    async def test_a_client_that_leaves_gives_its_calls_up(self):
        """No further upstream call is begun for it; the one that was out serves the next request."""
        async with service(FIVE) as asking:
            gate = asyncio.Event()
            asking.zoom.fail("/phone/call_history", delay=gate)
            leaving = asyncio.create_task(asking.get(DAY))
            await until(lambda: len(asking.zoom.calls) == 1)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            gate.set()
            assert ALL == ids(await asking.get(DAY))
            assert {"list_call_history": 1, "get_call_history": 5, "get_user": 5} == asking.zoom.counts


def test_the_worlds_calls_are_older_than_what_may_still_change():
    """Those of the plain worlds are settled, whenever the tests run."""
    assert datetime.now(UTC) - datetime.fromisoformat(FIVE.call_history[0]["end_time"]) > timedelta(minutes=30)
