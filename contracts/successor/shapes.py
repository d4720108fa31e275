"""What the successor says of a call: one shape for a call history, one for a call element.

A call history is a row of the account list and the header of one call's record alike. Field names are the newest
generation's; `generations` holds the older ones. Only fields that some rule reads are attributes; what Zoom's schema
also has stands in `UNREAD` with the reason, so that a key in neither place is news. This file refuses to know how an
answer is read (`reading`) and what it becomes.
Source: Zoom's OpenAPI of July 2026, operations accountCallHistory, getCallPath, getCallElement.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class CallElement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of `call_elements` (v2 `call_path`): a leg as logged for a party, a key press or an action.

    Times are UTC `yyyy-MM-ddTHH:mm:ssZ`; `hold_time` and `waiting_time` are seconds; absent, empty and null are None.
    """

    call_element_id: str | None = None
    call_id: str | None = None
    call_type: str | None = None
    direction: str | None = None
    start_time: str | None = None
    answer_time: str | None = None
    end_time: str | None = None
    event: str | None = None
    result: str | None = None
    result_reason: str | None = None
    segment: int | None = None
    node: int | None = None
    is_node: int | None = None
    caller_ext_id: str | None = None
    caller_ext_number: str | None = None
    caller_ext_type: str | None = None
    caller_did_number: str | None = None
    caller_number_type: str | None = None
    caller_name: str | None = None
    caller_email: str | None = None
    caller_country_code: str | None = None
    caller_country_iso_code: str | None = None
    callee_ext_id: str | None = None
    callee_ext_number: str | None = None
    callee_ext_type: str | None = None
    callee_did_number: str | None = None
    callee_number_type: str | None = None
    callee_name: str | None = None
    callee_email: str | None = None
    callee_country_code: str | None = None
    callee_country_iso_code: str | None = None
    operator_ext_id: str | None = None
    operator_ext_number: str | None = None
    operator_ext_type: str | None = None
    client_code: str | None = None
    department: str | None = None
    cost_center: str | None = None
    site_id: str | None = None
    site_name: str | None = None
    recording_id: str | None = None
    recording_type: str | None = None
    voicemail_id: str | None = None
    hold_time: int | None = None
    waiting_time: int | None = None
    device_private_ip: str | None = None
    device_public_ip: str | None = None


class CallHistory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call as a whole: a row of the account list, or the header of its record with the elements.

    `call_result` and `recording_status` stand in list rows only, `elements` in records only.
    """

    call_history_uuid: str
    call_id: str | None = None
    call_type: str | None = None
    connect_type: str | None = None
    direction: str | None = None
    international: bool | None = None
    start_time: str | None = None
    answer_time: str | None = None
    end_time: str | None = None
    call_result: str | None = None
    caller_ext_id: str | None = None
    caller_ext_number: str | None = None
    caller_ext_type: str | None = None
    caller_did_number: str | None = None
    caller_number_type: str | None = None
    caller_name: str | None = None
    caller_email: str | None = None
    caller_country_code: str | None = None
    caller_country_iso_code: str | None = None
    callee_ext_id: str | None = None
    callee_ext_number: str | None = None
    callee_ext_type: str | None = None
    callee_did_number: str | None = None
    callee_number_type: str | None = None
    callee_name: str | None = None
    callee_email: str | None = None
    callee_country_code: str | None = None
    callee_country_iso_code: str | None = None
    department: str | None = None
    cost_center: str | None = None
    site_id: str | None = None
    site_name: str | None = None
    recording_status: str | None = None
    elements: tuple[CallElement, ...] = ()


TIMES: Final = frozenset({"start_time", "answer_time", "end_time"})

_RESULTS: Final = frozenset(
    """answered accepted picked_up connected succeeded voicemail hang_up canceled call_failed unconnected rejected
    busy ring_timeout overflowed no_answer invalid_key invalid_operation abandoned system_blocked blocked
    service_unavailable""".split()
)
_EXTENSION_TYPES: Final = frozenset(
    """user call_queue auto_receptionist common_area zoom_room cisco_room shared_line_group group_call_pickup
    external_contact""".split()
)
_NUMBER_TYPES: Final = frozenset(
    """zoom_pstn zoom_toll_free_number external_pstn external_contact byoc byop 3rd_party_contact_center
    zoom_service_number external_service_number zoom_contact_center meeting_phone_number meeting_id anonymous_number
    zoom_revenue_accelerator zra_phone_number""".split()
)
_EVENTS: Final = frozenset(
    """incoming transfer_from_zoom_contact_center shared_line_incoming outgoing call_me_on
    outgoing_to_zoom_contact_center warm_transfer warm_transfer_outgoing warm_transfer_incoming forward ring_to_member
    overflow direct_transfer barge monitor whisper listen takeover conference_barge park timeout park_pick_up merge
    shared""".split()
)

VALUES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "call_type": frozenset({"general", "emergency"}),
        "connect_type": frozenset({"internal", "external"}),
        "direction": frozenset({"inbound", "outbound"}),
        "call_result": _RESULTS,
        "result": _RESULTS,
        "result_reason": frozenset({"answered_by_other", "pickup_by_other", "call_out_by_other"}),
        "event": _EVENTS,
        "caller_ext_type": _EXTENSION_TYPES,
        "callee_ext_type": _EXTENSION_TYPES,
        "operator_ext_type": _EXTENSION_TYPES,
        "caller_number_type": _NUMBER_TYPES,
        "callee_number_type": _NUMBER_TYPES,
        "recording_type": frozenset({"automatic", "ad-hoc"}),
        "recording_status": frozenset({"recorded", "non_recorded"}),
    }
)
"""The closed vocabularies: a value outside them is counted as unknown and handled by the rule that reads it."""

_NO_V1_FIELD: Final = "v1 had no such field"
_SEEN_ELSEWHERE: Final = "says nothing that another field does not say better"

UNREAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "duration": "call-wide and inconsistent in Zoom's own example; v1's figure is the leg's talk time",
        "sbc_id": _NO_V1_FIELD,
        "sbc_name": _NO_V1_FIELD,
        "sip_group_id": "call elements carry none, so v1's path sipGroup cannot be told apart from pstn",
        "sip_group_name": _NO_V1_FIELD,
        "hide_caller_id": _NO_V1_FIELD,
        "end_to_end": _NO_V1_FIELD,
        "caller_device_type": _NO_V1_FIELD,
        "callee_device_type": _NO_V1_FIELD,
        "caller_account_code": _NO_V1_FIELD,
        "caller_acconut_code": _NO_V1_FIELD,
        "callee_account_code": _NO_V1_FIELD,
        "caller_employee_id": _NO_V1_FIELD,
        "callee_employee_id": _NO_V1_FIELD,
        "group_id": _NO_V1_FIELD,
        "spam": _NO_V1_FIELD,
        "press_key": "key presses were no entries of v1's log_details",
        "operator_name": _SEEN_ELSEWHERE,
        "call_path_id": "another name of call_history_uuid",
    }
)
"""Successor fields no rule reads, each with the reason; the same for call histories and call elements."""

UNREAD_IN_ELEMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {**UNREAD, "connect_type": "the call history says it for all its elements"}
)
"""The same for call elements alone."""
