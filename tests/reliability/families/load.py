"""G5, G15: a mixed load in open loop, with and without faults upstream, and how late the service's loop gets.

The same mix in turn: with every upstream answer sound, and with a hundredth of the requests meeting a slow, a dripping
or a cut one. Only the others' waits are judged. The lag is what the service itself counts, under the same load and
replies of almost 8 MiB besides.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from tests.reliability import idle_loop
from tests.reliability.figures import Figure, Goal, measured, percentile, shown
from tests.reliability.idle_loop import idle_beside
from tests.reliability.mixed_load import Programs, answering_once, spoil
from tests.reliability.open_loop import Sample, at_pace
from tests.reliability.plan import Plan
from tests.reliability.raw_client import get
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream, Play
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

CALLS: Final = 60
FAULTS: Final = 0.01
ROUNDS: Final = {"ci": 2, "short": 4, "full": 4}
"""With and without in turn, so that what else the machine does weighs on both."""
LAG: Final = "shim_loop_lag_seconds"
PADDING: Final = 7 * 2**20 + 2**19
EACH: Final = 1.0
"""Seconds between two large replies."""

P99: Final = Goal("G5", "p99 of unaffected requests under faults, ms", "<= 50", is_timed=True)
RATIO: Final = Goal("G5", "p99 under faults / without", "<= 1.3", is_timed=True)
SHARE: Final = Goal("G5", "unaffected requests answered, of those due", ">= 95 %", is_timed=True)
ALONE: Final = Goal("G5", "p99 without faults, ms", "printed")
LATE: Final = Goal(
    "G15", "looks at the loop more than 50 ms late, beyond those of an idle process", "<= 0.1 %", is_timed=True
)
LATEST: Final = Goal(
    "G15", "looks at the loop more than 120 ms late, beyond those of an idle process", "<= 0", is_timed=True
)
GOALS: tuple[Goal, ...] = (P99, RATIO, SHARE, ALONE, LATE, LATEST)


async def run(plan: Plan) -> list[Figure]:
    """Both runs against one service, then the lag."""
    rate, seconds = plan.pick(ci=(100, 2), short=(150, 4), full=(500, 15))
    patience = plan.pick(ci=2.0, short=4.0, full=15.0)
    answers = answering_once(ZoomAnswers(company(plan.seed, CALLS)))
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answers, seed=plan.seed))
        settings = settings_for(upstream.url, SHIM_DEADLINE=f"{0.8 * patience:.1f}")
        shim = await stack.enter_async_context(shim_process(plan.folder("load"), settings))
        programs = Programs(shim.port, WINDOW, patience)
        stack.callback(programs.close)
        await programs.warm()
        spoil(upstream)
        await _sampled(programs, plan, rate=rate, count=rate)  # whatever is made at first use is made
        alone, beside = list[Sample](), list[Sample]()
        for _ in range(ROUNDS[plan.share]):
            alone += await _sampled(programs, plan, rate=rate, count=rate * seconds)
            beside += await _sampled(programs, plan, rate=rate, count=rate * seconds, faults=FAULTS)
        lag = await _lag(programs, upstream, shim, plan, rate)
    return [*_waits(alone, beside, rate), *lag]


async def _sampled(programs: Programs, plan: Plan, *, rate: int, count: int, faults: float = 0.0) -> list[Sample]:
    return await at_pace(programs.requests(count, plan.rng("load"), faults=faults), rate=rate)


def _waits(alone: list[Sample], beside: list[Sample], rate: int) -> list[Figure]:
    sound = [sample for sample in beside if not sample.kind.startswith("faulty")]
    answered = [sample for sample in sound if sample.status == 200]
    before, under = (1000 * percentile([s.seconds for s in samples], 0.99) for samples in (alone, sound))
    note = f"{rate}/s, {shown(len(beside))} requests, {len(beside) - len(sound)} of them under a fault"
    return [
        measured(P99, under, note),
        measured(RATIO, under / before),
        measured(SHARE, 100 * len(answered) / len(sound), _outcomes(sound)),
        measured(ALONE, before),
    ]


def _outcomes(samples: list[Sample]) -> str:
    bad = sorted({sample.failure or str(sample.status) for sample in samples if sample.status != 200})
    return ", ".join(bad[:3])


async def _lag(programs: Programs, upstream: FakeUpstream, shim: ShimProcess, plan: Plan, rate: int) -> list[Figure]:
    """How late the loop was under the load and large replies, by the service's own histogram."""
    seconds = plan.pick(ci=2, short=5, full=30)
    large = Play(alter=lambda body: body[:-1] + b',"padding":"' + b"x" * PADDING + b'"}')
    upstream.spoil(lambda asked: "program-large" in asked.headers.get("authorization", ""), large, times=None)
    before, large_ones = await shim.metrics(), 0
    async with idle_beside() as idle:
        load = asyncio.create_task(_sampled(programs, plan, rate=rate, count=rate * seconds, faults=FAULTS))
        while not load.done():
            answer = await get(shim.port, f"/v2/phone/call_logs?{WINDOW}", bearer="Bearer program-large")
            large_ones += answer.status == 200
            await asyncio.sleep(EACH)
        await load
    after = await shim.metrics()
    looks, *within = (
        after[name] - before[name]
        for name in (f"{LAG}_count", *(f'{LAG}_bucket{{le="{bound}"}}' for bound in idle_loop.BOUNDS))
    )
    seen = [looks - each for each in within]
    beyond = [max(0.0, late - idle.expected(bound, looks)) for bound, late in zip(idle_loop.BOUNDS, seen, strict=True)]
    late = LATE if plan.share == "full" else replace(LATE, bound="<= 1 %")  # one of a few hundred looks is no tail
    note = (
        f"{seen[0]:.0f} and {seen[1]:.0f} of {shown(looks)}, beside {large_ones} replies of {PADDING / 2**20:.1f} MiB"
    )
    other = f"idle: {idle.late[0.05]} and {idle.late[0.12]} of {idle.looks:,}"
    return [measured(late, 100 * beyond[0] / looks, note), measured(LATEST, beyond[1], other)]
