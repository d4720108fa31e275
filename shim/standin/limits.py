"""Zoom's per-second limits: how many calls a category has left, and the headers that say so.

Source: semantics 7 (rate limits, plan Business); the daily limit is not played.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from adapters.ports import Category

BUSINESS: Final[Mapping[Category, int]] = MappingProxyType(
    {Category.LIGHT: 40, Category.MEDIUM: 20, Category.HEAVY: 10}
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Where one call stands against its limit."""

    category: Category
    limit: int
    remaining: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """The headers every answer carries."""
        return {
            "X-RateLimit-Category": self.category.capitalize(),
            "X-RateLimit-Type": "QPS",
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
        }


class Meter:
    """Counts the calls of the last second, per account and category; a refused call is not counted.

    Without `limits` it reports the plan's and refuses nothing.
    """

    def __init__(self, clock: Callable[[], datetime], limits: Mapping[Category, int] | None) -> None:
        self._clock = clock
        self._limits = BUSINESS if limits is None else limits
        self._refuses = limits is not None
        self._recent: defaultdict[tuple[object, Category], deque[float]] = defaultdict(deque)

    def count(self, account: object, category: Category) -> Rate:
        """Where a call made now stands."""
        now = self._clock().timestamp()
        recent, limit = self._recent[account, category], self._limits[category]
        while recent and recent[0] <= now - 1:
            recent.popleft()
        exceeded = self._refuses and len(recent) >= limit
        if not exceeded:
            recent.append(now)
        return Rate(category, limit, max(0, limit - len(recent)), exceeded)
