"""Finished records that need not be asked for again, and who may be served them."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, TOO_FAST, caller
from tests.adapters.records_bench import NOON, ONE, OTHER, RecordsBench, ids, owners, path
from tests.adapters.successor_bodies import at, id_of, record_body, uuid_of


@pytest.fixture
def bench() -> RecordsBench:
    """A service that knows nothing yet."""
    return RecordsBench()


class TestCache:
    """What need not be asked for again."""

    async def test_a_page_seen_before_costs_no_detail_call(self, bench):
        """The same credential is served from the cache for ten minutes, by others' rights for longer."""
        bench.has(1, 2)
        first = ids(await bench.page(1, 2))
        bench.zoom.asked.clear()
        assert (first, []) == (ids(await bench.page(1, 2)), bench.zoom.asked)
        bench.clock.now += 3600
        assert (first, []) == (ids(await bench.page(1, 2)), bench.zoom.asked)

    async def test_pages_asked_for_at_once_are_made_once(self, bench):
        """Those who come while the first one waits for upstream are served what it has made."""
        bench.has(1, 2)
        gate = asyncio.Event()
        bench.zoom.says(path(2), gate, record_body(2))
        pages = [asyncio.create_task(bench.page(1, 2)) for _ in range(20)]
        await asyncio.sleep(0.01)
        gate.set()
        told = await asyncio.gather(*pages)
        assert {path(1): 1, path(2): 1} == Counter(bench.details_asked)
        assert 1 == len({id(record) for page in told for record in page.records if record.history_uuid == uuid_of(2)})

    async def test_pages_asked_for_at_once_by_two_credentials_are_made_for_each(self, bench):
        """Nobody waits for another's rights."""
        bench.has(1)
        await asyncio.gather(bench.page(1, asker=ONE), bench.page(1, asker=OTHER))
        assert [path(1)] * 2 == bench.details_asked

    async def test_details_after_a_list_cost_nothing(self, bench):
        """The record by id is the one the list fetched."""
        bench.has(1)
        await bench.page(1)
        bench.zoom.asked.clear()
        record = await bench.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert ([id_of(1)], []) == ([call.v1_id for call in record.calls], bench.zoom.asked)

    async def test_details_by_id_are_asked_for_again_after_ten_minutes(self, bench):
        """What may serve a list for a day serves details for ten minutes."""
        bench.has(1)
        await bench.page(1)
        bench.clock.now += 600
        await bench.records.of_call(uuid_of(1), ONE, start_time=at(NOON, hours=3))
        assert 2 == len(bench.details_asked)

    async def test_details_by_id_never_cross_credentials(self, bench):
        """Another credential's call is its own, even after it has proved everything there is to prove."""
        bench.has(1, 2)
        await bench.page(1, asker=ONE)
        await bench.page(2, asker=OTHER)
        await bench.records.of_call(uuid_of(1), OTHER, start_time=at(NOON, hours=3))
        assert [path(1), path(2), path(1)] == bench.details_asked

    async def test_another_credential_is_served_after_a_detail_call_of_its_own(self, bench):
        """Its first row is asked for with its own credential; then cached rows may serve it."""
        bench.has(1, 2, 3)
        await bench.page(1, 2, 3, asker=ONE)
        bench.zoom.asked.clear()
        assert [id_of(1), id_of(2), id_of(3)] == ids(await bench.page(1, 2, 3, asker=OTHER))
        assert [path(1)] == bench.details_asked

    async def test_a_credential_whose_first_detail_failed_is_not_served_from_the_cache(self, bench):
        """Without a successful detail call of its own every row is asked for with its own credential."""
        bench.has(1, 2, 3)
        await bench.page(1, 2, 3, asker=ONE)
        bench.zoom.says(path(1), GONE)
        bench.zoom.asked.clear()
        await bench.page(1, 2, 3, asker=OTHER)
        assert [path(1), path(2), path(3)] == bench.details_asked

    async def test_another_credential_that_may_not_look_gets_summaries(self, bench):
        """Cached details are not lent to one without the scope; the ids stay the pinned ones."""
        bench.has(1, 2)
        exact = await bench.page(1, 2, asker=ONE)
        bench.zoom.says(path(1), SCOPE_MISSING)
        told = await bench.page(1, 2, asker=OTHER)
        assert ids(exact) == ids(told)
        assert {"scope": 2} == bench.observer.summaries

    async def test_another_credential_without_the_directory_is_not_shown_its_ids(self, bench):
        """A cached row holds object ids: who may not look them up gets a row of its own without them."""
        bench.has(1, 2)
        await bench.page(1, 2, asker=ONE)
        bench.zoom.says("/phone/users", SCOPE_MISSING)
        told = await bench.page(1, 2, asker=OTHER)
        assert ([None, None], {"users": 2}) == (owners(told), dict.fromkeys(bench.observer.left_out, 2))

    async def test_a_row_made_without_the_directory_is_not_served_to_one_who_has_it(self, bench):
        """What was left out for one credential is not missing for another."""
        bench.has(1, 2)
        bench.zoom.says("/phone/users", SCOPE_MISSING)
        for number in (1, 2):
            bench.zoom.says(f"/phone/users/u{number}%40example.com", SCOPE_MISSING)
        assert [None, None] == owners(await bench.page(1, 2, asker=ONE))
        bench.has(1, 2)
        assert ["id1", "id2"] == owners(await bench.page(1, 2, asker=OTHER))

    async def test_a_record_whose_directory_failed_is_not_kept(self, bench):
        """An id that is absent for the moment must not stay absent for a day; the call is not asked for again."""
        bench.has(1)
        bench.zoom.says("/phone/users/u1%40example.com", OUTAGE)
        assert [None] == owners(await bench.page(1))
        bench.has(1)
        assert (["id1"], 1) == (owners(await bench.page(1)), len(bench.details_asked))

    @pytest.mark.parametrize("age", [timedelta(minutes=29, seconds=59), timedelta(0)])
    async def test_a_young_call_is_asked_for_again_after_a_minute(self, bench, age):
        """A call that ended less than half an hour ago may still change, and is not shared."""
        bench.has(1, end_time=at(NOON, seconds=age.total_seconds()))
        await bench.page(1)
        bench.clock.now += 59
        await bench.page(1)
        assert 1 == len(bench.details_asked)
        bench.clock.now += 1
        await bench.page(1)
        assert 2 == len(bench.details_asked)

    async def test_a_call_still_running_may_change(self, bench):
        """Without an end it is never settled."""
        bench.has(1, end_time="")
        await bench.page(1)
        bench.clock.now += 60
        await bench.page(1)
        assert 2 == len(bench.details_asked)

    async def test_a_call_half_an_hour_old_is_settled(self, bench):
        """From then on it is kept for a day."""
        bench.has(1, end_time=at(NOON, minutes=30))
        await bench.page(1)
        bench.clock.now += 24 * 3600 - 1
        await bench.page(1)
        assert 1 == len(bench.details_asked)

    async def test_an_account_prefix_is_a_world_of_its_own(self, bench):
        """The same call under another account is asked for, pinned and cached apart."""
        bench.has(1)
        await bench.page(1)
        await bench.page(1, asker=caller("one", account="acct1"))
        assert 2 == len(bench.details_asked)
        assert [1, 1] == [len(await bench.identities.find(each, id_of(1))) for each in ("", "acct1")]


class TestKeptUnfinished:
    """Calls that came in and were told to nobody."""

    async def half(self, bench: RecordsBench, **changes: Any) -> None:
        """A page that ended before its second and third row, of which the third came in."""
        bench.has(1, 2, 3, **changes)
        bench.zoom.says(path(2), TOO_FAST, record_body(2, **changes))
        await bench.page(1, 2, 3, **changes)
        bench.zoom.asked.clear()

    async def test_they_are_the_credentials_own(self, bench):
        """Another one asks for itself."""
        await self.half(bench)
        await bench.page(1, asker=OTHER)
        await bench.page(3, asker=OTHER)
        assert [path(1), path(3)] == bench.details_asked

    async def test_they_are_the_accounts_own(self, bench):
        """The same credential under another account has another key."""
        await self.half(bench)
        await bench.page(3, asker=caller("one@acct1", account="acct1"))
        assert [path(3)] == bench.details_asked

    async def test_they_serve_details_too(self, bench):
        """Asked for by its id, such a call costs nothing."""
        await self.half(bench)
        record = await bench.records.of_call(uuid_of(3), ONE, start_time=at(NOON, hours=3))
        assert ([id_of(3)], []) == ([call.v1_id for call in record.calls], bench.details_asked)

    async def test_they_are_kept_a_minute(self, bench):
        """Then they are asked for again."""
        await self.half(bench)
        bench.clock.now += 60
        await bench.page(3)
        assert [path(3)] == bench.details_asked

    async def test_a_young_call_is_not_believed_longer_for_it(self, bench):
        """Finished late, it is asked for again a minute after it came."""
        young = at(NOON, minutes=10)
        await self.half(bench, end_time=young)
        bench.clock.now += 59
        await bench.page(3, end_time=young)
        bench.clock.now += 1
        await bench.page(3, end_time=young)
        assert [path(3)] == bench.details_asked
