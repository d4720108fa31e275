"""How many requests are worked on at once: of one caller, and in all. What is beyond is refused, never queued.

Knows counts and the two refusals; refuses to know requests.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from adapters.errors import LegacyRefusal
from contracts.legacy.errors import OVERLOADED, TOO_MANY

MOST_OF_ONE: Final = 32
"""Requests of one caller: a program that pages has one, a pool of workers a dozen. One flood leaves room for others."""
MOST_IN_ALL: Final = 512
"""Each holds a page and its details: at half a megabyte a page that is as much memory as a small container has."""
MOST_PASSED: Final = 200
"""Requests that pass through: as many as there are connections for them. One more would wait for one of these to end,
which may be a download of an hour."""
MOST_PASSED_OF_ONE: Final = 100
"""Of one credential: a program that fetches recordings by the dozen fits, and none takes all connections."""
_SOON: Final = {"retry-after": "1"}

Limit = Literal["caller", "all"]


class InFlight:
    """Counts who is inside; `on_refusal` is told by which limit somebody was not let in."""

    def __init__(
        self,
        *,
        most_of_one: int = MOST_OF_ONE,
        most_in_all: int = MOST_IN_ALL,
        on_refusal: Callable[[Limit], None] = lambda _limit: None,
    ) -> None:
        self._most_of_one = most_of_one
        self._most_in_all = most_in_all
        self._on_refusal = on_refusal
        self._inside: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._inside.total()

    @contextmanager
    def one_of(self, caller_key: str) -> Iterator[None]:
        """Room for one request of a caller; raises `LegacyRefusal` 429 for one too many of it, 503 when all is full."""
        if self._inside[caller_key] >= self._most_of_one:
            self._on_refusal("caller")
            raise LegacyRefusal.of(TOO_MANY, headers=_SOON)
        if len(self) >= self._most_in_all:
            self._on_refusal("all")
            raise LegacyRefusal.of(OVERLOADED, headers=_SOON)
        self._inside[caller_key] += 1
        try:
            yield
        finally:
            self._inside[caller_key] -= 1
            if not self._inside[caller_key]:
                del self._inside[caller_key]
