"""What the probes saw, as plain values between those who ask and those who judge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.errors import ShimError

DAYS: Final = 30
"""Days of calls that are looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call: a body, or the failure there was instead."""

    body: Mapping[str, Any] | None = None
    failure: ShimError | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many calls one window has: with no recording status asked for, and with each; None where nobody told."""

    plain: int | None = None
    recorded: int | None = None
    unrecorded: int | None = None

    @property
    def both(self) -> int | None:
        """Recorded and unrecorded calls together."""
        return None if self.recorded is None or self.unrecorded is None else self.recorded + self.unrecorded

    @property
    def most(self) -> int | None:
        """As many calls as there are, however they must be asked for."""
        told = [total for total in (self.plain, self.both) if total is not None]
        return max(told, default=None)


@dataclass(frozen=True, slots=True)
class Seen:
    """The answers by look-up, only those that were asked for; `granted` are the scopes Zoom named with the token."""

    answers: Mapping[str, Answer]
    totals: Totals = field(default_factory=Totals)
    granted: frozenset[str] | None = None
