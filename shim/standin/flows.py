"""A call as a form to be filled in: which of its values are people, times and ids, and which stay as they are.

It knows how the values of one call hang together (a duration is the span of two of its times, a call id carries its
start, an id its date). It refuses to know who plays and when. Source: semantics 2 and 3.6.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contracts.cases import World
from shim.standin.company import Extension, Kind, Outsider

Slot = tuple[str, ...]
"""A value's meaning and whose it is, such as `("name", extension id)` or `("time", the time in the form)`."""
Values = dict[Slot | None, Any]
"""What stands in the slots; None is never a key, it lets a value without a slot be looked up like any other."""
Form = tuple[tuple[str, Slot | None, Any], ...]
"""One row, record or element: key, slot (None: the value stays), value."""

TIMES: Final = ("start_time", "answer_time", "end_time")
SPANS: Final = {"duration": ("answer_time", "end_time"), "waiting_time": ("start_time", "answer_time")}
SIDES: Final = ("callee", "caller", "operator")
PARTY: Final = {
    "ext_id": "extension_id",
    "ext_number": "extension_number",
    "name": "name",
    "email": "email",
    "did_number": "number",
}
OWNED: Final = ("department", "cost_center", "site_id", "site_name")
NAMED: Final = {"call_history_uuid": "id", "call_element_id": "id", "recording_id": "media", "voicemail_id": "media"}
UNDATED: Final = re.compile(r"^\d{8}-(?=(?:[^-]+-){4})")


@dataclass(frozen=True, slots=True)
class Flow:
    """One call, or the two halves of an internal one, ready to be played again.

    `moments` are its different times in order, `starts` says when each id starts, `slots` holds every slot once,
    by meaning and in a fixed order.
    """

    rows: tuple[Form, ...]
    records: tuple[tuple[Form, tuple[Form, ...]], ...]
    roles: Mapping[str, Kind]
    moments: tuple[datetime, ...]
    starts: Mapping[Slot, datetime]
    slots: Mapping[str, tuple[Slot, ...]]

    def filled(self, values: Values) -> World:
        """The call with `values` in its slots, and as it was in all others; the directory is left to the caller."""
        return World(
            call_history=[_filled(row, values) for row in self.rows],
            records=[
                _filled(header, values) | {"call_elements": [_filled(element, values) for element in elements]}
                for header, elements in self.records
            ],
            directory={},
        )


def flow_of(world: World) -> Flow:
    """The form behind the calls of `world`."""
    elements = [element for record in world.records for element in record["call_elements"]]
    entries = [*world.call_history, *world.records, *elements]
    dialled = {
        entry[f"{side}_ext_number"]: entry[f"{side}_ext_id"]
        for entry in entries
        for side in SIDES
        if f"{side}_ext_number" in entry and f"{side}_ext_id" in entry
    }
    forms = {id(entry): _form(entry, dialled) for entry in entries}
    return Flow(
        rows=tuple(forms[id(row)] for row in world.call_history),
        records=tuple(
            (forms[id(record)], tuple(forms[id(element)] for element in record["call_elements"]))
            for record in world.records
        ),
        roles=_roles(entries),
        moments=tuple(sorted({moment_of(entry[key]) for entry in entries for key in TIMES if entry.get(key)})),
        starts=_starts(entries),
        slots=_slots(forms.values()),
    )


def moment_of(text: str) -> datetime:
    """The moment of Zoom's UTC text."""
    return datetime.fromisoformat(text)


def text_of(moment: datetime) -> str:
    """Zoom's UTC text of a moment."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def when(
    flow: Flow,
    moments: Mapping[datetime, datetime],
    *,
    uuid: Callable[[str], str],
    low_bits: Callable[[int, int], int],
) -> Values:
    """The slots that follow from the times: times, spans, dated ids, call ids.

    `uuid` and `low_bits` (of a width in bits) make the part of an id that no time decides from the part in the form.
    """
    values: Values = {slot: text_of(moments[moment_of(slot[1])]) for slot in flow.slots.get("time", ())}
    for slot in flow.slots.get("span", ()):
        values[slot] = _seconds(moments, slot)
    for slot in flow.slots.get("part", ()):
        whole = (moment_of(slot[2]) - moment_of(slot[1])).total_seconds()
        values[slot] = int(int(slot[3]) * _seconds(moments, slot) / whole) if whole else 0
    for slot in flow.slots.get("id", ()):
        values[slot] = f"{moments[flow.starts[slot]]:%Y%m%d}-{uuid(UNDATED.sub('', slot[1]))}"
    numbers: dict[Slot, str] = {}
    for slot in flow.slots.get("call", ()):
        base = slot[:2]
        if base not in numbers:
            numbers[base] = _call_number(base[1], moments[flow.starts[base]], low_bits)
        values[slot] = numbers[base] + slot[2]
    return values


def who(flow: Flow, cast: Mapping[str, Extension], outsiders: Callable[[], Outsider]) -> Values:
    """The slots of people: `cast` plays the extensions, `outsiders` brings one person for each outside number."""
    values: Values = {}
    for role, extension in cast.items():
        texts = {name: str(getattr(extension, name)) for name in (*PARTY.values(), "department", "cost_center")}
        texts |= {"site_id": extension.site.id, "site_name": extension.site.name}
        values |= {(name, role): text for name, text in texts.items() if text}
    for slot in flow.slots.get("outside number", ()):
        outsider = outsiders()
        values |= {slot: outsider.number, ("outside name", slot[1]): outsider.name}
    return values


def _filled(form: Form, values: Values) -> dict[str, Any]:
    return {key: values.get(slot, value) for key, slot, value in form}


def _form(entry: Mapping[str, Any], dialled: Mapping[str, str]) -> Form:
    return tuple(
        (key, _slot(key, value, entry, dialled), value) for key, value in entry.items() if key != "call_elements"
    )


def _slot(key: str, value: Any, entry: Mapping[str, Any], dialled: Mapping[str, str]) -> Slot | None:
    side, _, attribute = key.partition("_")
    if value in ("", None):
        return None
    if key in TIMES:
        return ("time", value)
    if key in NAMED:
        return (NAMED[key], value)
    if key == "call_id":
        base, mark, suffix = value.partition("_")
        return ("call", base, mark + suffix)
    if key in SPANS or key == "hold_time":
        return _measured(key, value, entry)
    if key == "press_key":
        return ("extension_number", dialled[value]) if value in dialled else None
    if key in OWNED:
        return (key, _owner(entry))
    return _party(side, PARTY[attribute], entry) if side in SIDES and attribute in PARTY else None


def _measured(key: str, value: int, entry: Mapping[str, Any]) -> Slot | None:
    first, last = (entry.get(name) for name in SPANS.get(key, SPANS["duration"]))
    if not (value and first and last):
        return None
    if key in SPANS and (moment_of(last) - moment_of(first)).total_seconds() == value:
        return ("span", first, last)
    return ("part", first, last, str(value))


def _party(side: str, attribute: str, entry: Mapping[str, Any]) -> Slot | None:
    extension_id, number = entry.get(f"{side}_ext_id"), entry.get(f"{side}_did_number")
    if extension_id:
        return (attribute, extension_id)
    return (f"outside {attribute}", number) if number and attribute in ("number", "name") else None


def _owner(entry: Mapping[str, Any]) -> str:
    """The extension whose department and site an entry carries: the called one inbound, the calling one outbound."""
    first, second = ("callee", "caller") if entry.get("direction") == "inbound" else ("caller", "callee")
    sides = (first, "operator", second)
    return next((entry[f"{side}_ext_id"] for side in sides if entry.get(f"{side}_ext_id")), "")


def _roles(entries: list[dict[str, Any]]) -> Mapping[str, Kind]:
    return {
        entry[f"{side}_ext_id"]: Kind(entry[f"{side}_ext_type"])
        for entry in entries
        for side in SIDES
        if entry.get(f"{side}_ext_id") and entry.get(f"{side}_ext_type")
    }


def _slots(forms: Iterable[Form]) -> Mapping[str, tuple[Slot, ...]]:
    found: dict[str, dict[Slot, None]] = {}
    for form in forms:
        for _, slot, _ in form:
            if slot is not None:
                found.setdefault(slot[0], {})[slot] = None
    return {meaning: tuple(slots) for meaning, slots in found.items()}


def _call_number(old: str, start: datetime, low_bits: Callable[[int, int], int]) -> str:
    """A call id that carries its start as Zoom's do: 64 bits in decimal, since 2026 also 72 in hexadecimal."""
    epoch = int(start.timestamp())
    if old.startswith("0"):
        return f"0{epoch:08x}{low_bits(int(old[9:], 16), 40):010x}"
    return str((epoch << 32) + low_bits(int(old) & 0xFFFFFFFF, 32))


def _starts(entries: list[dict[str, Any]]) -> Mapping[Slot, datetime]:
    """When each id and call id starts: the earliest start of the entries that carry it."""
    starts: dict[Slot, datetime] = {}
    for entry in sorted(entries, key=lambda entry: str(entry["start_time"]), reverse=True):
        for key in ("call_history_uuid", "call_element_id", "call_id"):
            if key in entry:
                slot = ("call", entry[key].partition("_")[0]) if key == "call_id" else ("id", entry[key])
                starts[slot] = moment_of(entry["start_time"])
    return starts


def _seconds(moments: Mapping[datetime, datetime], slot: Slot) -> int:
    return int((moments[moment_of(slot[2])] - moments[moment_of(slot[1])]).total_seconds())
