"""What each kind of legacy call costs upstream, as one table: more than this is a fault."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.cases import World
from contracts.cases.worlds import Spoken
from shim.standin import Standin, generate, merged
from tests.adapters.successor_bodies import id_of, uuid_of
from tests.service.running import Asking, in_front_of, now
from tests.service.worlds import DAY, LIST, MONTH, busy, plain

LISTED, DETAIL, USER, USERS, REPORT = (
    "list_call_history",
    "get_call_history",
    "get_user",
    "list_users",
    "list_call_charges",
)
TWELVE = range(1, 13)
WALK = f"{MONTH}&page_size=300"


async def cost_of(asking: Asking, target: str, *, status: int = 200) -> Mapping[str, int]:
    """The upstream calls one answer takes."""
    asking.zoom.forget_calls()
    answer = await asking.get(target)
    assert status == answer.status
    return dict(Counter(asking.zoom.counts))


@pytest.mark.parametrize("generation", ["v2", "v3"])
class TestList:
    """A page of the account list."""

    async def test_cold(self, generation: Spoken):
        """One list, one detail for each row, users one by one while they are few."""
        async with Standin(plain(*range(1, 4)), generation) as zoom, in_front_of(zoom) as asking:
            assert {LISTED: 1, DETAIL: 3, USER: 3} == await cost_of(asking, DAY)

    async def test_cold_with_many_users(self, generation: Spoken):
        """More than ten missing users are one list of the directory."""
        async with Standin(plain(*TWELVE), generation) as zoom, in_front_of(zoom) as asking:
            cost = await cost_of(asking, DAY)
        assert {LISTED: 1, DETAIL: 12, USERS: 1} == {name: count for name, count in cost.items() if name != USER}
        assert cost.get(USER, 0) <= 1  # the first row's, which is asked for while its detail shows that details may be

    async def test_warm(self, generation: Spoken):
        """The list alone: it names what the cache may serve."""
        async with Standin(plain(*TWELVE), generation) as zoom, in_front_of(zoom) as asking:
            await asking.get(DAY)
            assert {LISTED: 1} == await cost_of(asking, DAY)

    async def test_in_summary_fidelity(self, generation: Spoken):
        """No detail at all."""
        settings = {"SHIM_FIDELITY": "summary"}
        async with Standin(plain(1, 2), generation) as zoom, in_front_of(zoom, settings) as asking:
            assert {LISTED: 1, USER: 2} == await cost_of(asking, DAY)
            assert {LISTED: 1} == await cost_of(asking, DAY)

    async def test_with_charges(self, generation: Spoken):
        """One report for each hundred calls, and none while they are known."""
        world = busy(1, 30)
        async with Standin(world, generation) as zoom, in_front_of(zoom, {"SHIM_CHARGES": "on"}) as asking:
            cold = await cost_of(asking, WALK)
            warm = await cost_of(asking, WALK)
        assert (1, 1) == (cold[LISTED], warm[LISTED])
        assert cold[REPORT] <= 2  # the legs of a transfer have ids that only the details tell
        assert {LISTED: 1} == warm

    async def test_charged_calls_alone(self, generation: Spoken):
        """The report, the list of just these calls, their details."""
        world = busy(1, 60)
        paid = {one["call_id"] for one in world.charges if float(one["total_charge"])}
        async with Standin(world, generation) as zoom, in_front_of(zoom) as asking:
            cold = await cost_of(asking, f"{WALK}&charged_call_logs=true")
            warm = await cost_of(asking, f"{WALK}&charged_call_logs=true")
        assert (1, 1, len(paid)) == (cold[REPORT], cold[LISTED], cold[DETAIL])
        assert {LISTED: 1} == warm


@pytest.mark.parametrize("generation", ["v2", "v3"])
class TestDetails:
    """One call by an id."""

    async def test_of_a_listed_call(self, generation: Spoken):
        """Nothing: the list has just asked for it with the same credential."""
        async with Standin(plain(1), generation) as zoom, in_front_of(zoom) as asking:
            await asking.get(DAY)
            assert {} == await cost_of(asking, f"{LIST}/{id_of(1)}")

    async def test_of_a_call_listed_by_an_earlier_process(self, generation: Spoken, tmp_path):
        """One detail and its people, then nothing for a while."""
        settings = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
        async with Standin(plain(1), generation) as zoom:
            async with in_front_of(zoom, settings) as asking:
                await asking.get(DAY)
            async with in_front_of(zoom, settings) as asking:
                assert {DETAIL: 1, USER: 1} == await cost_of(asking, f"{LIST}/{id_of(1)}")
                assert {} == await cost_of(asking, f"{LIST}/{uuid_of(1)}")


def recent() -> World:
    """Calls of this morning, so to speak."""
    return generate(3, 6, newest=now() - timedelta(minutes=40))


class TestUnknownIds:
    """An id this service never served."""

    async def test_of_a_recent_call(self):
        """A few dates are tried side by side before the record is asked for."""
        world = recent()
        element = world.records[0]["call_elements"][0]["call_element_id"]
        async with Standin(world) as zoom, in_front_of(zoom) as asking:
            cost = await cost_of(asking, f"{LIST}/{element.partition('-')[2]}")
            again = await cost_of(asking, f"{LIST}/{element.partition('-')[2]}")
        assert cost["get_call_element"] <= 1 + 4
        assert (1, {}) == (cost[DETAIL], again)

    async def test_by_its_call_id(self):
        """One list of its own day."""
        world = recent()
        async with Standin(world) as zoom, in_front_of(zoom) as asking:
            cost = await cost_of(asking, f"{LIST}/{world.records[0]['call_id']}")
        assert 1 == cost[LISTED]

    async def test_of_nobody(self):
        """The whole plan, once: half a year of dates; then nothing."""
        async with Standin(merged(plain(1), recent())) as zoom, in_front_of(zoom) as asking:
            nobody = f"{LIST}/a297ae04-a875-4cfd-85ab-4adcead91edb"
            assert {"get_call_element": 1 + 184} == await cost_of(asking, nobody, status=404)
            assert {} == await cost_of(asking, nobody, status=404)

    @pytest.mark.parametrize("garbage", ["%20", "x" * 300])
    async def test_of_garbage(self, garbage):
        """Nothing."""
        async with Standin(plain(1)) as zoom, in_front_of(zoom) as asking:
            assert {} == await cost_of(asking, f"{LIST}/{garbage}", status=404)


class TestDirectory:
    """Object ids."""

    async def test_a_day_of_lists_asks_for_each_person_once(self):
        """Whoever was looked up is known for a day."""
        world = busy(2, 40)
        async with Standin(world) as zoom, in_front_of(zoom) as asking:
            await asking.get(WALK)
            walked = await cost_of(asking, f"{MONTH}&page_size=5")
        assert {LISTED: 1} == walked

    async def test_a_refused_directory_is_asked_for_once(self):
        """The refusal is believed for ten minutes."""
        async with Standin(replace(plain(1, 2))) as zoom, in_front_of(zoom) as asking:
            zoom.revoke("/phone/users")
            cold = await cost_of(asking, f"{DAY}&page_size=1")
            second = await cost_of(asking, DAY)
        assert (1, 0) == (cold.get(USER, 0) + cold.get(USERS, 0), second.get(USER, 0) + second.get(USERS, 0))
