"""The rule for every field of a row of the account's call logs, in v1's order.

Each row of the table: field, kind of rule, source and standing. `leg` is the call element the row speaks of, `talk`
the one that carried the conversation, `record` the call history, `first_record` the same for a record's first group.
"""

from typing import Final

from adapters.translation import facts
from adapters.translation.facts import Side
from adapters.translation.legs import MEMBER_READS, Party, caller, internal_reads, number_reads
from adapters.translation.rules import Copy, Derive, Lost, Rule, Table
from adapters.translation.scopes import LEG_SCOPE
from adapters.translation.view import LegView
from adapters.translation.words import PATH_READS
from contracts.legacy.shapes import AccountCallLog

DIRECTORY_MISS: Final = "left out without directory access or for a former extension"

_OWNER_READS: Final = ("leg.direction", *internal_reads("caller"), *internal_reads("callee"))
_ANSWER_TIME_READS: Final = (
    "talk.callee_ext_type",
    "talk.answer_time",
    "talk.result",
    "talk.result_reason",
    *MEMBER_READS,
)


def _number(side: Side) -> Derive[LegView]:
    return Derive(lambda view: Party(view.leg, side).number, number_reads(side))


def _number_source(side: Side) -> Derive[LegView]:
    return Derive(
        lambda view: facts.number_source(Party(view.leg, side)), (*internal_reads(side), f"leg.{side}_number_type")
    )


def _location(side: Side) -> Derive[LegView]:
    return Derive(lambda view: facts.location(view, Party(view.leg, side)), number_reads(side))


def _did_number(side: Side) -> Derive[LegView]:
    return Derive(lambda view: facts.did_number(Party(view.leg, side)), number_reads(side))


def _country_code(side: Side) -> Derive[LegView]:
    return Derive(lambda view: facts.country_code(view, Party(view.leg, side)), (f"leg.{side}_country_code",))


ON_REQUEST: Final = "only the charges report tells it, which is asked with `SHIM_CHARGES=on` and by `charged_call_logs`"
LOCATION_NOTE: Final = "only with SHIM_NUMBER_LOCATIONS: no successor field tells it"
CALLER_NUMBER: Final = _number("caller")
CALLER_LOCATION: Final = _location("caller")
DURATION: Final = Derive(facts.duration, ("talk.end_time", "leg.end_time", *_ANSWER_TIME_READS))
RESULT: Final = Derive(facts.result, ("talk.recording_type", *_ANSWER_TIME_READS))

ACCOUNT_ROW: Final[Table[LegView]] = Table(
    shape=AccountCallLog,
    scope=LEG_SCOPE,
    rules=(
        Rule(
            "id",
            Derive(facts.log_id, ("leg.call_element_id", "record.call_history_uuid")),
            "semantics 2 D/A",
            in_guide=True,
            note="the root element's id without its date; once served it never changes",
        ),
        Rule(
            "user_id",
            Derive(
                facts.user_id,
                (*_OWNER_READS, "leg.operator_ext_type", "leg.operator_ext_id", "leg.operator_ext_number"),
            ),
            "semantics 3.1 O",
            note=f"the owner if it is a user, or who called under a queue's or receptionist's name; {DIRECTORY_MISS}",
        ),
        Rule(
            "call_type",
            Derive(
                facts.row_call_type,
                (
                    "leg.event",
                    "leg.direction",
                    "leg.caller_number_type",
                    "leg.callee_number_type",
                    *number_reads("callee"),
                    "record.international",
                ),
            ),
            "semantics 4.3 D/O/I",
            in_guide=True,
        ),
        Rule("caller_number", CALLER_NUMBER, "semantics 3.1 O", in_guide=True, note="extension inside, number outside"),
        Rule(
            "caller_number_type",
            Derive(lambda view: facts.number_type(caller(view.leg)), internal_reads("caller")),
            "semantics 3.1 O",
            in_guide=True,
        ),
        Rule("caller_number_source", _number_source("caller"), "semantics 4.4 D/I", note="outside parties only"),
        Rule("caller_name", Copy(("leg.caller_name",)), "semantics 3.1 O"),
        Rule("caller_location", CALLER_LOCATION, "semantics 3.1 D", in_guide=True, note=LOCATION_NOTE),
        Rule("callee_number", _number("callee"), "semantics 3.1 D/I", in_guide=True),
        Rule(
            "callee_number_type",
            Derive(facts.callee_number_type, (*internal_reads("callee"), "leg.call_type", "record.call_type")),
            "semantics 3.1 D/I",
            in_guide=True,
            note="3 for emergency calls",
        ),
        Rule("callee_number_source", _number_source("callee"), "semantics 4.4 D/I", note="outside parties only"),
        Rule("callee_name", Copy(("leg.callee_name",)), "semantics 3.1 D/I", in_guide=True),
        Rule("callee_location", _location("callee"), "semantics 3.1 O", note=LOCATION_NOTE),
        Rule(
            "direction",
            Copy(("leg.direction",)),
            "semantics 5.4 D",
            in_guide=True,
            note="a leg that does not tell it has its record's; a word that is neither of the two is none",
        ),
        Rule("duration", DURATION, "semantics 3.6 O", in_guide=True, note="talk time, never the call's whole length"),
        Rule("result", RESULT, "semantics 4.1 O/I/A", in_guide=True),
        Rule("date_time", Copy(("leg.start_time", "record.start_time")), "semantics 3.1 D", in_guide=True),
        Rule("path", Derive(facts.row_path, PATH_READS), "semantics 4.2 D/O/I/A", in_guide=True),
        Rule(
            "site",
            Derive(facts.site, ("leg.site_id", "leg.site_name", "first_record.site_id", "first_record.site_name")),
            "semantics 3.1 D/I",
            in_guide=True,
        ),
        Rule("recording_id", Copy(("talk.recording_id",)), "semantics 3.1 D"),
        Rule("recording_type", Derive(facts.recording_type, ("talk.recording_type",)), "semantics 4.5 D/I"),
        Rule(
            "has_recording",
            Derive(facts.has_recording, ("talk.recording_id", "record.recording_status")),
            "semantics 3.1 O",
            note="false without a recording, absent with one, as real rows had it",
        ),
        Rule(
            "has_voicemail",
            Derive(facts.has_voicemail, ("leg.voicemail_id", "leg.result")),
            "semantics 3.1 O/I",
        ),
        Rule("call_id", Copy(("leg.call_id", "record.call_id")), "semantics 3.1 D", in_guide=True),
        Rule(
            "owner",
            Derive(facts.owner, (*_OWNER_READS, "leg.caller_name", "leg.callee_name")),
            "semantics 3.1 D/I",
            in_guide=True,
            note=f"the extension's own side; owner.id {DIRECTORY_MISS}",
        ),
        Rule("caller_did_number", _did_number("caller"), "semantics 3.1 O", note="extensions only"),
        Rule("caller_country_code", _country_code("caller"), "semantics 3.1 D/I"),
        Rule("caller_country_iso_code", Copy(("leg.caller_country_iso_code",)), "semantics 3.1 D"),
        Rule("callee_did_number", _did_number("callee"), "semantics 3.1 D/I", note="extensions only"),
        Rule("callee_country_code", _country_code("callee"), "semantics 3.1 D/I"),
        Rule("callee_country_iso_code", Copy(("leg.callee_country_iso_code",)), "semantics 3.1 D/I"),
        Rule(
            "call_end_time",
            Derive(facts.end_time, ("leg.direction", "leg.callee_ext_type", "talk.end_time")),
            "semantics 3.1 O/I",
            note="absent on rows of queues, receptionists and shared lines",
        ),
        Rule(
            "answer_start_time",
            Derive(facts.row_answer_time, ("leg.direction", *_ANSWER_TIME_READS)),
            "semantics 3.1 D/O",
            in_guide=True,
            note="answered inbound calls only",
        ),
        Rule("department", Derive(facts.department, ("leg.department", "first_record.department")), "semantics 3.1 O"),
        Rule(
            "cost_center",
            Derive(facts.cost_center, ("leg.cost_center", "first_record.cost_center")),
            "semantics 3.1 O",
        ),
        Rule("hold_time", Copy(("leg.hold_time",)), "semantics 3.1 D"),
        Rule(
            "waiting_time",
            Derive(
                facts.waiting_time,
                ("leg.waiting_time", "leg.direction", "leg.caller_ext_type", "leg.callee_ext_type"),
            ),
            "semantics 3.1 D/I",
            note="absent on rows of queues, receptionists and shared lines",
        ),
        Rule(
            "client_code",
            Derive(facts.client_code, ("leg.client_code", "leg.direction", *MEMBER_READS)),
            "semantics 3.8 D",
            note="a queue's or shared line's row shows that of the member who answered when it has none of its own",
        ),
        Rule("device_private_ip", Copy(("leg.device_private_ip",)), "semantics 3.1 D"),
        Rule("device_public_ip", Copy(("leg.device_public_ip",)), "semantics 3.1 D"),
        Rule("charge", Lost(ON_REQUEST), "semantics 3.7 D"),
        Rule("rate", Lost(ON_REQUEST), "semantics 3.7 D"),
        Rule("caller_billing_reference_id", Lost("no successor resource tells it"), "semantics 3.1 D"),
    ),
)
"""One row of `call_logs`."""
