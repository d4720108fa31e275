"""The list of calls confined to charged ones: the charges report says which, call history is asked for just these.

Call ids are asked for in portions, newest call first, so that the joined portions stand in the list's own order. A
page's token names the call its portion begins behind: the same token opens the same page also where the report is
asked for anew. Source: semantics 3.7, 6.1 (`charged_call_logs`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from adapters.charges import ChargedCall, names_of
from adapters.errors import UpstreamBroken
from adapters.finished import FinishedCall
from adapters.identifiers import without_suffix
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory

PORTION: Final = 50
"""Call ids asked for at once: a query of some 1,500 characters, and at least one page of the list."""
MOST_PAGES: Final = 10
"""Upstream pages followed for one portion; a call has a row or two."""

FetchCalls = Callable[[Sequence[str], str], Awaitable[HistoryPage]]
"""The upstream page of these call ids at an upstream token ("" for the first)."""


class _Behind(msgspec.Struct, array_like=True, frozen=True):
    """The last call of the portion before, by its place in the order."""

    start_time: str
    call_id: str


_decoder: Final = msgspec.json.Decoder(_Behind)


@dataclass(frozen=True, slots=True)
class _Family:
    """A call with its transferred legs, which a list may tell as one record: asked for together or twice told."""

    start_time: str
    call_id: str
    asked: tuple[str, ...]

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in the list's order, by its beginning; the id decides between those of one second."""
        return self.start_time, self.call_id


async def charged_page(token: str, charged: Iterable[ChargedCall], fetch: FetchCalls) -> HistoryPage:
    """The rows of the portion that `token` opens, "" for the first.

    A portion none of whose calls is listed is passed over. `total_records` counts the charged calls.
    """
    families = _families(charged)
    ahead = families[_first_behind(token, families) :]
    rows: tuple[CallHistory, ...] = ()
    following = ""
    while ahead and not rows:
        portion, ahead = ahead[:PORTION], ahead[PORTION:]
        rows = await _all_rows([call_id for family in portion for call_id in family.asked], fetch)
        following = msgspec.json.encode(_Behind(*portion[-1].place)).decode() if ahead else ""
    return HistoryPage(rows=rows, next_page_token=following, total_records=len(families))


def _families(charged: Iterable[ChargedCall]) -> list[_Family]:
    """The charged calls by their id without suffix, the newest first."""
    by_stem: dict[str, list[ChargedCall]] = {}
    for call in charged:
        by_stem.setdefault(without_suffix(call.call_id), []).append(call)
    families = (
        _Family(
            min(call.start_time for call in calls), stem, (stem, *sorted({call.call_id for call in calls} - {stem}))
        )
        for stem, calls in by_stem.items()
    )
    return sorted(families, key=lambda family: family.place, reverse=True)


def _first_behind(token: str, families: Sequence[_Family]) -> int:
    """The place of the first call behind the one a token names, which may itself be gone from the report."""
    if not token:
        return 0
    try:
        behind = _decoder.decode(token)
    except msgspec.DecodeError as foreign:
        raise UpstreamBroken("a token of another walk") from foreign
    mark = behind.start_time, behind.call_id
    return next((place for place, family in enumerate(families) if family.place < mark), len(families))


async def _all_rows(call_ids: Sequence[str], fetch: FetchCalls) -> tuple[CallHistory, ...]:
    rows: list[CallHistory] = []
    token = ""
    for _ in range(MOST_PAGES):
        page = await fetch(call_ids, token)
        rows += page.rows
        if page.next_page_token in ("", token) or not page.rows:
            break
        token = page.next_page_token
    return tuple(rows)


def among(charged: Iterable[ChargedCall]) -> Callable[[FinishedCall], bool]:
    """The judge of finished rows: whether the report names their call, of their direction where it tells one.

    A call's first part is also the call itself, whatever suffix its own id has: as its charge is found, so it is kept.
    """
    named = {(call.call_id, call.direction) for call in charged}
    return lambda row: any({(name, row.direction), (name, "")} & named for name in names_of(row))
