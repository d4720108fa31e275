"""How Zoom's API is doing, from the calls of everybody: which calls still go out, and which are repeated.

One for each host. Refuses to know what was asked and by whom.
"""

import random
from collections.abc import Callable

from adapters.errors import UpstreamHeldBack
from adapters.retry_quota import RetryQuota
from adapters.throttle import Throttle


class UpstreamHealth:
    """The throttle and the stock of repeats, told of every attempt. `clock` counts seconds."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._throttle = Throttle(clock=clock, chance=chance)
        self._quota = RetryQuota()

    @property
    def is_throttling(self) -> bool:
        """Whether some calls are held back."""
        return self._throttle.is_throttling

    def admit(self) -> None:
        """Counts a call that is about to go out; raises `UpstreamHeldBack` where it must not."""
        if not self._throttle.lets_through():
            raise UpstreamHeldBack(503, None, "", headers={"retry-after": "1"})

    def may_repeat(self) -> bool:
        """Whether a failed call may be sent once more; spends a repeat."""
        return self._quota.take()

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
