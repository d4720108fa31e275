"""Which operation a raw request target asks for, read off the table of operations.

Knows the two prefixes every operation stands under. It compares the raw path and decodes single segments strictly;
whatever is no retired operation here is somebody else's.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from adapters.operations.table import OPERATIONS, Handler, Operation

PREFIX: Final = r"/v2(?:/accounts/(?P<account>[^/]+))?"
OWN_ACCOUNT: Final = "me"
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, who answers it, the account prefix as sent (None without one and for `me`), and the id asked for,
    decoded once.
    """

    operation: Operation
    handler: Handler
    account: str | None
    asked_id: str


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PREFIX + re.sub(r"\{\w+\}", "(?P<asked>[^/]+)", path))


_SERVED: Final = tuple(
    (row.method, _pattern(row.path), row, row.handler) for row in OPERATIONS if row.handler is not None
)


def find_route(method: str, raw_path: str) -> Route | None:
    """The served operation behind a method and a raw path without its query; None when there is none."""
    asked_method = "GET" if method == "HEAD" else method
    for served_method, pattern, operation, handler in _SERVED:
        match = pattern.fullmatch(raw_path) if served_method == asked_method else None
        if match is not None:
            account = match["account"]
            asked = decoded(match["asked"]) if "asked" in match.groupdict() else ""
            return Route(operation, handler, None if account == OWN_ACCOUNT else account, asked)
    return None


def decoded(segment: str) -> str:
    """A path segment decoded once; the segment itself where it is not properly encoded text."""
    if _BROKEN_ESCAPE.search(segment):
        return segment
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return segment


def query_of(raw_query: str) -> tuple[tuple[str, str], ...]:
    """The parameters of a raw query, in order and with repeats; bytes that are no text become U+FFFD."""
    return tuple(parse_qsl(raw_query, keep_blank_values=True, errors="replace", max_num_fields=None))
