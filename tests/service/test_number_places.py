"""Places of outside numbers over HTTP, from what libphonenumber knows."""

from tests.service.running import service
from tests.service.worlds import DAY, plain


async def test_an_outside_number_has_the_place_of_its_range() -> None:
    """With `builtin` the outside caller has a place in the list; a toll-free one and the extension called have none."""
    world = plain(1)
    world.call_history.extend(plain(2, caller_did_number="+18005550199").call_history)
    world.records.extend(plain(2, caller_did_number="+18005550199").records)
    async with service(world, settings={"SHIM_NUMBER_LOCATIONS": "builtin"}) as asking:
        rows = (await asking.get(DAY)).body["call_logs"]
    places = {row["caller_number"]: (row.get("caller_location"), row.get("callee_location")) for row in rows}
    assert {"+12025550143": ("Washington D.C.", None), "+18005550199": (None, None)} == places
