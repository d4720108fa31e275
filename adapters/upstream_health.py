"""How Zoom's API is doing, from the calls of everybody: which calls still go out, and which are repeated.

One for each host. Refuses to know what was asked and by whom.
"""

import random
from collections.abc import Callable

from adapters.errors import UpstreamHeldBack
from adapters.ports import UpstreamWatch
from adapters.retry_quota import RetryQuota
from adapters.throttle import Throttle
from adapters.upstream_watch import Unwatched


class UpstreamHealth:
    """The throttle and the stock of repeats, told of every attempt. `clock` counts seconds."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
        watch: UpstreamWatch | None = None,
    ) -> None:
        self._throttle = Throttle(clock=clock, chance=chance)
        self._quota = RetryQuota()
        self._watch = watch or Unwatched()

    @property
    def is_throttling(self) -> bool:
        """Whether some calls are held back."""
        return self._throttle.is_throttling

    def admit(self) -> None:
        """Counts a call that is about to go out; raises `UpstreamHeldBack` where it must not."""
        if not self._throttle.lets_through():
            self._watch.call_held_back()
            raise UpstreamHeldBack(503, None, "", headers={"retry-after": "1"})

    def may_repeat(self) -> bool:
        """Whether a failed call may be sent once more; spends a repeat."""
        is_made = self._quota.take()
        self._watch.repeat_decided("made" if is_made else "spent")
        return is_made

    def answered(self, status: int) -> None:
        """Zoom answered: anything below 500 is a sign of life, were it a refusal."""
        if status >= 500:
            self.failed()
            return
        self._throttle.accepted()
        self._quota.succeeded()

    def failed(self) -> None:
        """No whole answer came."""
        self._throttle.failed()
