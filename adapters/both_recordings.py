"""One list out of two: recorded calls and unrecorded ones, for accounts where the upstream default leaves some out.

The two upstream walks are merged newest first. A merged page ends where one of its two pages does, so that its token
can say how far each walk has come and the same token always opens the same page. Source: semantics 6.1
(`recording_status`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from adapters.errors import PagesInCircle, UpstreamBroken
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory

STATUSES: Final = ("recorded", "non_recorded")

FetchOne = Callable[[str, str], Awaitable[HistoryPage]]
"""The upstream page of a recording status at an upstream token ("" for the first)."""


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """Where one of the walks stands: the upstream token of its page, and the rows of that page already merged.

    `gone` counts the rows of its pages before. A place `_IN_CIRCLE` of its page has no further row to give.
    """

    token: str = ""
    offset: int = 0
    gone: int = 0


_IN_CIRCLE: Final = -1
_Places = tuple[_Place | None, _Place | None]
_decoder: Final = msgspec.json.Decoder(_Places)
_NOTHING: Final = HistoryPage((), "", 0)


@dataclass(slots=True)
class _Side:
    """One walk's page while it is merged; without a place the walk has ended."""

    place: _Place | None
    page: HistoryPage
    taken: int = 0

    @property
    def rows(self) -> Sequence[CallHistory]:
        """The rows not merged yet."""
        return self.page.rows[(self.place.offset if self.place else 0) + self.taken :]

    @property
    def is_waiting(self) -> bool:
        """Whether the next row of this walk stands on its next page."""
        return not self.rows and bool(self.page.next_page_token)

    def moved(self) -> _Place | None:
        """Where the walk stands behind the rows taken."""
        if self.place is None or self.rows:
            return self.place and _Place(self.place.token, self.place.offset + self.taken, self.place.gone)
        token = self.page.next_page_token
        if token and token == self.place.token:
            return _Place(token, _IN_CIRCLE)
        return _Place(token, gone=_gone(self.place, self.page)) if token else None


async def merged_page(token: str, fetch: FetchOne) -> HistoryPage:
    """The page of both walks that `token` opens, "" for the first; `total_records` is the sum of both.

    One walk's end is not the other's: an empty page, or one that names itself as the next where all rows promised have
    been gone through, ends its own walk alone. One that names itself before is `PagesInCircle`, behind its rows.
    """
    places = _opened(token)
    if any(place and place.offset == _IN_CIRCLE for place in places):
        raise PagesInCircle("one of two walks in a circle")
    sides = [
        _Side(place, await _fetched(status, place, fetch) if place else _NOTHING)
        for status, place in zip(STATUSES, places, strict=True)
    ]
    rows: list[CallHistory] = []
    while not any(side.is_waiting for side in sides) and any(side.rows for side in sides):
        newest = max((side for side in sides if side.rows), key=lambda side: side.rows[0].start_time or "")
        rows.append(newest.rows[0])
        newest.taken += 1
    ahead = tuple(side.moved() for side in sides)
    following = msgspec.json.encode(ahead).decode() if any(ahead) else ""
    if following and not rows:
        return await merged_page(following, fetch)  # a page shrank below the place: an empty one would end both walks
    return HistoryPage(
        rows=tuple(rows),
        next_page_token=following,
        total_records=sum(side.page.total_records or 0 for side in sides),
    )


async def _fetched(status: str, place: _Place, fetch: FetchOne) -> HistoryPage:
    """The page of one walk, without a token where it is the last one."""
    page = await fetch(status, place.token)
    is_through = page.next_page_token == place.token and _gone(place, page) >= (page.total_records or 0)
    return replace(page, next_page_token="") if is_through or not page.rows else page


def _gone(place: _Place, page: HistoryPage) -> int:
    return place.gone + len(page.rows) + page.passed_over


def _opened(token: str) -> _Places:
    if not token:
        return (_Place(), _Place())
    try:
        places: _Places = _decoder.decode(token)
    except msgspec.DecodeError as foreign:
        raise UpstreamBroken("a token of another walk") from foreign
    return places
