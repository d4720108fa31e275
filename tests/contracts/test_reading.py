"""The tolerant reader: what it cleans, what it passes over and tells, and the few things it refuses."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.cases import list_body, load
from contracts.successor.reading import Unknown, Unreadable, read_page, read_record
from contracts.successor.shapes import TIMES, UNREAD, UNREAD_IN_ELEMENTS, VALUES, CallElement, CallHistory

UUID = "20260310-2f0d7c1e-84a6-4b39-9d52-0c6e1f7a8b94"


def element_of(**fields: Any) -> CallElement:
    """The element read from these fields."""
    [element] = read_record({"call_history_uuid": UUID, "call_elements": [fields]}).value.elements
    return element


def unknowns_of(**fields: Any) -> frozenset[Unknown]:
    """What the reader tells of an element of these fields."""
    return read_record({"call_history_uuid": UUID, "call_elements": [fields]}).unknown


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("2101", "2101"),
        (" 2101\t", "2101"),
        ("", None),
        ("   ", None),
        (None, None),
        (777, "777"),
        (2**63, None),
        (True, None),
        (1.5, None),
        ([], None),
        ({}, None),
    ],
)
def test_a_text_is_trimmed_text_or_a_whole_number(raw: object, read: str | None) -> None:
    """Texts lose their padding, whole numbers become text, everything else counts as absent."""
    assert read == element_of(callee_ext_number=raw).callee_ext_number


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (7, 7),
        (0, 0),
        ("12", 12),
        (" 12 ", 12),
        (-1, None),
        (2**63, None),
        (True, None),
        (3.0, None),
        ("1e3", None),
        ("١٢", None),
        ("-1", None),
        ("9999999999", None),
        ("", None),
    ],
)
def test_a_whole_number_is_one_or_the_text_of_one(raw: object, read: int | None) -> None:
    """Seconds and positions are whole, never negative, and stay within 64 bits."""
    assert read == element_of(hold_time=raw).hold_time


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" False ", False),
        ("yes", None),
        (1, None),
        (0, None),
        (None, None),
    ],
)
def test_a_truth_is_one_or_its_word(raw: object, read: bool | None) -> None:
    """Booleans may come as words, never as numbers."""
    assert read is read_record({"call_history_uuid": UUID, "international": raw}).value.international


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("2026-03-10T23:59:59Z", "2026-03-10T23:59:59Z"),
        (" 2026-03-10T23:59:59Z ", "2026-03-10T23:59:59Z"),
        ("2026-03-10T23:59:59.750Z", "2026-03-10T23:59:59Z"),
        ("2026-03-11T01:59:59+02:00", "2026-03-10T23:59:59Z"),
        ("2026-03-10T23:59:59", "2026-03-10T23:59:59Z"),
        ("2026-03-10 23:59:59Z", "2026-03-10T23:59:59Z"),
        ("2026-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00+09:00", None),
        ("yesterday", None),
        (1773187199, None),
    ],
)
def test_a_time_is_utc_to_the_second(raw: object, read: str | None) -> None:
    """Times of any spelling come out as v1 wrote them; what is no time counts as absent."""
    assert read == element_of(start_time=raw).start_time


def test_what_everybody_knows_is_no_news() -> None:
    """Declared fields, words and unread fields are not told, and neither are empty ones."""
    assert frozenset() == unknowns_of(result="answered", spam="yes", press_key=1, event="", answer_time=None, id="x")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"result": "vanished"}, Unknown("element", "result", "vanished")),
        ({"result": "see +12025550143"}, Unknown("element", "result")),
        ({"result": "Answered"}, Unknown("element", "result")),
        ({"hold_time": "soon"}, Unknown("element", "hold_time")),
        ({"start_time": "soon"}, Unknown("element", "start_time")),
        ({"caller_name": ["Nadia"]}, Unknown("element", "caller_name")),
        ({"mood": "fine"}, Unknown("element", "mood")),
        ({"+12025550143": "fine"}, Unknown("element", "")),
    ],
)
def test_what_nobody_declared_is_told(fields: dict[str, Any], told: Unknown) -> None:
    """Words outside a vocabulary, types and keys nobody declared are told; what could be personal is not repeated."""
    assert frozenset({told}) == unknowns_of(**fields)


def test_an_unknown_word_is_read_all_the_same() -> None:
    """A word outside the vocabulary stays in the shape, for the rule that reads it."""
    assert "vanished" == element_of(result=" vanished ").result


def test_unknowns_of_a_header_are_told_as_the_histories() -> None:
    """A header's unknown field is of the history, not of an element."""
    reading = read_record({"call_history_uuid": UUID, "mood": 1, "direction": "sideways"})
    assert frozenset({Unknown("history", "mood"), Unknown("history", "direction", "sideways")}) == reading.unknown


@pytest.mark.parametrize("stray", [None, "x", 1, []])
def test_an_entry_that_is_no_element_is_passed_over_and_told(stray: object) -> None:
    """The elements around it are read."""
    reading = read_record({"call_history_uuid": UUID, "call_elements": [stray, {"call_element_id": "a"}]})
    assert ["a"] == [element.call_element_id for element in reading.value.elements]
    assert frozenset({Unknown("element", "")}) == reading.unknown


@pytest.mark.parametrize("array", [None, "", [], {}, "none", 7])
def test_elements_that_are_no_array_are_none(array: object) -> None:
    """A record may have no elements."""
    assert () == read_record({"call_history_uuid": UUID, "call_elements": array}).value.elements


def test_a_record_of_the_older_generation_is_the_same_record() -> None:
    """v2's names are read where v3's are missing or empty."""
    v2 = {"id": UUID, "call_path": [{"id": "a", "segment": 1}]}
    v3 = {"call_history_uuid": UUID, "call_elements": [{"call_element_id": "a", "segment": 1}]}
    both = {**v3, **v2, "call_elements": []}
    assert read_record(v3) == read_record(v2) == read_record(both)


@pytest.mark.parametrize("uuid", [None, "", "  ", True, ["x"]])
def test_a_record_without_its_id_is_refused(uuid: object) -> None:
    """The answer is of another resource."""
    with pytest.raises(Unreadable, match="without its id"):
        read_record({"call_history_uuid": uuid})


def test_a_page_is_its_rows_in_order_with_token_and_total() -> None:
    """The rows come as they stand in the answer."""
    page = read_page(
        {"call_history": [{"id": "b"}, {"id": "a"}], "next_page_token": "more", "total_records": "7"}
    ).value
    assert ["b", "a"] == [row.call_history_uuid for row in page.rows]
    assert ("more", 7) == (page.next_page_token, page.total_records)


@pytest.mark.parametrize("rest", [{}, {"next_page_token": None, "total_records": None}, {"next_page_token": "  "}])
def test_the_last_page_has_an_empty_token(rest: dict[str, Any]) -> None:
    """Without a token there is no further page, and the total may be unknown."""
    page = read_page({"call_history": [], **rest}).value
    assert ("", None) == (page.next_page_token, page.total_records)


@pytest.mark.parametrize(
    "body",
    [
        {"call_history": []},
        {"call_logs": []},
        {"call_history": [], "call_logs": []},
        {"call_history": None, "call_logs": []},
    ],
)
def test_a_page_may_be_empty(body: dict[str, Any]) -> None:
    """An empty array of either generation is a page without rows."""
    assert () == read_page(body).value.rows


def test_a_page_of_the_older_generation_is_read_where_the_newer_is_empty() -> None:
    """An empty new array beside a full old one gives way."""
    assert 1 == len(read_page({"call_history": [], "call_logs": [{"id": UUID}]}).value.rows)


@pytest.mark.parametrize("body", [{}, {"users": []}, {"call_history": None}, {"call_history": "x"}, {"call_logs": {}}])
def test_a_page_without_rows_is_refused(body: dict[str, Any]) -> None:
    """The answer is of another resource."""
    with pytest.raises(Unreadable, match="without rows"):
        read_page(body)


NO_ROWS: list[tuple[object, str]] = [(None, ""), ("x", ""), ([], ""), ({"call_id": "1"}, "call_history_uuid")]


@pytest.mark.parametrize(("entry", "field"), NO_ROWS)
def test_an_entry_that_is_no_row_is_passed_over_and_told(entry: object, field: str) -> None:
    """It takes no other call away, and does not go unnoticed."""
    reading = read_page({"call_history": [{"id": "a"}, entry, {"id": "b"}]})
    assert ["a", "b"] == [row.call_history_uuid for row in reading.value.rows]
    assert (1, frozenset({Unknown("history", field)})) == (reading.value.passed_over, reading.unknown)


@pytest.mark.parametrize("entry", [entry for entry, _ in NO_ROWS])
def test_a_page_of_nothing_else_is_refused(entry: object) -> None:
    """An empty page would end the walk, and nobody would know what it lost."""
    with pytest.raises(Unreadable, match="without any row"):
        read_page({"call_history": [entry, entry]})


def test_unknowns_of_a_page_are_told_together() -> None:
    """What any row holds is told once."""
    reading = read_page({"call_history": [{"id": "a", "mood": 1}, {"id": "b", "mood": 2}]})
    assert frozenset({Unknown("history", "mood")}) == reading.unknown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
any_fields = st.dictionaries(
    st.sampled_from((*CallHistory.__struct_fields__, *CallElement.__struct_fields__, "call_path", "mood")), json_values
)


@settings(deadline=None)
@given(any_fields, any_fields)
def test_no_value_is_fatal_and_none_is_altered(header: dict[str, Any], element: dict[str, Any]) -> None:
    """Whatever stands in a record, it is read into its declared types and stays as it was."""
    body = {**header, "call_history_uuid": UUID, "call_elements": [element]}
    before = copy.deepcopy(body)
    record = read_record(body).value
    assert before == body
    assert record == msgspec.convert(msgspec.to_builtins(record), CallHistory)


def test_unread_fields_are_no_fields() -> None:
    """A field is either read or listed as unread, and every list of words is of a field."""
    histories, elements = set(CallHistory.__struct_fields__), set(CallElement.__struct_fields__)
    assert set() == histories & UNREAD.keys()
    assert set() == elements & UNREAD_IN_ELEMENTS.keys()
    assert histories | elements >= VALUES.keys() | TIMES
    assert all(UNREAD_IN_ELEMENTS.values())


def test_the_cases_hold_no_field_nobody_declared() -> None:
    """Whatever a case says upstream, its fields are declared: only values may be unknown."""
    unknown: set[Unknown] = set()
    for case in load():
        unknown |= read_page(list_body(case.world.call_history, "v3")).unknown
        unknown = unknown.union(*(read_record(record).unknown for record in case.world.records))
    declared = {"history": CallHistory.__struct_fields__, "element": CallElement.__struct_fields__}
    assert set() == {told for told in unknown if told.field not in declared[told.shape]}
