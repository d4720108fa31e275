"""What a rate budget asks of the other replicas: a turn among the calls of all of them.

Refuses to know where that is counted, and in which order a replica's own calls go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.errors import UpstreamRefused
from adapters.ports import Category

FRESH: Final = 0.01
"""Seconds within which turns that were spent at once must be used; the windows are longer by as much."""


@dataclass(frozen=True, slots=True)
class SharedTurn:
    """A call's turn among those of all replicas: spent, or to be tried again after `wait` seconds.

    `refused` is the 429 that one of them got, where that is what the call waits for; `calls` is how many turns were
    spent.
    """

    wait: float = 0.0
    refused: UpstreamRefused | None = None
    calls: int = 1


class SharedWindows(Protocol):
    """The windows of Zoom's limits as replicas fill them together, and what a 429 holds back for all. Never raises."""

    async def spend(
        self, category: Category, lane: str, limits: Sequence[tuple[int, int]], *, at_most: int = 1
    ) -> SharedTurn | None:
        """Spends one call, or up to `at_most`, if each of `limits`, so many calls in so many milliseconds, has room.

        None when nobody can tell: then one of `parts` of the limits is the replica's own.
        """

    def hold(self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused) -> None:
        """Has all replicas let no call through for `seconds`; of two holds the longer counts. Waits for nothing."""

    def unsure_for(self) -> float:
        """Seconds for which nobody may spend alone: what the others spent together until a moment ago counts still."""

    def parts(self) -> int:
        """Among how many the limits are divided: 1 while they are filled together, else the replicas last known of."""
