"""Which check speaks first: framing, size, route, credential, parameters, how much is under way, and Zoom last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from contracts.codec import decode
from shim.in_flight import MOST_OF_ONE, MOST_PASSED, MOST_PASSED_OF_ONE
from tests.edge.raw import Message, RawUpstream, exchange, is_silent, request, sized, until
from tests.service.running import Asking, service, shim_at
from tests.service.worlds import DAY, LIST, plain

ONE, OTHER = b"Authorization: Bearer one", b"Authorization: Bearer other"
TARGET = DAY.encode()
VALIDATION = {"code": 300, "message": "Validation Failed."}
LIMIT = "You have reached the maximum per-second rate limit for this API. Try again later."


def port_of(asking: Asking) -> int:
    """The main port."""
    return asking.shim.server.addresses[0][1]


@asynccontextmanager
async def full(asking: Asking) -> AsyncIterator[None]:
    """The block runs while one caller has as many requests under way as it may."""
    gate = asyncio.Event()
    asking.zoom.fail("/phone/call_history", delay=gate, times=None)
    flood = [
        asyncio.create_task(exchange(port_of(asking), request(TARGET + b"&page_size=%d" % n, ONE)))
        for n in range(1, MOST_OF_ONE + 1)
    ]
    await until(lambda: len(asking.zoom.calls) == MOST_OF_ONE)
    yield
    gate.set()
    assert {200} == {answer.status for answer in await asyncio.gather(*flood)}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request(b"/v2/phone/../phone/call_logs", ONE), 400, 400),
        (request(TARGET, ONE, b"Content-Length: 65537"), 413, 413),
        (request(b"/elsewhere", ONE), 404, 404),
        (request(b"/healthz"), 200, None),
        (request(TARGET), 401, 124),
        (request(f"{LIST}?from=nonsense".encode(), ONE), 400, 300),
        (request(f"{LIST}?next_page_token=nonsense".encode(), ONE), 400, 400),
        (request(TARGET, ONE), 429, 429),
        (request(f"{LIST}/an-id".encode(), ONE), 429, 429),
        (request(TARGET, ONE, method=b"HEAD"), 429, None),
        (request(b"/v2/users/me", ONE), 200, None),
    ],
    ids=["framing", "size", "route", "probe", "credential", "window", "token", "list", "details", "head", "elsewhere"],
)
async def test_a_full_room_is_told_behind_all_that_costs_nothing(sent, status, code):
    """A wrong request is told so even by a caller who has too many under way; other paths have a room of their own."""
    async with service(plain(1)) as asking, full(asking):
        answer = await exchange(port_of(asking), sent, to_head=sent.startswith(b"HEAD"))
    told = decode(answer.body or b"{}")
    assert (status, code) == (answer.status, told.get("code"))


async def test_the_refusal_is_v1s_and_says_when_to_come_again():
    """With the news that the operation is retired, as every answer of one."""
    async with service(plain(1)) as asking, full(asking):
        answer = await exchange(port_of(asking), request(TARGET, ONE))
        asked = len(asking.zoom.calls)
    assert ({"code": 429, "message": LIMIT}, [b"1"]) == (decode(answer.body), answer.all(b"retry-after"))
    assert ([b"@1750204800"], 1, MOST_OF_ONE) == (
        answer.all(b"deprecation"),
        len(answer.all(b"x-request-id")),
        asked,
    )


async def test_a_refused_request_leaves_nothing_behind(recwarn):
    """No half-begun answer, and its place is free at once."""
    async with service(plain(1)) as asking:
        async with full(asking):
            await exchange(port_of(asking), request(TARGET, ONE))
        assert 200 == (await exchange(port_of(asking), request(TARGET, ONE))).status
    assert [] == [str(one.message) for one in recwarn.list if "never awaited" in str(one.message)]


class TestBodies:
    """Of operations, which need none."""

    async def test_a_body_is_dropped_and_the_connection_used_on(self):
        """A GET with a form, as some programs send it."""
        sent = request(TARGET, ONE, b"Content-Type: application/json", sized(b"{}"), body=b"{}")
        async with service(plain(1)) as asking:
            answer = await exchange(port_of(asking), sent)
        assert (200, []) == (answer.status, answer.all(b"connection"))

    @pytest.mark.parametrize("size", [65537, 10**12])
    async def test_a_large_one_is_413(self, size):
        """By its announced length, whoever asks; the connection ends."""
        async with service(plain(1)) as asking:
            answer = await exchange(port_of(asking), request(TARGET, b"Content-Length: %d" % size))
            assert [] == asking.zoom.calls
        assert (413, 413, [b"close"]) == (answer.status, decode(answer.body)["code"], answer.all(b"connection"))
        assert 1 == len(answer.all(b"x-request-id"))


class TestPassingThrough:
    """Other paths have rooms of their own."""

    async def test_one_credential_never_takes_all_connections(self):
        """Neither by its header nor by its query; another one passes."""
        async with crowd(ONE, MOST_PASSED_OF_ONE) as (zoom, port):
            refused = await exchange(port, request(b"/v2/users", ONE))
            let_in = asyncio.ensure_future(exchange(port, request(b"/v2/users?access_token=other")))
            await until(lambda: len(zoom.requests) == MOST_PASSED_OF_ONE + 1)
            let_in.cancel()
        assert (429, [b"1"]) == (refused.status, refused.all(b"retry-after"))

    async def test_all_together_have_a_limit_too(self):
        """503 at once; operations and probes are served, and a place that becomes free is given away."""
        async with crowd(ONE, MOST_PASSED // 2) as (zoom, port), rest(zoom, port) as others:
            refused = await exchange(port, request(b"/v2/users", b"Authorization: Bearer third"))
            probe, unknown = await exchange(port, request(b"/readyz")), await exchange(port, request(TARGET))
            others[0].cancel()
            await until(lambda: zoom.open == MOST_PASSED - 1)
            let_in = asyncio.ensure_future(exchange(port, request(b"/v2/users", b"Authorization: Bearer third")))
            await until(lambda: len(zoom.requests) == MOST_PASSED + 1)
            let_in.cancel()
        assert (503, [b"1"], 200, 401) == (refused.status, refused.all(b"retry-after"), probe.status, unknown.status)


@asynccontextmanager
async def crowd(credential: bytes, size: int) -> AsyncIterator[tuple[RawUpstream, int]]:
    """The service's port, with so many requests of a credential that wait for an upstream that says nothing."""
    async with RawUpstream(answer=is_silent) as zoom, shim_at(f"{zoom.url}/v2") as shim:
        port = shim.server.addresses[0][1]
        waiting = await _waiting(zoom, port, credential, size)
        yield zoom, port
        await _given_up(waiting)


@asynccontextmanager
async def rest(zoom: RawUpstream, port: int) -> AsyncIterator[list[asyncio.Task[Message]]]:
    """The other half of all there may be, of another credential."""
    waiting = await _waiting(zoom, port, OTHER, MOST_PASSED // 2)
    yield waiting
    await _given_up(waiting)


async def _waiting(zoom: RawUpstream, port: int, credential: bytes, size: int) -> list[asyncio.Task[Message]]:
    before = len(zoom.requests)
    waiting = [asyncio.create_task(exchange(port, request(b"/v2/users", credential))) for _ in range(size)]
    await until(lambda: len(zoom.requests) == before + size)
    return waiting


async def _given_up(waiting: list[asyncio.Task[Message]]) -> None:
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
