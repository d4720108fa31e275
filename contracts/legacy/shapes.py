"""What v1 said of a call: the account list with its rows, and one call with its log_details.

Fields stand in the order real replies carried them. The shapes are strict and closed: they judge what this service
writes, in tests and in the contract kit; no request is validated with them.
Source: Zoom's OpenAPI, operations accountCallLogs and getCallLogDetails; the guide's worked example for
answer_start_time, call_type, caller_location and recording_* of details; real account rows of December 2023 for the
order, has_recording and has_voicemail.
"""

from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

LARGEST_PAGE_SIZE: Final = 300

Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", json_schema_extra={"format": "date-time"})]
"""UTC, to the second."""
Seconds = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]
CallType = Literal["voip", "pstn", "tollfree", "international", "contactCenter"]
NumberSource = Literal["internal", "external", "byop"]
RecordingType = Literal["OnDemand", "Automatic"]
Direction = Literal["inbound", "outbound"]
T = TypeVar("T")
Deprecated = Annotated[T, Field(json_schema_extra={"deprecated": True})]
"""A field Zoom had announced the end of before the whole of v1 went."""
ExtensionType = Literal["user", "callQueue", "autoReceptionist", "commonArea", "commonAreaPhone", "sharedLineGroup"]

RESULTS: Final = frozenset(
    {
        "Answered by Other Member",
        "Auto Recorded",
        "Blocked",
        "Busy",
        "Call Cancel",
        "Call connected",
        "Call failed",
        "Missed",
        "No Answer",
        "Recorded",
        "Rejected",
        "Voicemail",
    }
)
"""Every `result` this service writes unless told to pass unknown ones on: legacy programs switch on these words."""

PATHS: Final = frozenset(
    {
        "autoReceptionist",
        "callQueue",
        "commonAreaPhone",
        "contactCenter",
        "extension",
        "forward",
        "meetingService",
        "parkPickup",
        "parkTimeout",
        "pstn",
        "sharedLineGroup",
        "sharedLines",
        "transfer",
        "voiceMail",
    }
)
"""Every `path` this service writes on account rows and their details."""


class LegacyShape(BaseModel):
    """A v1 object: closed, strict, never null."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ErrorEnvelope(LegacyShape):
    """The body of every error answer."""

    code: int
    message: str


class Site(LegacyShape):
    """Where a call was handled."""

    id: Text
    name: Text | None = None


class Owner(LegacyShape):
    """The extension a row belongs to; `extension_number` is a number here and text everywhere else."""

    type: ExtensionType | None = None
    id: Text | None = None
    name: Text | None = None
    extension_number: Annotated[int, Field(json_schema_extra={"format": "int64"})] | None = None


class AccountCallLog(LegacyShape):
    """One row of the account's call logs."""

    id: Text
    user_id: Text | None = None
    call_type: CallType
    caller_number: Text | None = None
    caller_number_type: Literal[1, 2]
    caller_number_source: NumberSource | None = None
    caller_name: Text | None = None
    caller_location: Text | None = None
    callee_number: Text | None = None
    callee_number_type: Literal[1, 2, 3]
    callee_number_source: NumberSource | None = None
    callee_name: Text | None = None
    callee_location: Text | None = None
    direction: Direction | None = None
    duration: Seconds
    result: Text
    date_time: Time | None = None
    path: Text
    site: Site | None = None
    recording_id: Text | None = None
    recording_type: RecordingType | None = None
    has_recording: bool | None = None
    has_voicemail: bool | None = None
    call_id: Text | None = None
    owner: Owner | None = None
    caller_did_number: Text | None = None
    caller_country_code: Text | None = None
    caller_country_iso_code: Text | None = None
    callee_did_number: Text | None = None
    callee_country_code: Text | None = None
    callee_country_iso_code: Text | None = None
    call_end_time: Time | None = None
    answer_start_time: Time | None = None
    department: str | None = None
    cost_center: str | None = None
    hold_time: Seconds | None = None
    waiting_time: Seconds | None = None
    client_code: Text | None = None
    device_private_ip: Text | None = None
    device_public_ip: Text | None = None
    charge: Text | None = None
    rate: Text | None = None
    caller_billing_reference_id: Text | None = None


class AccountCallLogs(LegacyShape):
    """The envelope of the account list; `page_count` stands in the schema, no real reply carried it."""

    next_page_token: str
    page_count: int | None = None
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE_SIZE)]
    total_records: Annotated[int, Field(ge=0)]
    from_: Annotated[str, Field(alias="from")]
    to: str
    call_logs: Annotated[list[AccountCallLog], Field(max_length=LARGEST_PAGE_SIZE)]


class ForwardTo(LegacyShape):
    """Whom a log entry rang; `extension_number` is text, for an outside target its whole number."""

    extension_deleted_time: Time | None = None
    extension_number: Text | None = None
    extension_status: Literal["inactive", "deleted"] | None = None
    id: Text | None = None
    name: Text | None = None
    type: ExtensionType | None = None


class LogDetail(LegacyShape):
    """One entry of `log_details`."""

    answer_start_time: Time | None = None
    call_type: CallType | None = None
    caller_location: Text | None = None
    date_time: Time | None = None
    device_private_ip: Text | None = None
    device_public_ip: Text | None = None
    duration: Seconds
    forward_to: ForwardTo | None = None
    hold_time: Seconds | None = None
    id: Text | None = None
    path: Text
    recording_id: Text | None = None
    recording_type: RecordingType | None = None
    result: Text
    site: Site | None = None


class CallLogDetails(LegacyShape):
    """One call: its header, and the parts that are not the header's own."""

    answer_start_time: Time | None = None
    call_id: Text | None = None
    call_type: CallType
    callee_country_code: Text | None = None
    callee_country_iso_code: Text | None = None
    callee_deleted_time: Time | None = None
    callee_did_number: Text | None = None
    callee_location: Text | None = None
    callee_name: Text | None = None
    callee_number: Text | None = None
    callee_number_source: NumberSource | None = None
    callee_number_type: Literal[1, 2, 3]
    callee_status: Literal["inactive", "deleted"] | None = None
    caller_billing_reference_id: Text | None = None
    caller_country_code: Text | None = None
    caller_country_iso_code: Text | None = None
    caller_deleted_time: Time | None = None
    caller_did_number: Text | None = None
    caller_location: Text | None = None
    caller_name: Text | None = None
    caller_number: Text | None = None
    caller_number_source: NumberSource | None = None
    caller_number_type: Literal[1, 2]
    caller_status: Literal["inactive", "deleted"] | None = None
    cost_center: str | None = None
    date_time: Time | None = None
    department: str | None = None
    device_private_ip: Text | None = None
    device_public_ip: Text | None = None
    direction: Direction | None = None
    duration: Seconds
    has_recording: Deprecated[bool] | None = None
    has_voicemail: Deprecated[bool] | None = None
    id: Text
    log_details: list[LogDetail]
    path: Text
    result: Text
