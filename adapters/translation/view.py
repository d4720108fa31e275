"""What a rule sees of a call: the leg it speaks of, the leg that carried the talk, the record, the world.

The view decides the one thing that concerns many fields at once: whose figures a row shows when its user forwarded
the call outside (semantics 5.4 step 4). Everything else is left to the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from adapters.translation.legs import ANSWER_READS, callee, internal_reads, is_answered
from adapters.translation.walk import Group, Leg
from adapters.translation.words import PATH_READS, path
from adapters.translation.world import World
from contracts.successor.shapes import CallElement, CallHistory

LIFTED_PATH: Final = "extension"
"""The path of a user's leg whose figures give way to those of an answered forward outside."""

READS: Final = (*PATH_READS, *internal_reads("callee"), *ANSWER_READS)
"""Every successor field the choice of `talk` looks at."""


@dataclass(frozen=True, slots=True)
class LegView:
    """A rule's view of one leg of a group.

    `leg` is the entry itself, `talk` the one whose result and times count (the same, but for a lifted row);
    `first_record` is the record for its first group and an empty one for the others, since the record's header
    speaks of the first extension. `is_exact` is False when the leg was made from a list row.
    """

    position: Leg
    talk: CallElement
    group: Group
    record: CallHistory
    world: World
    is_exact: bool = True

    @property
    def leg(self) -> CallElement:
        """The entry the view speaks of."""
        return self.position.element

    @property
    def legs(self) -> tuple[CallElement, ...]:
        """Every leg of the group, root first."""
        return tuple(leg.element for leg in self.group.legs)

    @property
    def first_record(self) -> CallHistory:
        """The record where it speaks of this group."""
        if self.group.index == 0:
            return self.record
        return CallHistory(call_history_uuid=self.record.call_history_uuid)


@dataclass(frozen=True, slots=True)
class DetailsView:
    """A rule's view of one call's details: its row, and the log entries already made."""

    row: Mapping[str, Any]
    entries: list[dict[str, Any]]


def _is_answered_forward_outside(leg: CallElement) -> bool:
    return leg.event == "forward" and not callee(leg).is_internal and is_answered(leg)


def _talk(group: Group) -> CallElement:
    root = group.root.element
    is_users = root.callee_ext_type == "user" and path(group.root) == LIFTED_PATH
    if root.direction != "inbound" or not is_users:
        return root
    later = (leg.element for leg in group.legs[1:])
    return next(filter(_is_answered_forward_outside, later), root)


def row_view(group: Group, record: CallHistory, *, world: World, is_exact: bool = True) -> LegView:
    """The view of a group's row: its root, with the figures of an outside forward that was answered."""
    return LegView(group.root, _talk(group), group, record, world, is_exact)


def entry_views(group: Group, record: CallHistory, *, world: World) -> tuple[LegView, ...]:
    """The views of a group's log_details, in order."""
    of_entry = partial(LegView, group=group, record=record, world=world)
    return tuple(of_entry(leg, leg.element) for leg in group.legs[1:])
