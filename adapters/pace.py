"""How fast a lane goes beside its windows: slower after a 429 it did not earn, and where Zoom's limit is a lower one.

Others share an account's limits: a refusal within one's own budget means that they are at work. The pace is halved,
kept for a while and doubled again step by step. Pure; refuses to know calls. Source: the additive increase and
multiplicative decrease of TCP, in steps; semantics 7 (headers).
"""

from typing import Final

KEPT: Final = 10.0
"""Seconds before a lowered pace is doubled."""
LEAST: Final = 1 / 16
LEARNT_FOR: Final = 3600.0
"""Seconds for which a lower limit that Zoom named is believed."""


class Pace:
    """The seconds to keep between two calls of a lane; `full` is how many a second it may make."""

    def __init__(self, full: float) -> None:
        self._full = full
        self._part = 1.0
        self._changed = 0.0
        self._limit = full
        self._learnt_until = 0.0
        self._last = float("-inf")

    def per_second(self, now: float) -> float:
        """How many calls a second the lane may make now."""
        limit = self._limit if now < self._learnt_until else self._full
        return min(limit, self._full) * self._part_now(now)

    def next_moment(self, now: float) -> float:
        """When the next call may go by its pace alone."""
        per_second = self.per_second(now)
        return self._last + 1 / per_second if per_second < self._full else now

    def is_full(self, now: float) -> bool:
        """Whether nothing slows the lane down but its windows."""
        return self.per_second(now) >= self._full

    def went(self, now: float) -> None:
        """A call goes now."""
        self._last = now

    def refused(self, now: float) -> None:
        """Zoom refused a call for the second's limit; of many at once the first counts."""
        if now - self._changed >= 1.0 or self._part == 1.0:
            self._part, self._changed = max(LEAST, self._part_now(now) / 2), now

    def learnt(self, limit: float, now: float) -> None:
        """Zoom named a limit of so many calls a second for us; a higher one than the plan's is not used."""
        self._limit, self._learnt_until = limit, now + LEARNT_FOR

    def _part_now(self, now: float) -> float:
        if self._part < 1.0:
            steps = int((now - self._changed) // KEPT)
            if steps:
                self._part, self._changed = min(1.0, self._part * 2**steps), self._changed + steps * KEPT
        return self._part
