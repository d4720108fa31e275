"""How many legacy requests are worked on at once: by one caller, and in all. What is beyond is refused, never queued.

Knows counts and the two refusals; refuses to know requests.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from adapters.errors import LegacyRefusal
from contracts.legacy.errors import OVERLOADED, TOO_MANY

MOST_OF_ONE: Final = 32
"""Requests of one caller: a program that pages has one, a pool of workers a dozen. One flood leaves room for others."""
MOST_IN_ALL: Final = 512
"""Each holds a page and its details: at half a megabyte a page that is as much memory as a small container has."""
_SOON: Final = {"retry-after": "1"}


class InFlight:
    """Counts who is inside."""

    def __init__(self, *, most_of_one: int = MOST_OF_ONE, most_in_all: int = MOST_IN_ALL) -> None:
        self._most_of_one = most_of_one
        self._most_in_all = most_in_all
        self._inside: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._inside.total()

    @contextmanager
    def one_of(self, caller_key: str) -> Iterator[None]:
        """Room for one request of a caller; raises `LegacyRefusal` 429 for one too many of it, 503 when all is full."""
        if self._inside[caller_key] >= self._most_of_one:
            raise LegacyRefusal.of(TOO_MANY, headers=_SOON)
        if len(self) >= self._most_in_all:
            raise LegacyRefusal.of(OVERLOADED, headers=_SOON)
        self._inside[caller_key] += 1
        try:
            yield
        finally:
            self._inside[caller_key] -= 1
            if not self._inside[caller_key]:
                del self._inside[caller_key]
