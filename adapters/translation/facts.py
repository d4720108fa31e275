"""How the derived fields of rows and log entries come about, one small function each.

A function sees one view and returns the field's value, or None for a field that is left out. Which field uses which
function, and on what evidence, stands in the tables.
"""

from typing import Any, Final, Literal

from adapters.identifiers import bare
from adapters.translation import legs, words
from adapters.translation.legs import CONTAINERS, Party, callee, caller
from adapters.translation.view import LegView
from adapters.translation.world import DirectoryEntry, extension_number

Side = Literal["caller", "callee"]

INTERNAL_NUMBER: Final = 1
OUTSIDE_NUMBER: Final = 2
EMERGENCY_NUMBER: Final = 3


def log_id(view: LegView) -> str | None:
    """The leg's own id without its date; the record's where the leg has none."""
    return bare(view.leg.call_element_id or view.record.call_history_uuid)


def entry_id(view: LegView) -> str | None:
    """The leg's own id without its date."""
    return bare(view.leg.call_element_id) if view.leg.call_element_id else None


def owner_party(view: LegView) -> Party:
    """Whose row it is: the caller of an outbound leg, else the callee."""
    return caller(view.leg) if view.leg.direction == "outbound" else callee(view.leg)


def _entry(view: LegView, party: Party) -> DirectoryEntry | None:
    return view.world.directory.find(party.of("ext_id"), party.of("ext_number"), extension_type=party.of("ext_type"))


def _type(view: LegView, party: Party) -> str | None:
    return words.extension_type(party.of("ext_type"), options=view.world.options)


def _present(**fields: Any) -> dict[str, Any] | None:
    return {name: value for name, value in fields.items() if value is not None} or None


def owner(view: LegView) -> dict[str, Any] | None:
    """Type, id, name and number of the extension the row belongs to; nothing for an outside party."""
    party = owner_party(view)
    if not party.is_internal:
        return None
    entry = _entry(view, party)
    return _present(
        type=_type(view, party),
        id=entry.id if entry else None,
        name=party.of("name") or (entry.name if entry else None),
        extension_number=extension_number(party.of("ext_number")),
    )


def _is_shown_as_container(view: LegView) -> bool:
    return view.leg.direction == "outbound" and view.leg.caller_ext_type in CONTAINERS


def user_id(view: LegView) -> str | None:
    """The user behind the row: its owner, or who called under a queue's or receptionist's name."""
    party = owner_party(view)
    leg = view.leg
    if party.of("ext_type") == "user":
        entry = _entry(view, party)
    elif _is_shown_as_container(view) and leg.operator_ext_type == "user":
        entry = view.world.directory.find(leg.operator_ext_id, leg.operator_ext_number, extension_type="user")
    else:
        return None
    return entry.id if entry else None


def number_type(party: Party) -> int:
    """1 for an extension, 2 for any other number."""
    return INTERNAL_NUMBER if party.is_internal else OUTSIDE_NUMBER


def callee_number_type(view: LegView) -> int:
    """As the caller's, and 3 for an emergency call."""
    if "emergency" in (view.leg.call_type, view.record.call_type):
        return EMERGENCY_NUMBER
    return number_type(callee(view.leg))


def number_source(party: Party) -> str | None:
    """Where an outside number comes from; nothing for an extension."""
    return None if party.is_internal else words.number_source(party.of("number_type"))


def location(view: LegView, party: Party) -> str | None:
    """Where an outside number is at home, if the operator supplied a list of places."""
    number = party.number
    return None if party.is_internal or number is None else view.world.place_of(number)


def did_number(party: Party) -> str | None:
    """An extension's direct number; an outside party's number stands in `*_number` alone."""
    return party.of("did_number") if party.is_internal else None


def country_code(view: LegView, party: Party) -> str | None:
    """The calling code: as it came when it is one, else that of the region it names."""
    said = party.of("country_code")
    if said is None:
        return None
    digits = said.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return digits
    return view.world.calling_codes.get(said.upper())


def duration(view: LegView) -> int:
    """Talk time in seconds."""
    return legs.duration(view.talk, view.legs)


def result(view: LegView) -> str:
    """What came of the leg, in v1's words."""
    return words.result(view.talk, view.legs, options=view.world.options)


def row_path(view: LegView) -> str:
    """How the call reached the leg; `forward` where an outside forward carried the talk."""
    return "forward" if view.talk is not view.leg else words.path(view.position)


def entry_path(view: LegView) -> str:
    """How the call reached the leg."""
    return words.path(view.position)


def row_call_type(view: LegView) -> str:
    """The row's call type."""
    return words.call_type(view.leg, international=view.record.international)


def entry_call_type(view: LegView) -> str | None:
    """`pstn` for a leg outside, else `voip`; containers have none."""
    if view.leg.callee_ext_type in CONTAINERS:
        return None
    return "voip" if callee(view.leg).is_internal else "pstn"


def row_answer_time(view: LegView) -> str | None:
    """When an inbound call was answered."""
    return legs.answer_time(view.talk, view.legs) if view.leg.direction != "outbound" else None


def entry_answer_time(view: LegView) -> str | None:
    """When the leg was answered; a container shows the time its call was answered at, if it was."""
    own = legs.answer_time(view.leg, view.legs)
    if own is None or view.leg.callee_ext_type not in CONTAINERS or view.world.options.container_answer == "own":
        return own
    return legs.answer_time(view.legs[0], view.legs) or own


def _is_containers(view: LegView) -> bool:
    return view.leg.direction != "outbound" and view.leg.callee_ext_type in CONTAINERS


def end_time(view: LegView) -> str | None:
    """When the call ended; rows of containers never had it."""
    return None if _is_containers(view) else view.talk.end_time


def site(view: LegView) -> dict[str, Any] | None:
    """The site of the leg, else of the record where it speaks of this leg's group."""
    holder = view.leg if view.leg.site_id else view.first_record
    return _present(id=holder.site_id, name=holder.site_name) if holder.site_id else None


def entry_site(view: LegView) -> dict[str, Any] | None:
    """The site of the leg."""
    return _present(id=view.leg.site_id, name=view.leg.site_name) if view.leg.site_id else None


def department(view: LegView) -> str:
    """The department, empty when there is none."""
    return view.leg.department or view.first_record.department or ""


def cost_center(view: LegView) -> str:
    """The cost centre, empty when there is none."""
    return view.leg.cost_center or view.first_record.cost_center or ""


def recording_type(view: LegView) -> str | None:
    """How the recording that the talk's leg owns came about."""
    return words.RECORDING_TYPES.get(view.talk.recording_type or "")


def has_recording(view: LegView) -> bool | None:
    """False without a recording; with one the field was left out. A list row knows it only if its status says so."""
    if view.talk.recording_id is not None:
        return None
    return False if view.is_exact or view.record.recording_status == "non_recorded" else None


def has_voicemail(view: LegView) -> bool:
    """Whether the row's own leg went to voicemail."""
    return view.leg.voicemail_id is not None or view.leg.result == "voicemail"


def waiting_time(view: LegView) -> int | None:
    """Seconds from ring to answer; rows of containers had none."""
    return None if owner_party(view).of("ext_type") in CONTAINERS else view.leg.waiting_time


def client_code(view: LegView) -> str | None:
    """The leg's client code; a container without one shows that of the member who answered."""
    holders = [view.leg, *(legs.answered_members(view.leg, view.legs) if _is_containers(view) else ())]
    return next((leg.client_code for leg in holders if leg.client_code), None)


def forward_to(view: LegView) -> dict[str, Any] | None:
    """Whom the leg rang: an extension with id and type, or an outside number with its name alone."""
    party = callee(view.leg)
    if not party.is_internal:
        return _present(extension_number=party.number, name=party.of("name"))
    entry = _entry(view, party)
    return _present(
        extension_number=party.of("ext_number"),
        id=entry.id if entry else None,
        name=party.of("name") or (entry.name if entry else None),
        type=_type(view, party),
    )
