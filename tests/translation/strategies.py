"""Successor records as Zoom could send them, raw and in v3's names, and the worlds they are translated in.

Any field may be absent, words come from the declared vocabularies, times hang together, queues ring members and calls
are transferred. What a record becomes is none of its business.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from adapters.translation.options import OPTIONS, Options
from adapters.translation.world import Directory, DirectoryEntry, World
from contracts.successor.shapes import TIMES, UNREAD, UNREAD_IN_ELEMENTS, VALUES, CallElement, CallHistory

Raw = dict[str, Any]
"""A JSON object as upstream sends it."""

EXTENSIONS = tuple(f"extension-{number}" for number in range(6))
"""Extension ids; few, so that queues and their members meet. The last one is a former extension's."""
NUMBERS = ("2101", "0777", "2600", "2700", "150002", "n/a")
NAMES = ("Nadia Haddad", "Claims Queue", "Łukasz Żak", "  ", "O'Brien & Söhne")
DIAL_NUMBERS = ("+12025550143", "+18005550100", "+442079460000", "anonymous", "")
COUNTRIES = ("1", "+44", "US", "gb", "XX", "")
_START = datetime(2026, 3, 10, 23, 50, tzinfo=UTC)


def time_at(second: int) -> str:
    """The time so many seconds into the example's evening."""
    return (_START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(name: str) -> st.SearchStrategy[str]:
    for ending, values in (
        ("_ext_id", EXTENSIONS),
        ("_ext_number", NUMBERS),
        ("_did_number", DIAL_NUMBERS),
        ("_country_code", COUNTRIES),
        ("_iso_code", ("US", "GB", "")),
        ("name", NAMES),
        ("_ip", ("10.1.2.3", "")),
    ):
        if name.endswith(ending):
            return st.sampled_from(values)
    return st.sampled_from((f"{name} 1", f"{name}-2", ""))


_OFTEN = {
    "result_reason": ("",) * 12,
    "event": ("incoming", "outgoing", "ring_to_member", "forward", "overflow") * 3,
}
"""What is said more often than the rest of its vocabulary: most legs are ordinary ones."""


def _value(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[Any]:
    if field.name in VALUES:
        return st.sampled_from((*_OFTEN.get(field.name, ()), *sorted(VALUES[field.name])))
    if field.name in TIMES:
        return st.integers(0, 1200).map(time_at)
    if "bool" in str(field.type):
        return st.booleans()
    if field.name == "is_node":
        return st.sampled_from((1, 1, 1, 1, 0))
    if "int" in str(field.type):
        return st.integers(0, 3) if field.name in ("segment", "node") else st.integers(0, 1)
    return _words(field.name)


def _fields(shape: type[msgspec.Struct], *without: str) -> st.SearchStrategy[Raw]:
    optional = {field.name: _value(field) for field in msgspec.structs.fields(shape) if field.name not in without}
    return st.fixed_dictionaries({}, optional=optional)


ELEMENT_FIELDS = tuple(field.name for field in msgspec.structs.fields(CallElement))
HISTORY_FIELDS = tuple(field.name for field in msgspec.structs.fields(CallHistory) if field.name != "elements")
_element = _fields(CallElement, "call_element_id")
_header = _fields(CallHistory, "call_history_uuid", "elements")


@st.composite
def _leg(draw: st.DrawFn, segment: int, said: Raw) -> Raw:
    start = draw(st.integers(0, 60)) + 100 * segment
    answer = start + draw(st.integers(0, 20))
    times = {"start_time": time_at(start), "answer_time": time_at(answer), "end_time": time_at(answer + 30)}
    return draw(_element) | {"segment": segment} | times | said


@st.composite
def _queue(draw: st.DrawFn, segment: int) -> list[Raw]:
    kind = draw(st.sampled_from(("call_queue", "shared_line_group")))
    queue = draw(st.sampled_from(EXTENSIONS))
    container = draw(_leg(segment, {"callee_ext_id": queue, "callee_ext_type": kind, "event": "incoming"}))
    ring = _leg(segment, {"event": "ring_to_member", "operator_ext_id": queue, "callee_ext_type": "user"})
    return [container, *draw(st.lists(ring, max_size=3))]


@st.composite
def _transfer(draw: st.DrawFn, segment: int) -> list[Raw]:
    event = draw(st.sampled_from(("direct_transfer", "warm_transfer", "warm_transfer_outgoing")))
    action = {"event": event, "result": "connected", "is_node": 1}
    return [draw(_leg(segment, action)), draw(_leg(segment + 1, {"event": "incoming"}))]


@st.composite
def _twins(draw: st.DrawFn) -> list[Raw]:
    start = draw(st.integers(0, 60))
    leg = draw(_element) | {"segment": draw(st.integers(0, 2))}
    logged = st.tuples(st.integers(0, 2), st.integers(0, 2))
    times = draw(st.lists(logged, min_size=2, max_size=3))
    return [{**leg, "node": node, "start_time": time_at(start + later)} for node, later in times]


_silent = st.sampled_from(
    """direct_transfer warm_transfer warm_transfer_outgoing warm_transfer_incoming park merge shared
    monitor listen whisper barge conference_barge takeover""".split()
)
_unheard = st.lists(st.builds(lambda leg, event: {**leg, "event": event}, _element, _silent), min_size=1, max_size=4)
_forward = st.integers(1, 4).flatmap(
    lambda segment: _leg(segment, {"event": "forward", "callee_did_number": "+15035550164", "result": "answered"})
)
_parts = st.one_of(
    st.lists(_element, max_size=3),
    st.lists(_forward, min_size=1, max_size=1),
    _unheard,
    _twins(),
    st.integers(0, 3).flatmap(_queue),
    st.integers(0, 3).flatmap(_transfer),
)


def _element_id(number: int) -> str:
    return f"20260310-{UUID(int=number + 1)}"


@st.composite
def records(draw: st.DrawFn) -> Raw:
    """One record: a header and up to a dozen elements, each with an id of its own."""
    elements = [element for part in draw(st.lists(_parts, min_size=1, max_size=3)) for element in part]
    numbered = [{**element, "call_element_id": _element_id(number)} for number, element in enumerate(elements)]
    uuid = UUID(int=draw(st.integers(10**6, 10**9)))
    return {"call_history_uuid": f"20260310-{uuid}", **draw(_header), "call_elements": numbered}


def options(**fixed: str) -> st.SearchStrategy[Options]:
    """Any choice of options, but for the `fixed` ones."""
    free = {option.id: st.sampled_from(option.values) for option in OPTIONS if option.id not in fixed}
    return st.fixed_dictionaries(free).map(lambda chosen: Options(**{**chosen, **fixed}))


_ENTRIES = {extension: DirectoryEntry(f"object-{extension}", "A Name") for extension in EXTENSIONS[:-1]}
DIRECTORY = Directory(
    by_extension_id=_ENTRIES,
    by_number={777: DirectoryEntry("object-777")},
    common_areas={2101: DirectoryEntry("object-2101", "Lobby")},
)


def worlds(**fixed: str) -> st.SearchStrategy[World]:
    """A world with or without a directory and places, and any options but for the `fixed` ones."""
    return st.builds(
        World,
        options=options(**fixed),
        directory=st.sampled_from((DIRECTORY, Directory())),
        place_of=st.sampled_from((lambda number: None, lambda number: "San Jose, CA")),
        calling_codes=st.just({"US": "1", "GB": "44"}),
    )


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False),
        st.text(max_size=8),
        st.sampled_from(
            ("", "  ", " padded ", "unheard_of", "2026-13-40T99:00:00Z", "0001-01-01T00:00:00+09:00", "١٢")
        ),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
"""JSON values nobody promised, among them padded, blank and look-alike texts."""

_KNOWN = {*ELEMENT_FIELDS, *HISTORY_FIELDS, *UNREAD_IN_ELEMENTS, "call_elements", "call_path", "id"}
_unknown = st.dictionaries(st.text(max_size=12).filter(lambda name: name not in _KNOWN), JUNK, max_size=3)
NOISE = st.builds(lambda unknown, junk: {**unknown, **dict.fromkeys(UNREAD, junk)}, _unknown, JUNK)
"""Keys of no shape, and all those listed as unread, with any values."""
