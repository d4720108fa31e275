"""Which headers of a message that passes through are meant for the far end.

Knows hop-by-hop headers and what a peer may nominate; refuses to know what the others say.
"""

import re
from collections.abc import Iterable
from typing import Final

from multidict import CIMultiDict

RawHeaders = Iterable[tuple[bytes, bytes]]

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_MADE_HERE: Final = frozenset({b"expect", b"host"})
# A peer that nominates the framing would have the next one see two requests in one.
_NEVER_NOMINATED: Final = frozenset({b"content-length"})
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def end_to_end(raw: RawHeaders) -> CIMultiDict[str]:
    """The headers meant for the far end, in their order and with their repeats; `ValueError` for unwritable ones."""
    pairs = tuple(raw)
    nominated = {
        name.strip().lower() for key, value in pairs if key.lower() == b"connection" for name in value.split(b",")
    }
    dropped = _HOP_BY_HOP | _MADE_HERE | (nominated - _NEVER_NOMINATED)
    kept: CIMultiDict[str] = CIMultiDict()
    spelled: dict[str, str] = {}
    for key, value in pairs:
        if key.lower() in dropped:
            continue
        if _CONTROL.search(value):
            raise ValueError("a header with control characters")
        name = key.decode()
        # aiohttp's client keeps only the last of two headers that differ in case.
        kept.add(spelled.setdefault(name.lower(), name), value.decode())
    return kept
