"""What legacy programs ask all day: mostly details just listed, some lists, some other paths; and some meet faults.

Knows kinds of requests and which upstream answers are spoiled for them; refuses to know what is measured.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tests.reliability.open_loop import Ask, Cut, Lines, Reply
from tests.reliability.raw_client import Pool, request
from tests.reliability.upstream import FakeUpstream, Play
from tests.reliability.zoom_answers import Reply as Told
from tests.reliability.zoom_answers import Request, ZoomAnswers

LIST: Final = "/v2/phone/call_logs"
PAGE: Final = 30
CALLERS: Final = 8
FAULTY: Final = 40
"""Programs whose upstream is faulty: so many that none of them meets its own limit of requests under way."""
FAULTS: Final = ("slow", "drip", "cut")
PAUSE: Final = 60.0

DETAILS, LISTS, PASSED = "details", "list", "passed on"
SHARES: Final = ((DETAILS, 0.7), (LISTS, 0.2), (PASSED, 0.1))


def answering_once(truth: ZoomAnswers) -> "_Once":
    """Zoom's answers, each made once: the machine is for the service, not for its upstream."""
    return _Once(truth)


@dataclass(slots=True)
class _Once:
    truth: ZoomAnswers
    _told: dict[str, Told] = field(default_factory=dict)

    def __call__(self, asked: Request) -> Told:
        """The answer as it was the first time."""
        told = self._told.get(asked.target)
        if told is None:
            told = self.truth(asked)
            if len(self._told) < 20_000:
                self._told[asked.target] = told
        return told


def spoil(upstream: FakeUpstream) -> None:
    """Faults U5, U6 and U7 for the programs and paths that name them, and for nobody else."""
    plays = {
        "slow": Play(delay=PAUSE),
        "drip": Play(drip=1.0),
        "cut": Play(cut=-20, end="reset"),
    }
    for fault, play in plays.items():
        upstream.spoil(partial(_is_faulty, fault), play, times=None)
        upstream.spoil(f"/faulty/{fault}", replace(play, status=200, body=b"x" * 2000), times=None)


def _is_faulty(fault: str, asked: Request) -> bool:
    return f"faulty-{fault}-" in asked.headers.get("authorization", "")


@dataclass(slots=True)
class Programs:
    """The legacy programs of a run, warm: each knows the ids of `window` and has asked for them.

    After `patience` seconds one that meets a fault gives up.
    """

    port: int
    window: str
    patience: float
    lines: Lines = field(init=False)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(self.port)

    async def warm(self) -> None:
        """Lists and asks for details once with each caller."""
        async with Pool(self.port) as pool:
            for number in range(CALLERS):
                page = await pool.get(f"{LIST}?{self.window}&page_size=300", bearer=_bearer(number))
                self.ids = [row["id"] for row in page.json["call_logs"]]
                await pool.get(f"{LIST}/{self.ids[0]}", bearer=_bearer(number))
                await pool.get("/v2/users/me", bearer=_bearer(number))

    def requests(self, count: int, rng: random.Random, *, faults: float = 0.0) -> Iterator[tuple[str, Ask]]:
        """So many of them in a random order; the part `faults` meets one upstream."""
        for _ in range(count):
            yield self._faulty(rng) if rng.random() < faults else self._sound(rng)

    def _sound(self, rng: random.Random) -> tuple[str, Ask]:
        kind = _drawn(SHARES, rng)
        bearer = _bearer(rng.randrange(CALLERS))
        targets = {
            DETAILS: f"{LIST}/{rng.choice(self.ids)}",
            LISTS: f"{LIST}?{self.window}&page_size={PAGE}",
            PASSED: "/v2/users/me",
        }
        return kind, partial(self.lines.ask, request(targets[kind], bearer=bearer))

    def _faulty(self, rng: random.Random) -> tuple[str, Ask]:
        fault, number = rng.choice(FAULTS), rng.randrange(FAULTY)
        if rng.random() < 0.5:
            data = request(f"/v2/faulty/{fault}", bearer=_bearer(number))
        else:
            data = request(f"{LIST}?{self.window}&page_size={PAGE}", bearer=f"Bearer faulty-{fault}-{number}")
        return f"faulty {fault}", partial(self._given_up, data)

    async def _given_up(self, data: bytes) -> Reply:
        try:
            async with asyncio.timeout(self.patience):
                return await self.lines.ask(data, anew=True)
        except TimeoutError:
            raise Cut("given up") from None

    def close(self) -> None:
        """Hangs up."""
        self.lines.close()


def _drawn(shares: Sequence[tuple[str, float]], rng: random.Random) -> str:
    return rng.choices([name for name, _ in shares], [share for _, share in shares])[0]


def _bearer(number: int) -> str:
    return f"Bearer program-{number}"
