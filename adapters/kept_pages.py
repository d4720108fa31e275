"""Upstream list pages that somebody who goes on with a walk will ask for again: kept a minute, for one credential.

A list call is the scarcest kind there is. Refuses to know where a walk stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cachetools import TLRUCache

from adapters.ports import Caller, SuccessorCall
from contracts.successor.reading import HistoryPage

LIFE: Final = 60.0
MOST_ROWS: Final = 8 * 301
"""Eight of the largest pages, or some eighty of the usual ones, of all credentials together."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it was read, with the headers of its answer; `until` is when it is too old."""

    page: HistoryPage
    headers: Mapping[str, str]
    until: float


class KeptPages:
    """Bounded in rows. `clock` counts monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: TLRUCache[tuple[str, SuccessorCall], KeptPage] = TLRUCache(
            MOST_ROWS,
            ttu=lambda _key, kept, _now: kept.until,
            timer=clock,
            getsizeof=lambda kept: 1 + len(kept.page.rows),
        )

    def arrived(self, page: HistoryPage, headers: Mapping[str, str]) -> KeptPage:
        """A page that came just now."""
        return KeptPage(page, headers, self._clock() + LIFE)

    def keep(self, call: SuccessorCall, caller: Caller, kept: KeptPage) -> None:
        """Keeps the answer to a call for this credential until it is too old, however often it is kept again."""
        if len(kept.page.rows) < MOST_ROWS:
            self._kept[caller.key, call] = kept

    def get(self, call: SuccessorCall, caller: Caller) -> KeptPage | None:
        """The page, had by this credential within the last minute."""
        return self._kept.get((caller.key, call))
