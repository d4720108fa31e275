"""From one call history to the old records it stands for: rows for the list, details for each row.

The whole translation is behind `translate`; it is deterministic and leaves its inputs as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

import adapters.translation.completeness  # noqa: F401 - a declaration that is wrong stops the import here
from adapters.identifiers import bare
from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.rules import Table
from adapters.translation.view import DetailsView, LegView, entry_views, row_view
from adapters.translation.walk import Group, Leg, groups_of, is_only_monitoring
from adapters.translation.world import World
from contracts.successor.shapes import VALUES, CallElement, CallHistory


@dataclass(frozen=True, slots=True)
class LegacyCall:
    """One old record: the row of the list and the answer to its details, both without a pinned id.

    `history_uuid` and `group` say which part of which call it is; `element_id` is its root's id, bare. `is_listed` is
    False for a row the operator's options keep out of the list.
    """

    history_uuid: str
    group: int
    element_id: str
    row: dict[str, Any]
    details: dict[str, Any]
    is_listed: bool = True

    def under(self, v1_id: str) -> "LegacyCall":
        """The same record with the id that was served first."""
        if v1_id == self.row["id"]:
            return self
        return LegacyCall(
            self.history_uuid,
            self.group,
            self.element_id,
            {**self.row, "id": v1_id},
            {**self.details, "id": v1_id},
            self.is_listed,
        )


def translate(record: CallHistory, *, world: World) -> tuple[LegacyCall, ...]:
    """The old records of a call, in the order of the call.

    A record without elements is told from its header; one that holds nothing but a supervisor's part gives none.
    """
    elements = tuple(_with_direction(element, record) for element in record.elements)
    groups = groups_of(elements, split_transfers=world.options.split_transfers == "on")
    if groups:
        return tuple(_legacy_call(group, record, world=world) for group in groups)
    return () if is_only_monitoring(elements) else (from_summary(record, world=world),)


def from_summary(row: CallHistory, *, world: World) -> LegacyCall:
    """The old record as far as the list row alone tells it: one leg, and no log entries."""
    group = Group(0, (Leg(_with_direction(_leg_of(row), row)),))
    return _legacy_call(group, row, world=world, is_exact=False)


def _leg_of(row: CallHistory) -> CallElement:
    shared = {name: getattr(row, name) for name in CallElement.__struct_fields__ if hasattr(row, name)}
    return CallElement(**shared, call_element_id=row.call_history_uuid, result=row.call_result)


def _with_direction(element: CallElement, record: CallHistory) -> CallElement:
    known = (direction for direction in (element.direction, record.direction) if direction in VALUES["direction"])
    direction = next(known, None)
    return element if direction == element.direction else msgspec.structs.replace(element, direction=direction)


def _is_listed(record: CallHistory, *, world: World) -> bool:
    is_callees_copy = record.connect_type == "internal" and record.direction == "inbound"
    return not (is_callees_copy and world.options.internal_calls == "outbound")


def _legacy_call(group: Group, record: CallHistory, *, world: World, is_exact: bool = True) -> LegacyCall:
    row = ACCOUNT_ROW.apply(row_view(group, record, world=world, is_exact=is_exact))
    details = DETAILS_HEADER.apply(DetailsView(row, list(_entries(group, record, world=world))))
    return LegacyCall(
        history_uuid=record.call_history_uuid,
        group=group.index,
        element_id=bare(group.root.element.call_element_id or record.call_history_uuid),
        row=_profiled(row, ACCOUNT_ROW, world=world),
        details=_profiled(details, DETAILS_HEADER, world=world),
        is_listed=_is_listed(record, world=world),
    )


def _entries(group: Group, record: CallHistory, *, world: World) -> Iterator[dict[str, Any]]:
    for view in entry_views(group, record, world=world):
        yield _profiled(LOG_ENTRY.apply(view), LOG_ENTRY, world=world)


def _profiled(answer: dict[str, Any], table: Table[LegView] | Table[DetailsView], *, world: World) -> dict[str, Any]:
    if world.profile == "live":
        return answer
    allowed = table.guide_fields()
    return {field: value for field, value in answer.items() if field in allowed}
