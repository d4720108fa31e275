"""Which extensions a call speaks of, so that the directory can be asked for all of them at once."""

from collections.abc import Iterable, Iterator

from adapters.directory import Extension
from adapters.translation.legs import CONTAINERS
from contracts.successor.shapes import CallElement, CallHistory


def extensions_of(records: Iterable[CallHistory]) -> frozenset[Extension]:
    """Every extension whose object id a row or a log entry of these records may show."""
    found: set[Extension] = set()
    for record in records:
        found.update(_owner(record))
        for element in record.elements:
            found.update((*_owner(element), *_callee(element), *_operator(element)))
    return frozenset(found)


def _owner(holder: CallHistory | CallElement) -> Iterator[Extension]:
    if holder.direction != "outbound":
        yield from _callee(holder)
    elif holder.caller_ext_number and (kind := holder.caller_ext_type or _unstated(holder.caller_ext_id)):
        yield Extension(kind, holder.caller_ext_id, holder.caller_ext_number, holder.caller_email)


def _callee(holder: CallHistory | CallElement) -> Iterator[Extension]:
    if holder.callee_ext_number and (kind := holder.callee_ext_type or _unstated(holder.callee_ext_id)):
        yield Extension(kind, holder.callee_ext_id, holder.callee_ext_number, holder.callee_email)


def _unstated(extension_id: str | None) -> str | None:
    """The likeliest type of an extension that is there without one."""
    return "user" if extension_id else None


def _operator(element: CallElement) -> Iterator[Extension]:
    """The user behind a call that went out under a queue's or receptionist's name."""
    is_masked = element.direction == "outbound" and element.caller_ext_type in CONTAINERS
    if is_masked and element.operator_ext_type == "user":
        yield Extension("user", element.operator_ext_id, element.operator_ext_number)
