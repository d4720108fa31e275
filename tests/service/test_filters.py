"""The filters of the account list over sockets: what upstream is asked, what a legacy program gets."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.fernet import Fernet

from contracts.cases.worlds import Spoken
from shim.standin import Standin, merged
from shim.standin.world import subset
from tests.adapters.list_bench import listed
from tests.adapters.successor_bodies import id_of
from tests.service.running import in_front_of, service
from tests.service.worlds import DAY, MONTH, busy, plain

OURS = {"page_size", "from", "to", "next_page_token"}
BAD_TOKEN = (400, {"code": 400, "message": "The next page token is invalid or expired."})


def asked_of(zoom: Standin) -> list[tuple[str, str]]:
    """The parameters of the last list call that are filters."""
    lists = [call for call in zoom.calls if call.path.endswith("/phone/call_history")]
    return [one for one in parse_qsl(lists[-1].query, keep_blank_values=True) if one[0] not in OURS]


@pytest.mark.parametrize(
    ("query", "upstream"),
    [
        ("", []),
        ("&type=all", []),
        ("&type=missed", [("directions", "inbound")]),
        ("&path=voiceMail", [("call_results", "voicemail")]),
        ("&path=pstn", [("directions", "outbound"), ("connect_types", "external")]),
        ("&path=callQueue&site_id=s1", []),
        ("&time_type=endTime", [("time_type", "end_time")]),
        ("&timeType=endTime&type=missed", [("directions", "inbound"), ("time_type", "end_time")]),
        ("&time_type=startTime", []),
        ("&type=outbound&path=nowhere&time_type=never&charged_call_logs=maybe&extension_number=7", []),
    ],
)
async def test_upstream_is_told_what_it_can_be_told(query, upstream):
    """And nothing of what only the finished row can tell."""
    async with service(plain(1)) as asking:
        answer = await asking.get(DAY + query)
        assert (200, sorted(upstream)) == (answer.status, sorted(asked_of(asking.zoom)))


@pytest.mark.parametrize("generation", ["v2", "v3"])
@pytest.mark.parametrize("fidelity", ["exact", "summary"])
async def test_each_path_lists_its_own_rows(generation: Spoken, fidelity: str):
    """The lists by path share out the whole one, in its order, whatever the fidelity and the successor."""
    async with service(busy(2, 40), generation, settings={"SHIM_FIDELITY": fidelity}) as asking:
        whole = (await asking.get(f"{MONTH}&page_size=300")).body["call_logs"]
        paths = sorted({row["path"] for row in whole} - {"voiceMail", "pstn"})
        for path in paths:
            filtered = (await asking.get(f"{MONTH}&page_size=300&path={path}")).body["call_logs"]
            assert [row for row in whole if row["path"] == path] == filtered
    assert len(paths) > 2


async def test_a_site_lists_its_own_rows():
    """By the site the row shows, which upstream's own filter may not look at."""
    world = busy(4, 30)
    async with service(world) as asking:
        whole = (await asking.get(f"{MONTH}&page_size=300")).body["call_logs"]
        sites = sorted({row["site"]["id"] for row in whole if "site" in row})
        filtered = [(await asking.get(f"{MONTH}&page_size=300&site_id={site}")).body["call_logs"] for site in sites]
        nowhere = (await asking.get(f"{MONTH}&site_id=nowhere")).body
    assert [[row for row in whole if row.get("site", {}).get("id") == site] for site in sites] == filtered
    assert ([], "", 0) == (nowhere["call_logs"], nowhere["next_page_token"], nowhere["total_records"])


@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_the_window_means_ends_when_asked_so(generation: Spoken):
    """A call that began the day before and ended today is listed by its end."""
    late = {"start_time": "2026-03-09T23:50:00Z", "end_time": "2026-03-10T00:10:00Z"}
    async with service(merged(plain(1), plain(2, **late)), generation) as asking:
        by_start = (await asking.get(DAY)).body
        by_end = (await asking.get(f"{DAY}&timeType=endTime")).body
    assert ([id_of(1)], [id_of(1), id_of(2)]) == tuple(
        [row["id"] for row in body["call_logs"]] for body in (by_start, by_end)
    )


class TestCharged:
    """`charged_call_logs=true`."""

    @pytest.mark.parametrize("generation", ["v2", "v3"])
    @pytest.mark.parametrize("size", [1, 4, 300])
    async def test_it_lists_what_cost_something_with_its_charge(self, generation: Spoken, size: int):
        """In the list's order, page by page, without SHIM_CHARGES."""
        world = busy(1, 60)
        paid = {one["call_id"] for one in world.charges if float(one["total_charge"])}
        async with service(world, generation) as asking:
            pages = await asking.walk(f"{MONTH}&charged_call_logs=True&page_size={size}")
        rows = [row for page in pages for row in page["call_logs"]]
        charged = subset(world, lambda row: row["call_id"] in paid and row["direction"] == "outbound")
        assert [call.row["id"] for _, call in listed(charged) if call.row["call_id"] in paid] == [r["id"] for r in rows]
        assert all(row["charge"].startswith("$") and float(row["rate"]) for row in rows)
        assert len(paid) == pages[0]["total_records"] > 5

    async def test_its_cost_is_the_report_the_list_and_the_details(self):
        """One report for the whole walk, one list call a page, one detail for each charged call and no other."""
        world = busy(1, 60)
        paid = {one["call_id"] for one in world.charges if float(one["total_charge"])}
        async with service(world) as asking:
            await asking.get(f"{MONTH}&charged_call_logs=true&page_size=300")
            counts = asking.zoom.counts
            assert (1, 1, len(paid)) == tuple(
                counts[name] for name in ("list_call_charges", "list_call_history", "get_call_history")
            )

    async def test_nothing_charged_is_an_empty_list(self):
        """It is over at once."""
        async with service(plain(1, 2)) as asking:
            body = (await asking.get(f"{DAY}&charged_call_logs=true")).body
            assert ([], "", 0) == (body["call_logs"], body["next_page_token"], body["total_records"])
            assert 0 == asking.zoom.counts["list_call_history"]

    async def test_a_credential_without_the_reports_scope_is_told_so(self):
        """An empty list would say that nothing was charged."""
        async with service(plain(1)) as asking:
            asking.zoom.revoke("/phone/reports/call_charges", scopes=("phone:read:call_charges:admin",))
            answer = await asking.get(f"{DAY}&charged_call_logs=true")
        assert (400, 4711) == (answer.status, answer.body["code"])


class TestChargesOnEveryRow:
    """`SHIM_CHARGES=on`."""

    async def test_rows_carry_what_the_report_tells(self):
        """Charge, rate and the report's own kind of call; a row the report does not name is as it was."""
        world = busy(1, 40)
        async with service(world) as asking:
            plain_rows = (await asking.get(f"{MONTH}&page_size=300")).body["call_logs"]
        async with service(world, settings={"SHIM_CHARGES": "on"}) as asking:
            rows = (await asking.get(f"{MONTH}&page_size=300")).body["call_logs"]
            again = (await asking.get(f"{MONTH}&page_size=300")).body["call_logs"]
            reports = asking.zoom.counts["list_call_charges"]
        told = {"charge", "rate", "call_type"}
        assert [_without(row, told) for row in plain_rows] == [_without(row, told) for row in rows]
        assert {row["call_id"] for row in rows if "charge" in row} <= {one["call_id"] for one in world.charges}
        assert any("charge" in row for row in rows)
        assert rows == again
        assert 1 <= reports <= 2

    async def test_a_report_that_fails_costs_the_charges_alone(self):
        """The page goes out without them."""
        async with service(busy(1, 20), settings={"SHIM_CHARGES": "on"}) as asking:
            asking.zoom.fail("/phone/reports/call_charges", status=400, times=None)
            answer = await asking.get(f"{MONTH}&page_size=300")
        assert (200, False) == (answer.status, any("charge" in row for row in answer.body["call_logs"]))
        assert len(answer.body["call_logs"]) >= 20


def _without(row: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in fields}


async def test_a_filtered_walk_goes_on_at_a_replica():
    """The token carries the filter: whoever has the key goes on with it, named again or not."""
    keys = {"SHIM_TOKEN_KEYS": Fernet.generate_key().decode()}
    world = merged(
        plain(1, 2), plain(7, call_result="no_answer", answer_time=None), plain(8, call_result="busy", answer_time=None)
    )
    async with Standin(world) as zoom:
        async with in_front_of(zoom, keys) as asking:
            first = (await asking.get(f"{DAY}&type=missed&page_size=1")).body
        async with in_front_of(zoom, keys) as asking:
            token = f"&page_size=1&next_page_token={first['next_page_token']}"
            second = (await asking.get(DAY + token)).body
            named = (await asking.get(f"{DAY}&type=missed{token}")).body
            other = await asking.get(f"{DAY}&type=all{token}")
    assert [[id_of(7)], [id_of(8)], [id_of(8)]] == [[r["id"] for r in b["call_logs"]] for b in (first, second, named)]
    assert BAD_TOKEN == (other.status, other.body)
