"""G14: five hundred requests at once to a service that has no token, no directory and no record yet.

What is asked upstream is told apart by path and query. No client is answered from what another one was told, so each
may need each call once. A lone request to another cold service tells how long a single one takes.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

from shim.standin.oauth import AppClient
from tests.reliability.figures import Figure, Goal, measured, percentile, shown
from tests.reliability.plan import Plan
from tests.reliability.raw_client import Answer, Pool
from tests.reliability.shim_process import settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.walks import LIST
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

AT_ONCE: Final = {"ci": 200, "short": 500, "full": 500}
CLIENTS: Final = 20
"""None may have more than its 32 requests under way."""
CALLS: Final = 120
SIZES: Final = (20, 30, 40)
LATENCY: Final = 0.25
"""Seconds that upstream takes for every answer, as over a real line."""
TOKEN: Final = "/oauth/token"
APP: Final = AppClient("run-account", "run-client", "run-secret-0123456789abcdef0123456789")

TOKENS: Final = Goal("G14", "token calls", "= 1")
ASKED: Final = Goal("G14", "times the same call was made / clients that want it", "<= 1")
ANSWERED: Final = Goal("G14", "requests answered with their page", "= 100 %")
WAIT: Final = Goal("G14", "p99 / a single cold request", "<= 2", is_timed=True)
GOALS: tuple[Goal, ...] = (TOKENS, ASKED, ANSWERED, WAIT)


@dataclass(frozen=True, slots=True)
class _Cold:
    """What came of requests to a cold service: answers, and the calls upstream by path and query."""

    answers: Sequence[Answer]
    calls: Sequence[str]


async def run(plan: Plan) -> list[Figure]:
    """Herds, each on a service of its own, and lone requests between them."""
    at_once = AT_ONCE[plan.share]
    asked = [(f"{LIST}?{WINDOW}&page_size={SIZES[number % len(SIZES)]}", _key(number)) for number in range(at_once)]
    largest = [(f"{LIST}?{WINDOW}&page_size={SIZES[-1]}", _key(0))]
    herds, alone = list[_Cold](), list[float]()
    for _ in range(plan.pick(ci=1, short=3, full=5)):
        alone.append((await _cold(plan, largest)).answers[0].seconds)
        herds.append(await _cold(plan, asked))
    slowest = median(percentile([answer.seconds for answer in herd.answers], 0.99) for herd in herds)
    well = [_is_page(answer, target) for herd in herds for answer, (target, _) in zip(herd.answers, asked, strict=True)]
    repeats = max(max(Counter(herd.calls).values()) for herd in herds) / CLIENTS
    calls = max(len(herd.calls) for herd in herds)
    return [
        measured(TOKENS, max(sum(TOKEN in call for call in herd.calls) for herd in herds)),
        measured(ASKED, repeats, f"{calls} calls for {at_once} requests of {CLIENTS} clients"),
        measured(ANSWERED, 100 * sum(well) / len(well), f"of {shown(len(well))}"),
        measured(
            WAIT,
            slowest / median(alone),
            f"{1000 * slowest:.0f} ms against {1000 * median(alone):.0f} ms; upstream takes {1000 * LATENCY:.0f} ms",
        ),
    ]


async def _cold(plan: Plan, asked: Sequence[tuple[str, str]]) -> _Cold:
    """All of them at once, on a service that has only just started."""
    answers = ZoomAnswers(company(plan.seed, CALLS), app=APP)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answers, seed=plan.seed))
        upstream.latency = LATENCY  # so the token that is fetched at the start has not come when they do
        settings = settings_for(
            upstream.url,
            ZOOM_ACCOUNT_ID=APP.account_id,
            ZOOM_CLIENT_ID=APP.client_id,
            ZOOM_CLIENT_SECRET=APP.client_secret,
            SHIM_CLIENT_KEYS=",".join(f"client-{number}:{_key(number)}" for number in range(CLIENTS)),
        )
        shim = await stack.enter_async_context(shim_process(plan.folder("herd"), settings))
        pool = await stack.enter_async_context(Pool(shim.port))
        got = await asyncio.gather(*(pool.get(target, bearer=f"Bearer {key}") for target, key in asked))
        return _Cold(got, [arrival.target for arrival in upstream.arrivals])


def _is_page(answer: Answer, target: str) -> bool:
    return answer.status == 200 and len(answer.json["call_logs"]) == int(target.rpartition("=")[2])


def _key(number: int) -> str:
    return f"run-client-key-{number % CLIENTS:02}-0123456789abcdef-0123456789"
