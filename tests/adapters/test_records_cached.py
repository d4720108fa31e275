"""Finished records that need not be asked for again, and who may be served them."""

from datetime import timedelta

import pytest

from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, caller
from tests.adapters.records_bench import NOON, ONE, OTHER, RecordsBench, ids, owners, path
from tests.adapters.successor_bodies import at, id_of, uuid_of


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
        """An id that is absent for the moment must not stay absent for a day."""
        bench.has(1)
        bench.zoom.says("/phone/users/u1%40example.com", OUTAGE)
        assert [None] == owners(await bench.page(1))
        bench.has(1)
        assert (["id1"], 2) == (owners(await bench.page(1)), len(bench.details_asked))

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
