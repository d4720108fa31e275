"""The reader of the charges report: what it cleans, what it passes over and tells, and what it refuses."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import decode
from contracts.successor.charges import UNREAD_IN_CHARGES, CallCharge, read_charges
from contracts.successor.reading import Unknown, Unreadable

WHOLE: dict[str, Any] = {
    "charge_id": "20260411-21cf18aa-e1a8-4211-819e-14ce313a9eac",
    "call_log_id": "1c5f7831-e9a8-4e14-859e-94ce323a9eef",
    "call_id": "069e986d5006516028c",
    "direction": "outbound",
    "caller_number": "1001",
    "caller_billing_number": "+12025550143",
    "caller_billing_number_type": "voip",
    "callee_number": "+12025550144",
    "callee_billing_number": "+12025550144",
    "callee_billing_number_type": "toll_free",
    "call_type": "local",
    "service_type": "call",
    "calling_party_name": "Nadia",
    "cost_center": "CC-10",
    "employee_id": "A9877",
    "department": "Claims",
    "start_time": "2026-10-08T16:01:15Z",
    "answer_time": "2026-10-08T16:02:15Z",
    "end_time": "2026-10-08T16:12:15Z",
    "duration": 10,
    "charge_mode": "per_min",
    "rate": "0.0205",
    "currency": "USD",
    "total_charge": "0.205",
    "billing_number": "2025550143 Ext. 1001",
    "forward_number_billing": "2025550145",
}
"""A row with every field of Zoom's own example."""


def charge_of(**fields: Any) -> CallCharge:
    """The charge read from these fields."""
    [charge] = read_charges({"call_charges": [{"call_id": "7", **fields}]}).value.rows
    return charge


def unknowns_of(**fields: Any) -> frozenset[Unknown]:
    """What the reader tells of a row of these fields."""
    return read_charges({"call_charges": [{"call_id": "7", **fields}]}).unknown


def test_a_row_of_the_report_is_read_and_nothing_of_it_is_news() -> None:
    """Every documented field is read or known to be of no use."""
    reading = read_charges({"call_charges": [WHOLE]})
    expected = {name: WHOLE[name] for name in CallCharge.__struct_fields__}
    assert ([CallCharge(**expected)], frozenset()) == (list(reading.value.rows), reading.unknown)


@pytest.mark.parametrize(
    "field",
    "owner_type caller_number_iso_code caller_number_country_code callee_number_iso_code callee_number_country_code "
    "owner_extension_id owner_name owner_extension_number result".split(),
)
def test_a_field_of_the_latest_change_note_is_no_news(field: str) -> None:
    """What Zoom added in August 2026 is declared."""
    assert frozenset() == unknowns_of(**{field: "x"})


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ('"0.0255"', "0.0255"),
        ('" 0.0255 "', "0.0255"),
        ('"0.10"', "0.10"),
        ('"0"', "0"),
        ("0.0255", "0.0255"),
        ("0.00001", "0.00001"),
        ("3", "3"),
        ("0", "0"),
        ("1e3", "1000.0"),
        ("1e30", None),
        ("-0.5", None),
        ('"-0.5"', None),
        ('"$0.0255"', None),
        ('"0,0255"', None),
        ('"free"', None),
        ('"٣"', None),
        ("true", None),
        ("[]", None),
        ('""', None),
        ("null", None),
    ],
)
@pytest.mark.parametrize("field", ["rate", "total_charge"])
def test_an_amount_is_spelled_as_the_report_spells_it(field: str, raw: str, read: str | None) -> None:
    """Texts and numbers alike, without an exponent; what is no plain amount counts as absent."""
    assert read == getattr(charge_of(**{field: decode(raw.encode())}), field)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"call_type": "satellite"}, Unknown("charge", "call_type", "satellite")),
        ({"call_type": "pstn"}, Unknown("charge", "call_type", "pstn")),
        ({"direction": "sideways"}, Unknown("charge", "direction", "sideways")),
        ({"total_charge": "free"}, Unknown("charge", "total_charge")),
        ({"start_time": "soon"}, Unknown("charge", "start_time")),
        ({"mood": "fine"}, Unknown("charge", "mood")),
        ({"+12025550143": "fine"}, Unknown("charge", "")),
    ],
)
def test_what_nobody_declared_is_told(fields: dict[str, Any], told: Unknown) -> None:
    """Words, types and keys outside the schema are told; what could be personal is not repeated."""
    assert frozenset({told}) == unknowns_of(**fields)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (None, Unknown("charge", "")),
        ("x", Unknown("charge", "")),
        ([], Unknown("charge", "")),
        ({}, Unknown("charge", "call_id")),
        ({"call_id": " "}, Unknown("charge", "call_id")),
        ({"call_id": True, "total_charge": "1"}, Unknown("charge", "call_id")),
    ],
)
def test_a_row_that_is_none_is_passed_over_and_told(row: object, told: Unknown) -> None:
    """Without a call id nothing could be joined; the rows around it are read."""
    reading = read_charges({"call_charges": [{"call_id": "1"}, row, {"call_id": 2}]})
    assert (["1", "2"], frozenset({told})) == ([charge.call_id for charge in reading.value.rows], reading.unknown)


def test_a_page_has_its_token_and_total() -> None:
    """The envelope beside them is no news."""
    reading = read_charges(
        {"next_page_token": "more", "page_size": 300, "total_records": "7", "from": "", "to": "", "call_charges": []}
    )
    assert ("more", 7, frozenset()) == (
        reading.value.next_page_token,
        reading.value.total_records,
        reading.unknown,
    )


@pytest.mark.parametrize("rest", [{}, {"next_page_token": None, "total_records": None}, {"next_page_token": "  "}])
def test_the_last_page_has_an_empty_token(rest: dict[str, Any]) -> None:
    """Without a token there is no further page, and the total may be unknown."""
    page = read_charges({"call_charges": [], **rest}).value
    assert ("", None) == (page.next_page_token, page.total_records)


def test_an_unknown_of_the_envelope_is_told_as_the_reports() -> None:
    """A key beside the rows is not one of a row."""
    assert frozenset({Unknown("charges", "mood")}) == read_charges({"call_charges": [], "mood": 1}).unknown


@pytest.mark.parametrize("body", [{}, {"call_logs": []}, {"call_charges": None}, {"call_charges": {}}])
def test_a_body_that_is_no_report_is_refused(body: dict[str, Any]) -> None:
    """The answer is of another resource."""
    with pytest.raises(Unreadable, match="without charges"):
        read_charges(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from((*CallCharge.__struct_fields__, "charge_id", "mood")), json_values))
def test_no_value_is_fatal_and_none_is_altered(row: dict[str, Any]) -> None:
    """Whatever stands in a row, it is read into its declared types and stays as it was."""
    body = {"call_charges": [row, {**row, "call_id": "7"}]}
    before = copy.deepcopy(body)
    rows = read_charges(body).value.rows
    assert before == body
    assert list(rows) == msgspec.convert(msgspec.to_builtins(rows), list[CallCharge])


def test_unread_fields_are_no_fields() -> None:
    """A field is either read or listed as unread, each of the latter with its reason."""
    assert set() == set(CallCharge.__struct_fields__) & UNREAD_IN_CHARGES.keys()
    assert all(UNREAD_IN_CHARGES.values())
