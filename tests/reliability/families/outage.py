"""G2, G3: what upstream is asked while it is down, and how soon all is well afterwards.

Programs keep asking at their pace, before, during and after; every request needs one call. What is counted is what
reaches upstream's socket.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from tests.reliability.busiest import SECOND
from tests.reliability.figures import Figure, Goal, measured, most_within, percentile, shown
from tests.reliability.fresh_calls import CALLS, FreshCalls, details, learn
from tests.reliability.mixed_load import answering_once
from tests.reliability.open_loop import Sample, at_pace
from tests.reliability.own_lag import own_lag
from tests.reliability.plan import Plan
from tests.reliability.shim_process import settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import company
from tests.reliability.zoom_answers import Request, ZoomAnswers

HEADROOM: Final = 1.2
"""The rate budget in terms of the pace: little enough that a burst would show."""
LIGHT_LIMIT: Final = 40
"""Calls a second that the plan allows and `SHIM_RATE_SHARE` multiplies."""

ASKED: Final = Goal("G2", "attempts / needed, outage", "<= 0.5")
SOON: Final = Goal("G2", "median answer during an outage once calls are held back, ms", "<= 50", is_timed=True)
RECOVERY: Final = Goal(
    "G3", "seconds from the end of an outage to the first second without an error", "<= 2", is_timed=True
)
BURST: Final = Goal("G3", "most calls in a second after an outage / rate budget", "<= 1")
LEFT: Final = Goal("G3", "errors after the first second without one", "= 0")
GOALS: tuple[Goal, ...] = (ASKED, SOON, RECOVERY, BURST, LEFT)


async def run(plan: Plan) -> list[Figure]:
    """One outage under a steady pace."""
    rate = plan.pick(ci=120, short=150, full=200)
    before, out, after = plan.pick(ci=(0.25, 6, 2), short=(1, 24, 5), full=(30, 60, 10))
    share = HEADROOM * rate / LIGHT_LIMIT
    world, folder = company(plan.seed, CALLS), plan.folder("outage")
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answering_once(ZoomAnswers(world)), seed=plan.seed))
        settings = settings_for(upstream.url, SHIM_RATE_SHARE=f"{share:.2f}")
        await learn(folder, {**settings, "SHIM_RATE_SHARE": "1000"})
        shim = await stack.enter_async_context(shim_process(folder, settings))
        # Few where there is little time: each looks the directory up, and that is a sign of life as well.
        fresh = FreshCalls(shim.port, world, programs=plan.pick(ci=6, short=24, full=24))
        stack.callback(fresh.close)
        upstream.forget()
        lag = await stack.enter_async_context(own_lag())
        load = asyncio.create_task(at_pace(fresh.requests(int(rate * (before + out + after))), rate=rate))
        await asyncio.sleep(before)
        upstream.is_out, began = True, upstream.now()
        await asyncio.sleep(out)
        upstream.is_out, ended = False, upstream.now()
        samples = await load
        late = lag.most
    arrivals = details(upstream)
    # The throttle looks back half a minute: the more health it sees there, the longer it believes in upstream.
    note = f"{rate}/s for {out} s, {before} s of health before, the run itself late by up to {1000 * late:.0f} ms"
    return [
        *_asked(samples, arrivals, began=began, ended=ended, note=note),
        *_recovered(samples, arrivals, ended=ended, budget=int(LIGHT_LIMIT * share)),
    ]


def _asked(
    samples: Sequence[Sample], arrivals: Sequence[Request], *, began: float, ended: float, note: str
) -> list[Figure]:
    within = [sample for sample in samples if began <= sample.due < ended]
    attempts = sum(began <= request.at < ended for request in arrivals)
    # In the second half the history is one of failures: that is when calls are held back.
    late = [1000 * sample.seconds for sample in within if sample.due >= (began + ended) / 2]
    statuses = sorted({sample.status for sample in within})
    return [
        measured(ASKED, attempts / len(within), f"{note}; {shown(attempts)} at the socket"),
        measured(
            SOON, percentile(late, 0.5), f"of {shown(len(late))}, answered {statuses}; p95 {percentile(late, 0.95):.0f}"
        ),
    ]


def _recovered(samples: Sequence[Sample], arrivals: Sequence[Request], *, ended: float, budget: int) -> list[Figure]:
    after = sorted((sample for sample in samples if sample.due >= ended), key=lambda sample: sample.due)
    well_from = first_well(after, ended)
    late = [sample for sample in after if sample.due > well_from and sample.status != 200]
    moments = [request.at for request in arrivals if request.at >= ended]
    most = most_within(moments, SECOND)
    return [
        measured(RECOVERY, well_from - ended),
        measured(BURST, most / budget, f"{most} of {budget}"),
        measured(LEFT, len(late), f"of {shown(len(after))} requests due after the outage{_told(late)}"),
    ]


def _told(late: Sequence[Sample]) -> str:
    """What the errors were, in a few words."""
    return "".join(f"; {sample.status} {sample.failure}".rstrip() for sample in late[:3])


def first_well(after: Sequence[Sample], ended: float) -> float:
    """The moment from which all requests due in a whole second were answered; NaN when there is none.

    `after` is what was due since the outage ended, in order.
    """
    bad = [sample.due for sample in after if sample.status != 200]
    last = after[-1].due if after else ended
    begins = [ended, *bad]
    ends = [*bad, last]
    found = (begin for begin, end in zip(begins, ends, strict=True) if end - begin >= 1.0)
    return next(found, float("nan"))
