"""Finished records: detail calls, the cache, summaries in their place, pinned ids, deadlines."""

import asyncio

import pytest

from adapters.errors import UpstreamBroken, UpstreamHeldBack, UpstreamRefused, UpstreamSlow
from adapters.records import Told
from contracts.codec import decode
from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, TOO_FAST, caller
from tests.adapters.records_bench import NOON, ONE, RecordsBench, ids, owners, path
from tests.adapters.successor_bodies import at, id_of, record_body, row_body, rows, summary_id_of, uuid_of


@pytest.fixture
def bench() -> RecordsBench:
    """A service that knows nothing yet."""
    return RecordsBench()


class TestExact:
    """Rows by one detail call each."""

    async def test_each_row_costs_one_detail_call_and_tells_of_its_record(self, bench):
        """Records come in the order of the rows, each under the id of its first leg, with its owner's id."""
        bench.has(3, 1, 2)
        told = await bench.page(3, 1, 2)
        assert ([id_of(3), id_of(1), id_of(2)], None) == (ids(told), told.stop)
        assert ["id3", "id1", "id2"] == owners(told)
        assert 3 == len(bench.details_asked)

    async def test_a_transferred_call_is_several_old_records(self, bench):
        """All parts stand in one finished record, in the order of the call."""
        bench.has(1, groups=3)
        (record,) = (await bench.page(1)).records
        assert [(0, id_of(1)), (1, id_of(1, 1)), (2, id_of(1, 2))] == [
            (call.group, call.v1_id) for call in record.calls
        ]

    async def test_a_record_of_nothing_but_monitoring_has_no_rows(self, bench):
        """It stands in its place, empty."""
        bench.has(1)
        bench.zoom.says(path(2), record_body(2, event="monitor"))
        told = await bench.page(1, 2)
        assert ([1, 0], None) == ([len(record.calls) for record in told.records], told.stop)

    async def test_a_record_without_elements_is_told_by_its_row(self, bench):
        """The list knows the result, the record's header does not."""
        bench.zoom.says(path(1), {**record_body(1), "call_elements": []})
        told = await bench.page(1, call_result="voicemail")
        assert ["Voicemail"] == [decode(call.row)["result"] for record in told.records for call in record.calls]

    async def test_details_are_asked_for_side_by_side(self, bench):
        """Once a credential has shown that it may ask, nobody waits for a neighbour."""
        bench.has(1, 2, 3, 4)
        await bench.page(1)
        gate = asyncio.Event()
        for number in (2, 3, 4):
            bench.zoom.says(path(number), gate, record_body(number))
        listing = asyncio.create_task(bench.page(2, 3, 4))
        async with asyncio.timeout(5):
            while len(bench.details_asked) < 4:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
        gate.set()
        assert [id_of(2), id_of(3), id_of(4)] == ids(await listing)

    @pytest.mark.parametrize("order", [(3, 2, 1), (2, 3, 1), (1, 3, 2)])
    async def test_the_order_of_arrival_does_not_matter(self, bench, order):
        """Rows stand as the list has them, however the replies come in."""
        bench.has(0, 1, 2, 3)
        await bench.page(0)
        gates = {number: asyncio.Event() for number in order}
        for number in order:
            bench.zoom.says(path(number), gates[number], record_body(number))
        listing = asyncio.create_task(bench.page(1, 2, 3))
        for number in order:
            await asyncio.sleep(0)
            gates[number].set()
        assert [id_of(1), id_of(2), id_of(3)] == ids(await listing)

    async def test_the_first_detail_goes_alone_until_one_was_had(self, bench):
        """A credential that may not look costs one refused call, not a page of them; its rows are summaries."""
        bench.zoom.says(path(1), SCOPE_MISSING)
        told = await bench.page(1, 2, 3)
        assert ([summary_id_of(1), summary_id_of(2), summary_id_of(3)], None) == (ids(told), told.stop)
        assert ([path(1)], {"scope": 3}) == (bench.details_asked, bench.observer.summaries)

    async def test_an_empty_page_asks_nothing(self, bench):
        """No rows, no calls."""
        assert (Told((), None), []) == (await bench.page(), bench.zoom.asked)

    @pytest.mark.parametrize("body", [{}, {"call_elements": []}, {"call_history_uuid": ""}])
    async def test_an_answer_that_is_no_record_counts_as_broken(self, bench, body):
        """Among others that work it is told by its summary."""
        bench.has(1, 3)
        bench.zoom.says(path(2), body)
        told = await bench.page(1, 2, 3)
        assert ([id_of(1), summary_id_of(2), id_of(3)], {"failed": 1}) == (ids(told), bench.observer.summaries)

    async def test_a_record_is_kept_under_the_id_it_was_asked_by(self, bench):
        """An upstream that spells the id differently in its answer does not split the call in two."""
        bench.zoom.says(path(1), {**record_body(1), "call_history_uuid": summary_id_of(1)})
        assert [uuid_of(1)] == [record.history_uuid for record in (await bench.page(1)).records]


class TestFaults:
    """A detail that cannot be had."""

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_a_missing_record_is_told_by_its_summary(self, bench, place):
        """A 404 takes no row away."""
        bench.has(1, 2, 3)
        bench.zoom.says(path(place + 1), GONE)
        told = await bench.page(1, 2, 3)
        expected = [id_of(1), id_of(2), id_of(3)]
        expected[place] = summary_id_of(place + 1)
        assert (expected, None, {"missing": 1}) == (ids(told), told.stop, bench.observer.summaries)

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("failure", [OUTAGE, UpstreamBroken("cut short")])
    async def test_a_record_that_fails_alone_is_told_by_its_summary(self, bench, place, failure):
        """Its neighbours show that it is no outage."""
        bench.has(1, 2, 3)
        bench.zoom.says(path(place + 1), failure)
        told = await bench.page(1, 2, 3)
        assert (3, None, {"failed": 1}) == (len(told.records), told.stop, bench.observer.summaries)

    @pytest.mark.parametrize("failure", [OUTAGE, TOO_FAST, UpstreamSlow("deadline passed")])
    async def test_what_stops_a_page_leaves_the_rows_before_it(self, bench, failure):
        """Nothing behind the stop is told and nothing of it is pinned or counted."""
        bench.has(1, 2, 3, 4)
        for number in (3, 4):
            bench.zoom.says(path(number), failure)
        told = await bench.page(1, 2, 3, 4)
        assert [id_of(1), id_of(2)] == ids(told)
        assert told.stop is failure
        assert ({}, ()) == (bench.observer.summaries, await bench.identities.find("", summary_id_of(3)))

    async def test_cached_rows_do_not_pass_for_working_neighbours(self, bench):
        """In an outage the page ends before the first row that is not cached, however many cached ones follow."""
        bench.has(1, 3)
        await bench.page(1, 3)
        for number in (1, 2, 3):
            bench.zoom.says(path(number), OUTAGE)
        told = await bench.page(1, 2, 3)
        assert [id_of(1)] == ids(told)
        assert told.stop is OUTAGE

    @pytest.mark.parametrize("page", [(2,), (1, 2, 3), (2, 4)])
    async def test_a_record_that_fails_where_no_other_is_asked_for_is_told_by_its_summary(self, bench, page):
        """A call had before is asked for again: where upstream tells it and the others fail still, it is theirs."""
        bench.has(1, 3)
        await bench.page(1, 3)
        bench.zoom.says(path(2), OUTAGE)
        bench.zoom.says(path(4), UpstreamBroken("cut short"))
        told = await bench.page(*page)
        failing = [number for number in page if number in (2, 4)]
        assert (len(page), None, {"failed": len(failing)}) == (len(told.records), told.stop, bench.observer.summaries)
        assert 2 * len(failing) + 1 == len(bench.details_asked) - 2

    async def test_an_outage_that_ends_meanwhile_costs_no_row_its_detail(self, bench):
        """Whatever failed is asked for again before its summary must do."""
        bench.has(1)
        await bench.page(1)
        bench.zoom.says(path(2), OUTAGE, record_body(2))
        told = await bench.page(2)
        assert ([id_of(2)], None, {}) == (ids(told), told.stop, bench.observer.summaries)

    @pytest.mark.parametrize("failure", [TOO_FAST, UpstreamSlow("deadline passed"), UpstreamHeldBack(503, None, "")])
    async def test_a_limit_is_no_reason_to_ask_whether_upstream_is_well(self, bench, failure):
        """Neither are the deadline and a call that was not sent: nothing more is asked, and the page ends."""
        bench.has(1)
        await bench.page(1)
        bench.zoom.says(path(2), failure)
        told = await bench.page(1, 2)
        assert ([id_of(1)], failure, 2) == (ids(told), told.stop, len(bench.details_asked))

    async def test_what_came_in_behind_a_stop_is_not_asked_for_again(self, bench):
        """The next page asks for what is missing alone; nothing behind the stop was told or pinned."""
        bench.has(1, 2, 3, 4)
        bench.zoom.says(path(2), TOO_FAST, record_body(2))
        assert [id_of(1)] == ids(await bench.page(1, 2, 3, 4))
        assert () == await bench.identities.find("", id_of(3))
        bench.zoom.asked.clear()
        assert [id_of(2), id_of(3), id_of(4)] == ids(await bench.page(2, 3, 4))
        assert [path(2)] == bench.details_asked

    async def test_what_was_kept_does_not_pass_for_a_working_neighbour(self, bench):
        """In an outage a call that came in a moment ago says nothing."""
        bench.has(1, 2, 3)
        bench.zoom.says(path(2), TOO_FAST)
        await bench.page(1, 2, 3)
        for number in (1, 2, 3):
            bench.zoom.says(path(number), OUTAGE)
        told = await bench.page(1, 2, 3)
        assert ([id_of(1)], {}) == (ids(told), bench.observer.summaries)

    async def test_an_id_once_served_stays_when_the_record_comes_back(self, bench):
        """A row first told by its summary keeps that id when its detail can be had, and the other way round."""
        bench.has(1, 2)
        bench.zoom.says(path(1), GONE)
        first = ids(await bench.page(1, 2))
        bench.has(1)
        bench.zoom.says(path(2), GONE)
        bench.clock.now += 700
        second = ids(await bench.page(1, 2))
        assert ([summary_id_of(1), id_of(2)], first) == (first, second)

    async def test_a_row_told_by_its_summary_is_not_cached(self, bench):
        """The next page asks for it again."""
        bench.has(2)
        bench.zoom.says(path(1), GONE)
        await bench.page(1, 2)
        await bench.page(1, 2)
        assert {path(1): 2, path(2): 1} == {key: count for key, count in bench.zoom.paths.items() if "history" in key}

    async def test_a_page_stops_asking_in_time_to_be_written(self, bench):
        """Details have until a second before the deadline, the directory until half a second before it."""
        bench.has(1)
        await bench.page(1, asker=caller("one", deadline=100.0), callee_ext_number="")
        deadlines = [
            (call.name, asker.deadline) for call, asker in zip(bench.zoom.asked, bench.zoom.callers, strict=True)
        ]
        assert [("call_record", 99.0), ("phone_user", 99.5)] == deadlines


class TestLateRecords:
    """A record may appear a little after its call."""

    async def test_a_call_just_over_is_asked_for_again(self, bench):
        """Two more tries within two seconds for a call that ended less than five minutes ago."""
        bench.zoom.says(path(1), GONE, GONE, record_body(1))
        told = await bench.page(1, end_time=at(NOON, minutes=4, seconds=59))
        assert ([id_of(1)], [0.5, 1.5]) == (ids(told), bench.slept)

    async def test_after_the_last_try_its_summary_must_do(self, bench):
        """A record that does not come is a missing one."""
        told = await bench.page(1, end_time=at(NOON, seconds=10))
        assert ([summary_id_of(1)], 3) == (ids(told), len(bench.details_asked))

    async def test_an_older_call_is_asked_for_once(self, bench):
        """Five minutes after its end a missing record is missing."""
        await bench.page(1, end_time=at(NOON, minutes=5))
        assert ([], 1) == (bench.slept, len(bench.details_asked))

    async def test_no_try_is_waited_for_beyond_the_deadline(self, bench):
        """A 404 that cannot be followed up in time is the answer."""
        soon = asyncio.get_running_loop().time() + 1.2
        await bench.page(1, end_time=at(NOON, seconds=10), asker=caller("one", deadline=soon))
        assert ([], 1) == (bench.slept, len(bench.details_asked))

    async def test_only_a_404_is_waited_for(self, bench):
        """Any other refusal is no matter of being late."""
        bench.zoom.says(path(1), UpstreamRefused(400, 300, "Validation Failed."))
        told = await bench.page(1, end_time=at(NOON, seconds=10))
        assert ([], None, 1) == (bench.slept, told.stop, len(told.records))

    @pytest.mark.parametrize(("start", "tries"), [(at(NOON, minutes=4), 3), (at(NOON, minutes=6), 1), ("", 3)])
    async def test_details_by_id_know_the_start_only(self, bench, start, tries):
        """What is remembered of a call says when it began; a call of unknown age counts as a young one."""
        with pytest.raises(UpstreamRefused):
            await bench.records.of_call(uuid_of(1), ONE, start_time=start)
        assert tries == len(bench.details_asked)


class TestSummaries:
    """Rows from the list alone."""

    async def test_no_detail_is_asked_for(self, bench):
        """Only the directory costs calls; ids are those of the calls as a whole."""
        bench.has(1, 2)
        told = await bench.records.summaries(rows(row_body(1), row_body(2)), ONE)
        assert ([summary_id_of(1), summary_id_of(2)], ["id1", "id2"]) == (ids(told), owners(told))
        assert ([], None, {}) == (bench.details_asked, told.stop, bench.observer.summaries)

    async def test_details_of_such_a_row_keep_its_id(self, bench):
        """The exact record by id carries the id the list served."""
        bench.has(1)
        await bench.records.summaries(rows(row_body(1)), ONE)
        record = await bench.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert [summary_id_of(1)] == [decode(call.details)["id"] for call in record.calls]


class TestUnknowns:
    """What nobody declared."""

    async def test_an_unknown_key_is_told_and_breaks_nothing(self, bench):
        """A new field of the successor is news, not an error."""
        bench.zoom.says(path(1), {**record_body(1), "brand_new": 1})
        assert [id_of(1)] == ids(await bench.page(1))
        assert ["brand_new"] == [one.field for one in bench.observer.unknown]

    async def test_several_parts_answer_to_one_call(self, bench):
        """Every part of a record is pinned and found by its own id and by its entries'."""
        bench.has(1, groups=2)
        await bench.page(1)
        found = [await bench.identities.find("", id_of(1, group)) for group in (0, 1)]
        assert [(uuid_of(1), 0), (uuid_of(1), 1)] == [(one[0].history_uuid, one[0].group) for one in found]
