"""What an upstream in trouble gets to see of the client of Zoom's API, counted at the upstream's socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.errors import ShimError, UpstreamHeldBack, UpstreamRefused
from adapters.exchange import api_session
from adapters.patience import Patience
from adapters.ports import Caller, Category, SuccessorCall
from adapters.rate_budget import RateBudget
from adapters.retry_quota import STOCK
from adapters.throttle import LEAST, PROBES, RECOVERED
from adapters.upstream_errors import Throttled
from adapters.upstream_health import UpstreamHealth
from adapters.zoom_api import ZoomApi
from shim.boundary import answer_to
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import CALL, GOOD, UNAVAILABLE

TOO_FAST = json_reply(429, {"code": 429, "message": "Try again later."}, "X-RateLimit-Type: QPS")
MISSING = json_reply(404, {"code": 404, "message": "Call history does not exist."})


@dataclass(frozen=True, slots=True)
class Trouble:
    """An upstream whose script a test changes, and a client of it."""

    upstream: RawUpstream
    zoom: ZoomApi
    health: UpstreamHealth

    async def fetch(self, call: SuccessorCall = CALL, *, within: float = 12.0) -> int:
        """The status one call ends with: 200, or that of the answer its failure becomes."""
        deadline = asyncio.get_running_loop().time() + within
        try:
            await self.zoom.fetch(call, Caller("Bearer one", "one", None, deadline))
        except ShimError as failure:
            return answer_to(failure).status
        return 200


@asynccontextmanager
async def trouble(*script: bytes | Play, dice: float = 0.0) -> AsyncIterator[Trouble]:
    """A client of an upstream with a script; dice of 1 never hold a call back."""
    clock = asyncio.get_running_loop().time
    async with RawUpstream(*script) as upstream, api_session(proxy=None) as session:
        health = UpstreamHealth(clock=clock, chance=lambda: dice)
        budget = RateBudget("business", 100.0, clock=clock)
        zoom = ZoomApi(session, api_url=f"{upstream.url}/v2", budget=budget, health=health, clock=clock)
        yield Trouble(upstream, zoom, health)


@in_virtual_time
async def test_a_minute_of_outage_costs_the_upstream_little():
    """Twenty calls a second: the stock of repeats, the calls it takes to notice, and a few probes a second."""
    loop = asyncio.get_running_loop()
    async with trouble(UNAVAILABLE) as bench:
        statuses, start = set[int](), loop.time()
        for _ in range(60):
            statuses |= set(await asyncio.gather(*(bench.fetch() for _ in range(20))))
            await asyncio.sleep(1)
        asked, seconds = len(bench.upstream.heads), int(loop.time() - start) + 1
        assert asked <= 20 + LEAST + STOCK + PROBES * seconds
        assert (True, {503}) == (asked <= 60 * 20 / 2, statuses)


@in_virtual_time
async def test_a_call_held_back_fails_at_once_unsent_and_asks_to_come_again():
    """A 503 in the envelope with `Retry-After: 1`, and not a byte upstream."""
    async with trouble(UNAVAILABLE) as bench:
        for _ in range(200):
            bench.health.failed()
        for _ in range(PROBES):
            bench.health.admit()
        start = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamHeldBack) as held_back:
            await bench.zoom.fetch(CALL, Caller("Bearer one", "one", None, start + 12))
        answer = answer_to(held_back.value)
        assert (503, "1", b'{"code":503,"message":"Service Unavailable"}') == (
            answer.status,
            answer.headers["Retry-After"],
            answer.body,
        )
        assert (start, 0) == (asyncio.get_running_loop().time(), bench.upstream.connections)


@in_virtual_time
async def test_the_end_of_an_outage_is_noticed_within_a_second():
    """By so many probes that succeed; then everything goes out again."""
    async with trouble(UNAVAILABLE) as bench:
        for _ in range(30):
            await asyncio.gather(*(bench.fetch() for _ in range(20)))
            await asyncio.sleep(1)
        assert bench.health.is_throttling
        bench.upstream.script = (GOOD,)
        before = len(bench.upstream.heads)
        probed = await asyncio.gather(*(bench.fetch() for _ in range(20)))
        assert RECOVERED <= probed.count(200) <= PROBES
        assert len(bench.upstream.heads) - before == probed.count(200)
        assert [200] * 20 == await asyncio.gather(*(bench.fetch() for _ in range(20)))


@in_virtual_time
async def test_repeats_come_from_one_stock_for_all_calls():
    """Six attempts each until it is empty, then one; a failure that was not repeated keeps its own words."""
    async with trouble(UNAVAILABLE, dice=1.0) as bench:
        for _ in range(STOCK // 5):
            before = len(bench.upstream.heads)
            assert 503 == await bench.fetch(within=60.0)
            assert 6 == len(bench.upstream.heads) - before
        before = len(bench.upstream.heads)
        deadline = asyncio.get_running_loop().time() + 12
        with pytest.raises(UpstreamHeldBack) as cut_short:
            await bench.zoom.fetch(CALL, Caller("Bearer one", "one", None, deadline))
        assert (503, 503, "Service Unavailable") == (
            cut_short.value.status,
            cut_short.value.code,
            cut_short.value.message,
        )
        assert 1 == len(bench.upstream.heads) - before


@pytest.mark.parametrize("alive", [MISSING, TOO_FAST, GOOD], ids=["404", "429", "200"])
@in_virtual_time
async def test_an_answer_is_a_sign_of_life(alive):
    """However many calls are refused for their own sake, nothing is held back."""
    async with trouble(alive) as bench:
        await asyncio.gather(*(bench.fetch(within=0.1) for _ in range(2 * LEAST)))
        assert not bench.health.is_throttling


@pytest.mark.parametrize("end", [Play((), "close"), Play((), "reset"), Play((b"HTTP/1.1 2",), "close")])
@in_virtual_time
async def test_no_answer_is_none(end):
    """A connection that ends without an answer counts as a 503 does."""
    async with trouble(end) as bench:
        await asyncio.gather(*(bench.fetch() for _ in range(2 * LEAST)))
        assert bench.health.is_throttling


@pytest.mark.parametrize("times", range(5))
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="absent"),
        pytest.param(("Retry-After: 1",), id="seconds"),
        pytest.param(
            ("Date: Tue, 10 Mar 2026 10:00:00 GMT", "Retry-After: Tue, 10 Mar 2026 10:00:01 GMT"), id="http-date"
        ),
    ],
)
@in_virtual_time
async def test_up_to_four_429s_are_outlived_inside_the_deadline(headers, times):
    """In each spelling of the wait and without one; none of them costs a repeat of the stock."""
    refused = json_reply(429, {"code": 429, "message": "Try again later."}, "X-RateLimit-Type: QPS", *headers)
    async with trouble(*[refused] * times, GOOD) as bench:
        start = asyncio.get_running_loop().time()
        assert 200 == await bench.fetch()
        assert asyncio.get_running_loop().time() - start < 12
        assert times + 1 == len(bench.upstream.heads)
        assert [True] * STOCK == [bench.health.may_repeat() for _ in range(STOCK)]


@pytest.mark.parametrize(("left", "again"), [(1.0, False), (1.01, False), (1.03, 1.0), (9.0, 1.0)])
def test_no_attempt_is_made_that_would_have_no_time(left, again):
    """The refusal at hand says more than the silence at the deadline."""
    refused = Throttled(UpstreamRefused(429, 429, "Try again later."), wait=1.0, daily=False)
    assert again == Patience(left=lambda: left, hold=lambda _seconds, _refused: None)(refused)


@in_virtual_time
async def test_a_day_that_an_answer_says_is_spent_ends_its_category_without_another_call():
    """The answer itself is good; the next call is Zoom's daily 429, told here, and lighter ones go on."""
    heavy = SuccessorCall(name="call_charges", path="/phone/reports/call_charges", category=Category.HEAVY)
    last = json_reply(200, {"call_charges": []}, "X-RateLimit-Type: Daily-limit", "X-RateLimit-Remaining: 0")
    async with trouble(last, GOOD) as bench:
        assert [200, 429, 200] == [await bench.fetch(heavy), await bench.fetch(heavy), await bench.fetch()]
        assert 2 == len(bench.upstream.heads)
        with pytest.raises(UpstreamRefused, match="429"):
            await bench.zoom.fetch(heavy, Caller("Bearer two", "one", None, asyncio.get_running_loop().time() + 12))
