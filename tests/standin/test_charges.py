"""The charges report over real sockets, and what made-up calls cost."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from contracts.cases import World, in_generation
from contracts.successor.charges import read_charges
from shim.standin import Standin, demo_world, generate, merged, subset
from shim.standin.charges import bill
from tests.standin.asking import NOON, WHOLE_WINDOW, Client, Clock, gathered

REPORT = "/phone/reports/call_charges"
VALIDATION = {"code": 300, "message": "Validation Failed."}


def ids(charges: list[dict[str, Any]]) -> list[str]:
    """The charges' own ids, in order."""
    return [charge["charge_id"] for charge in charges]


async def asked(client: Client, **params: str) -> list[dict[str, Any]]:
    """All charges of the world's window under these parameters."""
    pages = client.pages(REPORT, {**WHOLE_WINDOW, "page_size": "300", **params})
    return await gathered(pages, "call_charges")


class TestReport:
    """What the report answers."""

    async def test_pages_give_each_charge_once_in_order(self, client: Client, world: World) -> None:
        """A walk to the end gives every charge of the window once, newest call first."""
        told = await asked(client, page_size="50")
        assert (world.charges, len(world.charges)) == (told, len(set(ids(told))))

    async def test_a_page_says_where_it_stands(self, client: Client, world: World) -> None:
        """Thirty rows where nothing is said, with window and total."""
        answer = await client.get(REPORT, WHOLE_WINDOW)
        whole = ["next_page_token", "page_size", "total_records", "from", "to", "call_charges"]
        assert (200, whole) == (answer.status, list(answer.body))
        assert ("2026-04-01", "2026-05-01", 30, 30, len(world.charges)) == (
            answer.body["from"],
            answer.body["to"],
            answer.body["page_size"],
            len(answer.body["call_charges"]),
            answer.body["total_records"],
        )

    async def test_it_is_a_heavy_call(self, client: Client, zoom: Standin) -> None:
        """Its rate headers say so, and it is counted by name."""
        answer = await client.get(REPORT)
        assert ("Heavy", 1) == (answer.headers["X-RateLimit-Category"], zoom.counts["list_call_charges"])

    async def test_only_calls_that_cost_something(self, client: Client, world: World) -> None:
        """The others are left out where that is asked for, and told where it is not."""
        charged = [charge for charge in world.charges if Decimal(charge["total_charge"])]
        assert ids(charged) == ids(await asked(client, show_charges_only="true"))
        assert ids(world.charges) == ids(await asked(client, show_charges_only="false"))
        assert 0 < len(charged) < len(world.charges)

    async def test_the_calls_asked_for(self, client: Client, world: World) -> None:
        """One text with commas; ids without a charge are no error."""
        chosen = [world.charges[4], world.charges[1]]
        call_ids = ",".join([*(charge["call_id"] for charge in chosen), "7", ""])
        assert ids(chosen[::-1]) == ids(await asked(client, call_ids=call_ids))

    async def test_both_filters_together(self, client: Client, world: World) -> None:
        """A call that cost nothing is left out though it is named."""
        free = next(charge for charge in world.charges if charge["total_charge"] == "0")
        assert [] == await asked(client, call_ids=free["call_id"], show_charges_only="true")

    @pytest.mark.parametrize(("count", "status"), [(100, 200), (101, 400)])
    async def test_a_hundred_calls_at_the_most(self, client: Client, count: int, status: int) -> None:
        """More are refused."""
        answer = await client.get(REPORT, {**WHOLE_WINDOW, "call_ids": ",".join(map(str, range(count)))})
        assert (status, status == 400) == (answer.status, answer.body == VALIDATION)

    @pytest.mark.parametrize(
        "nonsense",
        [
            {"show_charges_only": "maybe"},
            {"from": "soon"},
            {"from": "2026-05-01", "to": "2026-04-01"},
            {"page_size": "x"},
        ],
        ids=str,
    )
    async def test_nonsense_is_refused(self, client: Client, nonsense: dict[str, str]) -> None:
        """A parameter Zoom cannot read is a validation failure."""
        answer = await client.get(REPORT, nonsense)
        assert (400, VALIDATION) == (answer.status, answer.body)

    async def test_without_a_window_the_last_thirty_days_answer(self, client: Client, clock: Clock) -> None:
        """Unlike the list, which answers with a day."""
        clock.advance(days=10)
        body = (await client.get(REPORT, {"to": "2026-04-02"})).body
        assert ("2026-04-11", "2026-05-11") == (body["from"], body["to"])
        assert body["total_records"]

    async def test_a_window_is_the_calls_start(self, client: Client, world: World) -> None:
        """From one call's start to another's holds both."""
        newest, oldest = world.charges[3]["start_time"], world.charges[9]["start_time"]
        assert ids(world.charges[3:10]) == ids(await asked(client, **{"from": oldest, "to": newest}))

    @pytest.mark.parametrize("generation", ["v2", "v3", "both"])
    async def test_every_generation_has_it(
        self, client_of: Callable[..., Client], world: World, generation: Any
    ) -> None:
        """The report is not one of call history's two."""
        async with Standin(in_generation(world, generation), generation, clock=Clock()) as zoom:
            assert ids(world.charges) == ids(await asked(client_of(zoom)))

    async def test_a_bearer_sees_its_own_accounts_charges(self, client_of: Callable[..., Client], world: World) -> None:
        """And a token of one walk opens no other account's."""
        bearers = {"one": None, "other": World([], [], {})}
        async with Standin(world, clock=Clock(), bearers=bearers) as zoom:
            one, other = client_of(zoom, "one"), client_of(zoom, "other")
            token = (await one.get(REPORT, WHOLE_WINDOW)).body["next_page_token"]
            assert (len(world.charges), []) == (len(await asked(one)), await asked(other))
            assert 400 == (await other.get(REPORT, {"next_page_token": token})).status

    async def test_its_scope_can_be_taken_away(self, client: Client, zoom: Standin) -> None:
        """The list of calls is still there."""
        zoom.revoke(REPORT, scopes=("phone:read:call_charges:admin",))
        answers = [await client.get(path) for path in (REPORT, "/phone/call_history")]
        assert [(400, 4711), (200, None)] == [(answer.status, answer.body.get("code")) for answer in answers]


class TestMadeUpCharges:
    """What the calls of a made-up world cost."""

    def test_answered_calls_to_the_outside_are_billed(self, world: World) -> None:
        """Each once, and no others."""
        outside = [
            row["call_id"]
            for row in world.call_history
            if (row["direction"], row["connect_type"]) == ("outbound", "external") and row.get("answer_time")
        ]
        assert outside == [charge["call_id"] for charge in world.charges]
        assert len(outside) > 100

    def test_a_call_nobody_answered_costs_nothing(self, world: World) -> None:
        """It stands in no report."""
        row = next(row for row in world.call_history if row["call_id"] == world.charges[0]["call_id"])
        rng = Random(1)  # noqa: S311 - what made-up calls cost comes from a seed
        assert [1, 0] == [len(list(bill([one], rng))) for one in (row, {**row, "answer_time": ""})]

    def test_a_charge_is_minutes_times_rate(self, world: World) -> None:
        """Or nothing, for some; whole minutes are billed, the last one in full."""
        amounts = {charge["charge_id"]: Decimal(charge["total_charge"]) for charge in world.charges}
        full = {charge["charge_id"]: charge["duration"] * Decimal(charge["rate"]) for charge in world.charges}
        free = {charge_id for charge_id, amount in amounts.items() if not amount}
        assert {charge_id: amount for charge_id, amount in full.items() if charge_id not in free} == {
            charge_id: amount for charge_id, amount in amounts.items() if amount
        }
        assert 0.1 < len(free) / len(amounts) < 0.5
        seconds = {row["call_id"]: row["duration"] for row in world.call_history if row["direction"] == "outbound"}
        assert all(0 <= charge["duration"] * 60 - seconds[charge["call_id"]] < 60 for charge in world.charges)

    def test_a_charge_is_one_the_reader_knows(self, world: World) -> None:
        """Nothing in it is news."""
        assert frozenset() == read_charges({"call_charges": world.charges}).unknown

    def test_charges_change_no_call(self, world: World) -> None:
        """The same seed gives the same calls and charges; other calls cost something else."""
        assert world.charges == generate(7, 700, newest=NOON).charges
        assert not set(ids(world.charges)) & set(ids(generate(8, 700, newest=NOON).charges))

    def test_worlds_keep_their_charges_when_merged_and_cut(self, world: World) -> None:
        """Those of all, those of the calls that stay; a world may have none."""
        first = world.charges[0]["call_id"]
        whole = merged(world, replace(world, call_history=[], records=[], charges=[]))
        assert world.charges == whole.charges
        assert [first] == [each["call_id"] for each in subset(world, lambda row: row["call_id"] == first).charges]
        assert [] == World([], [], {}).charges

    def test_the_demo_has_charges(self) -> None:
        """Some of its calls cost something."""
        assert any(Decimal(charge["total_charge"]) for charge in demo_world(NOON).charges)
