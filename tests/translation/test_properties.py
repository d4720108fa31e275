"""What holds for every record the successor could send."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.identifiers import bare
from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.walk import TWIN_SECONDS, seconds
from adapters.translation.world import World
from contracts.cases import load, record_body
from contracts.legacy.shapes import PATHS, RESULTS, AccountCallLog, CallLogDetails, LogDetail
from contracts.successor.reading import read_record
from contracts.successor.shapes import VALUES
from tests.translation.replay import world_of
from tests.translation.strategies import (
    ELEMENT_FIELDS,
    HISTORY_FIELDS,
    JUNK,
    NOISE,
    Raw,
    records,
    worlds,
)

SILENT_EVENTS = frozenset(
    """direct_transfer warm_transfer warm_transfer_outgoing warm_transfer_incoming park merge shared
    monitor listen whisper barge conference_barge takeover""".split()
)
"""Events of entries that are nobody's part of the call."""


def examples(number: int) -> settings:
    """So many examples, however slow the machine is at making them up."""
    return settings(max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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


@examples(200)
@given(records(), worlds(unknown_result="closed"))
def test_what_the_successor_may_say_becomes_what_v1_could_say(raw: Raw, world: World) -> None:
    """Every valid record becomes valid old records, in v1's shape and words, and so does its summary alone."""
    for call in (*calls_of(raw, world), from_summary(read_record(raw).value, world=world)):
        assert_valid(call)


def in_order(answer: dict[str, Any], fields: Any) -> bool:
    """Whether the answer's keys come in the order of the shape's fields."""
    return list(answer) == [field for field in fields if field in answer]


@examples(200)
@given(records(), worlds())
def test_keys_come_in_v1s_order(raw: Raw, world: World) -> None:
    """Rows, details and log entries have their keys in the order of v1's shapes."""
    for call in calls_of(raw, world):
        assert in_order(call.row, AccountCallLog.model_fields)
        assert in_order(call.details, CallLogDetails.model_fields)
        assert all(in_order(entry, LogDetail.model_fields) for entry in call.details["log_details"])


@examples(80)
@given(records(), worlds())
def test_inputs_stay_as_they_are(raw: Raw, world: World) -> None:
    """Neither the raw answer nor the shape made of it is altered, and a second time gives the same."""
    before = copy.deepcopy(raw)
    record = read_record(raw).value
    shape_before = copy.deepcopy(record)
    assert translate(record, world=world) == translate(record, world=world)
    assert before == raw
    assert shape_before == record


@examples(80)
@given(records(), worlds(), NOISE, NOISE)
def test_fields_nobody_reads_change_nothing(raw: Raw, world: World, in_header: Raw, in_elements: Raw) -> None:
    """Unknown keys, and those listed as unread, never change the answer, wherever they stand."""
    noisy = {**raw, **in_header, "call_elements": [{**element, **in_elements} for element in raw["call_elements"]]}
    assert calls_of(raw, world) == calls_of(noisy, world)


junk_in_elements = st.dictionaries(st.sampled_from(ELEMENT_FIELDS), JUNK, max_size=6)
junk_in_header = st.dictionaries(st.sampled_from(HISTORY_FIELDS[1:]), JUNK, max_size=6)


@examples(250)
@given(records(), worlds(unknown_result="closed"), junk_in_header, junk_in_elements, st.integers(0, 5))
def test_junk_becomes_valid_old_records(raw: Raw, world: World, in_header: Raw, in_elements: Raw, every: int) -> None:
    """Words outside the schema, other types, nulls and blanks raise nothing and give valid old records."""
    elements = [
        element | (in_elements if number % 6 >= every else {}) for number, element in enumerate(raw["call_elements"])
    ]
    for call in calls_of({**raw, **in_header, "call_elements": elements}, world):
        assert_valid(call)


STRANGE: tuple[Any, ...] = (
    None,
    "",
    "  ",
    " padded ",
    "unheard_of",
    "2026-13-40",
    True,
    0,
    -1,
    2**64,
    1.5,
    [],
    ["x"],
    {},
    {"a": 1},
)
STORIES = [
    (record, world_of(case))
    for case in load()
    if case.id in ("ar_dial_by_extension", "blind_transfer", "call_queue", "forward_to_pstn", "outbound_call")
    for record in case.world.records
]


def said_everywhere(record: Raw, field: str, value: Any) -> Raw:
    """The record with one field of its header and of all its elements at a value."""
    return {**record, field: value, "call_elements": [{**leg, field: value} for leg in record["call_elements"]]}


@pytest.mark.parametrize(("record", "world"), STORIES)
def test_every_declared_word_becomes_one_of_v1s(record: Raw, world: World) -> None:
    """Whatever word of a closed vocabulary stands in a header and its elements, v1's shapes and words are kept."""
    for raw in (said_everywhere(record, field, word) for field, words in VALUES.items() for word in sorted(words)):
        for call in (*calls_of(raw, world), from_summary(read_record(raw).value, world=world)):
            assert_valid(call)


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
@pytest.mark.parametrize(("record", "world"), STORIES)
def test_no_field_can_break_a_record(record: Raw, world: World, strange: Any) -> None:
    """Any one field of a header and its elements may be strange, and v1's shapes and words are kept."""
    for raw in (said_everywhere(record, field, strange) for field in sorted({*HISTORY_FIELDS[1:], *ELEMENT_FIELDS})):
        for call in (*calls_of(raw, world), from_summary(read_record(raw).value, world=world)):
            assert_valid(call)


@examples(80)
@given(records(), worlds(unknown_result="closed"), JUNK, st.lists(JUNK, max_size=2))
def test_junk_among_the_elements_is_passed_over(raw: Raw, world: World, junk: Any, more: list[Any]) -> None:
    """Entries that are no elements are passed over, and an array that is none is an empty one."""
    strays = [stray for stray in (junk, *more) if not isinstance(stray, dict)]
    assert calls_of(raw, world) == calls_of({**raw, "call_elements": [*strays, *raw["call_elements"]]}, world)
    for call in calls_of({**raw, "call_elements": junk}, world):
        assert_valid(call)


@examples(250)
@given(st.data(), records(), worlds())
def test_the_order_of_elements_does_not_matter(data: st.DataObject, raw: Raw, world: World) -> None:
    """Elements may come in any order: segment, start, node and id say where they belong."""
    shuffled = {**raw, "call_elements": data.draw(st.permutations(raw["call_elements"]))}
    assert calls_of(raw, world) == calls_of(shuffled, world)


@examples(80)
@given(st.lists(records(), max_size=3), worlds())
def test_records_do_not_depend_on_each_other(raws: list[Raw], world: World) -> None:
    """A record gives the same old records whichever was translated before."""
    forth = [calls_of(raw, world) for raw in raws]
    back = [calls_of(raw, world) for raw in reversed(raws)]
    assert forth == back[::-1]


@examples(80)
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
    if element.get("is_node") == 0 or element.get("event") in SILENT_EVENTS:
        return True
    twins = (other for other in others if other is not element and other.get("is_node") != 0)
    return any(are_twins(element, twin) and twin.get("node", 0) >= element.get("node", 0) for twin in twins)


@examples(200)
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


@examples(200)
@given(records(), worlds())
def test_key_presses_actions_and_monitoring_are_never_shown(raw: Raw, world: World) -> None:
    """No element that is no leg of the account's becomes a row or a log entry."""
    calls = calls_of(raw, world)
    shown = {call.row["id"] for call in calls}
    shown |= {entry["id"] for call in calls for entry in call.details["log_details"]}
    silent = {
        bare(element["call_element_id"])
        for element in raw["call_elements"]
        if element.get("is_node") == 0 or element.get("event") in SILENT_EVENTS
    }
    assert set() == shown & silent


def is_within(small: Any, large: Any) -> bool:
    """Whether `small` says nothing that `large` does not say in the same place."""
    if isinstance(small, dict):
        return all(key in large and is_within(value, large[key]) for key, value in small.items())
    if isinstance(small, list):
        return len(small) == len(large) and all(map(is_within, small, large))
    return small == large


@examples(80)
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
