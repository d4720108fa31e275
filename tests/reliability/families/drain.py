"""G9: SIGTERM under load, again and again, on kept connections and on new ones: nobody loses a request.

The load goes on until the port refuses. What was sent before that must be answered, and once the service says it is
draining, every answer must say that its connection ends.
"""

import asyncio
import random
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import click

from tests.reliability.figures import Figure, Goal, measured
from tests.reliability.open_loop import Ask, Lines, Reply, Sample, at_pace
from tests.reliability.plan import Plan
from tests.reliability.raw_client import get, request
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream, Play
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

DRAIN: Final = 1.0
LATENCY: Final = 0.2
LONGEST: Final = 2.0
"""Seconds a part of the answers takes upstream: some are always under way when the port closes."""
LONG_ONES: Final = 0.15
LIST: Final = f"/v2/phone/call_logs?{WINDOW}&page_size="
LISTS: Final = 0.3
"""The part of all requests that waits for upstream; the others ask for details that are known."""
CALLERS: Final = 100
"""With another page size each time, or the service would make one call of many."""
WARM: Final = 8
ANEW: Final = 0.4
"""The part of all requests that is made on a connection of its own."""

LOST: Final = Goal("G9", "requests lost that were sent before the port closed, over all runs", "= 0")
WHOLE: Final = Goal("G9", "runs without a lost request, of those made", "= 100 %")
KEPT: Final = Goal("G9", "answers while draining that keep their connection", "= 0")
LATE: Final = Goal("G9", "seconds from SIGTERM to the end, beyond drain and the longest request", "<= 1", is_timed=True)
EXIT: Final = Goal("G9", "runs that ended with another exit code than 0", "= 0")
EARLY: Final = Goal(
    "G9", "seconds the port stays open after SIGTERM, the shortest run", f">= {DRAIN - 0.05}", is_timed=True
)
GOALS: tuple[Goal, ...] = (LOST, WHOLE, KEPT, LATE, EXIT, EARLY)


@dataclass(slots=True)
class _Run:
    """One drain: its samples, when it was signalled, when the service said so and when the port refused first."""

    samples: list[Sample] = field(default_factory=list)
    signalled: float = 0.0
    drained_from: float = float("inf")
    refused_from: float = float("inf")
    seconds: float = 0.0
    code: int = -1

    @property
    def lost(self) -> list[Sample]:
        """Requests that got no answer, or an error, though they were sent before the port closed."""
        return [each for each in self.samples if each.status != 200 and not self._is_behind(each)]

    @property
    def longest(self) -> float:
        """Seconds of the slowest answer."""
        return max(each.seconds for each in self.samples if each.status)

    def _is_behind(self, sample: Sample) -> bool:
        """Whether a request came when the port had closed."""
        return sample.failure.startswith("ConnectionRefusedError") or sample.due >= self.refused_from

    @property
    def while_draining(self) -> list[Sample]:
        """The answers to what was sent between the two moments."""
        return [each for each in self.samples if each.status and self.drained_from <= each.due < self.refused_from]


async def run(plan: Plan) -> list[Figure]:
    """One service after the other, each sent SIGTERM at a moment of its own."""
    rate, rng = plan.pick(ci=100, short=200, full=500), plan.rng("drain")
    runs = [await _drained(plan, rate, rng) for _ in range(plan.pick(ci=1, short=3, full=20))]
    for number, each in enumerate(runs):
        for lost in each.lost[:3]:
            at = f"{each.refused_from - lost.due:.3f} s before the port refused"
            click.echo(f"  drain: run {number}: {lost.kind} {lost.status} {lost.failure}, {at}", err=True)
    whole = sum(not each.lost for each in runs)
    asked = sum(each.due < run.refused_from for run in runs for each in run.samples)
    return [
        measured(LOST, sum(len(each.lost) for each in runs), f"of {asked:,} at {rate}/s"),
        measured(WHOLE, 100 * whole / len(runs), f"{whole} of {len(runs)}"),
        measured(KEPT, sum(not s.closes for each in runs for s in each.while_draining)),
        measured(LATE, max(each.seconds - DRAIN - each.longest for each in runs)),
        measured(EXIT, sum(each.code != 0 for each in runs)),
        measured(EARLY, min(each.refused_from - each.signalled for each in runs)),
    ]


async def _drained(plan: Plan, rate: float, rng: random.Random) -> _Run:
    run = _Run()
    async with AsyncExitStack() as stack:
        upstream = FakeUpstream(ZoomAnswers(company(plan.seed, 5)), seed=plan.seed)
        await stack.enter_async_context(upstream)
        settings = settings_for(upstream.url, SHIM_DRAIN=str(DRAIN), SHIM_FIDELITY="summary", SHIM_OPS_PORT="0")
        shim = await stack.enter_async_context(shim_process(plan.folder("drain"), settings))
        known = await _known(shim)
        upstream.latency = LATENCY
        upstream.spoil(lambda _: rng.random() < LONG_ONES, Play(delay=LONGEST), times=None)
        lines = Lines(shim.port)
        load = asyncio.create_task(at_pace(_requests(run, lines, rng, known), rate=rate))
        await asyncio.sleep(rng.uniform(0.5, 1.0))
        await _ended(shim, run)
        run.samples = await load
        lines.close()
    return run


async def _ended(shim: ShimProcess, run: _Run) -> None:
    clock = asyncio.get_running_loop().time
    run.signalled = clock()
    shim.signal(signal.SIGTERM)
    async with asyncio.timeout(5):
        while (await get(shim.port, "/readyz")).status != 503:
            pass
    run.drained_from = clock()
    run.code = await shim.ended()
    run.seconds = clock() - run.signalled


async def _known(shim: ShimProcess) -> list[bytes]:
    """Requests for details that are answered without a call."""
    asks = []
    for number in range(WARM):
        bearer = f"Bearer warm-{number}"
        page = await get(shim.port, f"{LIST}5", bearer=bearer)
        target = f"/v2/phone/call_logs/{page.json['call_logs'][0]['id']}"
        await get(shim.port, target, bearer=bearer)
        asks.append(request(target, bearer=bearer))
    return asks


def _requests(run: _Run, lines: Lines, rng: random.Random, known: list[bytes]) -> Iterator[tuple[str, Ask]]:
    """Requests without end, until one was refused."""
    while run.refused_from == float("inf"):
        is_anew = rng.random() < ANEW
        data = request(f"{LIST}{rng.randint(1, 300)}", bearer=f"Bearer caller-{rng.randrange(CALLERS)}")
        if rng.random() >= LISTS:
            data = rng.choice(known)
        yield "anew" if is_anew else "kept", _asking(run, lines, data, is_anew=is_anew)


def _asking(run: _Run, lines: Lines, data: bytes, *, is_anew: bool) -> Ask:
    async def ask() -> Reply:
        started = asyncio.get_running_loop().time()
        try:
            return await lines.ask(data, anew=is_anew)
        except ConnectionRefusedError:
            run.refused_from = min(run.refused_from, started)
            raise

    return ask
