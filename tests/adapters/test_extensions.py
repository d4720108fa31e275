"""Which extensions of a record the directory is asked for."""

import pytest

from adapters.directory import Extension
from adapters.extensions import extensions_of
from contracts.successor.shapes import CallElement, CallHistory

USER = Extension("user", "ext-user", "2001", "amara.ito@example.com")
QUEUE = Extension("call_queue", "ext-queue", "2200")


def element(**values: str) -> CallElement:
    """A leg with these values."""
    return CallElement(**values)  # type: ignore[arg-type]  # every value a test gives is text


def record(*elements: CallElement, **values: str) -> CallHistory:
    """A record with these elements."""
    return CallHistory(call_history_uuid="20260310-a", elements=elements, **values)  # type: ignore[arg-type]  # as above


def side(name: str, extension: Extension) -> dict[str, str]:
    """How an element spells an extension on one of its sides."""
    values: dict[str, str | None] = {
        f"{name}_ext_type": extension.type,
        f"{name}_ext_id": extension.id,
        f"{name}_ext_number": extension.number,
    }
    values |= {} if name == "operator" else {f"{name}_email": extension.email}
    return {key: value for key, value in values.items() if value is not None}


@pytest.mark.parametrize("direction", ["inbound", None])
def test_whoever_was_called_is_asked_for(direction):
    """An inbound row is owned by the extension that was called; so is one that tells no direction."""
    values = side("callee", QUEUE) | side("caller", USER) | ({"direction": direction} if direction else {})
    assert {QUEUE} == extensions_of([record(**values)])


def test_whoever_called_out_is_asked_for():
    """An outbound row is owned by the caller."""
    assert {USER} == extensions_of([record(direction="outbound", **side("caller", USER))])


def test_every_leg_counts_and_an_extension_counts_once():
    """Owners and those a leg rang, each one time over all records."""
    legs = [element(direction="inbound", **side("callee", each)) for each in (QUEUE, USER, USER)]
    assert {QUEUE, USER} == extensions_of([record(*legs), record(*legs)])


def test_the_callee_of_an_outbound_leg_counts():
    """A forward's target stands in its log entry."""
    leg = element(direction="outbound", **side("callee", USER))
    assert {USER} == extensions_of([record(leg)])


def test_the_person_behind_a_masked_call_counts():
    """Who calls out under a queue's name stands in operator; v1's user_id is that person."""
    operator = Extension("user", "ext-user", "2001")
    leg = element(direction="outbound", **side("caller", QUEUE), **side("operator", operator))
    assert {QUEUE, operator} == extensions_of([record(leg)])


@pytest.mark.parametrize(
    ("operator", "direction", "caller", "expected"),
    [
        (USER, "inbound", QUEUE, set()),
        (USER, "outbound", Extension("external_contact", None, "7"), {Extension("external_contact", None, "7")}),
        (Extension("call_queue", "ext-other", "2201"), "outbound", QUEUE, {QUEUE}),
    ],
    ids=["came in", "not masked", "no user"],
)
def test_other_operators_do_not_count(operator, direction, caller, expected):
    """Nobody shows them: on a leg that came in, on one not masked, or when the operator is no person."""
    leg = element(direction=direction, **side("operator", operator), **side("caller", caller))
    assert expected == extensions_of([record(leg)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"callee_ext_number": "2001", "callee_ext_id": "ext-user"}, {Extension("user", "ext-user", "2001")}),
        ({"callee_ext_number": "2001"}, set()),
        ({"callee_ext_type": "user", "callee_ext_id": "ext-user"}, set()),
        ({"callee_did_number": "+12025550143"}, set()),
    ],
    ids=["no type", "number alone", "no number", "outside"],
)
def test_a_party_is_an_extension_by_its_number_and_its_type_or_id(values, expected):
    """Only what an old record could show an object id of is asked for; without a type it is most likely a user."""
    assert expected == extensions_of([record(element(**values))])


@pytest.mark.parametrize(
    ("kind", "directory"),
    [
        ("user", "users"),
        ("call_queue", "call_queues"),
        ("auto_receptionist", "auto_receptionists"),
        ("shared_line_group", "shared_line_groups"),
        ("common_area", "common_areas"),
        ("zoom_room", "rooms"),
        ("cisco_room", "rooms"),
        ("external_contact", ""),
        ("group_call_pickup", ""),
    ],
)
def test_each_type_stands_in_one_directory(kind, directory):
    """Where Zoom lists extensions of a type, "" where nowhere."""
    assert directory == Extension(kind, "ext", "2001").kind
