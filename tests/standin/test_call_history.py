"""The account list: windows, pages, tokens and filters, over real sockets."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contracts.cases import World
from shim.standin import Standin
from tests.standin.asking import WHOLE_WINDOW, Client, Clock, Params, gathered, uuids

LIST = "/phone/call_history"
VALIDATION = {"code": 300, "message": "Validation Failed."}
TOKEN = {"code": 300, "message": "The next page token is invalid or expired."}


async def test_pages_give_each_call_once_in_order(client: Client, world: World) -> None:
    """A walk to the end gives every call of the window once, newest first."""
    rows = await gathered(client.pages(LIST, {**WHOLE_WINDOW, "page_size": "300"}), "call_history")
    assert uuids(world.call_history) == uuids(rows)
    assert 700 == len(set(uuids(rows)))


async def test_a_row_is_the_worlds_row(client: Client, world: World) -> None:
    """A row goes over the wire as the world holds it."""
    answer = await client.get(LIST, WHOLE_WINDOW)
    assert world.call_history[0] == answer.body["call_history"][0]


async def test_a_page_says_where_it_stands(client: Client) -> None:
    """A page echoes its window and size and counts calls and pages of the whole walk."""
    body = (await client.get(LIST, {**WHOLE_WINDOW, "page_size": "300"})).body
    assert ("2026-04-01", "2026-05-01", 300, 700, 3) == (
        body["from"],
        body["to"],
        body["page_size"],
        body["total_records"],
        body["page_count"],
    )


async def test_a_last_page_that_is_full_has_no_token(client: Client) -> None:
    """A walk whose calls fill its pages exactly ends without an empty page."""
    pages = [page async for page in client.pages(LIST, {**WHOLE_WINDOW, "page_size": "100"})]
    assert [100] * 7 == [len(page["call_history"]) for page in pages]


@pytest.mark.parametrize(("asked", "size"), [({}, 30), ({"page_size": "7"}, 7), ({"page_size": "5000"}, 300)])
async def test_page_size(client: Client, asked: dict[str, str], size: int) -> None:
    """Pages hold 30 rows by default and never more than 300."""
    body = (await client.get(LIST, {**WHOLE_WINDOW, **asked})).body
    assert (size, size) == (body["page_size"], len(body["call_history"]))


async def test_a_call_arriving_during_a_walk_shifts_nothing(client: Client, zoom: Standin, world: World) -> None:
    """Later pages of a walk stay what they were when it began; the next walk has the new call first."""
    walk = client.pages(LIST, {**WHOLE_WINDOW, "page_size": "300"})
    first = await anext(walk)
    newcomer = {**world.call_history[0], "call_history_uuid": "20260501-new", "start_time": "2026-05-01T11:59:59Z"}
    zoom.add_call(newcomer)
    rows = first["call_history"] + await gathered(walk, "call_history")
    assert uuids(world.call_history) == uuids(rows)
    assert newcomer == (await client.get(LIST, WHOLE_WINDOW)).body["call_history"][0]


async def test_a_known_call_that_arrives_again_is_changed(client: Client, zoom: Standin, world: World) -> None:
    """A call added under a known history uuid replaces row and record."""
    row, record = world.call_history[5], world.records[5]
    zoom.add_call({**row, "call_result": "busy"}, {**record, "call_elements": []})
    rows = (await client.get(LIST, WHOLE_WINDOW)).body["call_history"]
    assert ["busy"] == [each["call_result"] for each in rows if each["call_history_uuid"] == row["call_history_uuid"]]
    assert [] == (await client.get(f"{LIST}/{row['call_history_uuid']}")).body["call_elements"]


async def test_without_a_window_the_last_day_answers(client: Client, world: World) -> None:
    """Without `from` the list covers the 24 hours before the clock and says their dates, whatever `to` says."""
    body = (await client.get(LIST, {"page_size": "300", "to": "2026-04-02"})).body
    recent = [row for row in world.call_history if row["start_time"] >= "2026-04-30T12:00:00Z"]
    assert 200 < len(recent) == body["total_records"]
    assert ("2026-04-30", "2026-05-01") == (body["from"], body["to"])


async def test_dates_are_inclusive(client: Client, world: World) -> None:
    """A window of one date holds that whole UTC day."""
    rows = await gathered(client.pages(LIST, {"from": "2026-04-30", "to": "2026-04-30"}), "call_history")
    assert uuids([row for row in world.call_history if row["start_time"].startswith("2026-04-30")]) == uuids(rows)
    assert len(rows) > 200


async def test_date_times_are_inclusive_and_echoed(client: Client, world: World) -> None:
    """A window from one call's start to another's holds both and is echoed as it was sent."""
    newest, oldest = world.call_history[3], world.call_history[9]
    body = (await client.get(LIST, {"from": oldest["start_time"], "to": newest["start_time"]})).body
    assert uuids(world.call_history[3:10]) == uuids(body["call_history"])
    assert (oldest["start_time"], newest["start_time"]) == (body["from"], body["to"])


async def test_from_alone_runs_until_now(client: Client, world: World) -> None:
    """`from` without `to` ends at the clock."""
    body = (await client.get(LIST, {"from": world.call_history[4]["start_time"]})).body
    assert (5, "2026-05-01") == (body["total_records"], body["to"])


@pytest.mark.parametrize(
    "nonsense",
    [
        {"from": "yesterday"},
        {"from": "2026-02-30", "to": "2026-03-01"},
        {"from": "2026-4-1"},
        {"from": "2026-04-01 10:00:00"},
        {"from": "2026-04-02", "to": "2026-04-01"},
        {"from": "2026-04-01", "to": "late"},
        {"page_size": "many"},
        {"page_size": "0"},
        {"time_type": "startTime"},
        {"directions": "sideways"},
        {"recording_status": "both"},
    ],
    ids=str,
)
async def test_nonsense_is_refused(client: Client, nonsense: dict[str, str]) -> None:
    """A parameter Zoom cannot read is a validation failure."""
    answer = await client.get(LIST, nonsense)
    assert (400, VALIDATION) == (answer.status, answer.body)


async def test_a_token_may_be_used_twice(client: Client) -> None:
    """The same token gives the same page again."""
    token = (await client.get(LIST, WHOLE_WINDOW)).body["next_page_token"]
    first = (await client.get(LIST, {"next_page_token": token})).body
    again = (await client.get(LIST, {"next_page_token": token})).body
    assert first["call_history"] == again["call_history"]


async def test_page_size_may_change_during_a_walk(client: Client, world: World) -> None:
    """A token goes on where its page ended, whatever the size of the next one."""
    token = (await client.get(LIST, {**WHOLE_WINDOW, "page_size": "10"})).body["next_page_token"]
    body = (await client.get(LIST, {"next_page_token": token, "page_size": "4"})).body
    assert uuids(world.call_history[10:14]) == uuids(body["call_history"])


async def test_an_unknown_token_is_refused(client: Client) -> None:
    """A token never given out is an error."""
    answer = await client.get(LIST, {**WHOLE_WINDOW, "next_page_token": "never-given-out"})
    assert (400, TOKEN) == (answer.status, answer.body)


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 400)])
async def test_a_token_lives_a_quarter_of_an_hour(client: Client, clock: Clock, minutes: int, status: int) -> None:
    """A token is good for 15 minutes of the clock."""
    token = (await client.get(LIST, WHOLE_WINDOW)).body["next_page_token"]
    clock.advance(minutes=minutes)
    assert status == (await client.get(LIST, {"next_page_token": token})).status


async def test_a_token_belongs_to_its_list(client: Client) -> None:
    """A token of the call list is none of the user list's."""
    token = (await client.get(LIST, WHOLE_WINDOW)).body["next_page_token"]
    assert TOKEN == (await client.get("/phone/users", {"next_page_token": token})).body


def _any(*keys: str, of: set[str]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: any(row.get(key) in of for key in keys)


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ([("directions", "outbound")], _any("direction", of={"outbound"})),
        ([("directions", "inbound"), ("directions", "outbound")], lambda row: True),
        ([("connect_types", "internal")], _any("connect_type", of={"internal"})),
        (
            [("extension_types", "call_queue"), ("extension_types", "shared_line_group")],
            _any("callee_ext_type", "caller_ext_type", of={"call_queue", "shared_line_group"}),
        ),
        ([("number_types", "external_pstn")], _any("callee_number_type", "caller_number_type", of={"external_pstn"})),
        (
            [("call_results", "voicemail"), ("call_results", "busy")],
            _any("call_result", of={"voicemail", "busy"}),
        ),
        ([("recording_status", "recorded")], _any("recording_status", of={"recorded"})),
        ([("recording_status", "non_recorded")], _any("recording_status", of={"non_recorded"})),
        ([("with_voicemail", "true")], _any("call_result", of={"voicemail"})),
        ([("with_voicemail", "false")], lambda row: row["call_result"] != "voicemail"),
        (
            [("directions", "outbound"), ("connect_types", "external")],
            lambda row: (row["direction"], row["connect_type"]) == ("outbound", "external"),
        ),
    ],
    ids=str,
)
async def test_filters(
    client: Client, world: World, params: Params, wanted: Callable[[Mapping[str, Any]], bool]
) -> None:
    """A filter keeps the calls with one of its values; filters of different names all have to agree."""
    body = (await client.get(LIST, [*WHOLE_WINDOW.items(), ("page_size", "300"), *params])).body
    expected = [row for row in world.call_history if wanted(row)]
    assert len(expected) > 0
    assert (len(expected), uuids(expected)[:300]) == (body["total_records"], uuids(body["call_history"]))


async def test_call_ids(client: Client, world: World) -> None:
    """Repeated call ids find the calls with one of them, compared in full."""
    ids = [world.call_history[place]["call_id"] for place in (2, 80)]
    params = [*WHOLE_WINDOW.items(), *(("call_ids", each) for each in (*ids, ids[0][:-1]))]
    body = (await client.get(LIST, params)).body
    assert set(ids) == {row["call_id"] for row in body["call_history"]}


async def test_site_ids(client: Client, world: World) -> None:
    """A site finds its own calls."""
    site = world.directory["sites"][1]["id"]
    body = (await client.get(LIST, {**WHOLE_WINDOW, "site_ids": site})).body
    assert len([row for row in world.call_history if row["site_id"] == site]) == body["total_records"] > 0


async def test_a_keyword_searches_the_whole_call(client: Client, world: World) -> None:
    """A keyword finds every call that somebody of that name took part in, in any leg and any case."""
    name = world.directory["users"][0]["name"]
    with_them = {
        record["call_history_uuid"]
        for record in world.records
        for element in record["call_elements"]
        if name in (element.get("caller_name"), element.get("callee_name"), element.get("operator_name"))
    }
    rows = await gathered(client.pages(LIST, {**WHOLE_WINDOW, "keyword": name.upper()}), "call_history")
    assert with_them == set(uuids(rows))
    assert len(with_them) > 10


@pytest.mark.parametrize(("time_type", "found"), [("end_time", True), ("start_time", False)])
async def test_time_type_says_which_time_counts(client: Client, world: World, time_type: str, found: bool) -> None:
    """The window is about when calls started, with `time_type=end_time` about when they ended."""
    call = world.call_history[50]
    moment = {"from": call["end_time"], "to": call["end_time"], "time_type": time_type}
    body = (await client.get(LIST, moment)).body
    assert found is (call["call_history_uuid"] in uuids(body["call_history"]))


@pytest.mark.parametrize(
    ("asked", "statuses"),
    [({}, {"recorded"}), ({"recording_status": "non_recorded"}, {"non_recorded"})],
)
async def test_unrecorded_calls_can_be_hidden(
    client: Client, zoom: Standin, asked: dict[str, str], statuses: set[str]
) -> None:
    """A list that asks for no recording status then leaves them out; one that asks for them has them."""
    zoom.hides_unrecorded = True
    rows = await gathered(client.pages(LIST, {**WHOLE_WINDOW, "page_size": "300", **asked}), "call_history")
    assert statuses == {row["recording_status"] for row in rows}
