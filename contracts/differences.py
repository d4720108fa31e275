"""Where the served surface differs from the published one, and why: the whole list, and no entry too many.

Data alone. A check compares it with what differs in fact; the contract's page for readers is written from it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference at one or more places: what differs, as Zoom published it, as it is here."""

    what: str
    published: str
    here: str
    reason: str
    source: str
    in_list: tuple[str, ...] = ()
    in_details: tuple[str, ...] = ()


_LOST_RESULTS: Final = (
    "Blocked by info-Barriers, Blocked by non-GAL, Call Cancelled, Internal Error, International Disabled, Message, "
    "Park, Parked, Recording Failure, Restricted Number, Wrong Number"
)

DIFFERENCES: Final = (
    Difference(
        what="format",
        published="date",
        here="absent",
        in_list=("parameter from", "parameter to"),
        reason="dates and times are taken, as the parameter's own text says",
        source="semantics 6.1",
    ),
    Difference(
        what="name",
        published="absent",
        here="boolean",
        in_list=("call_logs[].has_recording", "call_logs[].has_voicemail"),
        reason="real rows carried it",
        source="semantics 3.1",
    ),
    Difference(
        what="name",
        published="absent",
        here="string",
        in_list=("call_logs[].callee_location", "call_logs[].caller_location"),
        in_details=("caller_location", "log_details[].caller_location"),
        reason="the guide's example has `caller_location`, real outbound rows `callee_location`",
        source="semantics 3.1, 3.2, 3.3",
    ),
    Difference(
        what="name",
        published="absent",
        here="string",
        in_details=("callee_location",),
        reason="by symmetry with `caller_location`",
        source="semantics 3.2",
    ),
    Difference(
        what="name",
        published="absent",
        here="string",
        in_details=(
            "answer_start_time",
            "log_details[].answer_start_time",
            "log_details[].call_type",
            "log_details[].recording_id",
            "log_details[].recording_type",
        ),
        reason="the guide's example has it",
        source="semantics 3.2, 3.3",
    ),
    Difference(
        what="ever sent",
        published="yes",
        here="no",
        in_list=("page_count",),
        reason="no real reply had it; the option `page_count` brings it",
        source="semantics 3.1",
    ),
    Difference(
        what="ever sent",
        published="yes",
        here="no",
        in_list=("call_logs[].charge", "call_logs[].rate"),
        reason="only the charges report tells it, which is asked where `SHIM_CHARGES` says so",
        source="semantics 3.7",
    ),
    Difference(
        what="ever sent",
        published="yes",
        here="no",
        in_list=("call_logs[].caller_billing_reference_id",),
        in_details=("caller_billing_reference_id",),
        reason="lost: no successor resource tells it",
        source="semantics 3.1",
    ),
    Difference(
        what="ever sent",
        published="yes",
        here="no",
        in_details=(
            "callee_deleted_time",
            "callee_status",
            "caller_deleted_time",
            "caller_status",
            "log_details[].forward_to.extension_deleted_time",
            "log_details[].forward_to.extension_status",
        ),
        reason="lost: call history does not tell whether an extension is still there",
        source="semantics 3.2, 3.3",
    ),
    Difference(
        what="values",
        published=_LOST_RESULTS,
        here="absent",
        in_list=("call_logs[].result",),
        in_details=("log_details[].result", "result"),
        reason="the successor has no word of its own for them, or it is unknown which row showed them; of the two "
        "spellings of a cancelled call the one that real rows had is written",
        source="semantics 4.1",
    ),
    Difference(
        what="values",
        published="absent",
        here="commonAreaPhone",
        in_list=("call_logs[].owner.type",),
        reason="the word of the option `common_area_type`",
        source="semantics 4.5, option common_area_type",
    ),
    Difference(
        what="values",
        published="absent",
        here="commonArea, commonAreaPhone",
        in_details=("log_details[].forward_to.type",),
        reason="a common area may be rung too, and v1 had no other word for it",
        source="semantics 3.3, 4.5",
    ),
    Difference(
        what="enum",
        published="open",
        here="closed",
        in_list=("call_logs[].direction",),
        reason="its text names these two words, and the details' schema closes them",
        source="semantics 3.1",
    ),
    Difference(
        what="format",
        published="absent",
        here="date-time",
        in_list=("call_logs[].call_end_time", "call_logs[].date_time"),
        in_details=(
            "callee_deleted_time",
            "caller_deleted_time",
            "date_time",
            "log_details[].date_time",
            "log_details[].forward_to.extension_deleted_time",
        ),
        reason="every time has the form that one of them is published with",
        source="semantics 3.1",
    ),
    Difference(
        what="maximum",
        published="absent",
        here="300",
        in_list=("page_size",),
        reason="it repeats the page size that counted, which is bounded",
        source="semantics 6.1",
    ),
    Difference(
        what="max_items",
        published="10000",
        here="absent",
        in_details=("log_details",),
        reason="every part of the call is told, however many",
        source="semantics 3.3",
    ),
    Difference(
        what="always sent",
        published="no",
        here="yes",
        in_list=(
            "call_logs",
            "call_logs[].call_type",
            "call_logs[].callee_number_type",
            "call_logs[].caller_number_type",
            "call_logs[].duration",
            "call_logs[].id",
            "call_logs[].path",
            "call_logs[].result",
            "call_logs[].site.id",
            "from",
            "next_page_token",
            "page_size",
            "to",
            "total_records",
        ),
        in_details=(
            "call_type",
            "callee_number_type",
            "caller_number_type",
            "duration",
            "id",
            "log_details",
            "log_details[].duration",
            "log_details[].path",
            "log_details[].result",
            "log_details[].site.id",
            "path",
            "result",
        ),
        reason="Zoom's schema promises no field at all; this service never leaves these out",
        source="semantics 3.1, 3.2, 3.3",
    ),
    Difference(
        what="message",
        published="absent",
        here="Invalid access token.",
        in_list=("error 401, code 124",),
        in_details=("error 401, code 124",),
        reason="published for no operation, seen in real answers",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="Error retrieving call logs.",
        here="absent",
        in_list=("error 404, code 3001",),
        reason="the successor has no such error; whatever 404 it says is relayed",
        source="semantics 7",
    ),
    Difference(
        what="status",
        published="400",
        here="absent",
        in_details=("error 400",),
        reason="no id is refused for its form; whatever 400 upstream says is relayed",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="absent",
        here="Call Log does not exist.",
        in_details=("error 404, code 404",),
        reason="not published; seen in real answers",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="absent",
        here="Internal Server Error",
        in_list=("error 500, code 500",),
        in_details=("error 500, code 500",),
        reason="a failure of this service",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="absent",
        here="Bad Gateway",
        in_list=("error 502, code 502",),
        in_details=("error 502, code 502",),
        reason="upstream cannot be reached or is not understood",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="absent",
        here="Service Unavailable",
        in_list=("error 503, code 503",),
        in_details=("error 503, code 503",),
        reason="the service's own credentials or its budget are spent",
        source="semantics 7",
    ),
    Difference(
        what="message",
        published="absent",
        here="Gateway Timeout",
        in_list=("error 504, code 504",),
        in_details=("error 504, code 504",),
        reason="upstream is too slow",
        source="semantics 7",
    ),
)
