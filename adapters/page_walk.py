"""The walk over upstream pages that fills one legacy page.

Knows where the next row is: which upstream page, behind which row of it, in which part of that row's record. Refuses to
know what is asked of upstream and how a row is made; both are handed in.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.errors import PagesInCircle
from adapters.finished import FinishedCall, FinishedRecord
from adapters.page_tokens import CUT_OFF, PAGE_BEFORE, Position
from adapters.records import Told
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory

SEARCHED_PAGES: Final = 3
"""How far on the last row served is looked for when newer calls have pushed it off its page."""

LEAST_TOLD: Final = 30
"""Rows told at once at the least where a filter leaves some out: a page of one row must not ask for one at a time."""

FetchPage = Callable[[Position], Awaitable[HistoryPage]]
TellRows = Callable[[Sequence[CallHistory]], Awaitable[Told]]
KeepRow = Callable[[FinishedCall], bool]


@dataclass(slots=True)
class PageWalk:
    """One legacy page in the making: at most `size` rows, newest record first, the rows of a record side by side.

    `position` is where the row after the last one comes from; None at the end of the walk. Whatever is raised while
    filling leaves `rows` and `position` in step: the page may end there. `keep` judges rows where a filter leaves some
    out.
    """

    size: int
    position: Position | None
    fetch: FetchPage
    tell: TellRows
    keep: KeepRow | None = None
    rows: list[FinishedCall] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)

    @property
    def room(self) -> int:
        """Rows that still fit."""
        return self.size - len(self.rows)

    async def fill(self) -> None:
        """Takes rows until the page is full or the walk has ended; raises what stops it before.

        A token of upstream's that has opened a page of this walk already leads nowhere. A page that names itself as the
        next one is the last where all rows promised have been gone through: upstream sends tokens no page follows
        (semantics 6.4). Otherwise rows may be missing, and whoever was told that the walk has ended would never know:
        the rows so far are served with a token, and what that one opens is `PagesInCircle`, without another call.
        """
        while self.room and self.position is not None:
            if self.position.is_cut_off:
                raise PagesInCircle("pages in a circle")
            self._seen.add(self.position.upstream_token)
            await self._take_page(self.position)

    async def _take_page(self, position: Position) -> None:
        page = await self.fetch(position)
        if position.total < 0:
            position = replace(position, total=max(page.total_records or 0, len(page.rows)))
        page, position = await self._where_it_stopped(page, position)
        self.position = position
        pending = tuple(row for row in pending_rows(page, position) if row.call_history_uuid not in self._done)
        while pending and self.room:
            told = await self.tell(pending[: self.room if self.keep is None else max(self.room, LEAST_TOLD)])
            taken = self._take(told.records)
            if told.stop is not None:
                raise told.stop
            pending = pending[taken:]
        if not pending:
            self._done.update(row.call_history_uuid for row in page.rows)
            self.position = _next(page, self._here, self._seen)

    async def _where_it_stopped(self, page: HistoryPage, position: Position) -> tuple[HistoryPage, Position]:
        """The page that holds the last row served: this one, or one further on; this one anew when it is gone."""
        found, place = page, position
        for _ in range(SEARCHED_PAGES):
            if not place.is_within or any(row.call_history_uuid == place.after_uuid for row in found.rows):
                return found, place
            if not found.next_page_token:
                break
            place = replace(
                place, upstream_token=found.next_page_token, gone=place.gone + len(found.rows) + found.passed_over
            )
            found = await self.fetch(place)
        return page, replace(position, after_uuid="", after_group=0)

    def _take(self, records: Sequence[FinishedRecord]) -> int:
        """Serves rows of these records while they fit; returns how many records are done with."""
        start, before = self._here, len(self.rows)
        last, done = (start.after_uuid, start.after_group), 0
        for record in records:
            for call in _unserved(record, start):
                if self.keep is not None and not self.keep(call):
                    continue
                if not self.room:
                    self._move(*last, served=len(self.rows) - before)
                    return done
                self.rows.append(call)
                last = (record.history_uuid, call.group)
            last, done = (record.history_uuid, 0), done + 1
        self._move(*last, served=len(self.rows) - before)
        return done

    @property
    def _here(self) -> Position:
        if self.position is None:
            raise AssertionError("rows are taken only while the walk goes on")
        return self.position

    def _move(self, history_uuid: str, group: int, *, served: int) -> None:
        here = self._here
        self.position = replace(here, after_uuid=history_uuid, after_group=group, served=here.served + served)


def pending_rows(page: HistoryPage, position: Position) -> tuple[CallHistory, ...]:
    """The rows of a page not yet done with; a record that upstream repeats is told once, where it stood first.

    The rows down to the last one of the page before are that page's last ones, pushed on by newer calls.
    """
    rows = tuple({row.call_history_uuid: row for row in page.rows}.values())
    uuids = [row.call_history_uuid for row in rows]
    if not position.after_uuid or (not position.is_within and position.after_uuid not in uuids):
        return rows
    place = uuids.index(position.after_uuid)
    return rows[place if position.after_group > 0 else place + 1 :]


def _unserved(record: FinishedRecord, position: Position) -> list[FinishedCall]:
    """The parts of a record still to be served, newest first."""
    is_begun = record.history_uuid == position.after_uuid
    return [
        call
        for call in reversed(record.calls)
        if call.is_listed and not (is_begun and call.group >= position.after_group)
    ]


def _next(page: HistoryPage, position: Position, seen: Collection[str]) -> Position | None:
    """The start of the next upstream page; None at the end, which an empty page is too, whatever it promises.

    A circle too wide for one answer is found by a mark that moves on to every page whose number is a power of two: the
    walk comes by it before it has gone round three times (Brent's way).
    """
    token, pages = page.next_page_token, position.pages + 1
    gone = position.gone + len(page.rows) + page.passed_over
    if not (token and page.rows) or (token == position.upstream_token and gone >= position.total):
        return None
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    is_round = token in seen or digest == position.mark
    return replace(
        position,
        upstream_token=token,
        after_uuid=page.rows[-1].call_history_uuid,
        after_group=PAGE_BEFORE,
        gone=gone,
        pages=CUT_OFF if is_round else pages,
        mark=position.mark if pages & (pages - 1) else digest,
    )
