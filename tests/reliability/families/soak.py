"""G11: everything mixed for as long as there is time: what the service holds at the end it held before.

Load, faults, a failing upstream, requests that are cancelled, walks that are left, ever new callers, hostile bytes and
idle pauses. What is open and under way is compared with the moment before the load, after a pause in which every kept
connection ends; memory with the moment after a warm-up.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

import click

from shim.connection import Limits
from tests.reliability.figures import Figure, Goal, measured, shown
from tests.reliability.hostile_shapes import TO_CALLERS, Making
from tests.reliability.mixed_load import Programs, answering_once, spoil
from tests.reliability.open_loop import Sample, at_pace
from tests.reliability.plan import Plan
from tests.reliability.raw_client import RawClient, get, request
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

CALLS: Final = 200
RATE: Final = 80
FAULTS: Final = 0.1
PATIENCE: Final = 2.0
ROUND: Final = 5.0
"""Seconds of load between two idle moments."""
IDLE: Final = 0.5
LONG_IDLE: Final = 20.0
"""Seconds of every twentieth idle moment: longer than a connection is kept on either side."""
PAUSE: Final = 2 * Limits().keepalive_timeout + 2.0
"""Idle connections to Zoom are looked at as often as they may be old."""
LIST: Final = "/v2/phone/call_logs"

GROWN: Final = Goal("G11", "growth of resident memory after the warm-up, MiB", "<= 16")
SLOPE: Final = Goal("G11", "growth by the minute over the second half, MiB", "printed")
FDS: Final = Goal("G11", "file descriptors beyond the baseline", "<= 2")
TASKS: Final = Goal("G11", "tasks of the loop beyond the baseline", "<= 2")
BUSY: Final = Goal("G11", "requests under way and clients connected, beyond the baseline", "<= 2")
ERRORS: Final = Goal("G11", "sound requests that failed while Zoom was sound", "= 0")
BUGS: Final = Goal("G11", "tracebacks and unnamed failures", "= 0")
MINUTES: Final = Goal("G11", "minutes of soak", "printed")
GOALS: tuple[Goal, ...] = (GROWN, SLOPE, FDS, TASKS, BUSY, ERRORS, BUGS, MINUTES)


@dataclass(frozen=True, slots=True)
class _Held:
    """What the service holds at one moment."""

    memory: float
    fds: int
    tasks: int
    busy: int

    @classmethod
    async def by(cls, shim: ShimProcess) -> "_Held":
        """As it is now, with the connection of this very look."""
        told = await shim.metrics()
        busy = sum(told[name] for name in told if name.startswith(("shim_requests_in_flight", "shim_connections_open")))
        return cls(shim.rss_bytes() / 2**20, shim.fds(), int(told["shim_tasks"]), int(busy))

    def told(self) -> str:
        """In words."""
        return f"{self.memory:.0f} MiB, {self.fds} fds, {self.tasks} tasks, {self.busy} busy"


@dataclass(slots=True)
class _Soak:
    """One run: who asks, and what has come of it."""

    plan: Plan
    shim: ShimProcess
    upstream: FakeUpstream
    programs: Programs
    rng: random.Random
    making: Iterator[Making]
    failed: list[Sample] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    callers: int = 0

    async def go_on(self, seconds: float) -> None:
        """Rounds of everything with an idle moment behind each."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while clock() < until:
            await self._round(min(ROUND, max(1.0, until - clock())))
            self.memory.append((clock(), self.shim.rss_bytes() / 2**20))
            await asyncio.sleep(IDLE if len(self.memory) % 20 else LONG_IDLE)

    async def _round(self, seconds: float) -> None:
        is_failing = self.rng.random() < 0.3
        self.upstream.error_rate = self.rng.choice((0.1, 1.0)) if is_failing else 0.0
        load = self.programs.requests(round(RATE * seconds), self.rng, faults=FAULTS)
        beside: Sequence[Callable[[], Awaitable[None]]] = (self._newcomer, self._left, self._abandoned, self._hostile)
        others = asyncio.create_task(self._beside(beside, seconds))
        samples = await at_pace(load, rate=RATE)
        await others
        if not is_failing:
            self.failed += [each for each in samples if not each.kind.startswith("faulty") and each.status != 200]

    async def _beside(self, ways: Sequence[Callable[[], Awaitable[None]]], seconds: float) -> None:
        """So many of each kind a second, one after the other."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while clock() < until:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self.rng.choice(ways)()
            await asyncio.sleep(0.02)

    async def _newcomer(self) -> None:
        """A caller never seen before lists a page of details not cached for it, and asks for an id nobody knows."""
        self.callers += 1
        bearer = f"Bearer newcomer-{self.callers}"
        await get(self.shim.port, f"{LIST}?{WINDOW}&page_size={self.rng.randint(1, 20)}", bearer=bearer)
        await get(self.shim.port, f"{LIST}/unknown-{self.callers}", bearer=bearer)

    async def _left(self) -> None:
        """A program that hangs up while its answer is made."""
        client = await RawClient.connect(self.shim.port)
        await client.send(request(f"{LIST}?{WINDOW}&page_size=100", bearer=f"Bearer left-{self.rng.randrange(500)}"))
        await asyncio.sleep(self.rng.uniform(0, 0.05))
        client.reset()

    async def _abandoned(self) -> None:
        """A walk of which one page is asked for, with the next one prepared for nobody."""
        await get(self.shim.port, f"{LIST}?{WINDOW}&page_size=10", bearer=f"Bearer walker-{self.rng.randrange(500)}")

    async def _hostile(self) -> None:
        """Bytes that mean harm, left unanswered or not."""
        async with await RawClient.connect(self.shim.port) as client:
            await client.send(self.rng.choice(TO_CALLERS).make(next(self.making)))
            with suppress(TimeoutError):
                await client.rest(patience=0.05)


async def run(plan: Plan) -> list[Figure]:
    """What is held at first; warm-up, soak and pause; what is held then."""
    warm, minutes = plan.pick(ci=5.0, short=10.0, full=300.0), plan.pick(ci=0.1, short=0.25, full=30.0)
    answers = answering_once(ZoomAnswers(company(plan.seed, CALLS)))
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answers, seed=plan.seed))
        # A small cache is full at once, and what grows later is no cache.
        settings = settings_for(upstream.url, SHIM_CACHE_MIB="2", SHIM_DEADLINE="1.6")
        shim = await stack.enter_async_context(shim_process(plan.folder("soak"), settings))
        await get(shim.port, f"{LIST}?{WINDOW}&page_size=1")
        before = await _Held.by(shim)
        programs = Programs(shim.port, WINDOW, PATIENCE)
        stack.callback(programs.close)
        await programs.warm()
        spoil(upstream)
        soak = _Soak(plan, shim, upstream, programs, plan.rng("soak"), _makings(plan))
        await soak.go_on(warm)
        warmed = shim.rss_bytes() / 2**20
        soak.memory.clear()
        await soak.go_on(60.0 * minutes)
        grown = shim.rss_bytes() / 2**20 - warmed
        programs.close()
        await asyncio.sleep(PAUSE)
        after = await _Held.by(shim)
        bugs = shim.troubles()
    for trouble in bugs[:5]:
        click.echo(f"  soak: {trouble}", err=True)
    return _figures(soak, before, after, grown, bugs, minutes=minutes)


def _makings(plan: Plan) -> Iterator[Making]:
    rng, number = plan.rng("soak hostile"), 0
    while True:
        number += 1
        yield Making(rng, b"mark%06x" % number, b"127.0.0.2:9", b"no-token")


def _figures(
    soak: _Soak, before: _Held, after: _Held, grown: float, bugs: list[str], *, minutes: float
) -> list[Figure]:
    told = f"before: {before.told()}; after: {after.told()}"
    return [
        measured(GROWN, grown, told),
        measured(SLOPE, _slope(soak.memory[len(soak.memory) // 2 :])),
        measured(FDS, after.fds - before.fds),
        measured(TASKS, after.tasks - before.tasks),
        measured(BUSY, after.busy - before.busy),
        measured(ERRORS, len(soak.failed), ", ".join({each.failure or str(each.status) for each in soak.failed})),
        measured(BUGS, len(bugs), "; ".join(bugs[:1])),
        measured(MINUTES, minutes, f"{soak.callers:,} callers, {shown(soak.upstream.requests)} calls"),
    ]


def _slope(seen: Sequence[tuple[float, float]]) -> float:
    """MiB a minute, by least squares; 0 where there is too little to tell."""
    if len(seen) < 3:
        return 0.0
    middle = sum(at for at, _ in seen) / len(seen)
    mean = sum(size for _, size in seen) / len(seen)
    spread = sum((at - middle) ** 2 for at, _ in seen)
    return 60 * sum((at - middle) * (size - mean) for at, size in seen) / spread
