"""G19: two replicas behind a plain TCP balancer are as one, and stay so while their Redis is killed or hangs.

Programs walk lists that nobody has listed before, each page over a connection of its own, so that every walk hops and
the budget is always wanted; another one asks for details that both replicas have, which costs no call and shows what a
Redis that is gone adds to a request. The upstream counts each call at the socket.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from adapters.ports import Category
from adapters.rate_budget import LIMITS
from contracts.cases import World
from tests.redis_server import RedisServer
from tests.reliability.balancer import Balancer
from tests.reliability.busiest import busiest, by_category
from tests.reliability.figures import Figure, Goal, measured, percentile
from tests.reliability.history import Truth, Verdict
from tests.reliability.open_loop import Ask, Lines, Sample, at_pace
from tests.reliability.plan import Plan
from tests.reliability.playing import APP, CLIENT_KEY
from tests.reliability.raw_client import Pool, get, request
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.walks import Walk
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import Reply, Request, ZoomAnswers

BEARER: Final = f"Bearer {CLIENT_KEY}"
LIST: Final = "/phone/call_logs"
PAGE: Final = 12
WALKERS: Final = 4
CALLS: Final = 40
KNOWN: Final = 10
RATE: Final = 25
PLAN: Final = "pro"
PART: Final = 0.8
LEAST_LATE: Final = 0.05
MOST_LATE: Final = 0.2
LOOK: Final = 0.05
PATIENCE: Final = 10.0
"""Seconds until a Redis that is back must be used again."""
_ACCOUNT: Final = re.compile(r"/v2/accounts/[^/]+")

WRONG: Final = Goal("G19", "rows lost, doubled, reordered, altered, or of another id than before", "= 0")
ERRORS: Final = Goal("G19", "answers other than 200", "= 0")
TOKENS: Final = Goal("G19", "token calls of two replicas", "= 1")
HOPS: Final = Goal("G19", "pages of walks, each over a connection of its own, of which both replicas served", "printed")
TOGETHER: Final = Goal("G19", "calls in the busiest second / what one replica may make", "<= 1")
WITHOUT: Final = Goal("G19", "the same while Redis is gone, and when it goes and comes", "<= 1")
WELL: Final = Goal("G19", "p99 of a request that needs no call, Redis well, ms", "printed")
ADDED: Final = Goal("G19", "ms that a Redis {} adds to the slowest such request", "<= 300", is_timed=True)
BACK: Final = Goal("G19", "seconds until a Redis that is back is used again", "<= 5", is_timed=True)
BUGS: Final = Goal("G19", "tracebacks and unnamed failures of the replicas", "= 0")
ENDS: Final = ("killed", "paused", "restarted")
GOALS: tuple[Goal, ...] = (
    *(WRONG, ERRORS, TOKENS, HOPS, TOGETHER, WITHOUT, WELL),
    *(replace(ADDED, what=ADDED.what.format(end)) for end in ENDS),
    *(BACK, BUGS),
)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stretch of the run in which Redis is in one state."""

    name: str
    began: float
    ended: float

    def holds(self, moment: float) -> bool:
        """Whether it was then."""
        return self.began <= moment < self.ended


@dataclass(slots=True)
class _Run:
    """Everything a run has seen."""

    walks: list[Walk] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    stages: list[_Stage] = field(default_factory=list)
    back_after: list[float] = field(default_factory=list)
    served: list[int] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    is_over: bool = False

    def asked_in(self, name: str) -> list[float]:
        """Milliseconds of the requests for details while Redis was in that state."""
        stages = [stage for stage in self.stages if stage.name == name]
        return [1000 * each.seconds for each in self.samples if any(stage.holds(each.due) for stage in stages)]


async def run(plan: Plan) -> list[Figure]:
    """One pair of replicas, and Redis well, killed, paused and restarted in turn."""
    run, world = _Run(), _without_extensions(company(plan.seed, CALLS))
    truth = ZoomAnswers(world, app=APP)

    def answer(asked: Request) -> Reply:
        return truth(replace(asked, target=_ACCOUNT.sub("/v2", asked.target)))

    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        redis = RedisServer(Path(folder))
        redis.start()
        stack.callback(redis.stop)
        upstream = await stack.enter_async_context(FakeUpstream(answer, seed=plan.seed))
        shims = await stack.enter_async_context(_replicas(plan, upstream, redis))
        balancer = await stack.enter_async_context(Balancer([shim.port for shim in shims]))
        ids = await _known(shims)
        run.samples, *run.walks = await _all_of(balancer, ids, partial(_troubled, plan, redis, shims, run), run)
        run.served = [int((await shim.metrics())['shim_pages_total{kind="whole"}']) for shim in shims]
        run.bugs = [line for shim in shims for line in shim.troubles()]
        calls, tokens = (
            by_category((each.at, _ACCOUNT.sub("/v2", each.target)) for each in upstream.arrivals),
            upstream.by_name["token"],
        )
    return _figures(run, Truth(world), calls, tokens)


def _without_extensions(world: World) -> World:
    """The same calls between numbers alone: no directory has to be read, and the budget is all for details."""
    return replace(world, call_history=_stripped(world.call_history), records=_stripped(world.records))


def _stripped(told: Any) -> Any:
    match told:
        case dict():
            return {name: _stripped(value) for name, value in told.items() if "_ext_" not in name}
        case list() | tuple():
            return [_stripped(value) for value in told]
    return told


@asynccontextmanager
async def _replicas(plan: Plan, upstream: FakeUpstream, redis: RedisServer) -> AsyncIterator[Sequence[ShimProcess]]:
    """Two of them, alike."""
    alike = {
        "ZOOM_ACCOUNT_ID": APP.account_id,
        "ZOOM_CLIENT_ID": APP.client_id,
        "ZOOM_CLIENT_SECRET": APP.client_secret,
        "SHIM_CLIENT_KEYS": f"run:{CLIENT_KEY}",
        "SHIM_STATE_URL": redis.url,
        "SHIM_PLAN": PLAN,
        "SHIM_RATE_SHARE": str(PART),
    }
    async with AsyncExitStack() as stack:
        made = (shim_process(plan.folder("replica"), settings_for(upstream.url, **alike)) for _ in range(2))
        yield await asyncio.gather(*map(stack.enter_async_context, made))


async def _known(shims: Sequence[ShimProcess]) -> list[str]:
    """Ids whose details both replicas have."""
    page = await get(shims[0].port, f"/v2{LIST}?{WINDOW}&page_size={KNOWN}", bearer=BEARER)
    ids = [row["id"] for row in page.json["call_logs"]]
    for shim in shims:
        for v1_id in ids:
            await get(shim.port, f"/v2{LIST}/{v1_id}", bearer=BEARER)
    return ids


async def _all_of(
    balancer: Balancer, ids: Sequence[str], troubled: Callable[[], Awaitable[None]], run: _Run
) -> tuple[list[Sample], *tuple[Walk, ...]]:
    lines, numbers = Lines(balancer.port), iter(range(1_000_000))
    walkers = [asyncio.create_task(_walked_on(balancer.port, numbers, run)) for _ in range(WALKERS)]
    asking = asyncio.create_task(at_pace(_details(lines, ids, run), rate=RATE))
    await troubled()
    run.is_over = True
    walked = [walk for walks in await asyncio.gather(*walkers) for walk in walks]
    return await asking, *walked


def _details(lines: Lines, ids: Sequence[str], run: _Run) -> Iterator[tuple[str, Ask]]:
    number = 0
    while not run.is_over:
        number += 1
        data = request(f"/v2{LIST}/{ids[number % len(ids)]}", bearer=BEARER)
        yield "details", partial(lines.ask, data, anew=True)


async def _walked_on(port: int, numbers: Iterator[int], run: _Run) -> list[Walk]:
    """One walk after the other, each of an account that nobody has listed before, until the run is over."""
    walks: list[Walk] = []
    async with Pool(port, keeps=False) as pool:
        while not run.is_over:
            walks.append(await _walked(pool, f"/v2/accounts/account-{next(numbers)}{LIST}", run))
    return walks


async def _walked(pool: Pool, path: str, run: _Run) -> Walk:
    walked, token = Walk(), ""
    while not (walked.is_whole or run.is_over):
        answer = await pool.get(f"{path}?{WINDOW}&page_size={PAGE}" + token, bearer=BEARER)
        walked.answers.append(answer)
        if answer.status != 200:
            return walked
        walked.rows += answer.json["call_logs"]
        token = f"&next_page_token={answer.json['next_page_token']}"
        walked.is_whole = not answer.json["next_page_token"]
    return walked


async def _troubled(plan: Plan, redis: RedisServer, shims: Sequence[ShimProcess], run: _Run) -> None:
    """Redis well and in each trouble, each as long as this share has it."""
    seconds = plan.pick(ci=1.0, short=4.0, full=20.0)
    await _stage(run, "well", seconds)
    for name, ends, returns in (
        ("killed", redis.stop, redis.start),
        ("paused", redis.pause, redis.resume),
        ("restarted", redis.stop, redis.start),
    ):
        ends()
        # A restart is over as soon as the server is up again: what is measured then is how it is found again.
        await _stage(run, name, 0.0 if name == "restarted" else seconds, returns=returns, shims=shims)
        await _stage(run, "well", seconds)


async def _stage(
    run: _Run,
    name: str,
    seconds: float,
    *,
    returns: Callable[[], None] = lambda: None,
    shims: Sequence[ShimProcess] = (),
) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(returns)
    returned = clock()
    async with asyncio.timeout(PATIENCE):
        for shim in shims:
            # A probe would have it tried again at once; how it is found again without one is what counts.
            while (await shim.metrics())["shim_state_trouble"]:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(LOOK)
    run.back_after += [clock() - returned] if shims else []
    run.stages.append(_Stage(name, began, clock()))


def _figures(run: _Run, truth: Truth, calls: Mapping[Category, Sequence[float]], tokens: int) -> list[Figure]:
    wrong = [verdict.troubles() for walk in run.walks if not (verdict := _judged(walk, truth)).is_clean]
    changed = truth.check_ids([walk.rows for walk in run.walks])
    bad = [f"{answer.status} {answer.body[:100]!r}" for walk in run.walks for answer in walk.errors]
    bad += [f"{each.status} {each.failure}" for each in run.samples if each.status != 200]
    for trouble in (*wrong, *bad, *run.bugs)[:8]:
        click.echo(f"  replicas: {trouble}", err=True)
    rows, pages = sum(len(walk.rows) for walk in run.walks), sum(len(walk.answers) for walk in run.walks)
    # The first second after it came back belongs to the trouble: half of its calls were made without Redis.
    first, *later = run.stages
    settled = [first, *(replace(each, began=each.began + 1.0) for each in later if each.name == "well")]
    gone = [replace(each, ended=each.ended + 1.0) for each in later if each.name != "well"]
    well = run.asked_in("well")
    together, without = (_busiest(calls, stages, percentile(well, 0.99)) for stages in (settled, gone))
    slowest = {end: max(run.asked_in(end), default=0.0) for end in ENDS}
    return [
        measured(WRONG, len(wrong) + len(changed), f"of {rows:,} in {len(run.walks)} walks"),
        measured(ERRORS, len(bad), f"of {pages + len(run.samples):,}"),
        measured(TOKENS, tokens),
        measured(HOPS, pages, f"{' and '.join(map(str, run.served))} whole ones"),
        measured(TOGETHER, *together),
        measured(WITHOUT, *without),
        measured(WELL, percentile(well, 0.99), f"of {len(well):,}"),
        *(measured(replace(ADDED, what=ADDED.what.format(end)), max(0.0, slowest[end] - max(well))) for end in ENDS),
        measured(BACK, max(run.back_after)),
        measured(BUGS, len(run.bugs), "; ".join(run.bugs[:1])),
    ]


def _busiest(calls: Mapping[Category, Sequence[float]], stages: Sequence[_Stage], late_ms: float) -> tuple[float, str]:
    """The busiest second of these stages, of all that one replica may make, with what there is to say of it.

    The first call in it may have been held up by as much as other requests are, and the last one not.
    """
    limits = {category: limit.share_of(PART).second for category, limit in LIMITS[PLAN].items()}
    second = 1.0 - min(MOST_LATE, max(LEAST_LATE, late_ms / 1000))
    most = busiest(calls, limits, lambda moment: any(stage.holds(moment) for stage in stages), second=second)
    stage = next(each for each in stages if each.holds(most.ended))
    when = f"{most.category.name.lower()}, in {second:.2f} s; {stage.name}, {most.ended - stage.began:.2f} s on"
    return most.made / most.may, f"{most.made} of {most.may} ({when})"


def _judged(walk: Walk, truth: Truth) -> Verdict:
    return truth.check(walk.rows, is_whole=walk.is_whole)
