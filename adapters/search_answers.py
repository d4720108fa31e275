"""What the answer to a probe tells: the calls it names, or that there is nothing of that id.

It refuses to know which probe comes next and who asks.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from adapters.errors import ShimError, UpstreamRefused
from adapters.identifiers import without_suffix
from contracts.successor.generations import ELEMENT_HISTORY, HISTORY_UUID, newest
from contracts.successor.reading import Reading, read_record
from contracts.successor.shapes import CallHistory

MOST_RECORDS: Final = 5
"""Calls of one call id that are looked at. An internal call has two."""

_REFUSED_AS_INVALID: Final = frozenset({(400, 300), (400, 301)})
_UNKNOWN_ENDPOINT: Final = (404, 2300)
_OF_A_CALL: Final = ("call_id", "direction", "start_time")


def call_of_element(body: Mapping[str, Any]) -> CallHistory:
    """The call an element belongs to, as far as the element tells; `Unreadable` when it does not say which."""
    header = {name: body[name] for name in _OF_A_CALL if name in body}
    return read_record({**header, HISTORY_UUID.v3: newest(body, ELEMENT_HISTORY)}).value


def call_of_record(body: Mapping[str, Any]) -> Reading[CallHistory]:
    """The header of a record under the id it gives itself; `Unreadable` when it has none."""
    reading = read_record(body)
    return Reading(msgspec.structs.replace(reading.value, elements=()), reading.unknown)


def calls_with_id(rows: Iterable[CallHistory], call_id: str) -> tuple[CallHistory, ...]:
    """The rows of that very call, the first to start foremost, outbound before inbound on a tie.

    An upstream that does not know the filter answers with strangers.
    """
    own = [row for row in rows if row.call_id and without_suffix(row.call_id) == call_id]
    in_order = sorted(own, key=lambda row: (row.start_time or "", row.direction != "outbound"))
    return tuple(in_order[:MOST_RECORDS])


def is_miss(failure: ShimError) -> bool:
    """Whether a probe's failure only says that nothing has that id, or that no id looks like this."""
    if not isinstance(failure, UpstreamRefused):
        return False
    return failure.status == 404 or (failure.status, failure.code) in _REFUSED_AS_INVALID


def is_unknown_endpoint(refused: UpstreamRefused) -> bool:
    """Whether upstream does not know the resource at all, as opposed to the id."""
    return (refused.status, refused.code) == _UNKNOWN_ENDPOINT
