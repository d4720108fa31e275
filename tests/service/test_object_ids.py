"""Object ids come from the directory; without it they are left out, and the operator can see that."""

import asyncio
from typing import Any

import pytest

from adapters.patience import ATTEMPTS_AT_OPTIONAL
from contracts.cases import World
from shim.standin import merged
from tests.adapters.successor_bodies import record_body, row_body
from tests.adapters.virtual_time import in_virtual_time
from tests.edge.raw import exchange, request
from tests.service.running import Asking, service
from tests.service.worlds import CASES, DAY, LIST, plain

YEAR = f"{LIST}?from=2026-01-01&to=2026-12-31"


def owners(rows: list[dict[str, Any]]) -> list[str | None]:
    """The owner's object id of each row."""
    return [row["owner"].get("id") for row in rows]


async def listed(asking: Asking, target: str = DAY, authorization: str = "Bearer one") -> list[dict[str, Any]]:
    """The rows of a page."""
    return (await asking.get(target, authorization=authorization)).body["call_logs"]


def of_kind(kind: str, **changes: Any) -> World:
    """A call to an extension of another kind than a user."""
    values = {"callee_ext_type": kind, "callee_ext_id": f"ext-{kind}", "callee_ext_number": "2500", **changes}
    return World([row_body(1, **values)], [record_body(1, **values)], {})


async def test_a_few_users_are_looked_up_by_address():
    """One cheap call each, once a day."""
    async with service(plain(1, 2)) as asking:
        assert ["id1", "id2"] == owners(await listed(asking))
        assert (2, 0) == (asking.zoom.counts["get_user"], asking.zoom.counts["list_users"])


async def test_many_users_are_looked_up_by_list():
    """One page of the list instead of a call each."""
    numbers = range(1, 21)
    async with service(plain(*numbers)) as asking:
        await asking.get(f"{DAY}&page_size=1", authorization="Bearer one")
        asking.zoom.forget_calls()
        assert [f"id{number}" for number in numbers] == owners(await listed(asking))
        assert (0, 1) == (asking.zoom.counts["get_user"], asking.zoom.counts["list_users"])


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        ("call_queue", "call_queues"),
        ("auto_receptionist", "auto_receptionists"),
        ("shared_line_group", "shared_line_groups"),
        ("zoom_room", "rooms"),
    ],
)
async def test_containers_and_rooms_are_looked_up_by_list(kind, array):
    """Each kind in its own directory, by extension id."""
    entry = {"id": "the-id", "name": "Here", "extension_id": f"ext-{kind}", "extension_number": 2500}
    async with service(merged(of_kind(kind), World([], [], {array: [entry]}))) as asking:
        assert ["the-id"] == owners(await listed(asking))
        assert 1 == asking.zoom.counts[f"list_{array}"]


async def test_common_areas_are_looked_up_by_number():
    """Their list has no extension ids."""
    entry = {"id": "the-area", "display_name": "Lobby", "extension_number": 2500}
    async with service(merged(of_kind("common_area"), World([], [], {"common_areas": [entry]}))) as asking:
        assert ["the-area"] == owners(await listed(asking))


async def test_without_a_scope_ids_are_left_out_and_nothing_else():
    """The row is whole but for the ids; probe and metrics name the directory."""
    async with service(plain(1)) as asking:
        whole = await listed(asking)
        asking.zoom.revoke("/phone/users", bearer="poor")
        poor = await listed(asking, authorization="Bearer poor")
        ready = await asking.get("/readyz")
        metrics = asking.shim.ops.meters.exposition().decode()
    bare = {key: value for key, value in whole[0].items() if key not in ("user_id", "owner")}
    assert bare | {"owner": {key: value for key, value in whole[0]["owner"].items() if key != "id"}} == poor[0]
    assert (200, {"status": "ready", "directories_refused": ["users"]}) == (ready.status, ready.body)
    assert 'shim_ids_left_out_total{directory="users"} 1.0' in metrics


async def test_a_missing_scope_costs_one_call_for_ten_minutes():
    """A refused directory is not asked at every page."""
    async with service(CASES["call_queue"]) as asking:
        asking.zoom.revoke("/phone/call_queues")
        await listed(asking, YEAR)
        await listed(asking, YEAR, "Bearer one")
        assert 1 == asking.zoom.counts["list_call_queues"]


@pytest.mark.parametrize("status", [500, 503])
@in_virtual_time
async def test_a_directory_that_is_down_leaves_ids_out_for_the_moment(status):
    """The row is served without, and whole again when the directory is; its call is not asked for again."""
    async with service(of_kind_with_queue()) as asking:
        asking.zoom.fail("/phone/call_queues", status=status, times=ATTEMPTS_AT_OPTIONAL)
        assert [None] == owners(await listed(asking))
        assert {"status": "ready"} == (await asking.get("/readyz")).body
        assert ["the-queue"] == owners(await listed(asking))
        assert 1 == asking.zoom.counts["get_call_history"]


@in_virtual_time
async def test_a_directory_that_hangs_does_not_hold_the_answer_beyond_the_deadline():
    """Ids are left out rather than the rows."""
    async with service(of_kind_with_queue()) as asking:
        asking.zoom.fail("/phone/call_queues", delay=asyncio.Event(), times=None)
        started = asyncio.get_running_loop().time()
        rows = await listed(asking)
        seconds = asyncio.get_running_loop().time() - started
        assert ([None], True) == (owners(rows), seconds <= 12)


def of_kind_with_queue() -> World:
    """A call to a queue, and the queue."""
    entry = {"id": "the-queue", "name": "Orders", "extension_id": "ext-call_queue", "extension_number": 2500}
    return merged(of_kind("call_queue"), World([], [], {"call_queues": [entry]}))


async def test_summary_rows_have_object_ids_too():
    """They cost the directory alone."""
    async with service(plain(1, 2), settings={"SHIM_FIDELITY": "summary"}) as asking:
        assert ["id1", "id2"] == owners(await listed(asking))
        assert {"list_call_history": 1, "get_user": 2} == asking.zoom.counts


async def test_the_directory_is_asked_under_the_account_of_the_path():
    """An account's extensions are that account's."""
    async with service(plain(1)) as asking:
        await asking.get("/v2/accounts/acct1/phone/call_logs?from=2026-03-10&to=2026-03-10")
        assert [] == [call.path for call in asking.zoom.calls if not call.path.startswith("/v2/accounts/acct1/")]


async def test_a_request_says_what_it_cost_upstream(capsys):
    """The summary event counts list, details and directory; the metrics count each kind."""
    async with service(plain(1, 2)) as asking:
        await exchange(asking.shim.server.addresses[0][1], request(DAY.encode(), b"Authorization: Bearer one"))
        metrics = asking.shim.ops.meters.exposition().decode()
    assert "upstream_calls=5" in capsys.readouterr().out
    assert [1.0, 2.0, 2.0] == [
        float(line.rpartition(" ")[2])
        for name in ("call_history", "call_record", "phone_user")
        for line in metrics.splitlines()
        if line.startswith(f'shim_upstream_calls_total{{call="{name}",status="2xx"}}')
    ]


async def test_one_bearer_for_two_accounts_is_two_askers():
    """What was learnt of one account's directory is not believed of another's."""
    async with service(plain(1)) as asking:
        for account in ("A", "B"):
            await listed(asking, DAY.replace("/v2/", f"/v2/accounts/{account}/"))
        asked = [call.path for call in asking.zoom.calls if "/phone/users" in call.path]
        assert ["A", "B"] == [path.split("/")[3] for path in asked]
