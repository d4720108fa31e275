"""The busiest second of a run: how many calls of one of Zoom's categories arrived in it, of all that may be made.

It knows moments and limits; it refuses to know who made the calls.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.ports import Category
from shim.standin.routes import find_route

SECOND: Final = 0.95
"""A second, less what a busy machine may hold up the first of the calls in it, and not the last."""


@dataclass(frozen=True, slots=True)
class Second:
    """So many calls of a category in the second that ended then."""

    category: Category
    made: int
    may: int
    ended: float


def by_category(arrivals: Iterable[tuple[float, str]]) -> Mapping[Category, Sequence[float]]:
    """The moments of arrivals, each with its target, by the category Zoom counts it in; others are left out."""
    moments = defaultdict[Category, list[float]](list)
    for at, target in arrivals:
        found = find_route(target.partition("?")[0].removeprefix("/v2"), "v3")
        if found is not None:
            moments[found[0].category].append(at)
    return moments


def busiest(
    calls: Mapping[Category, Sequence[float]],
    limits: Mapping[Category, int],
    is_meant: Callable[[float], bool],
    *,
    second: float = SECOND,
) -> Second:
    """The second with the largest part of its limit, of those that end at a moment that is meant.

    `second` is shorter still on a machine that is busier.
    Raises `ValueError` where no call is: nothing has been measured then.
    """
    seconds = (
        Second(category, number + 1 - bisect_right(moments, moment - second), limits[category], moment)
        for category, moments in calls.items()
        for number, moment in enumerate(moments)
        if is_meant(moment)
    )
    return max(seconds, key=lambda each: each.made / each.may)
