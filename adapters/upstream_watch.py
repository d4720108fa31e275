"""Telling how the client of Zoom's API fares: a budget that tells of its turns, and a watcher who hears nothing.

Knows what is worth counting; refuses to know metrics and logs.
"""

from collections.abc import Callable, Mapping

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.ports import Budget, Category, UpstreamWatch


class Unwatched:
    """Hears nothing; implements `adapters.ports.UpstreamWatch`."""

    def turn_taken(self, category: Category, *, seconds: float) -> None:
        """See `UpstreamWatch.turn_taken`."""

    def turn_refused(self, category: Category, reason: str) -> None:
        """See `UpstreamWatch.turn_refused`."""

    def limit_met(self, category: Category, window: str) -> None:
        """See `UpstreamWatch.limit_met`."""

    def repeat_decided(self, outcome: str) -> None:
        """See `UpstreamWatch.repeat_decided`."""

    def call_held_back(self) -> None:
        """See `UpstreamWatch.call_held_back`."""

    def call_joined(self) -> None:
        """See `UpstreamWatch.call_joined`."""

    def fetched_ahead(self, outcome: str) -> None:
        """See `UpstreamWatch.fetched_ahead`."""


class WatchedBudget:
    """Any `adapters.ports.Budget`, and everything it decides is told; `clock` counts seconds."""

    def __init__(self, budget: Budget, watch: UpstreamWatch, *, clock: Callable[[], float]) -> None:
        self._budget = budget
        self._watch = watch
        self._clock = clock

    async def take(
        self, category: Category, lane: str, *, deadline: float, asker: str = "", is_background: bool = False
    ) -> None:
        """See `Budget.take`."""
        start = self._clock()
        try:
            await self._budget.take(category, lane, deadline=deadline, asker=asker, is_background=is_background)
        except UpstreamSlow:
            self._watch.turn_refused(category, "slow")
            raise
        except UpstreamRefused:
            self._watch.turn_refused(category, "held")
            raise
        self._watch.turn_taken(category, seconds=self._clock() - start)

    def hold(
        self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused, is_daily: bool = False
    ) -> None:
        """See `Budget.hold`."""
        self._watch.limit_met(category, "day" if is_daily else "second")
        self._budget.hold(category, lane, seconds=seconds, refused=refused, is_daily=is_daily)

    def learn(self, category: Category, lane: str, headers: Mapping[str, str]) -> None:
        """See `Budget.learn`."""
        self._budget.learn(category, lane, headers)
