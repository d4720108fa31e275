"""When the client of Zoom's API asks again, how long it waits, and what ends every wait."""

import asyncio
import socket
from dataclasses import replace

import aiohttp
import aiohttp.client_exceptions
import aiohttp.http_exceptions
import pytest

from adapters.errors import UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.ports import Category
from adapters.upstream_errors import FOREIGN
from tests.adapters.raw_upstream import Play, json_reply
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import CALL, GOOD, UNAVAILABLE, against, bench, failure_of


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@in_virtual_time
async def test_a_passing_error_is_asked_again(status):
    """Five 5xx are outlived; a sixth is the answer. The waits are short and each attempt is told."""
    passing = json_reply(status, {"code": status, "message": "Later."})
    async with against(passing, passing, passing, GOOD) as (upstream, client):
        start = asyncio.get_running_loop().time()
        assert {"page_size": 30} == (await client.fetch()).body
        assert asyncio.get_running_loop().time() - start < 0.1 + 0.2 + 0.4 + 0.1
        assert [("call_history", status)] * 3 + [("call_history", 200)] == [told[:2] for told in client.attempts]
    async with against(passing) as (upstream, client):
        refused = await failure_of(client)
        assert isinstance(refused, UpstreamRefused)
        assert (status, status, "Later.") == (refused.status, refused.code, refused.message)
        assert 6 == len(upstream.heads)


@in_virtual_time
async def test_an_upstream_that_is_not_there_is_broken():
    """A refused connection is tried six times, then it is a broken upstream."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with bench(f"http://127.0.0.1:{free.getsockname()[1]}/v2") as client:
            assert isinstance(await failure_of(client), UpstreamBroken)
            assert [None] * 6 == [status for _, status, _ in client.attempts]


@in_virtual_time
async def test_a_connection_that_dies_under_a_request_is_not_resent_in_secret():
    """Every request that reaches the upstream's socket was an attempt of ours, told and paid for."""
    async with against(GOOD, Play((), "close"), Play((), "reset"), GOOD) as (upstream, client):
        await client.fetch()
        await client.fetch()
        assert [200, None, None, 200] == [status for _, status, _ in client.attempts]
        assert 4 == len(upstream.heads)


@in_virtual_time
async def test_every_attempt_takes_a_turn_of_the_budget():
    """With one turn a second, two attempts are a second apart."""
    async with against(UNAVAILABLE, GOOD, share=0.05) as (_, client):
        start = asyncio.get_running_loop().time()
        await client.fetch()
        assert 1.0 < asyncio.get_running_loop().time() - start < 1.1


@in_virtual_time
async def test_a_spent_budget_is_slow_without_asking():
    """When no turn comes before the deadline the call is too slow at once, and nobody is asked."""
    async with against(GOOD, share=0.05) as (upstream, client):
        await client.fetch()
        start = asyncio.get_running_loop().time()
        assert isinstance(await failure_of(client, within=0.5), UpstreamSlow)
        assert start == asyncio.get_running_loop().time()
        assert 1 == len(upstream.heads)


def throttled(*headers: str) -> bytes:
    """A 429 as Zoom words it."""
    return json_reply(429, {"code": 429, "message": "Try again later."}, *headers)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(("Retry-After: 2",), id="seconds"),
        pytest.param(
            ("Date: Tue, 10 Mar 2026 10:00:00 GMT", "Retry-After: Tue, 10 Mar 2026 10:00:02 GMT"), id="http-date"
        ),
        pytest.param(("Date: Tue, 10 Mar 2026 10:00:00 GMT", "Retry-After: 2026-03-10T10:00:02Z"), id="iso-8601"),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
@in_virtual_time
async def test_a_429_is_waited_out(headers, times):
    """The wait Zoom asks for is kept to, in each of its spellings, and then the answer comes."""
    async with against(*[throttled("X-RateLimit-Type: QPS", *headers)] * times, GOOD) as (upstream, client):
        start = asyncio.get_running_loop().time()
        assert {"page_size": 30} == (await client.fetch()).body
        assert pytest.approx(2.0 * times, abs=0.2) == asyncio.get_running_loop().time() - start
        assert times + 1 == len(upstream.heads)


@pytest.mark.parametrize("headers", [(), ("Retry-After: -1",), ("Retry-After: NaN",), ("Retry-After: 1e9",)])
@in_virtual_time
async def test_a_429_without_a_believable_wait_gets_the_usual_backoff(headers):
    """A Retry-After that is absent or garbage leaves the wait to the backoff."""
    async with against(*[throttled(*headers)] * 3, GOOD) as (_, client):
        start = asyncio.get_running_loop().time()
        await client.fetch()
        assert asyncio.get_running_loop().time() - start < 0.1 + 0.2 + 0.4 + 0.1


@in_virtual_time
async def test_a_429_that_does_not_fit_is_the_answer_at_once():
    """A wait beyond the deadline is not begun; Zoom's own words and headers come back."""
    async with against(throttled("Retry-After: 12", "X-RateLimit-Type: QPS")) as (upstream, client):
        start = asyncio.get_running_loop().time()
        refused = await failure_of(client, within=12.0)
        assert isinstance(refused, UpstreamRefused)
        assert (429, 429, "Try again later.") == (refused.status, refused.code, refused.message)
        assert {"retry-after": "12", "x-ratelimit-type": "QPS"} == dict(refused.headers)
        assert asyncio.get_running_loop().time() - start < 0.1
        assert 1 == len(upstream.heads)


@in_virtual_time
async def test_a_429_holds_back_its_credential_and_category_alone():
    """Until the wait is over, calls of that lane are answered here, all others go on; then it is asked again."""
    heavy = replace(CALL, category=Category.HEAVY)
    async with against(throttled("Retry-After: 100"), GOOD) as (upstream, client):
        await failure_of(client, call=heavy)
        await asyncio.sleep(40)
        refused = await failure_of(client, call=heavy)
        assert isinstance(refused, UpstreamRefused)
        assert (429, 429, "Try again later.", "60") == (
            refused.status,
            refused.code,
            refused.message,
            refused.headers["retry-after"],
        )
        assert 1 == len(upstream.heads)
        await client.fetch()
        await client.fetch(heavy, key="b")
        await client.fetch(heavy, within=70.0)
        assert 4 == len(upstream.heads)


@in_virtual_time
async def test_a_daily_429_is_never_waited_for():
    """A spent day is the answer even to a caller with time, and is answered here until the moment it names."""
    daily = (
        "X-RateLimit-Type: Daily-limit",
        "Date: Tue, 10 Mar 2026 23:59:55 GMT",
        "Retry-After: 2026-03-11T00:00:00Z",
    )
    async with against(throttled(*daily), GOOD) as (upstream, client):
        for _ in range(2):
            refused = await failure_of(client, within=4.0)
            assert isinstance(refused, UpstreamRefused)
            assert "2026-03-11T00:00:00Z" == refused.headers["retry-after"]
        assert 1 == len(upstream.heads)
        await asyncio.sleep(5)
        await client.fetch()
        assert 2 == len(upstream.heads)


@in_virtual_time
async def test_a_daily_429_with_time_to_spare_is_still_no_retry():
    """The deadline being far away does not make a spent day worth a second attempt."""
    daily = throttled("X-RateLimit-Type: Daily-limit", "Retry-After: 5")
    async with against(daily, GOOD) as (upstream, client):
        assert isinstance(await failure_of(client, within=60.0), UpstreamRefused)
        assert 1 == len(upstream.heads)


@in_virtual_time
async def test_a_daily_429_that_names_no_moment_is_believed_for_a_minute():
    """Without a wait from Zoom a spent day is asked about again after a minute, not sooner."""
    async with against(throttled("X-RateLimit-Type: Daily-limit"), GOOD) as (upstream, client):
        await failure_of(client)
        await asyncio.sleep(40)
        await failure_of(client)
        assert 1 == len(upstream.heads)
        await asyncio.sleep(20)
        await client.fetch()


def test_every_failure_of_the_library_has_a_word_of_ours():
    """No exception of aiohttp's client or parser, and none of a socket, is outside the table."""
    theirs = [*vars(aiohttp.client_exceptions).values(), *vars(aiohttp.http_exceptions).values(), OSError, TimeoutError]
    failures = [kind for kind in theirs if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {aiohttp.WSMessageTypeError, Exception} >= {kind for kind in failures if not issubclass(kind, FOREIGN)}


_DRIP = (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[part for _ in range(1_000) for part in (b" ", 1.0)])
_DRIPPING_HEAD = (b"HTTP/1.1 200 OK\r\nX-A: ", *[part for _ in range(1_000) for part in (b"a", 1.0)])


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(Play((), "hang"), id="first-byte"),
        pytest.param(Play((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",), "hang"), id="body"),
        pytest.param(Play(_DRIP), id="dripping-body"),
        pytest.param(Play(_DRIPPING_HEAD), id="dripping-head"),
    ],
)
@pytest.mark.parametrize("within", [0.25, 12.0])
@in_virtual_time
async def test_the_deadline_ends_every_wait(play, within):
    """However upstream keeps us waiting, the call is too slow at the deadline, and its connection is not used again."""
    async with against(play) as (upstream, client):
        start = asyncio.get_running_loop().time()
        assert isinstance(await failure_of(client, within=within), UpstreamSlow)
        assert pytest.approx(within, abs=0.001) == asyncio.get_running_loop().time() - start
        await failure_of(client, within=1.0)
        assert len(upstream.heads) == upstream.connections


@in_virtual_time
async def test_the_deadline_ends_a_connect_that_hangs():
    """An upstream whose queue is full lets nobody in: too slow at the deadline."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        async with bench(f"http://127.0.0.1:{full.getsockname()[1]}/v2") as client:
            assert isinstance(await failure_of(client, within=0.5), UpstreamSlow)
            assert isinstance(await failure_of(client, within=60.0), UpstreamBroken)


@in_virtual_time
async def test_a_silent_upstream_is_broken_when_there_is_time_left():
    """Ten seconds of silence end an attempt; six of them end the call."""
    async with against(Play((), "hang")) as (upstream, client):
        assert isinstance(await failure_of(client, within=100.0), UpstreamBroken)
        assert 6 == len(upstream.heads)


@in_virtual_time
async def test_a_deadline_already_past_asks_nobody():
    """A call that is too late before it starts is too slow without a contact."""
    async with against(GOOD) as (upstream, client):
        assert isinstance(await failure_of(client, within=-1.0), UpstreamSlow)
    assert 0 == upstream.connections


@pytest.mark.parametrize("within", [0.0001, 0.05])
@in_virtual_time
async def test_no_backoff_reaches_past_the_deadline(within):
    """When the next wait does not fit, the failure at hand is the answer and comes before the deadline."""
    async with against(UNAVAILABLE) as (_, client):
        start = asyncio.get_running_loop().time()
        assert isinstance(await failure_of(client, within=within), UpstreamRefused)
        assert asyncio.get_running_loop().time() - start < within


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((Play((), "hang"),), id="first-byte"),
        pytest.param((Play(_DRIP),), id="body"),
        pytest.param((throttled("Retry-After: 8"),), id="wait"),
    ],
)
@in_virtual_time
async def test_cancellation_passes_through(script):
    """A cancelled call ends cancelled, wherever it was, and asks no more."""
    async with against(*script) as (upstream, client):
        call = asyncio.create_task(client.fetch())
        await asyncio.sleep(3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(20)
        assert 1 == len(upstream.heads)
        assert 1 == len(client.attempts)


@in_virtual_time
async def test_what_an_answer_can_do_without_is_not_asked_for_long():
    """Three attempts, not six: a directory that is down must not cost each page its seconds."""
    async with against(UNAVAILABLE) as (upstream, client):
        await failure_of(client, call=replace(CALL, is_optional=True))
        assert 3 == len(upstream.heads)
