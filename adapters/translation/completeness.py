"""Whether nothing declared is left over: every successor field is read or listed as unread, every result has a rule.

It checks the real declarations when it is imported. It knows where a field is read, not what the field means.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

from adapters.translation import view, walk
from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.charges import CALL_TYPES as BILLED_CALL_TYPES
from adapters.translation.charges import CHARGED_FIELDS
from adapters.translation.legs import CONNECTED
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.options import OPTIONS, Options
from adapters.translation.rules import WrongTable
from adapters.translation.scopes import ELEMENT, HISTORY
from adapters.translation.words import RESULTS
from contracts.successor.charges import CALL_TYPES, UNREAD_IN_CHARGES, CallCharge
from contracts.successor.shapes import UNREAD, UNREAD_IN_ELEMENTS, VALUES

READ_OUTSIDE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "element": MappingProxyType(
            {
                "caller_email": "directory: a missing user is asked for by e-mail",
                "callee_email": "directory: a missing user is asked for by e-mail",
            }
        ),
        "history": MappingProxyType(
            {
                "call_result": "assemble: the result of a leg made from a list row",
                "connect_type": "assemble: the option internal_calls",
                "caller_email": "directory: a missing user is asked for by e-mail",
                "callee_email": "directory: a missing user is asked for by e-mail",
            }
        ),
        "charge": MappingProxyType(
            {
                "call_id": "charges: the row that a charge joins",
                "direction": "charges: the row that a charge joins",
                "start_time": "charges: the part of a transferred call that a charge joins",
            }
        ),
    }
)
"""Fields that no rule reads and the walk does not, each with who does."""

_LEG_PREFIXES: Final = frozenset({"leg", "talk"})


def read_by_rules(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """The fields behind dotted `names`, by shape; a list row alone lends a leg every field it has of it."""
    split = [name.partition(".") for name in names]
    elements = frozenset(field for prefix, _, field in split if prefix in _LEG_PREFIXES)
    histories = frozenset(field for prefix, _, field in split if prefix not in _LEG_PREFIXES)
    return {"element": elements, "history": histories | (elements & HISTORY)}


def _problems(
    known: frozenset[str], read: frozenset[str], outside: frozenset[str], unread: frozenset[str]
) -> Iterator[str]:
    for field in known - read - outside:
        yield f"{field}: is neither read nor listed as unread"
    for field in known & unread:
        yield f"{field}: is listed as unread and can be read"
    for field in outside - known:
        yield f"{field}: is read elsewhere, but no shape has it"
    for field in outside & read:
        yield f"{field}: is listed as read elsewhere, and a rule reads it"


def check(
    shapes: Mapping[str, frozenset[str]],
    *,
    read: Mapping[str, frozenset[str]],
    outside: Mapping[str, Mapping[str, str]],
    unread: Mapping[str, Mapping[str, str]],
) -> None:
    """Nothing, or `WrongTable` naming every field of `shapes` that is not accounted for exactly once."""
    problems = [
        f"{shape}.{problem}"
        for shape, known in shapes.items()
        for problem in sorted(_problems(known, read[shape], frozenset(outside[shape]), frozenset(unread[shape])))
    ]
    if problems:
        raise WrongTable("; ".join(problems))


def check_same(trouble: str, ours: Iterable[str], theirs: Iterable[str]) -> None:
    """Nothing, or `WrongTable` with `trouble` and every word that stands on one side alone."""
    if alone := frozenset(ours) ^ frozenset(theirs):
        raise WrongTable(f"{trouble}: {', '.join(sorted(alone))}")


check_same("results without a rule, or rules without a result", RESULTS.keys() | CONNECTED, VALUES["result"])
check_same(
    "options without a field, or fields without an option",
    (option.id for option in OPTIONS),
    (member.name for member in fields(Options)),
)
check_same("call types of charges without a word of v1's, or the other way round", BILLED_CALL_TYPES, CALL_TYPES)
check(
    {"element": ELEMENT, "history": HISTORY, "charge": frozenset(CallCharge.__struct_fields__)},
    read={
        **read_by_rules((*ACCOUNT_ROW.reads(), *LOG_ENTRY.reads(), *walk.READS, *view.READS)),
        "charge": frozenset(name.removeprefix("charge.") for name in CHARGED_FIELDS.reads()),
    },
    outside=READ_OUTSIDE,
    unread={"element": UNREAD_IN_ELEMENTS, "history": UNREAD, "charge": UNREAD_IN_CHARGES},
)
