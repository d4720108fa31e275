"""Under which names a served call is found again, and in which order the calls of one name are told.

It refuses to know where the names are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from adapters.identifiers import Form, bare, form_of, without_suffix
from adapters.ports import RememberedCall, ServedCall


class Place(NamedTuple):
    """What makes two pins the same call."""

    partition: str
    history_uuid: str
    group: int


@dataclass(frozen=True, slots=True)
class Pin:
    """One call to be kept: the id proposed for it and every name it may be asked by."""

    partition: str
    call: RememberedCall
    names: frozenset[str]

    @classmethod
    def of(cls, partition: str, served: ServedCall) -> Self:
        """The pin of a call about to be served."""
        call = RememberedCall(
            v1_id=served.proposed_id,
            history_uuid=served.history_uuid,
            group=served.group,
            call_id=served.call_id,
            start_time=served.start_time,
            direction=served.direction,
        )
        ids = (served.proposed_id, served.element_id, served.history_uuid, *served.entries)
        call_ids = (served.call_id, _family(served.call_id)) if served.call_id else ()
        return cls(partition, call, frozenset({*(bare(id) for id in ids if id), *call_ids}))

    @property
    def place(self) -> Place:
        """The call this pin is of."""
        return Place(self.partition, self.call.history_uuid, self.call.group)

    def proposing(self, v1_id: str) -> Self:
        """The same pin for the id the call already has."""
        return replace(self, call=replace(self.call, v1_id=v1_id), names=self.names | {bare(v1_id)})


def lookups(key: str) -> tuple[str, ...]:
    """The names to ask for `key`, one after the other until one is known.

    A call id is first taken in full, then without its suffix, then as any transfer of that call.
    """
    if not key.isprintable():
        return ()  # no id ever served; lone surrogates would break every store
    if form_of(key) is not Form.CALL_ID:
        return (bare(key),)
    return tuple(dict.fromkeys((key, without_suffix(key), _family(key))))


def in_order(calls: Iterable[RememberedCall]) -> list[RememberedCall]:
    """Earliest start first, outbound before inbound on a tie, then by group."""
    return sorted(calls, key=lambda call: (call.start_time, call.direction != "outbound", call.group))


def _family(call_id: str) -> str:
    # No id ends in a blank suffix, so this name never meets one that was served.
    return without_suffix(call_id) + "_"
