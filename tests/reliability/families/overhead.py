"""G17: what the guards toward upstream cost where nothing goes wrong.

Two services, each before an upstream, one of them with its guards taken out (`tests.reliability.bare_service`), are
asked the same in turn: the mix of requests all load is measured with, and, printed only, callers not seen before, whose
every request has calls to make.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles
from typing import Final

from tests.reliability.figures import Figure, Goal, measured
from tests.reliability.mixed_load import LIST, PAGE, Programs, answering_once
from tests.reliability.open_loop import Ask
from tests.reliability.plan import Plan
from tests.reliability.raw_client import request
from tests.reliability.shim_process import SERVICE, ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

CALLS: Final = 60
AT_ONCE: Final = 4
BARE: Final = ("tests.reliability.bare_service",)

COST: Final = Goal(
    "G17", "CPU seconds a request beyond a service without guards, %, median of pairs", "<= 5", is_timed=True
)
COLD: Final = Goal("G17", "the same where every request is a new caller's, %", "printed")
CALLED: Final = Goal("G17", "upstream calls beyond those of a service without guards", "<= 0")
GOALS: tuple[Goal, ...] = (COST, COLD, CALLED)


@dataclass(slots=True)
class _Side:
    """One of the two services, and the processor time of each of its rounds."""

    shim: ShimProcess
    upstream: FakeUpstream
    programs: Programs
    seconds: list[float] = field(default_factory=list)

    async def round(self, asks: Iterable[Ask]) -> None:
        """Makes these requests, a few at once."""
        before, turns = self.shim.cpu_seconds(), iter(asks)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_made(turns))
        self.seconds.append(self.shim.cpu_seconds() - before)

    def mixed(self, plan: Plan, number: int, count: int) -> Iterator[Ask]:
        """The requests of one round of the usual mix, the same for both sides."""
        return (ask for _, ask in self.programs.requests(count, plan.rng(f"overhead {number}")))

    def cold(self, number: int, count: int) -> Iterator[Ask]:
        """A list, then one of its calls, as callers not seen before."""
        ids = self.programs.ids
        for place in range(count // 2):
            for target in (f"{LIST}?{WINDOW}&page_size={PAGE}", f"{LIST}/{ids[place % len(ids)]}"):
                asked = request(target, bearer=f"Bearer cold-{number}-{place}")
                yield partial(self.programs.lines.ask, asked)


async def _made(asks: Iterator[Ask]) -> None:
    for ask in asks:
        await ask()


async def run(plan: Plan) -> list[Figure]:
    """Rounds in pairs, the first of each side not counted."""
    pairs, count = plan.pick(ci=(3, 150), short=(9, 400), full=(15, 1_000))
    async with AsyncExitStack() as stack:
        guarded, bare = [
            await _side(stack, plan, name, program) for name, program in (("guarded", SERVICE), ("bare", BARE))
        ]
        for number in range(pairs + 1):
            for side in (guarded, bare) if number % 2 else (bare, guarded):
                await side.round(side.mixed(plan, number, count))
        mixed = _ratios(guarded, bare)
        for number in range(pairs + 1):
            for side in (guarded, bare) if number % 2 else (bare, guarded):
                await side.round(side.cold(number, count // 4))
        cold = _ratios(guarded, bare)
    more = guarded.upstream.requests - bare.upstream.requests
    return [
        measured(COST, 100 * (median(mixed) - 1), _spread(mixed, count)),
        measured(COLD, 100 * (median(cold) - 1), _spread(cold, count // 4)),
        measured(CALLED, more, f"of {bare.upstream.requests:,}"),
    ]


def _ratios(guarded: _Side, bare: _Side) -> list[float]:
    """Those of the rounds so far but the first, which are then forgotten."""
    ratios = [own / max(other, 0.01) for own, other in zip(guarded.seconds[1:], bare.seconds[1:], strict=True)]
    guarded.seconds.clear()
    bare.seconds.clear()
    return ratios


def _spread(ratios: list[float], count: int) -> str:
    low, _, high = quantiles(ratios, n=4)
    return f"{len(ratios)} pairs of {count:,} requests, the middle half from {low - 1:+.1%} to {high - 1:+.1%}"


async def _side(stack: AsyncExitStack, plan: Plan, name: str, program: tuple[str, ...]) -> _Side:
    answers = answering_once(ZoomAnswers(company(plan.seed, CALLS)))
    upstream = await stack.enter_async_context(FakeUpstream(answers, seed=plan.seed))
    shim = await stack.enter_async_context(shim_process(plan.folder(name), settings_for(upstream.url), program=program))
    programs = Programs(shim.port, WINDOW, patience=15.0)
    stack.callback(programs.close)
    await programs.warm()
    return _Side(shim, upstream, programs)
