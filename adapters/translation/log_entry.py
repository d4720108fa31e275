"""The rule for every field of an entry of `log_details`, in alphabetical order as the guide shows them."""

from typing import Final

from adapters.translation import facts
from adapters.translation.account_row import CALLER_LOCATION, DIRECTORY_MISS, LOCATION_NOTE
from adapters.translation.legs import MEMBER_READS, number_reads
from adapters.translation.rules import Copy, Derive, Rule, Table
from adapters.translation.scopes import LEG_SCOPE
from adapters.translation.view import LegView
from adapters.translation.words import PATH_READS
from contracts.legacy.shapes import LogDetail

LOG_ENTRY: Final[Table[LegView]] = Table(
    shape=LogDetail,
    scope=LEG_SCOPE,
    rules=(
        Rule(
            "answer_start_time",
            Derive(facts.entry_answer_time, MEMBER_READS),
            "semantics 5.5 D",
            in_guide=True,
            note="a queue, receptionist or shared line shows when the call was answered (option container_answer)",
        ),
        Rule(
            "call_type",
            Derive(facts.entry_call_type, ("leg.callee_ext_type", "leg.callee_ext_number", "leg.callee_ext_id")),
            "semantics 3.3 D/I",
            in_guide=True,
            note="absent on entries of queues, receptionists and shared lines",
        ),
        Rule("caller_location", CALLER_LOCATION, "semantics 3.3 D", in_guide=True, note=LOCATION_NOTE),
        Rule("date_time", Copy(("leg.start_time",)), "semantics 3.3 I", in_guide=True),
        Rule("device_private_ip", Copy(("leg.device_private_ip",)), "semantics 3.3 D"),
        Rule("device_public_ip", Copy(("leg.device_public_ip",)), "semantics 3.3 D"),
        Rule("duration", Derive(facts.duration, ("leg.end_time", *MEMBER_READS)), "semantics 3.6 D/I", in_guide=True),
        Rule(
            "forward_to",
            Derive(facts.forward_to, (*number_reads("callee"), "leg.callee_name")),
            "semantics 3.3 D/A",
            in_guide=True,
            note=f"an outside target has its number in extension_number; forward_to.id {DIRECTORY_MISS}",
        ),
        Rule(
            "hold_time",
            Derive(lambda view: view.leg.hold_time or None, ("leg.hold_time",)),
            "semantics 3.3 D",
            note="absent when 0",
        ),
        Rule("id", Derive(facts.entry_id, ("leg.call_element_id",)), "semantics 3.3 I", in_guide=True),
        Rule("path", Derive(facts.entry_path, PATH_READS), "semantics 4.2 I", in_guide=True),
        Rule("recording_id", Copy(("leg.recording_id",)), "semantics 3.3 D", in_guide=True),
        Rule(
            "recording_type",
            Derive(facts.recording_type, ("talk.recording_type",)),
            "semantics 3.3 D",
            in_guide=True,
        ),
        Rule(
            "result",
            Derive(facts.result, (*MEMBER_READS, "talk.recording_type")),
            "semantics 4.1 I",
            in_guide=True,
        ),
        Rule("site", Derive(facts.entry_site, ("leg.site_id", "leg.site_name")), "semantics 3.3 D", in_guide=True),
    ),
)
"""One entry of `log_details`."""
