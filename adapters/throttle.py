"""Whether a call should go out at all while upstream takes few of them: Google's adaptive throttling, with probes.

Of the calls of the last half minute upstream must have taken half, or part of the next ones are not even sent. A few a
second always are, to notice the end of an outage; three that succeed in a row end the throttle at once (the formula
alone was measured not to have recovered a minute after an outage of one). Refuses to know sockets; the dice and the
clock are handed in. Source: Google, Site Reliability Engineering, chapter 21.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

WINDOW: Final = 30.0
"""Seconds of history, longer than any call may take."""
PATIENCE: Final = 2.0
"""K: how many calls may go out for each one taken."""
LEAST: Final = 30
"""Calls in the window below which nothing is concluded: the repeats of a few failures are no outage."""
PROBES: Final = 4
"""Calls a second that go out whatever the history says."""
RECOVERED: Final = 3
"""Successes in a row that clear the history."""
_SLICE: Final = 1.0


class Throttle:
    """Decides for one host. `clock` counts seconds, `chance` draws from 0 up to 1."""

    def __init__(self, *, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._slices: deque[_Slice] = deque()
        self._in_a_row = 0
        self._probed_in = -1.0
        self._probes = 0

    @property
    def is_throttling(self) -> bool:
        """Whether some calls are held back now."""
        return self._share_held_back() > 0

    def lets_through(self) -> bool:
        """Whether a call may go out. One that is held back counts as not taken."""
        share = self._share_held_back()
        may_go = share <= 0 or self._chance() >= share or self._is_probe()
        if not may_go:
            self._here().requests += 1
        return may_go

    def accepted(self) -> None:
        """Upstream took a call: it answered, were it with a refusal.

        Calls under way are not counted yet: three hundred details at once, none of them answered, are no outage.
        """
        self._here().requests += 1
        self._here().accepts += 1
        self._in_a_row += 1
        if self._in_a_row >= RECOVERED and self.is_throttling:
            self._slices.clear()

    def failed(self) -> None:
        """Upstream did not take a call: 5xx, no answer, no connection."""
        self._here().requests += 1
        self._in_a_row = 0

    def _share_held_back(self) -> float:
        self._forget()
        requests = sum(one.requests for one in self._slices)
        accepts = sum(one.accepts for one in self._slices)
        if requests < LEAST:
            return 0.0
        return max(0.0, (requests - PATIENCE * accepts) / (requests + 1))

    def _is_probe(self) -> bool:
        second = float(int(self._clock()))
        if second != self._probed_in:
            self._probed_in, self._probes = second, 0
        self._probes += 1
        return self._probes <= PROBES

    def _here(self) -> "_Slice":
        """The counts of the present second."""
        now = self._clock()
        if not self._slices or now - self._slices[-1].since >= _SLICE:
            self._slices.append(_Slice(now))
        return self._slices[-1]

    def _forget(self) -> None:
        oldest = self._clock() - WINDOW
        while self._slices and self._slices[0].since <= oldest:
            self._slices.popleft()


class _Slice:
    """What happened within a second."""

    __slots__ = ("accepts", "requests", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.requests = 0
        self.accepts = 0
