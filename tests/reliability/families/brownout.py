"""G2, G4: attempts while upstream fails at times, and a whole exact list walked through such a time.

What is counted is what reaches upstream's socket; the rows of the walk are checked one by one.
"""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.cases import World
from tests.reliability.figures import Figure, Goal, measured, shown
from tests.reliability.fresh_calls import CALLS, FreshCalls, details, learn
from tests.reliability.history import Truth
from tests.reliability.mixed_load import answering_once
from tests.reliability.open_loop import at_pace
from tests.reliability.plan import Plan
from tests.reliability.raw_client import Pool
from tests.reliability.shim_process import settings_for, shim_process
from tests.reliability.upstream import OUTAGE, FakeUpstream, Play
from tests.reliability.walks import walk
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import Request, ZoomAnswers

BLOCK: Final = 20
"""So many answers hold exactly their part of errors, at random places: a short run is then as good as a long one."""

HALF: Final = Goal("G2", "attempts / needed, half of all answers 503", "<= 1.10")
TENTH: Final = Goal("G2", "attempts / needed, a tenth of all answers 503", "<= 1.13")
SERVED: Final = Goal("G2", "requests answered while a tenth of all answers is 503", "= 100 %")
HALF_SERVED: Final = Goal("G2", "requests answered while half of all answers is 503", "printed")
ERRORS: Final = Goal("G4", "exact walk through 10 % of 503: answers that are no 200", "= 0")
ROWS: Final = Goal("G4", "exact walk through 10 % of 503: rows lost, doubled, reordered, altered or foreign", "= 0")
SUMMARIES: Final = Goal("G4", "exact walk through 10 % of 503: rows told by their summary", "<= 3")
WALK: Final = Goal("G4", "exact walk through 10 % of 503: attempts / needed", "printed")
GOALS: tuple[Goal, ...] = (HALF, HALF_SERVED, TENTH, SERVED, ERRORS, ROWS, SUMMARIES, WALK)


async def run(plan: Plan) -> list[Figure]:
    """A run at a steady pace for each part of errors, then the walk."""
    world, folder = company(plan.seed, CALLS), plan.folder("brownout")
    async with FakeUpstream(answering_once(ZoomAnswers(world)), seed=plan.seed) as upstream:
        await learn(folder, settings_for(upstream.url))
        # So many calls that the stock of repeats, which each run begins with, weighs little.
        half = await _attempts(plan, 0.5, upstream, world, folder, count=plan.pick(ci=1_250, short=3_000, full=12_000))
        tenth = await _attempts(plan, 0.1, upstream, world, folder, count=plan.pick(ci=500, short=3_000, full=12_000))
    return [
        measured(HALF, half.ratio, half.note),
        measured(HALF_SERVED, half.answered, half.outcomes),
        measured(TENTH, tenth.ratio, tenth.note),
        measured(SERVED, tenth.answered, tenth.outcomes),
        *await _walk(plan),
    ]


@dataclass(frozen=True, slots=True)
class _Attempts:
    """Attempts / needed, and the part of all requests that was answered, in percent."""

    ratio: float
    answered: float
    note: str
    outcomes: str


async def _attempts(
    plan: Plan, part: float, upstream: FakeUpstream, world: World, folder: Path, *, count: int
) -> _Attempts:
    rate = plan.pick(ci=250, short=200, full=200)
    async with AsyncExitStack() as stack:
        shim = await stack.enter_async_context(shim_process(folder, settings_for(upstream.url)))
        fresh = FreshCalls(shim.port, world)
        stack.callback(fresh.close)
        upstream.forget()
        upstream.heal()
        upstream.spoil(_failing(part, plan.rng(f"brownout {part}")), Play(status=503, body=OUTAGE), times=None)
        samples = await at_pace(fresh.requests(count), rate=rate)
    attempts, outcomes = len(details(upstream)), Counter(sample.status for sample in samples)
    note = f"{rate}/s, {shown(count)} requests, {shown(attempts)} at the socket"
    told = ", ".join(f"{shown(number)} {status}" for status, number in sorted(outcomes.items()))
    return _Attempts(attempts / count, 100 * outcomes[200] / count, note, told)


def _failing(part: float, rng: random.Random) -> Callable[[Request], bool]:
    """Takes `part` of all API requests, in every block just so many."""
    block: list[bool] = []
    bad = round(part * BLOCK)

    def fits(request: Request) -> bool:
        if not request.path.startswith("/phone/"):
            return False
        if not block:
            block.extend(rng.sample([True] * bad + [False] * (BLOCK - bad), BLOCK))
        return block.pop()

    return fits


async def _walk(plan: Plan) -> list[Figure]:
    calls = plan.pick(ci=600, short=3_000, full=30_000)
    world = company(plan.seed, calls)
    truth = Truth(world)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(ZoomAnswers(world), seed=plan.seed, error_rate=0.1))
        shim = await stack.enter_async_context(shim_process(plan.folder("brownout-walk"), settings_for(upstream.url)))
        pool = await stack.enter_async_context(Pool(shim.port))
        walked = await walk(pool, f"{WINDOW}&page_size=300", retries=50)
        bugs = shim.troubles()
    verdict = truth.check(walked.rows)
    wrong = (verdict.lost, verdict.doubled, verdict.reordered, verdict.altered, verdict.foreign)
    # One list call for each page of upstream's, one detail for each call.
    needed = len(world.call_history) + -(-len(world.call_history) // 300)
    attempts = upstream.by_name["get_call_history"] + upstream.by_name["list_call_history"]
    note = f"{shown(len(walked.rows))} rows on {len(walked.answers)} pages, the slowest {walked.slowest:.1f} s"
    return [
        measured(ERRORS, len(walked.errors), f"{note}; {len(bugs)} bugs" if bugs else note),
        measured(ROWS, sum(map(len, wrong)), verdict.troubles()),
        measured(SUMMARIES, len(verdict.summaries), f"{len(verdict.idless)} rows without some object ids"),
        measured(WALK, attempts / needed, f"{shown(attempts)} of {shown(needed)}"),
    ]
