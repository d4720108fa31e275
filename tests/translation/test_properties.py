"""What holds for every record the successor could send."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.identifiers import bare
from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.walk import MONITORING, OTHER_ACTIONS, TRANSFERS, TWIN_SECONDS, seconds
from adapters.translation.world import World
from contracts.cases import record_body
from contracts.legacy.shapes import PATHS, RESULTS, AccountCallLog, CallLogDetails, LogDetail
from contracts.successor.reading import read_record
from tests.translation.strategies import (
    ELEMENT_FIELDS,
    HISTORY_FIELDS,
    JUNK,
    UNKNOWN_FIELDS,
    UNREAD_FIELDS,
    Raw,
    records,
    worlds,
)

ACTIONS = TRANSFERS | OTHER_ACTIONS | MONITORING
thorough = settings(max_examples=80, deadline=None)


def calls_of(raw: Raw, world: World) -> tuple[LegacyCall, ...]:
    """The old records of a raw answer."""
    return translate(read_record(raw).value, world=world)


def assert_valid(call: LegacyCall) -> None:
    """The row and the details are v1's, strictly, and speak v1's words."""
    AccountCallLog.model_validate(call.row)
    CallLogDetails.model_validate(call.details)
    told = [call.row, call.details, *call.details["log_details"]]
    assert {answer["result"] for answer in told} <= RESULTS
    assert {answer["path"] for answer in told} <= PATHS


@thorough
@given(records(), worlds(unknown_result="closed"))
def test_what_the_successor_may_say_becomes_what_v1_could_say(raw: Raw, world: World) -> None:
    """Every valid record becomes valid old records, in v1's shape and words, and so does its summary alone."""
    for call in (*calls_of(raw, world), from_summary(read_record(raw).value, world=world)):
        assert_valid(call)


def in_order(answer: dict[str, Any], fields: Any) -> bool:
    """Whether the answer's keys come in the order of the shape's fields."""
    return list(answer) == [field for field in fields if field in answer]


@thorough
@given(records(), worlds())
def test_keys_come_in_v1s_order(raw: Raw, world: World) -> None:
    """Rows, details and log entries have their keys in the order of v1's shapes."""
    for call in calls_of(raw, world):
        assert in_order(call.row, AccountCallLog.model_fields)
        assert in_order(call.details, CallLogDetails.model_fields)
        assert all(in_order(entry, LogDetail.model_fields) for entry in call.details["log_details"])


@thorough
@given(records(), worlds())
def test_inputs_stay_as_they_are(raw: Raw, world: World) -> None:
    """Neither the raw answer nor the shape made of it is altered, and a second time gives the same."""
    before = copy.deepcopy(raw)
    record = read_record(raw).value
    shape_before = copy.deepcopy(record)
    assert translate(record, world=world) == translate(record, world=world)
    assert before == raw
    assert shape_before == record


@thorough
@given(records(), worlds(), UNKNOWN_FIELDS | UNREAD_FIELDS, UNKNOWN_FIELDS | UNREAD_FIELDS)
def test_fields_nobody_reads_change_nothing(raw: Raw, world: World, in_header: Raw, in_elements: Raw) -> None:
    """Unknown keys, and those listed as unread, never change the answer, wherever they stand."""
    noisy = {**raw, **in_header, "call_elements": [{**element, **in_elements} for element in raw["call_elements"]]}
    assert calls_of(raw, world) == calls_of(noisy, world)


junk_in_elements = st.dictionaries(st.sampled_from(ELEMENT_FIELDS), JUNK, max_size=6)
junk_in_header = st.dictionaries(st.sampled_from(HISTORY_FIELDS[1:]), JUNK, max_size=6)


@settings(max_examples=250, deadline=None)
@given(records(), worlds(unknown_result="closed"), junk_in_header, junk_in_elements, st.integers(0, 5))
def test_junk_becomes_valid_old_records(raw: Raw, world: World, in_header: Raw, in_elements: Raw, every: int) -> None:
    """Words outside the schema, other types, nulls and blanks raise nothing and give valid old records."""
    elements = [
        element | (in_elements if number % 6 >= every else {}) for number, element in enumerate(raw["call_elements"])
    ]
    for call in calls_of({**raw, **in_header, "call_elements": elements}, world):
        assert_valid(call)


@thorough
@given(records(), worlds(unknown_result="closed"), JUNK, st.lists(JUNK, max_size=2))
def test_junk_among_the_elements_is_passed_over(raw: Raw, world: World, junk: Any, more: list[Any]) -> None:
    """Entries that are no elements are passed over, and an array that is none is an empty one."""
    strays = [stray for stray in (junk, *more) if not isinstance(stray, dict)]
    assert calls_of(raw, world) == calls_of({**raw, "call_elements": [*strays, *raw["call_elements"]]}, world)
    for call in calls_of({**raw, "call_elements": junk}, world):
        assert_valid(call)


@thorough
@given(st.data(), records(), worlds())
def test_the_order_of_elements_does_not_matter(data: st.DataObject, raw: Raw, world: World) -> None:
    """Elements may come in any order: segment, start, node and id say where they belong."""
    shuffled = {**raw, "call_elements": data.draw(st.permutations(raw["call_elements"]))}
    assert calls_of(raw, world) == calls_of(shuffled, world)


@thorough
@given(st.lists(records(), max_size=3), worlds())
def test_records_do_not_depend_on_each_other(raws: list[Raw], world: World) -> None:
    """A record gives the same old records whichever was translated before."""
    forth = [calls_of(raw, world) for raw in raws]
    back = [calls_of(raw, world) for raw in reversed(raws)]
    assert forth == back[::-1]


@thorough
@given(records(), worlds())
def test_generations_say_the_same(raw: Raw, world: World) -> None:
    """A record in v2's names, in v3's and in both is the same old records."""
    v3, v2, both = (calls_of(record_body(raw, generation), world) for generation in ("v3", "v2", "both"))
    assert v3 == v2 == both


def start_of(element: Raw) -> int | None:
    """The element's start, in epoch seconds."""
    return seconds(element["start_time"]) if "start_time" in element else None


def callee_of(element: Raw) -> Any:
    """What names the element's callee."""
    cleaned = {name: element.get(f"callee_{name}", "").strip() for name in ("ext_id", "ext_number", "did_number")}
    return cleaned["ext_id"] or cleaned["ext_number"] or cleaned["did_number"] or None


def are_twins(one: Raw, other: Raw) -> bool:
    """Whether two elements tell of the same leg."""
    first, second = start_of(one), start_of(other)
    same = all(one.get(field, 0) == other.get(field, 0) for field in ("segment", "event"))
    near = first == second or (first is not None and second is not None and abs(first - second) <= TWIN_SECONDS)
    return same and near and callee_of(one) == callee_of(other)


def may_be_dropped(element: Raw, others: list[Raw]) -> bool:
    """Whether a declared reason lets the element stay out: key press, action, monitoring, or a twin that speaks."""
    if element.get("is_node") == 0 or element.get("event") in ACTIONS:
        return True
    twins = (other for other in others if other is not element and other.get("is_node") != 0)
    return any(are_twins(element, twin) and twin.get("node", 0) >= element.get("node", 0) for twin in twins)


@settings(max_examples=200, deadline=None)
@given(records(), worlds())
def test_every_element_ends_up_once(raw: Raw, world: World) -> None:
    """Every element is one root, one log entry, or dropped for a declared reason; no duration is negative."""
    elements = raw["call_elements"]
    calls = calls_of(raw, world)
    shown = [call.row["id"] for call in calls]
    shown += [entry["id"] for call in calls for entry in call.details["log_details"]]
    known = {bare(element["call_element_id"]) for element in elements}
    needed = {bare(element["call_element_id"]) for element in elements if not may_be_dropped(element, elements)}
    assert len(shown) == len(set(shown))
    assert set(shown) <= known | {bare(raw["call_history_uuid"])}
    assert needed <= set(shown)
    assert all(answer["duration"] >= 0 for call in calls for answer in (call.row, *call.details["log_details"]))


@thorough
@given(records(), worlds())
def test_key_presses_actions_and_monitoring_are_never_shown(raw: Raw, world: World) -> None:
    """No element that is no leg of the account's becomes a row or a log entry."""
    calls = calls_of(raw, world)
    shown = {call.row["id"] for call in calls}
    shown |= {entry["id"] for call in calls for entry in call.details["log_details"]}
    silent = {
        bare(element["call_element_id"])
        for element in raw["call_elements"]
        if element.get("is_node") == 0 or element.get("event") in ACTIONS
    }
    assert set() == shown & silent


def is_within(small: Any, large: Any) -> bool:
    """Whether `small` says nothing that `large` does not say in the same place."""
    if isinstance(small, dict):
        return all(key in large and is_within(value, large[key]) for key, value in small.items())
    if isinstance(small, list):
        return len(small) == len(large) and all(map(is_within, small, large))
    return small == large


@thorough
@given(records(), worlds())
def test_docs_is_a_part_of_live(raw: Raw, world: World) -> None:
    """Profile docs says what profile live says, and less."""
    docs_world = World(
        options=world.options,
        directory=world.directory,
        place_of=world.place_of,
        calling_codes=world.calling_codes,
        profile="docs",
    )
    for docs, live in zip(calls_of(raw, docs_world), calls_of(raw, world), strict=True):
        assert is_within(docs.row, live.row)
        assert is_within(docs.details, live.details)
