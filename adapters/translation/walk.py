"""The element walk: which entries of a record are legs, which legs are one old record, and in what order.

It looks at the shape of the record only; what a leg says in v1's words is decided elsewhere.
Source: semantics 5.1 to 5.4.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.successor.shapes import CallElement

TRANSFERS: Final = frozenset({"direct_transfer", "warm_transfer", "warm_transfer_outgoing", "warm_transfer_incoming"})
"""Actions after which the call was a record of its own in v1."""

OTHER_ACTIONS: Final = frozenset({"park", "merge", "shared"})
"""Actions that were no entry in v1 and split nothing."""

MONITORING: Final = frozenset({"monitor", "listen", "whisper", "barge", "conference_barge", "takeover"})
"""A supervisor's part of the call: no row and no entry on the account's side."""

TWIN_SECONDS: Final = 1
"""Two entries of one leg start within this many seconds of each other."""

READS: Final = (
    "leg.segment",
    "leg.node",
    "leg.is_node",
    "leg.event",
    "leg.start_time",
    "leg.call_element_id",
    "leg.callee_ext_id",
    "leg.callee_ext_number",
    "leg.callee_did_number",
)
"""Every successor field the walk looks at."""

_LAST: Final = "9"


@dataclass(frozen=True, slots=True)
class Leg:
    """A party's part of the call; `after_transfer` marks the first one behind a transfer."""

    element: CallElement
    after_transfer: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The legs of one old record: the first is its root, the rest its log_details."""

    index: int
    legs: tuple[Leg, ...]

    @property
    def root(self) -> Leg:
        """The leg that supplies row and header."""
        return self.legs[0]


def seconds(time: str) -> int:
    """The epoch seconds of a UTC time the reader let through."""
    return int(datetime.fromisoformat(time).timestamp())


def seconds_between(start: str | None, end: str | None) -> int:
    """Whole seconds from one time to the other; 0 when either is missing or they run backwards."""
    return max(0, seconds(end) - seconds(start)) if start and end else 0


def _place(element: CallElement) -> tuple[int, str, int, str]:
    return (element.segment or 0, element.start_time or _LAST, element.node or 0, element.call_element_id or "")


def _callee(element: CallElement) -> str | None:
    return element.callee_ext_id or element.callee_ext_number or element.callee_did_number


def _are_twins(one: CallElement, other: CallElement) -> bool:
    if (one.segment or 0, one.event, _callee(one)) != (other.segment or 0, other.event, _callee(other)):
        return False
    if one.start_time is None or other.start_time is None:
        return one.start_time == other.start_time
    return abs(seconds(one.start_time) - seconds(other.start_time)) <= TWIN_SECONDS


def _without_twins(elements: Iterable[CallElement]) -> list[CallElement]:
    kept: list[CallElement] = []
    for element in elements:
        twin = next((place for place, other in enumerate(kept) if _are_twins(other, element)), None)
        if twin is None:
            kept.append(element)
        elif (element.node or 0) > (kept[twin].node or 0):
            kept[twin] = element
    return sorted(kept, key=_place)


def entries_of(elements: Sequence[CallElement]) -> list[CallElement]:
    """The entries that are no key press, twins folded to the highest node, by segment, start and node."""
    return _without_twins(sorted((element for element in elements if element.is_node != 0), key=_place))


def _legs(entries: Iterable[CallElement]) -> Iterator[Leg]:
    after_transfer = False
    for entry in entries:
        if entry.event in TRANSFERS:
            after_transfer = True
        elif entry.event not in OTHER_ACTIONS and entry.event not in MONITORING:
            yield Leg(entry, after_transfer=after_transfer)
            after_transfer = False


def groups_of(elements: Sequence[CallElement], *, split_transfers: bool) -> tuple[Group, ...]:
    """The old records of one successor record, in the order of the call; empty when it has no leg at all."""
    parts: list[list[Leg]] = []
    for leg in _legs(entries_of(elements)):
        if not parts or (leg.after_transfer and split_transfers):
            parts.append([])
        parts[-1].append(leg)
    return tuple(Group(index, tuple(legs)) for index, legs in enumerate(parts))


def is_only_monitoring(elements: Sequence[CallElement]) -> bool:
    """Whether a record tells of nothing but a supervisor listening in."""
    entries = entries_of(elements)
    return bool(entries) and all(entry.event in MONITORING for entry in entries)
