"""What may stand in a line for people and machines: no secret, no control character, never too long.

Pure, and refuses to know loggers. It is the last fence, not the first: events name what they carry with care.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePath
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

MASK: Final = "[redacted]"
CUT: Final = "[cut]"
LINE_LIMIT: Final = 4096
VALUE_LIMIT: Final = 1024

_SEARCH_LIMIT: Final = 4096
_KEY_LIMIT: Final = 64
_MOST_ITEMS: Final = 32
_DEEPEST: Final = 4
_FIRST: Final = frozenset(("timestamp", "level", "event", "failure", "frames"))
_SECRET_NAME: Final = re.compile(
    r"authori[sz]ation|token|secret|passw|cookie|credential|bearer|(?:^|[^a-z])(?:api)?keys?(?:[^a-z]|$)", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(
    r"""
      (?P<header>(?:authori[sz]ation|cookie)["']?\s*[=:]\s*["']?)[^"'\r\n]+       # all of a header's value
    | (?P<scheme>\b(?:bearer|basic)(?:\s|%20|[+:])+)[^\s"',;]+
    | (?P<name>(?:token|secret|passw(?:or)?d|api_?key)["']?\s*(?:=|:|%3D)\s*["']?)[^\s&"',;]+
    | eyJ[\w-]{4,}(?:\.[\w-]*)*                                                       # a JWT
    | gAAAA[\w-]{16,}=*                                                               # a Fernet token
    | (?<![\w-])[\w-]{43}=(?![\w=-])                                                  # a Fernet key
    | (?<![\w-])(?=[\w-]*[0-9])[\w-]{43}(?![\w=-])                         # a client key, as its remedy makes them
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)


def redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The event with plain, masked and bounded values only, so that its JSON is one line of at most 4 KiB.

    Time, level, name and failure come first; what does not fit after them is replaced by a mark or left out.
    """
    ordered = {name: event[name] for name in sorted(event, key=lambda name: name not in _FIRST)}
    clean = dict(_pairs(ordered, depth=0))
    return clean if len(json.dumps(clean)) <= LINE_LIMIT else _shortened(clean)


def _shortened(event: EventDict) -> EventDict:
    room = LINE_LIMIT - len("{}")
    short: EventDict = {}
    for name, value in event.items():
        kept = value if _cost(name, value) <= room else CUT
        if _cost(name, kept) <= room:
            short[name] = kept
            room -= _cost(name, kept)
    return short


def one_line(text: str) -> str:
    """`text` with every character that is not printable escaped."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def masked(text: str) -> str:
    """`text` without what looks like a credential; of a very long text only the beginning is kept."""
    if len(text) > _SEARCH_LIMIT:
        # The last word may be half a secret that no pattern knows any more.
        text = "".join(re.split(r"(\s)", text[:_SEARCH_LIMIT])[:-1]) + CUT
    return _SECRET_TEXT.sub(lambda found: (found["header"] or found["scheme"] or found["name"] or "") + MASK, text)


def _hides(name: str, value: object) -> bool:
    # Counts and switches keep no secret, and `token_calls=2` is worth reading.
    return not isinstance(value, int | float | None) and _SECRET_NAME.search(name) is not None


def _plain(value: object, *, depth: int) -> object:
    """Text, numbers, lists and mappings as such; of anything else only its class, for a repr may tell too much."""
    match value:
        case None | bool():
            return value
        case int():
            return int(value) if abs(value) < 2**63 else CUT
        case float():
            return float(value) if math.isfinite(value) else str(value)
        case str():
            return _cut(str.__str__(value), VALUE_LIMIT)
        case PurePath():
            return _cut(str(value), VALUE_LIMIT)
        case Mapping() | list() | tuple() if depth == _DEEPEST:
            return CUT
        case Mapping():
            return dict(_pairs(value, depth=depth + 1))
        case list() | tuple():
            return [_plain(item, depth=depth + 1) for item in value[:_MOST_ITEMS]]
        case _:
            return f"<{type(value).__name__}>"


def _pairs(mapping: Mapping[Any, object], *, depth: int) -> Iterator[tuple[str, object]]:
    for name, value in islice(mapping.items(), _MOST_ITEMS):
        shown = MASK if _hides(str(name), value) else _plain(value, depth=depth)
        yield _cut(str(name), _KEY_LIMIT), shown


def _cut(text: str, limit: int) -> str:
    safe = one_line(masked(text))
    return safe if len(safe) <= limit else safe[: limit - len(CUT)] + CUT


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _cost(key: str, value: object) -> int:
    return len(json.dumps(key)) + len(json.dumps(value)) + len(": , ")
