"""Finished records: detail calls, the cache, summaries in their place, pinned ids, deadlines."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from adapters.directory import ExtensionDirectory
from adapters.errors import UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.finished import RecordCache
from adapters.ports import Caller
from adapters.records import Records, Told
from adapters.state.memory import MemoryIdentities
from adapters.translation.world import World
from contracts.codec import decode
from tests.adapters.fake_ports import (
    GONE,
    OUTAGE,
    SCOPE_MISSING,
    TOO_FAST,
    Clock,
    FakeZoom,
    RecordingObserver,
    caller,
)
from tests.adapters.successor_bodies import at, id_of, record_body, row_body, rows, summary_id_of, user_body, uuid_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ONE, OTHER = caller("one"), caller("other")


@dataclass
class Shop:
    """A `Records` over fakes, and everything it talks to."""

    zoom: FakeZoom = field(default_factory=FakeZoom)
    clock: Clock = field(default_factory=Clock)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    identities: MemoryIdentities = field(default_factory=MemoryIdentities)
    slept: list[float] = field(default_factory=list)
    now: datetime = NOON

    def __post_init__(self) -> None:
        """Wires it."""
        self.directory = ExtensionDirectory(self.zoom, clock=self.clock)
        self.records = Records(
            self.zoom,
            self.identities,
            directory=self.directory,
            cache=RecordCache(mib=8, clock=self.clock),
            world=World(),
            observer=self.observer,
            now=lambda: self.now,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def has(self, *numbers: int, groups: int = 1, **changes: str) -> None:
        """Calls upstream knows, with their users."""
        for number in numbers:
            self.zoom.says(path(number), record_body(number, groups=groups, **changes))
            self.zoom.says(f"/phone/users/u{number}%40example.com", user_body(number))
        self.zoom.says("/phone/users", {"next_page_token": "", "users": [user_body(n) for n in numbers]})

    async def page(self, *numbers: int, asker: Caller = ONE, **changes: str) -> Told:
        """The records of a page that names these calls."""
        return await self.records.exact(rows(*(row_body(number, **changes) for number in numbers)), asker)

    @property
    def details_asked(self) -> list[str]:
        """The detail calls, in order."""
        return [call.path for call in self.zoom.asked if call.name == "call_record"]


@pytest.fixture
def shop() -> Shop:
    """A service that knows nothing yet."""
    return Shop()


def path(number: int) -> str:
    """Where a call's record is asked for."""
    return f"/phone/call_history/{uuid_of(number)}"


def ids(told: Told) -> list[str]:
    """The v1 ids of all parts, in order."""
    return [call.v1_id for record in told.records for call in record.calls]


def owners(told: Told) -> Iterable[str | None]:
    """The owner's id of each part."""
    return [decode(call.row).get("owner", {}).get("id") for record in told.records for call in record.calls]


class TestExact:
    """Rows by one detail call each."""

    async def test_each_row_costs_one_detail_call_and_tells_of_its_record(self, shop):
        """Records come in the order of the rows, each under the id of its first leg, with its owner's id."""
        shop.has(3, 1, 2)
        told = await shop.page(3, 1, 2)
        assert ([id_of(3), id_of(1), id_of(2)], None) == (ids(told), told.stop)
        assert ["id3", "id1", "id2"] == owners(told)
        assert 3 == len(shop.details_asked)

    async def test_a_transferred_call_is_several_old_records(self, shop):
        """All parts stand in one finished record, in the order of the call."""
        shop.has(1, groups=3)
        (record,) = (await shop.page(1)).records
        assert [(0, id_of(1)), (1, id_of(1, 1)), (2, id_of(1, 2))] == [
            (call.group, call.v1_id) for call in record.calls
        ]

    async def test_a_record_of_nothing_but_monitoring_has_no_rows(self, shop):
        """It stands in its place, empty."""
        shop.has(1)
        shop.zoom.says(path(2), record_body(2, event="monitor"))
        told = await shop.page(1, 2)
        assert ([1, 0], None) == ([len(record.calls) for record in told.records], told.stop)

    async def test_a_record_without_elements_is_told_by_its_row(self, shop):
        """The list knows the result, the record's header does not."""
        shop.zoom.says(path(1), {**record_body(1), "call_elements": []})
        told = await shop.page(1, call_result="voicemail")
        assert ["Voicemail"] == [decode(call.row)["result"] for record in told.records for call in record.calls]

    async def test_details_are_asked_for_side_by_side(self, shop):
        """Once a credential has shown that it may ask, nobody waits for a neighbour."""
        shop.has(1, 2, 3, 4)
        await shop.page(1)
        gate = asyncio.Event()
        for number in (2, 3, 4):
            shop.zoom.says(path(number), gate, record_body(number))
        listing = asyncio.create_task(shop.page(2, 3, 4))
        async with asyncio.timeout(5):
            while len(shop.details_asked) < 4:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
        gate.set()
        assert [id_of(2), id_of(3), id_of(4)] == ids(await listing)

    @pytest.mark.parametrize("order", [(3, 2, 1), (2, 3, 1), (1, 3, 2)])
    async def test_the_order_of_arrival_does_not_matter(self, shop, order):
        """Rows stand as the list has them, however the replies come in."""
        shop.has(0, 1, 2, 3)
        await shop.page(0)
        gates = {number: asyncio.Event() for number in order}
        for number in order:
            shop.zoom.says(path(number), gates[number], record_body(number))
        listing = asyncio.create_task(shop.page(1, 2, 3))
        for number in order:
            await asyncio.sleep(0)
            gates[number].set()
        assert [id_of(1), id_of(2), id_of(3)] == ids(await listing)

    async def test_the_first_detail_goes_alone_until_one_was_had(self, shop):
        """A credential that may not look costs one refused call, not a page of them; its rows are summaries."""
        shop.zoom.says(path(1), SCOPE_MISSING)
        told = await shop.page(1, 2, 3)
        assert ([summary_id_of(1), summary_id_of(2), summary_id_of(3)], None) == (ids(told), told.stop)
        assert ([path(1)], {"scope": 3}) == (shop.details_asked, shop.observer.summaries)

    async def test_an_empty_page_asks_nothing(self, shop):
        """No rows, no calls."""
        assert (Told((), None), []) == (await shop.page(), shop.zoom.asked)

    @pytest.mark.parametrize("body", [{}, {"call_elements": []}, {"call_history_uuid": ""}])
    async def test_an_answer_that_is_no_record_counts_as_broken(self, shop, body):
        """Among others that work it is told by its summary."""
        shop.has(1, 3)
        shop.zoom.says(path(2), body)
        told = await shop.page(1, 2, 3)
        assert ([id_of(1), summary_id_of(2), id_of(3)], {"failed": 1}) == (ids(told), shop.observer.summaries)

    async def test_a_record_is_kept_under_the_id_it_was_asked_by(self, shop):
        """An upstream that spells the id differently in its answer does not split the call in two."""
        shop.zoom.says(path(1), {**record_body(1), "call_history_uuid": summary_id_of(1)})
        assert [uuid_of(1)] == [record.history_uuid for record in (await shop.page(1)).records]


class TestFaults:
    """A detail that cannot be had."""

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_a_missing_record_is_told_by_its_summary(self, shop, place):
        """A 404 takes no row away."""
        shop.has(1, 2, 3)
        shop.zoom.says(path(place + 1), GONE)
        told = await shop.page(1, 2, 3)
        expected = [id_of(1), id_of(2), id_of(3)]
        expected[place] = summary_id_of(place + 1)
        assert (expected, None, {"missing": 1}) == (ids(told), told.stop, shop.observer.summaries)

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("failure", [OUTAGE, UpstreamBroken("cut short")])
    async def test_a_record_that_fails_alone_is_told_by_its_summary(self, shop, place, failure):
        """Its neighbours show that it is no outage."""
        shop.has(1, 2, 3)
        shop.zoom.says(path(place + 1), failure)
        told = await shop.page(1, 2, 3)
        assert (3, None, {"failed": 1}) == (len(told.records), told.stop, shop.observer.summaries)

    @pytest.mark.parametrize("failure", [OUTAGE, TOO_FAST, UpstreamSlow("deadline passed")])
    async def test_what_stops_a_page_leaves_the_rows_before_it(self, shop, failure):
        """Nothing behind the stop is told and nothing of it is pinned or counted."""
        shop.has(1, 2, 3, 4)
        for number in (3, 4):
            shop.zoom.says(path(number), failure)
        told = await shop.page(1, 2, 3, 4)
        assert [id_of(1), id_of(2)] == ids(told)
        assert told.stop is failure
        assert ({}, ()) == (shop.observer.summaries, await shop.identities.find("", summary_id_of(3)))

    async def test_cached_rows_do_not_pass_for_working_neighbours(self, shop):
        """In an outage the page ends before the first row that is not cached, however many cached ones follow."""
        shop.has(1, 3)
        await shop.page(1, 3)
        shop.zoom.says(path(2), OUTAGE)
        told = await shop.page(1, 2, 3)
        assert [id_of(1)] == ids(told)
        assert told.stop is OUTAGE

    async def test_an_id_once_served_stays_when_the_record_comes_back(self, shop):
        """A row first told by its summary keeps that id when its detail can be had, and the other way round."""
        shop.has(1, 2)
        shop.zoom.says(path(1), GONE)
        first = ids(await shop.page(1, 2))
        shop.has(1)
        shop.zoom.says(path(2), GONE)
        shop.clock.now += 700
        second = ids(await shop.page(1, 2))
        assert ([summary_id_of(1), id_of(2)], first) == (first, second)

    async def test_a_row_told_by_its_summary_is_not_cached(self, shop):
        """The next page asks for it again."""
        shop.has(2)
        shop.zoom.says(path(1), GONE)
        await shop.page(1, 2)
        await shop.page(1, 2)
        assert {path(1): 2, path(2): 1} == {key: count for key, count in shop.zoom.paths.items() if "history" in key}

    async def test_a_page_stops_asking_in_time_to_be_written(self, shop):
        """Details have until a second before the deadline, the directory until half a second before it."""
        shop.has(1)
        await shop.page(1, asker=caller("one", deadline=100.0), callee_ext_number="")
        deadlines = [
            (call.name, asker.deadline) for call, asker in zip(shop.zoom.asked, shop.zoom.callers, strict=True)
        ]
        assert [("call_record", 99.0), ("phone_user", 99.5)] == deadlines


class TestLateRecords:
    """A record may appear a little after its call."""

    async def test_a_call_just_over_is_asked_for_again(self, shop):
        """Two more tries within two seconds for a call that ended less than five minutes ago."""
        shop.zoom.says(path(1), GONE, GONE, record_body(1))
        told = await shop.page(1, end_time=at(NOON, minutes=4, seconds=59))
        assert ([id_of(1)], [0.5, 1.5]) == (ids(told), shop.slept)

    async def test_after_the_last_try_its_summary_must_do(self, shop):
        """A record that does not come is a missing one."""
        told = await shop.page(1, end_time=at(NOON, seconds=10))
        assert ([summary_id_of(1)], 3) == (ids(told), len(shop.details_asked))

    async def test_an_older_call_is_asked_for_once(self, shop):
        """Five minutes after its end a missing record is missing."""
        await shop.page(1, end_time=at(NOON, minutes=5))
        assert ([], 1) == (shop.slept, len(shop.details_asked))

    async def test_no_try_is_waited_for_beyond_the_deadline(self, shop):
        """A 404 that cannot be followed up in time is the answer."""
        soon = asyncio.get_running_loop().time() + 1.2
        await shop.page(1, end_time=at(NOON, seconds=10), asker=caller("one", deadline=soon))
        assert ([], 1) == (shop.slept, len(shop.details_asked))

    async def test_only_a_404_is_waited_for(self, shop):
        """Any other refusal is no matter of being late."""
        shop.zoom.says(path(1), UpstreamRefused(400, 300, "Validation Failed."))
        told = await shop.page(1, end_time=at(NOON, seconds=10))
        assert ([], True) == (shop.slept, told.stop is not None)

    @pytest.mark.parametrize(("start", "tries"), [(at(NOON, minutes=4), 3), (at(NOON, minutes=6), 1), ("", 3)])
    async def test_details_by_id_know_the_start_only(self, shop, start, tries):
        """What is remembered of a call says when it began; a call of unknown age counts as a young one."""
        with pytest.raises(UpstreamRefused):
            await shop.records.of_call(uuid_of(1), ONE, start_time=start)
        assert tries == len(shop.details_asked)


class TestCache:
    """What need not be asked for again."""

    async def test_a_page_seen_before_costs_no_detail_call(self, shop):
        """The same credential is served from the cache for ten minutes, by others' rights for longer."""
        shop.has(1, 2)
        first = ids(await shop.page(1, 2))
        shop.zoom.asked.clear()
        assert (first, []) == (ids(await shop.page(1, 2)), shop.zoom.asked)
        shop.clock.now += 3600
        assert (first, []) == (ids(await shop.page(1, 2)), shop.zoom.asked)

    async def test_details_after_a_list_cost_nothing(self, shop):
        """The record by id is the one the list fetched."""
        shop.has(1)
        await shop.page(1)
        shop.zoom.asked.clear()
        record = await shop.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert ([id_of(1)], []) == ([call.v1_id for call in record.calls], shop.zoom.asked)

    async def test_details_by_id_are_asked_for_again_after_ten_minutes(self, shop):
        """What may serve a list for a day serves details for ten minutes."""
        shop.has(1)
        await shop.page(1)
        shop.clock.now += 600
        await shop.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert 2 == len(shop.details_asked)

    async def test_details_by_id_never_cross_credentials(self, shop):
        """Another credential's call is its own, even after it has proved everything there is to prove."""
        shop.has(1, 2)
        await shop.page(1, asker=ONE)
        await shop.page(2, asker=OTHER)
        await shop.records.of_call(uuid_of(1), OTHER, start_time=at(NOON, hours=3))
        assert [path(1), path(2), path(1)] == shop.details_asked

    async def test_another_credential_is_served_after_a_detail_call_of_its_own(self, shop):
        """Its first row is asked for with its own credential; then cached rows may serve it."""
        shop.has(1, 2, 3)
        await shop.page(1, 2, 3, asker=ONE)
        shop.zoom.asked.clear()
        assert [id_of(1), id_of(2), id_of(3)] == ids(await shop.page(1, 2, 3, asker=OTHER))
        assert [path(1)] == shop.details_asked

    async def test_another_credential_that_may_not_look_gets_summaries(self, shop):
        """Cached details are not lent to one without the scope; the ids stay the pinned ones."""
        shop.has(1, 2)
        exact = await shop.page(1, 2, asker=ONE)
        shop.zoom.says(path(1), SCOPE_MISSING)
        told = await shop.page(1, 2, asker=OTHER)
        assert ids(exact) == ids(told)
        assert {"scope": 2} == shop.observer.summaries

    async def test_another_credential_without_the_directory_is_not_shown_its_ids(self, shop):
        """A cached row holds object ids: who may not look them up gets a row of its own without them."""
        shop.has(1, 2)
        await shop.page(1, 2, asker=ONE)
        shop.zoom.says("/phone/users", SCOPE_MISSING)
        told = await shop.page(1, 2, asker=OTHER)
        assert ([None, None], {"users": 2}) == (owners(told), dict.fromkeys(shop.observer.left_out, 2))

    async def test_a_row_made_without_the_directory_is_not_served_to_one_who_has_it(self, shop):
        """What was left out for one credential is not missing for another."""
        shop.has(1, 2)
        shop.zoom.says("/phone/users", SCOPE_MISSING)
        for number in (1, 2):
            shop.zoom.says(f"/phone/users/u{number}%40example.com", SCOPE_MISSING)
        assert [None, None] == owners(await shop.page(1, 2, asker=ONE))
        shop.has(1, 2)
        assert ["id1", "id2"] == owners(await shop.page(1, 2, asker=OTHER))

    async def test_a_record_whose_directory_failed_is_not_kept(self, shop):
        """An id that is absent for the moment must not stay absent for a day."""
        shop.has(1)
        shop.zoom.says("/phone/users/u1%40example.com", OUTAGE)
        assert [None] == owners(await shop.page(1))
        shop.has(1)
        assert (["id1"], 2) == (owners(await shop.page(1)), len(shop.details_asked))

    @pytest.mark.parametrize("age", [timedelta(minutes=29, seconds=59), timedelta(0)])
    async def test_a_young_call_is_asked_for_again_after_a_minute(self, shop, age):
        """A call that ended less than half an hour ago may still change, and is not shared."""
        shop.has(1, end_time=at(NOON, seconds=age.total_seconds()))
        await shop.page(1)
        shop.clock.now += 59
        await shop.page(1)
        assert 1 == len(shop.details_asked)
        shop.clock.now += 1
        await shop.page(1)
        assert 2 == len(shop.details_asked)

    async def test_a_call_still_running_may_change(self, shop):
        """Without an end it is never settled."""
        shop.has(1, end_time="")
        await shop.page(1)
        shop.clock.now += 60
        await shop.page(1)
        assert 2 == len(shop.details_asked)

    async def test_a_call_half_an_hour_old_is_settled(self, shop):
        """From then on it is kept for a day."""
        shop.has(1, end_time=at(NOON, minutes=30))
        await shop.page(1)
        shop.clock.now += 24 * 3600 - 1
        await shop.page(1)
        assert 1 == len(shop.details_asked)

    async def test_an_account_prefix_is_a_world_of_its_own(self, shop):
        """The same call under another account is asked for, pinned and cached apart."""
        shop.has(1)
        await shop.page(1)
        await shop.page(1, asker=caller("one", account="acct1"))
        assert 2 == len(shop.details_asked)
        assert [1, 1] == [len(await shop.identities.find(each, id_of(1))) for each in ("", "acct1")]


class TestSummaries:
    """Rows from the list alone."""

    async def test_no_detail_is_asked_for(self, shop):
        """Only the directory costs calls; ids are those of the calls as a whole."""
        shop.has(1, 2)
        told = await shop.records.summaries(rows(row_body(1), row_body(2)), ONE)
        assert ([summary_id_of(1), summary_id_of(2)], ["id1", "id2"]) == (ids(told), owners(told))
        assert ([], None, {}) == (shop.details_asked, told.stop, shop.observer.summaries)

    async def test_details_of_such_a_row_keep_its_id(self, shop):
        """The exact record by id carries the id the list served."""
        shop.has(1)
        await shop.records.summaries(rows(row_body(1)), ONE)
        record = await shop.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert [summary_id_of(1)] == [decode(call.details)["id"] for call in record.calls]


class TestUnknowns:
    """What nobody declared."""

    async def test_an_unknown_key_is_told_and_breaks_nothing(self, shop):
        """A new field of the successor is news, not an error."""
        shop.zoom.says(path(1), {**record_body(1), "brand_new": 1})
        assert [id_of(1)] == ids(await shop.page(1))
        assert ["brand_new"] == [one.field for one in shop.observer.unknown]

    async def test_several_parts_answer_to_one_call(self, shop):
        """Every part of a record is pinned and found by its own id and by its entries'."""
        shop.has(1, groups=2)
        await shop.page(1)
        found = [await shop.identities.find("", id_of(1, group)) for group in (0, 1)]
        assert [(uuid_of(1), 0), (uuid_of(1), 1)] == [(one[0].history_uuid, one[0].group) for one in found]
