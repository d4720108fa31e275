"""Pages of a list and the tokens between them.

A walk is a snapshot: what arrives after its first page shifts none of the later ones. This file refuses to know what
is listed. Source: semantics 6.4.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cachetools import TTLCache

from shim.standin.refusals import invalid_page_token, validation_failed

DEFAULT_SIZE: Final = 30
TOKEN_SECONDS: Final = 15 * 60
MOST_TOKENS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything a list answers from its first page to its last; `owner` is whoever may go on with it."""

    owner: object
    items: tuple[dict[str, Any], ...]
    window: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page and the token of the next, the empty string at the end."""

    walk: Walk
    items: Sequence[dict[str, Any]]
    size: int
    next_page_token: str

    @property
    def total_records(self) -> int:
        """The number of items on all pages."""
        return len(self.walk.items)

    @property
    def page_count(self) -> int:
        """The number of pages of this size."""
        return -(-self.total_records // self.size)


class Walks:
    """The walks under way; a token lives 15 minutes of the clock and may be used more than once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._places: TTLCache[str, tuple[Walk, int]] = TTLCache(
            MOST_TOKENS, TOKEN_SECONDS, timer=lambda: clock().timestamp()
        )

    def page(self, query: Mapping[str, str], *, most: int, owner: object, start: Callable[[], Walk]) -> Page:
        """The page `query` asks for: of the walk its token names, else the first of the one `start` makes."""
        size = _page_size(query, most)
        token = query.get("next_page_token", "")
        walk, offset = self._place(token, owner) if token else (start(), 0)
        end = offset + size
        return Page(walk, walk.items[offset:end], size, self._token(walk, end) if end < len(walk.items) else "")

    def _place(self, token: str, owner: object) -> tuple[Walk, int]:
        place = self._places.get(token)
        if place is None or place[0].owner != owner:
            raise invalid_page_token()
        return place

    def _token(self, walk: Walk, offset: int) -> str:
        token = secrets.token_urlsafe(24)
        self._places[token] = (walk, offset)
        return token


def _page_size(query: Mapping[str, str], most: int) -> int:
    text = query.get("page_size", "") or str(DEFAULT_SIZE)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise validation_failed()
    return min(int(text), most)
