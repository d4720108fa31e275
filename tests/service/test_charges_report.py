"""What the operator and other tenants see of the charges report."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from contracts.cases import World
from shim.standin.world import merged
from tests.adapters.charges_bench import REPORT, billed
from tests.adapters.successor_bodies import row_body
from tests.service.running import Asking, service
from tests.service.worlds import DAY, MONTH, busy, plain

ON = {"SHIM_CHARGES": "on"}
ONE, OTHER = "Bearer one", "Bearer other"


def charged(*numbers: int) -> World:
    """Calls that were charged to whoever received them."""
    calls = [row_body(number) for number in numbers]
    told = [billed(call["call_id"], direction="inbound", start_time=call["start_time"]) for call in calls]
    return replace(plain(*numbers), charges=told)


async def told(asking: Asking, authorization: str = ONE) -> list[str | None]:
    """What the rows of the day say they cost."""
    answer = await asking.get(DAY, authorization=authorization)
    assert 200 == answer.status, answer.body
    return [row.get("charge") for row in answer.body["call_logs"]]


async def test_rows_show_what_the_report_says():
    """Each call of the stand-in that was billed, as it was billed, and no other."""
    world = busy(11, 120)
    async with service(world, settings=ON) as asking:
        rows = [row for page in await asking.walk(f"{MONTH}&page_size=50") for row in page["call_logs"]]
    billed_for = {charge["call_id"]: charge for charge in world.charges if Decimal(charge["total_charge"])}
    costly = {row["call_id"]: (row["charge"], row["rate"]) for row in rows if "charge" in row}
    assert {call_id: (f"${one['total_charge']}", one["rate"]) for call_id, one in billed_for.items()} == costly
    assert 5 < len(costly) < len(rows)


@pytest.mark.parametrize(("settings", "asked"), [(ON, 1), ({}, 0)], ids=["on", "off"])
async def test_the_report_is_asked_where_it_is_wanted(settings: dict[str, str], asked: int):
    """One heavy call for a page, and none without the setting."""
    async with service(charged(1, 2), settings=settings) as asking:
        costs = await told(asking)
        assert ([["$0.0510"] * 2, [None] * 2][not asked], asked) == (costs, asking.zoom.counts["list_call_charges"])


async def test_one_tenants_charges_are_not_anothers():
    """The same call costs what the credential's own report says, however lately another one was told."""
    bearers: dict[str, Any] = {"one": None, "other": replace(charged(1), charges=[])}
    async with service(charged(1), settings=ON, bearers=bearers) as asking:
        assert ["$0.0510"] == await told(asking)
        assert ([None], 2) == (await told(asking, OTHER), asking.zoom.counts["list_call_charges"])
        assert ["$0.0510"] == await told(asking)


async def test_a_missing_scope_is_said_to_operators_and_takes_no_row():
    """The probe stays ready and names it; it says so no more once the report answers."""
    async with service(charged(1), settings=ON) as asking:
        asking.zoom.revoke(REPORT, bearer="one")
        assert {"status": "ready"} == (await asking.get("/readyz")).body
        assert [None] == await told(asking)
        ready = await asking.get("/readyz")
        assert (200, {"status": "ready", "charges_refused": True}) == (ready.status, ready.body)
        assert ["$0.0510"] == await told(asking, OTHER)
        metrics = asking.shim.ops.meters.exposition().decode()
    assert "shim_charges_left_out_total 1.0" in metrics


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_a_report_that_fails_takes_no_row(status: int):
    """The page is whole, and what is missing on it is counted."""
    async with service(merged(charged(1), charged(2)), settings={**ON, "SHIM_DEADLINE": "3"}) as asking:
        asking.zoom.fail(REPORT, status=status, times=None)
        assert [None] * 2 == await told(asking)
        assert "charges_refused" not in (await asking.get("/readyz")).body
        assert "shim_charges_left_out_total 1.0" in asking.shim.ops.meters.exposition().decode()
