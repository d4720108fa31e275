"""How long an answer of Redis is waited for, and whether Redis has become too slow to be asked.

A timer of our own that is late as well says that this process was busy: then Redis is not to blame. Refuses to know
what is asked.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

LONGEST: Final = 0.27
"""Seconds anybody waits for an answer, the second attempt on a connection that had died included."""
TOO_SLOW: Final = 0.05
SLOW_IN_A_ROW: Final = 3
"""An answer in time that took `TOO_SLOW` seconds is used; after so many, one behind the other, Redis is left alone for
a while: a page asks several times."""
_LATE: Final = 1.5
_LAST_LOOK: Final = 0.01


class AnswerPace:
    """Waits for answers and counts the slow ones; `stretch` makes every wait so many times as long."""

    def __init__(self, *, clock: Callable[[], float], stretch: float = 1.0) -> None:
        self._clock = clock
        self._stretch = stretch
        self._slow, self._slow_until = 0, 0.0

    async def came(self, answer: asyncio.Task[Any]) -> bool:
        """Waits, and says whether the answer came in time."""
        too_slow, longest = TOO_SLOW * self._stretch, LONGEST * self._stretch
        began = self._clock()
        if await _done(answer, too_slow):
            self._slow = 0
            return True
        was_busy = self._clock() - began > _LATE * too_slow
        came = await _done(answer, longest - too_slow)
        if not came and self._clock() - began > _LATE * longest:
            came = await _done(answer, _LAST_LOOK)  # it may have lain here all the time
        # Those that were under way together count once.
        if not was_busy and began >= self._slow_until:
            self._slow, self._slow_until = self._slow + 1, self._clock()
        return came

    def is_too_slow(self) -> bool:
        """Whether so many answers in a row were slow that asking costs more than it is worth."""
        return self._slow >= SLOW_IN_A_ROW

    def is_quick(self) -> bool:
        """Whether the last answer was not slow."""
        return self._slow == 0


async def _done(answer: asyncio.Task[Any], seconds: float) -> bool:
    return bool((await asyncio.wait({answer}, timeout=seconds))[0])
