"""Whether every successor field is accounted for: read by a rule or the walk, read elsewhere, or listed as unread.

It checks the real declarations when it is imported. It knows where a field is read, not what the field means.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from adapters.translation import view, walk
from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.rules import WrongTable
from adapters.translation.scopes import ELEMENT, HISTORY
from contracts.successor.shapes import UNREAD

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
    fields: frozenset[str], read: frozenset[str], outside: frozenset[str], unread: frozenset[str]
) -> Iterator[str]:
    for field in fields - read - outside:
        yield f"{field}: is neither read nor listed as unread"
    for field in fields & unread:
        yield f"{field}: is listed as unread and can be read"
    for field in outside - fields:
        yield f"{field}: is read elsewhere, but no shape has it"
    for field in outside & read:
        yield f"{field}: is listed as read elsewhere, and a rule reads it"


def check(
    shapes: Mapping[str, frozenset[str]],
    *,
    read: Mapping[str, frozenset[str]],
    outside: Mapping[str, Mapping[str, str]],
    unread: Mapping[str, str],
) -> None:
    """Nothing, or `WrongTable` naming every field of `shapes` that is not accounted for exactly once."""
    problems = [
        f"{shape}.{problem}"
        for shape, fields in shapes.items()
        for problem in sorted(_problems(fields, read[shape], frozenset(outside[shape]), frozenset(unread)))
    ]
    if problems:
        raise WrongTable("; ".join(problems))


check(
    {"element": ELEMENT, "history": HISTORY},
    read=read_by_rules((*ACCOUNT_ROW.reads(), *LOG_ENTRY.reads(), *walk.READS, *view.READS)),
    outside=READ_OUTSIDE,
    unread=UNREAD,
)
