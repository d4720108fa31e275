"""Whether to ask Zoom once more, and after how long.

Knows which failures may pass, the backoff and what a 429 asks for; refuses to know sockets and never sleeps.
Only GETs and grants of a token are ever asked, so every call may be repeated.
"""

import random
from collections.abc import Callable

from adapters.errors import UpstreamBroken, UpstreamHeldBack, UpstreamRefused
from adapters.retry_after import UNSTATED_DAILY_WAIT_SECONDS
from adapters.upstream_errors import NoObject, Throttled, Unwanted

MOST_ATTEMPTS = 6
ATTEMPTS_AT_OPTIONAL = 3
"""For what an answer can do without: a directory that is down must not cost each page its seconds."""
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 2.0
LEAST_FOR_AN_ATTEMPT_SECONDS = 0.02
"""With less to the deadline an attempt would end in silence where the failure at hand has something to say."""

_PASSING = frozenset({500, 502, 503, 504})


class Patience:
    """The retry hook of one call: stamina shows it each failure, it answers with the seconds to wait or False.

    `left` tells the seconds to the deadline; `hold` keeps the other calls of the lane back after a 429. Backoff is
    full jitter over 0.1 s x 2^n, at most 2 s. No wait that reaches the deadline is begun: the failure itself is
    then the answer. `renew` tells whether a refused credential can be replaced; it is asked once, and the attempt
    that follows comes at once and on top of the others. `quota` tells whether a repeat may still be afforded; a 429
    needs none, for its lane is held back already. `most` attempts are made in all.
    """

    def __init__(
        self,
        *,
        left: Callable[[], float],
        hold: Callable[[float, Throttled], None],
        renew: Callable[[], bool] = lambda: False,
        quota: Callable[[], bool] = lambda: True,
        most: int = MOST_ATTEMPTS,
    ) -> None:
        self._most = most
        self.is_cut_short = False
        self._quota = quota
        self._left = left
        self._hold = hold
        self._renew = renew
        self._failures = 0
        self._may_renew = True

    def __call__(self, failure: Exception) -> float | bool:
        """Seconds to wait before the next attempt, or False: `failure` is the answer."""
        if self._may_renew and isinstance(failure, UpstreamRefused) and failure.is_of_credential:
            self._may_renew = False
            return 0.0 if self._renew() else False
        self._failures += 1
        wait = self._wait(failure)
        if isinstance(failure, Throttled):
            self._hold(wait, failure)
        is_worth_it = self._failures < min(_worth(failure), self._most)
        if not is_worth_it or wait >= self._left() - LEAST_FOR_AN_ATTEMPT_SECONDS:
            return False
        self.is_cut_short = not isinstance(failure, Throttled) and not self._quota()
        return False if self.is_cut_short else wait

    def _wait(self, failure: Exception) -> float:
        if isinstance(failure, Throttled) and failure.wait is not None:
            return failure.wait
        if isinstance(failure, Throttled) and failure.daily:
            return UNSTATED_DAILY_WAIT_SECONDS
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (self._failures - 1))
        return random.uniform(0, longest)  # noqa: S311 - spreads attempts out, keeps no secret


def _worth(failure: Exception) -> int:
    """How many attempts in all a call is worth that ended like this."""
    match failure:
        case Unwanted() | UpstreamHeldBack():
            return 1
        case NoObject():
            return 2
        case UpstreamBroken():
            return MOST_ATTEMPTS
        case Throttled(daily=daily):
            return 1 if daily else MOST_ATTEMPTS
        case UpstreamRefused(status=status):
            return MOST_ATTEMPTS if status in _PASSING else 1
        case _:
            return 1
