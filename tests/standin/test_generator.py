"""The made-up worlds: the same for the same seed, and every call consistent in itself and with the directory."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from contracts.cases import World, load
from shim.standin import demo_world, generate
from shim.standin.generator import FAMILIES, GUIDE
from tests.standin.asking import NOON, uuids

SIDES = ("caller", "callee", "operator")
BEGINS_INTERNAL = 4
EXTENSION_LISTS = ("users", "call_queues", "auto_receptionists", "shared_line_groups")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _entries(world: World) -> Iterator[dict[str, Any]]:
    yield from world.call_history
    for record in world.records:
        yield record
        yield from record["call_elements"]


def _times(entry: dict[str, Any]) -> list[str]:
    return [entry[key] for key in ("start_time", "answer_time", "end_time") if entry.get(key)]


def _span(entry: dict[str, Any], first: str, last: str) -> float:
    return (_moment(entry[last]) - _moment(entry[first])).total_seconds()


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    """A world is decided by its seed, count and newest moment; another seed gives another one."""
    assert world == generate(7, 700, newest=NOON)
    assert not set(uuids(world.call_history)) & set(uuids(generate(8, 700, newest=NOON).call_history))


@pytest.mark.parametrize("count", [0, 1, 2, 37])
def test_there_are_as_many_calls_as_asked_for(count: int) -> None:
    """The count is the number of history rows, and each has its record."""
    world = generate(3, count, newest=NOON)
    assert count == len(world.call_history) == len(world.records)
    assert uuids(world.call_history) == uuids(world.records)


def test_a_call_of_two_rows_is_never_cut() -> None:
    """A seed that begins with an internal call begins with another one when there is room for one row only."""
    pair, single = (generate(BEGINS_INTERNAL, count, newest=NOON).call_history for count in (2, 1))
    assert ["outbound", "inbound"] == [row["direction"] for row in pair]
    assert 1 == len({row["call_id"] for row in pair})
    assert ["external"] == [row["connect_type"] for row in single]


def test_calls_end_a_few_minutes_apart(world: World) -> None:
    """Calls end twenty seconds to seven minutes apart, the newest as long before the newest moment."""
    ends = sorted({(record["call_id"], record["end_time"]) for record in world.records}, key=lambda each: each[1])
    moments = [*(_moment(end) for _, end in ends), NOON]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert 20 <= min(gaps) <= max(gaps) <= 400


def test_every_flow_case_is_a_family() -> None:
    """Every flow of the specification's list is played, but for the guide's own call."""
    flows = {case.id for case in load() if case.source.startswith("semantics 5.6")}
    assert flows == FAMILIES.keys()
    assert GUIDE in {case.id for case in load()}


def test_ids_are_new_and_unique(world: World) -> None:
    """No two records or elements share an id, and none has one of the cases'."""
    elements = [element["call_element_id"] for record in world.records for element in record["call_elements"]]
    assert 1 == max(Counter(elements + uuids(world.records)).values())
    known = {
        element["call_element_id"]
        for case in load()
        if case.id in FAMILIES
        for record in case.world.records
        for element in record["call_elements"]
    }
    assert not known & set(elements)
    media = [
        element[key]
        for record in world.records
        for element in record["call_elements"]
        for key in ("recording_id", "voicemail_id")
        if key in element
    ]
    assert len(set(media)) == len(media) > 50


def test_ids_carry_their_date(world: World) -> None:
    """An element's id begins with the date it started, a record's with that of the call."""
    assert all(
        entry[key].startswith(entry["start_time"][:10].replace("-", "") + "-")
        for entry in _entries(world)
        for key in ("call_history_uuid", "call_element_id")
        if key in entry
    )


def test_call_ids_carry_their_start(world: World) -> None:
    """A row's call id holds its start in epoch seconds, in decimal or (with a leading zero) in hexadecimal."""
    starts = {row["call_id"]: _moment(row["start_time"]).timestamp() for row in world.call_history}
    decimal = {call_id: int(call_id) >> 32 for call_id in starts if not call_id.startswith("0")}
    hexadecimal = {call_id: int(call_id[1:9], 16) for call_id in starts if call_id.startswith("0")}
    assert starts == decimal | hexadecimal


def test_rows_are_newest_first(world: World) -> None:
    """Calls lie a few minutes apart, back from the newest moment."""
    starts = [row["start_time"] for row in world.call_history]
    assert sorted(starts, reverse=True) == starts
    assert timedelta(hours=24) < NOON - _moment(starts[-1]) < timedelta(hours=72)


def test_times_are_in_order(world: World) -> None:
    """A leg starts, is answered and ends in this order, and no leg lies outside its call."""
    assert all(_times(entry) == sorted(_times(entry)) for entry in _entries(world))
    for record in world.records:
        legs = record["call_elements"]
        assert record["start_time"] == min(leg["start_time"] for leg in legs)
        assert record["end_time"] == max(leg["end_time"] for leg in legs)


def test_durations_are_spans_of_times(world: World) -> None:
    """A row lasts from its answer to its end, a waiting time from start to answer, and nobody is on hold for longer
    than they talk.
    """
    answered = [entry for entry in _entries(world) if entry.get("answer_time")]
    assert all(
        _span(entry, "answer_time", "end_time") == entry["duration"] for entry in answered if "duration" in entry
    )
    waited = [entry for entry in answered if "waiting_time" in entry]
    assert all(_span(entry, "start_time", "answer_time") == entry["waiting_time"] for entry in waited)
    held = [entry for entry in answered if "hold_time" in entry]
    assert all(0 <= entry["hold_time"] <= _span(entry, "answer_time", "end_time") for entry in held)
    assert len({entry["hold_time"] for entry in held}) > 10
    assert len({entry["duration"] for entry in world.call_history}) > 100


def test_a_dialled_extension_is_the_one_that_rings(world: World) -> None:
    """The key press at a receptionist is the extension number of the leg that follows."""
    legs = [record["call_elements"] for record in world.records]
    dialled = [
        (leg["press_key"], after["callee_ext_number"])
        for each in legs
        for leg, after in pairwise(each)
        if "press_key" in leg
    ]
    assert all(pressed == rung for pressed, rung in dialled)
    assert len(dialled) > 10


def test_everybody_has_one_department_and_one_site(world: World) -> None:
    """An inbound entry carries the called one's department and site, an outbound one the calling one's."""
    side = {"inbound": "callee", "outbound": "caller"}
    owned = {
        (entry[f"{side[entry['direction']]}_ext_id"], entry["department"], entry["cost_center"], entry["site_name"])
        for entry in _entries(world)
        if "department" in entry
    }
    assert len(owned) == len({owner for owner, *_ in owned}) == 40


def test_people_exist_in_the_directory(world: World) -> None:
    """Every extension in a call stands in the directory, with that name and number."""
    known = {
        entry["extension_id"]: (entry.get("name") or entry["display_name"], str(entry["extension_number"]))
        for kind in EXTENSION_LISTS
        for entry in world.directory[kind]
    }
    played = {
        (entry[f"{side}_ext_id"], entry[f"{side}_name"], entry[f"{side}_ext_number"])
        for entry in _entries(world)
        for side in SIDES
        if f"{side}_ext_id" in entry
    }
    assert played <= {(extension_id, *names) for extension_id, names in known.items()}
    assert len(played) > 40


def test_everybody_has_a_number_of_their_own(world: World) -> None:
    """An extension has one direct number in all its calls and shares it with nobody; outsiders are many."""
    numbered = {
        (entry.get(f"{side}_ext_id", "outside"), entry[f"{side}_did_number"])
        for entry in _entries(world)
        for side in SIDES
        if f"{side}_did_number" in entry
    }
    inside = {(owner, number) for owner, number in numbered if owner != "outside"}
    assert len(inside) == len({owner for owner, _ in inside}) == len({number for _, number in inside})
    assert {"+1650"} == {number[:5] for _, number in inside}
    assert len(numbered - inside) > 100


def test_the_company_is_whole(world: World) -> None:
    """The company has its people, queues, receptionists, lines, areas and sites, each number once."""
    sizes = {kind: len(entries) for kind, entries in world.directory.items()}
    assert {
        "users": 40,
        "call_queues": 6,
        "auto_receptionists": 4,
        "shared_line_groups": 3,
        "common_areas": 5,
        "rooms": 0,
        "sites": 2,
    } == sizes
    numbers = [entry["extension_number"] for kind in sizes for entry in world.directory[kind] if kind != "sites"]
    assert len(set(numbers)) == len(numbers) == 58


def test_numbers_and_addresses_are_nobodys(world: World) -> None:
    """Telephone numbers are fictitious ones, addresses end at example.com, sites are the company's."""
    numbers = {
        entry[f"{side}_did_number"] for entry in _entries(world) for side in SIDES if f"{side}_did_number" in entry
    }
    assert all(number[5:10] == "55501" and len(number) == 12 for number in numbers)
    emails = {entry[f"{side}_email"] for entry in _entries(world) for side in SIDES if f"{side}_email" in entry}
    assert all(email.endswith("@example.com") for email in emails)
    sites = {(site["id"], site["name"]) for site in world.directory["sites"]}
    assert sites == {(entry["site_id"], entry["site_name"]) for entry in _entries(world)}


def test_a_row_and_its_record_agree(world: World) -> None:
    """What row and record both say is the same."""
    pairs = zip(world.call_history, world.records, strict=True)
    assert all(row[key] == record[key] for row, record in pairs for key in row.keys() & record.keys())


def test_generated_values_are_those_of_the_flows(world: World) -> None:
    """Keys, enumerations and the kinds of values are the flow cases' own."""
    fixed = ("event", "result", "result_reason", "call_result", "direction", "connect_type", "callee_ext_type")

    def shapes(one: World) -> set[tuple[str, type, Any]]:
        return {
            (key, type(value), value if key in fixed else None)
            for entry in _entries(one)
            for key, value in entry.items()
        }

    flows = set().union(*(shapes(case.world) for case in load() if case.id in FAMILIES))
    assert flows == shapes(generate(5, 2000, newest=NOON))


def test_the_demo_has_the_guides_call_unchanged() -> None:
    """The guide's call stands in the demo's world with its own date, ids and people."""
    (guide,) = (case.world for case in load() if case.id == GUIDE)
    demo = demo_world(NOON)
    assert guide.call_history == demo.call_history[-1:]
    assert guide.records == demo.records[-1:]
    assert all(entry in demo.directory[kind] for kind, entries in guide.directory.items() for entry in entries)


def test_the_demo_has_every_flow_in_the_last_days() -> None:
    """Each flow case was played lately by its own people, under the same bare ids."""
    demo = demo_world(NOON)
    for case in (case for case in load() if case.id in FAMILIES):
        bare = {row["call_history_uuid"][9:] for row in case.world.call_history}
        moved = [row for row in demo.call_history if row["call_history_uuid"][9:] in bare]
        assert len(bare) == len(moved)
        assert all("2026-04-28" < row["start_time"] < "2026-05-01T12" for row in moved)
        assert [row["duration"] for row in case.world.call_history] == [row["duration"] for row in moved]


def test_the_demo_is_one_account() -> None:
    """The demo's directory holds everybody once, with the sites of all calls, and some hundred calls besides."""
    demo = demo_world(NOON)
    ids = [entry["id"] for entries in demo.directory.values() for entry in entries]
    assert len(set(ids)) == len(ids)
    assert {row["site_id"] for row in demo.call_history} == {site["id"] for site in demo.directory["sites"]}
    assert len(demo.call_history) > 300
