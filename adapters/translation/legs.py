"""What a leg is: its two parties, whether it was answered, and for how long.

A container is a queue, an auto receptionist or a shared line; queues and shared lines ring members.
Source: semantics 3.1 (parties), 3.6 (durations), 4.1 row 0 (answered).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from adapters.translation.walk import seconds_between
from contracts.successor.shapes import VALUES, CallElement

CONTAINERS: Final = frozenset({"call_queue", "auto_receptionist", "shared_line_group"})
RINGING_CONTAINERS: Final = frozenset({"call_queue", "shared_line_group"})
LOST_RINGS: Final = frozenset({"answered_by_other", "pickup_by_other"})
"""Reasons of a ring that somebody else answered."""
CONNECTED: Final = frozenset({"answered", "accepted", "picked_up", "connected", "succeeded"})

ANSWER_READS: Final = ("leg.answer_time", "leg.result", "leg.result_reason")
"""What it takes to know whether a leg was answered."""
MEMBER_READS: Final = (
    "leg.callee_ext_type",
    "leg.callee_ext_id",
    "leg.callee_ext_number",
    "leg.event",
    "leg.operator_ext_id",
    "leg.operator_ext_number",
    *ANSWER_READS,
)
"""What it takes to know which members of a container answered."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a leg, read through its own words."""

    leg: CallElement
    side: Literal["caller", "callee"]

    def of(self, name: str) -> str | None:
        """The side's field: `ext_id`, `ext_number`, `ext_type`, `did_number`, `number_type`, `name`, ..."""
        value: str | None = getattr(self.leg, f"{self.side}_{name}")
        return value

    @property
    def is_internal(self) -> bool:
        """Whether this is an extension: it has an extension number and is not known to stand outside."""
        extension_type = self.of("ext_type")
        is_typed = extension_type is not None and extension_type != "external_contact"
        return self.of("ext_number") is not None and (is_typed or self.of("ext_id") is not None)

    @property
    def number(self) -> str | None:
        """The number v1 showed: the extension inside, the whole number outside."""
        if self.is_internal:
            return self.of("ext_number")
        return self.of("did_number") or self.of("ext_number")


def internal_reads(side: str) -> tuple[str, ...]:
    """What it takes to know whether a side is an extension."""
    return (f"leg.{side}_ext_number", f"leg.{side}_ext_type", f"leg.{side}_ext_id")


def number_reads(side: str) -> tuple[str, ...]:
    """What it takes to know a side's number."""
    return (*internal_reads(side), f"leg.{side}_did_number")


def caller(leg: CallElement) -> Party:
    """Who called."""
    return Party(leg, "caller")


def callee(leg: CallElement) -> Party:
    """Who was called."""
    return Party(leg, "callee")


def is_lost_ring(leg: CallElement) -> bool:
    """Whether another answered."""
    return leg.result_reason in LOST_RINGS


def is_answered(leg: CallElement) -> bool:
    """Whether the leg itself was answered: a time, no lost ring, and a result that does not speak against it."""
    speaks_against = leg.result in VALUES["result"] and leg.result not in CONNECTED
    return leg.answer_time is not None and not is_lost_ring(leg) and not speaks_against


def _is_member(leg: CallElement, container: CallElement) -> bool:
    if leg.event != "ring_to_member":
        return False
    if leg.operator_ext_id is not None and container.callee_ext_id is not None:
        return leg.operator_ext_id == container.callee_ext_id
    return leg.operator_ext_number is not None and leg.operator_ext_number == container.callee_ext_number


def answered_members(container: CallElement, legs: Sequence[CallElement]) -> list[CallElement]:
    """The members of a queue or shared line who answered, among the legs of its own group; none for other legs."""
    if container.callee_ext_type not in RINGING_CONTAINERS:
        return []
    return [leg for leg in legs if _is_member(leg, container) and is_answered(leg)]


def talk_seconds(leg: CallElement) -> int:
    """Seconds from answer to end; 0 for a leg that was not answered or has not ended."""
    return seconds_between(leg.answer_time, leg.end_time) if is_answered(leg) else 0


def duration(leg: CallElement, legs: Sequence[CallElement]) -> int:
    """Talk time in seconds: a container's is its members', its own when none of them answered."""
    members = answered_members(leg, legs)
    return sum(map(talk_seconds, members)) if members else talk_seconds(leg)


def answer_time(leg: CallElement, legs: Sequence[CallElement]) -> str | None:
    """When the leg was answered: a container's own time, else that of its first member."""
    members = answered_members(leg, legs)
    if members:
        return leg.answer_time or min(member.answer_time for member in members if member.answer_time)
    return leg.answer_time if is_answered(leg) else None
