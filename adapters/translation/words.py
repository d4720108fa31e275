"""Successor words to v1's words: result, path, call_type, number source, extension and recording types.

Every word is an entry of a table; the few conditions that are no plain look-up are ordered rows, first match wins.
Source: semantics 4.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapters.translation.legs import (
    CONNECTED,
    answered_members,
    callee,
    is_answered,
)
from adapters.translation.options import Options
from adapters.translation.walk import Leg
from contracts.successor.shapes import CallElement

NO_ANSWER: Final = "No Answer"
CONNECTED_BY_RECORDING: Final[Mapping[str | None, str]] = MappingProxyType(
    {"automatic": "Auto Recorded", "ad-hoc": "Recorded", None: "Call connected"}
)
"""Rows 3 to 5: an answered leg's result, by the type of the recording it owns."""

RESULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "voicemail": "Voicemail",
        "no_answer": NO_ANSWER,
        "ring_timeout": NO_ANSWER,
        "overflowed": NO_ANSWER,
        "hang_up": "Call Cancel",
        "canceled": "Call Cancel",
        "abandoned": "Call Cancel",
        "rejected": "Rejected",
        "busy": "Busy",
        "system_blocked": "Blocked",
        "blocked": "Blocked",
        "call_failed": "Call failed",
        "unconnected": "Call failed",
        "service_unavailable": "Call failed",
        "invalid_key": "Call failed",
        "invalid_operation": "Call failed",
    }
)
"""Rows 6 to 14: the result of a leg that was not answered."""

REASONS: Final[Mapping[str | None, str]] = MappingProxyType(
    {
        "answered_by_other": "Answered by Other Member",
        "pickup_by_other": "Answered by Other Member",
        "call_out_by_other": "Call Cancel",
    }
)
"""Rows 1 and 2: a reason that outweighs the result."""

MISSED: Final = frozenset({"no_answer", "ring_timeout"})


def connected(leg: CallElement) -> str:
    """The word for an answered leg, told by its recording."""
    return CONNECTED_BY_RECORDING.get(leg.recording_type, CONNECTED_BY_RECORDING[None])


def result(leg: CallElement, legs: Sequence[CallElement], *, options: Options) -> str:
    """v1's `result` of a leg among the legs of its group."""
    said = leg.result
    if leg.result_reason in REASONS:
        return REASONS[leg.result_reason]
    if said in CONNECTED:
        return connected(leg)
    if said in MISSED and options.missed_label == "missed":
        return "Missed"
    if said == "overflowed" and options.overflow_result == "connected" and _is_answered_later(leg, legs):
        return connected(leg)
    if said is not None and said in RESULTS:
        return RESULTS[said]
    return _undeclared(leg, legs, options=options)


def _is_answered_later(leg: CallElement, legs: Sequence[CallElement]) -> bool:
    return any(map(is_answered, legs[legs.index(leg) + 1 :]))


def _undeclared(leg: CallElement, legs: Sequence[CallElement], *, options: Options) -> str:
    if leg.result and options.unknown_result == "pass":
        return leg.result[:1].upper() + leg.result[1:]
    if is_answered(leg) or answered_members(leg, legs):
        return connected(leg)
    return NO_ANSWER


CONTACT_CENTER_EVENTS: Final = frozenset({"transfer_from_zoom_contact_center", "outgoing_to_zoom_contact_center"})
CONTACT_CENTER_NUMBERS: Final = frozenset({"zoom_contact_center", "3rd_party_contact_center"})
MEETING_NUMBERS: Final = frozenset({"meeting_phone_number", "meeting_id"})


def _has_number_type(leg: CallElement, types: frozenset[str]) -> bool:
    return leg.caller_number_type in types or leg.callee_number_type in types


def is_contact_center(leg: CallElement) -> bool:
    """Whether a contact centre had a part in the leg."""
    return leg.event in CONTACT_CENTER_EVENTS or _has_number_type(leg, CONTACT_CENTER_NUMBERS)


@dataclass(frozen=True, slots=True)
class PathRule:
    """One row of the path table: the word, and when it holds."""

    word: str
    holds: Callable[[Leg], bool]
    source: str


def _event(event: str) -> Callable[[Leg], bool]:
    return lambda leg: leg.element.event == event


def _callee_type(extension_type: str) -> Callable[[Leg], bool]:
    return lambda leg: leg.element.callee_ext_type == extension_type


def _is_outbound(leg: Leg) -> bool:
    return leg.element.direction == "outbound"


PATHS: Final = (
    PathRule("parkPickup", _event("park_pick_up"), "semantics 4.2 row 1 I"),
    PathRule("parkTimeout", _event("timeout"), "semantics 4.2 row 2 I"),
    PathRule("contactCenter", lambda leg: is_contact_center(leg.element), "semantics 4.2 row 5 I"),
    PathRule("voiceMail", lambda leg: leg.element.result == "voicemail", "semantics 4.2 row 6 I"),
    PathRule("transfer", lambda leg: leg.after_transfer, "semantics 4.2 row 7 A"),
    PathRule("meetingService", lambda leg: _has_number_type(leg.element, MEETING_NUMBERS), "semantics 4.2 row 8 I"),
    PathRule("pstn", lambda leg: _is_outbound(leg) and not callee(leg.element).is_internal, "semantics 4.2 row 10 O"),
    PathRule("extension", _is_outbound, "semantics 4.2 row 11 A"),
    PathRule(
        "forward",
        lambda leg: leg.element.event == "forward" and not callee(leg.element).is_internal,
        "semantics 4.2 row 12 I",
    ),
    PathRule(
        "sharedLines",
        lambda leg: leg.element.event == "shared_line_incoming" and leg.element.callee_ext_type == "user",
        "semantics 4.2 row 13 I",
    ),
    PathRule("autoReceptionist", _callee_type("auto_receptionist"), "semantics 4.2 row 14 D"),
    PathRule("callQueue", _callee_type("call_queue"), "semantics 4.2 row 15 D"),
    PathRule("sharedLineGroup", _callee_type("shared_line_group"), "semantics 4.2 row 16 I"),
    PathRule("commonAreaPhone", _callee_type("common_area"), "semantics 4.2 row 17 I"),
    PathRule("extension", lambda _leg: True, "semantics 4.2 row 18 D"),
)
"""v1's `path`, first match wins. Rows 3 and 4 (monitor, takeover) concern user rows only."""

PATH_READS: Final = (
    "leg.event",
    "leg.result",
    "leg.direction",
    "leg.caller_number_type",
    "leg.callee_number_type",
    "leg.callee_ext_type",
    "leg.callee_ext_number",
    "leg.callee_ext_id",
)


def path(leg: Leg) -> str:
    """v1's `path` of a leg."""
    return next(rule.word for rule in PATHS if rule.holds(leg))


TOLL_FREE_CODES: Final = frozenset({"800", "833", "844", "855", "866", "877", "888"})


def _is_toll_free(leg: CallElement) -> bool:
    number = callee(leg).number or ""
    is_free_number = number.startswith("+1") and len(number) == len("+18005550100") and number[2:5] in TOLL_FREE_CODES
    return leg.callee_number_type == "zoom_toll_free_number" or (is_free_number and not callee(leg).is_internal)


def call_type(leg: CallElement, *, international: bool | None) -> str:
    """v1's `call_type` of a row, as far as the call itself tells it."""
    if is_contact_center(leg):
        return "contactCenter"
    if leg.direction != "outbound":
        return "voip"
    is_outside = not callee(leg).is_internal
    if is_outside and international:
        return "international"
    if _is_toll_free(leg):
        return "tollfree"
    return "pstn" if is_outside else "voip"


NUMBER_SOURCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "zoom_pstn": "internal",
        "zoom_toll_free_number": "internal",
        "zoom_service_number": "internal",
        "byop": "byop",
    }
)
OTHER_NUMBER_SOURCE: Final = "external"


def number_source(number_type: str | None) -> str | None:
    """v1's `*_number_source` of an outside party; None when its number type is not told."""
    return None if number_type is None else NUMBER_SOURCES.get(number_type, OTHER_NUMBER_SOURCE)


EXTENSION_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user": "user",
        "call_queue": "callQueue",
        "auto_receptionist": "autoReceptionist",
        "shared_line_group": "sharedLineGroup",
        "zoom_room": "user",
        "cisco_room": "user",
    }
)
"""v1's names but for common areas, whose name is an option."""


def extension_type(successor_type: str | None, *, options: Options) -> str | None:
    """v1's name of a kind of extension; None for the kinds v1 had no name for."""
    if successor_type == "common_area":
        return options.common_area_type
    return EXTENSION_TYPES.get(successor_type or "")


RECORDING_TYPES: Final[Mapping[str, str]] = MappingProxyType({"automatic": "Automatic", "ad-hoc": "OnDemand"})
