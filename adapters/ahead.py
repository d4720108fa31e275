"""What a client is about to ask for, fetched while it still reads: who is fetched for, how much, and who owns it.

Only callers that follow page tokens are fetched for, one page ahead of a walk, a few walks at once, nothing while
calls are held back. What was fetched for walks that never went on is never more than a small part of all calls: a
caller who leaves walks is believed less, and all callers together draw on one stock. Refuses to know what is fetched.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from cachetools import TTLCache

from adapters.errors import ShimError
from adapters.page_tokens import LIFE, Position
from adapters.ports import Caller, UpstreamWatch
from adapters.upstream_watch import Unwatched

MOST_WALKS: Final = 8
"""Walks fetched for at once; what comes beside them is not fetched for."""
PATIENCE: Final = 30.0
"""Seconds after which fetching ahead ends, done or not."""
STOCK: Final = 100
"""Calls that may have been made in vain before anything is known of the callers."""
SHARE: Final = 0.04
"""The part of the calls clients wait for that may be added to them in vain."""
MOST_CALLERS: Final = 10_000
CALLERS_LIFE: Final = 24 * 3600.0
MOST_BEGUN: Final = 4_096

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Allowance:
    """The calls that fetching for one walk may make; `taken` counts them, `_take` judges each."""

    _take: Callable[[], bool]
    taken: int = 0

    def take(self) -> bool:
        """Whether one more call may be made, which then counts as made."""
        is_granted = self._take()
        self.taken += is_granted
        return is_granted


FetchAhead = Callable[[Caller, Allowance], Awaitable[None]]
"""Fetches what the next page needs as this caller, asking the allowance before each call."""


@dataclass(slots=True)
class _Habit:
    """How often a caller has followed a token, and for how many of his walks something was fetched in vain so far."""

    followed: int = 0
    unfollowed: int = 0

    @property
    def is_trusted(self) -> bool:
        """One walk left is forgiven for each twenty tokens followed."""
        return self.unfollowed < 1 + self.followed // 20


@dataclass(slots=True)
class _Begun:
    """What was fetched for a page nobody has asked for yet."""

    allowance: Allowance
    task: asyncio.Task[None] = field(init=False)


_Walk = tuple[str, Position]


class Ahead:
    """Owns everything that is fetched ahead.

    `is_quiet` tells whether nothing holds a caller's calls back, `calls_made` counts the calls that clients waited for,
    `clock` is the running loop's own.
    """

    def __init__(
        self,
        *,
        is_quiet: Callable[[Caller], bool],
        calls_made: Callable[[], int],
        clock: Callable[[], float],
        watch: UpstreamWatch | None = None,
    ) -> None:
        self._watch = watch or Unwatched()
        self._is_quiet = is_quiet
        self._calls_made = calls_made
        self._clock = clock
        self._habits: TTLCache[str, _Habit] = TTLCache(MOST_CALLERS, CALLERS_LIFE, timer=clock)
        self._begun: TTLCache[_Walk, _Begun] = TTLCache(MOST_BEGUN, LIFE, timer=clock)
        self._running: set[asyncio.Task[None]] = set()
        self._at_risk = 0
        self._is_stopped = False

    def followed(self, caller: Caller, position: Position) -> None:
        """Told of every page that is asked for by its token, before it is made: nothing more is fetched ahead of it."""
        habit = self._habit_of(caller)
        habit.followed += 1
        begun = self._begun.pop((caller.key, position), None)
        if begun is not None:
            self._watch.fetched_ahead("used")
            habit.unfollowed = max(0, habit.unfollowed - 1)
            begun.task.cancel()  # what is out lands where the page will look for it
            self._at_risk -= begun.allowance.taken

    def answered(self, caller: Caller, position: Position, *, is_short: bool, fetch: FetchAhead) -> None:
        """Told where the walk of a page just made goes on; fetches for it where that is worth it.

        A short page is worth it also for who has never followed a token: he was promised the rest.
        """
        habit = self._habit_of(caller)
        is_likely = (is_short or habit.followed > 0) and habit.is_trusted
        is_begun = (caller.key, position) in self._begun
        if not is_likely or is_begun or len(self._running) >= MOST_WALKS or not self._may_go(caller):
            return
        habit.unfollowed += 1
        self._watch.fetched_ahead("begun")
        begun = _Begun(Allowance(lambda: self._take(caller)))
        work = self._fetched(fetch, replace(caller, deadline=self._clock() + PATIENCE), begun.allowance)
        # In a context of its own: what is fetched ahead is no part of what the request cost.
        begun.task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._begun[caller.key, position] = begun
        self._running.add(begun.task)
        begun.task.add_done_callback(self._ended)

    def stop(self) -> None:
        """Ends what is being fetched; nothing begins afterwards."""
        self._is_stopped = True
        for task in self._running:
            task.cancel()

    async def aclose(self) -> None:
        """Stops, and waits for the end of it."""
        self.stop()
        if self._running:
            await asyncio.wait(set(self._running))

    def _take(self, caller: Caller) -> bool:
        is_granted = self._may_go(caller)
        self._at_risk += is_granted
        return is_granted

    def _may_go(self, caller: Caller) -> bool:
        return not self._is_stopped and self._left() > 0 and self._is_quiet(caller)

    def _left(self) -> int:
        """Calls that may still be made for walks of which nobody knows whether they go on."""
        return STOCK + int(SHARE * self._calls_made()) - self._at_risk

    async def _fetched(self, fetch: FetchAhead, caller: Caller, allowance: Allowance) -> None:
        try:
            async with asyncio.timeout_at(caller.deadline):
                await fetch(caller, allowance)
        except (ShimError, TimeoutError):
            pass  # the request that comes will meet it itself, or no longer

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Lets go of the task; one that failed by a fault of ours is told, for nobody waits for it."""
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log.error("task.failed", task="fetch ahead", exc_info=failure)

    def _habit_of(self, caller: Caller) -> _Habit:
        habit = self._habits.get(caller.key)
        if habit is None:
            habit = self._habits[caller.key] = _Habit()
        return habit
