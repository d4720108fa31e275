"""The rule for every field of a call's details, in alphabetical order as the guide shows them.

The header says what the call's own row says; the log entries are made by their own table.
"""

from typing import Final

from adapters.translation.rules import Copy, Derive, Lost, Rule, Table
from adapters.translation.scopes import HEADER_SCOPE
from adapters.translation.view import DetailsView
from contracts.legacy.shapes import CallLogDetails

_NOT_RECOVERABLE: Final = "call history does not tell whether an extension is still there"


def _same(field: str, source: str = "semantics 3.2 D", *, in_guide: bool = False) -> Rule[DetailsView]:
    return Rule(field, Copy((f"row.{field}",)), source, in_guide=in_guide)


DETAILS_HEADER: Final[Table[DetailsView]] = Table(
    shape=CallLogDetails,
    scope=HEADER_SCOPE,
    rules=(
        _same("answer_start_time", in_guide=True),
        _same("call_id", in_guide=True),
        _same("call_type", in_guide=True),
        _same("callee_country_code"),
        _same("callee_country_iso_code"),
        Rule("callee_deleted_time", Lost(_NOT_RECOVERABLE), "semantics 3.2 D"),
        _same("callee_did_number"),
        _same("callee_location", "semantics 3.2 A"),
        _same("callee_name", in_guide=True),
        _same("callee_number", in_guide=True),
        _same("callee_number_source"),
        _same("callee_number_type", in_guide=True),
        Rule("callee_status", Lost(_NOT_RECOVERABLE), "semantics 3.2 D"),
        Rule("caller_billing_reference_id", Lost("no successor resource tells it"), "semantics 3.1 D"),
        _same("caller_country_code"),
        _same("caller_country_iso_code"),
        Rule("caller_deleted_time", Lost(_NOT_RECOVERABLE), "semantics 3.2 D"),
        _same("caller_did_number"),
        _same("caller_location", in_guide=True),
        _same("caller_name"),
        _same("caller_number", in_guide=True),
        _same("caller_number_source"),
        _same("caller_number_type", in_guide=True),
        Rule("caller_status", Lost(_NOT_RECOVERABLE), "semantics 3.2 D"),
        _same("cost_center"),
        _same("date_time", in_guide=True),
        _same("department"),
        _same("device_private_ip"),
        _same("device_public_ip"),
        _same("direction", in_guide=True),
        _same("duration", in_guide=True),
        _same("has_recording"),
        _same("has_voicemail"),
        _same("id", in_guide=True),
        Rule(
            "log_details",
            Derive(lambda view: view.entries, ("entries.log_details",)),
            "semantics 3.2 I",
            in_guide=True,
            note="every leg of the group but its root; empty for a call of a single leg",
        ),
        _same("path", in_guide=True),
        _same("result", in_guide=True),
    ),
)
"""One call's details."""
