"""The roles the operations speak to, played in memory, and callers to play them for.

Nothing here knows HTTP; the fake Zoom answers by path what a test told it to.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from adapters.errors import UpstreamRefused
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from contracts.successor.reading import Unknown

Answer = Mapping[str, Any] | Exception | asyncio.Event
"""A body, a failure to raise, or an event to wait for before the next answer."""

SCOPE_MISSING = UpstreamRefused(400, 4711, "Invalid access token, does not contain scopes:[phone:read:admin].")
OUTAGE = UpstreamRefused(503, None, "")
GONE = UpstreamRefused(404, 404, "Call history does not exist.")
TOO_FAST = UpstreamRefused(429, 429, "You have reached the maximum per-second rate limit for this API.")


def caller(name: str = "one", *, account: str | None = None, deadline: float = float("inf")) -> Caller:
    """Whoever asks with the credential of this name."""
    return Caller(f"Bearer {name}", name, account, deadline)


@dataclass(slots=True)
class Clock:
    """Counts seconds only when a test moves it."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """The second it stands at."""
        return self.now


@dataclass(slots=True)
class FakeZoom:
    """Gives each path its answers in turn, the last one for ever; an unknown path is a 404.

    `asked` are the calls in the order they came, `callers` who made them.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[SuccessorCall] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)

    def says(self, path: str, *answers: Answer) -> None:
        """Scripts the answers to a path."""
        self.answers[path] = list(answers)

    @property
    def paths(self) -> Counter[str]:
        """How often each path was asked."""
        return Counter(call.path for call in self.asked)

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The next scripted answer."""
        self.asked.append(call)
        self.callers.append(caller)
        answers = self.answers.get(call.path, [GONE])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        while isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return SuccessorReply(answer, MappingProxyType({}))


@dataclass(slots=True)
class RecordingObserver:
    """Keeps what it is told."""

    unknown: list[Unknown] = field(default_factory=list)
    summaries: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    uncharged: int = 0
    cut_off: int = 0
    generations: list[str] = field(default_factory=list)
    pages: list[tuple[int, bool]] = field(default_factory=list)
    lookups: list[tuple[int, int]] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)

    def answered_by(self, generation: str) -> None:
        """Keeps the generation."""
        self.generations.append(generation)

    def page_told(self, *, rows: int, is_short: bool) -> None:
        """Keeps rows and shortness."""
        self.pages.append((rows, is_short))

    def records_looked_up(self, *, hits: int, misses: int) -> None:
        """Keeps both figures."""
        self.lookups.append((hits, misses))

    def call_searched(self, outcome: str) -> None:
        """Keeps the outcome."""
        self.searches.append(outcome)

    def unknown_met(self, unknown: Iterable[Unknown]) -> None:
        """Keeps the unknowns."""
        self.unknown += unknown

    def built_from_summary(self, reason: str) -> None:
        """Counts the reason."""
        self.summaries[reason] += 1

    def ids_left_out(self, kinds: Iterable[str]) -> None:
        """Counts the directories."""
        self.left_out.update(kinds)

    def walk_cut_off(self) -> None:
        """Counts the walk."""
        self.cut_off += 1

    def charges_left_out(self) -> None:
        """Counts the answer."""
        self.uncharged += 1
