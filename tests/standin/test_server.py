"""Bearers, scopes, faults, limits and headers: what every request meets, and what a test sees of it."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

import aiohttp
import pytest

from adapters.ports import Category
from contracts.cases import World
from shim.standin import Call, Standin, subset
from tests.standin.asking import WHOLE_WINDOW, Client, Clock, uuids

LIST = "/phone/call_history"
INVALID = {"code": 124, "message": "Invalid access token."}
UNKNOWN_PATH = {"code": 2300, "message": "This API endpoint is not recognized."}


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Basic dG9rZW4=", "token"])
async def test_a_request_without_a_bearer_is_refused(client: Client, authorization: str) -> None:
    """Without a bearer nothing is answered."""
    answer = await client.get(LIST, headers={"Authorization": authorization})
    assert (401, INVALID) == (answer.status, answer.body)


async def test_each_bearer_sees_its_own_account(client_of: Callable[..., Client], world: World) -> None:
    """Known bearers see their own world, the rest are refused, and a page token stays in its account."""
    inbound = subset(world, lambda row: row["direction"] == "inbound")
    outbound = subset(world, lambda row: row["direction"] == "outbound")
    async with Standin(world, clock=Clock(), bearers={"whole": None, "part": outbound}) as zoom:
        whole, part, stranger = (client_of(zoom, bearer) for bearer in ("whole", "part", "stranger"))
        everything, some = await whole.get(LIST, WHOLE_WINDOW), await part.get(LIST, WHOLE_WINDOW)
        token = {"next_page_token": everything.body["next_page_token"]}
        hidden = await part.get(f"{LIST}/{inbound.records[0]['call_history_uuid']}")
        statuses = [(await each.get(LIST, token)).status for each in (whole, part, stranger)]
    assert (700, len(outbound.call_history)) == (everything.body["total_records"], some.body["total_records"])
    assert (404, [200, 400, 401]) == (hidden.status, statuses)


async def test_a_call_arrives_in_one_account(client_of: Callable[..., Client], world: World) -> None:
    """A call added for a bearer is seen in that bearer's account only."""
    empty = subset(world, lambda row: False)
    async with Standin(world, clock=Clock(), bearers={"whole": None, "empty": empty}) as zoom:
        zoom.add_call(world.call_history[0], world.records[0], bearer="empty")
        totals = [
            (await client_of(zoom, bearer).get(LIST, WHOLE_WINDOW)).body["total_records"]
            for bearer in ("whole", "empty")
        ]
    assert [700, 1] == totals


async def test_every_path_exists_below_an_account(client: Client, zoom: Standin, world: World) -> None:
    """The account's own prefix changes nothing, and faults and scopes are scripted without it."""
    prefix = "/accounts/q6gBJVO5TzexKYTb_I2rpg"
    assert uuids(world.call_history[:30]) == uuids((await client.get(prefix + LIST, WHOLE_WINDOW)).body["call_history"])
    zoom.fail("/phone/users", status=503)
    assert 503 == (await client.get(f"{prefix}/phone/users")).status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/phone/call_logs"),
        ("GET", "/phone/call_history/one/two"),
        ("GET", "/meetings/123"),
        ("GET", "/accounts/me"),
        ("PATCH", "/phone/call_history/20260501-x/client_code"),
        ("POST", "/phone/users"),
    ],
)
async def test_an_unknown_endpoint_is_not_found(client: Client, method: str, path: str) -> None:
    """What Zoom does not know here is a 404 of its own kind."""
    answer = await client.ask(method, path)
    assert (404, UNKNOWN_PATH) == (answer.status, answer.body)


async def test_the_caller_is_somebody(client: Client) -> None:
    """The caller's own profile is there to be passed through."""
    assert "dana.whitfield@example.com" == (await client.get("/users/me")).body["email"]


async def test_a_scope_taken_away(client: Client, zoom: Standin) -> None:
    """A path whose scope is gone is refused with the scope's name, other paths go on."""
    zoom.revoke("/phone/users", scopes=("phone:read:list_users:admin", "phone:read:user:admin"))
    message = "Invalid access token, does not contain scopes:[phone:read:list_users:admin, phone:read:user:admin]."
    for path in ("/phone/users", "/phone/users/nobody"):
        answer = await client.get(path)
        assert (400, {"code": 4711, "message": message}) == (answer.status, answer.body)
    assert 200 == (await client.get("/phone/sites")).status


async def test_a_scope_taken_away_from_one_bearer(client_of: Callable[..., Client], zoom: Standin) -> None:
    """A scope may be missing for one bearer only."""
    zoom.revoke("/phone/users", bearer="poor")
    statuses = [(await client_of(zoom, bearer).get("/phone/users")).status for bearer in ("poor", "rich")]
    assert [400, 200] == statuses


async def test_faults_come_in_their_order(client: Client, zoom: Standin) -> None:
    """Faults are used up one after the other by the requests whose path they fit; then the truth is answered."""
    zoom.fail(LIST, status=500, times=2)
    zoom.fail(LIST, status=429, body={"code": 429, "message": "Slow down."}, headers={"Retry-After": "1"})
    zoom.fail("/phone/users", status=502, body=b'"no envelope"')
    answers = [await client.get(LIST) for _ in range(4)]
    assert [500, 500, 429, 200] == [answer.status for answer in answers]
    assert {"code": 500, "message": HTTPStatus(500).phrase} == answers[0].body
    assert ({"code": 429, "message": "Slow down."}, "1") == (answers[2].body, answers[2].headers["Retry-After"])
    assert "no envelope" == (await client.get("/phone/users")).body


@pytest.mark.parametrize(("status", "code"), [(401, 124), (429, 429), (503, 503)])
async def test_a_fault_without_a_body_has_zooms_envelope(client: Client, zoom: Standin, status: int, code: int) -> None:
    """A bare status comes with the envelope that goes with it."""
    zoom.fail(LIST, status=status)
    assert code == (await client.get(LIST)).body["code"]


async def test_a_lasting_fault_never_ends(client: Client, zoom: Standin) -> None:
    """A fault without a number of times stays."""
    zoom.fail(LIST, status=503, times=None)
    assert [503] * 5 == [(await client.get(LIST)).status for _ in range(5)]


async def test_a_delay_holds_the_true_answer_back(client: Client, zoom: Standin) -> None:
    """A delayed request is answered truly when the test lets it go; others overtake it."""
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await gate.wait()

    zoom.fail(LIST, delay=hold())
    async with asyncio.timeout(10):
        held = asyncio.create_task(client.get(LIST))
        await arrived.wait()
        overtaking = await client.get(LIST)
        assert (200, False) == (overtaking.status, held.done())
        gate.set()
        assert 200 == (await held).status


class Gate(asyncio.Event):
    """An event that counts who waits at it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals = asyncio.Semaphore(0)

    async def wait(self) -> Literal[True]:
        """Waits like any event, once counted."""
        self.arrivals.release()
        return await super().wait()


async def test_one_event_holds_many(client: Client, zoom: Standin) -> None:
    """An event holds every request of its fault until it is set; a status comes after the wait."""
    gate = Gate()
    zoom.fail(LIST, status=504, times=2, delay=gate)
    async with asyncio.timeout(10):
        held = [asyncio.create_task(client.get(LIST)) for _ in range(2)]
        await gate.arrivals.acquire()
        await gate.arrivals.acquire()
        gate.set()
        assert [504, 504] == [(await each).status for each in held]


async def test_leaving_cuts_a_request_that_is_still_held(client_of: Callable[..., Client], world: World) -> None:
    """The stand-in closes at once, also while a request waits for its test."""
    arrived = asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        async with Standin(world, clock=Clock()) as zoom:
            zoom.fail(LIST, delay=hold())
            held = asyncio.create_task(client_of(zoom).get(LIST))
            await arrived.wait()
        with pytest.raises(aiohttp.ClientConnectionError):
            await held


async def test_calls_are_seen_as_they_came(client: Client, zoom: Standin) -> None:
    """Requests are kept raw and in order, and counted by what they asked for."""
    await client.get(LIST, [("call_ids", "1"), ("call_ids", "2")])
    await client.get(f"{LIST}/a%20b")
    await client.ask("POST", "/nowhere")
    assert [
        Call("GET", f"/v2{LIST}", "call_ids=1&call_ids=2"),
        Call("GET", f"/v2{LIST}/a%20b", ""),
        Call("POST", "/v2/nowhere", ""),
    ] == zoom.calls
    assert {"list_call_history": 1, "get_call_history": 1, "unknown": 1} == zoom.counts
    zoom.forget_calls()
    assert ([], {}) == (zoom.calls, zoom.counts)


async def test_an_answer_is_zipped_for_who_asks(client: Client) -> None:
    """Compression is used when the request accepts it, and the content is the same."""
    plain = await client.get(LIST, headers={"Accept-Encoding": "identity"})
    zipped = await client.get(LIST, headers={"Accept-Encoding": "gzip, deflate"})
    assert (None, "gzip") == tuple(answer.headers.get("Content-Encoding") for answer in (plain, zipped))
    assert plain.body["call_history"] == zipped.body["call_history"]


async def test_an_answer_carries_zooms_headers(client: Client) -> None:
    """Every answer has its own tracking id and says its category, limit and what is left of it."""
    first, second = await client.get(LIST), await client.get(LIST)
    assert first.headers["x-zm-trackingid"] != second.headers["x-zm-trackingid"]
    names = ("X-RateLimit-Category", "X-RateLimit-Type", "X-RateLimit-Limit", "X-RateLimit-Remaining")
    assert ["Heavy", "QPS", "10", "8"] == [second.headers[name] for name in names]
    assert "application/json;charset=UTF-8" == first.headers["Content-Type"]


async def test_limits_are_only_reported_by_default(client: Client) -> None:
    """Without limits of its own the stand-in answers however fast it is asked."""
    answers = [await client.get(LIST) for _ in range(12)]
    assert {200} == {answer.status for answer in answers}
    assert "0" == answers[-1].headers["X-RateLimit-Remaining"]


async def test_limits_are_kept_when_given(client_of: Callable[..., Client], world: World, clock: Clock) -> None:
    """With limits the call too many within a second is a 429; a second later, or in another category, all is well."""
    limits = {Category.HEAVY: 2, Category.MEDIUM: 1, Category.LIGHT: 1}
    async with Standin(world, clock=clock, limits=limits) as zoom:
        client = client_of(zoom)
        burst = [await client.get(LIST) for _ in range(3)]
        other = await client.get("/phone/users")
        clock.advance(seconds=1)
        later = await client.get(LIST)
    message = "You have reached the maximum per-second rate limit for this API. Try again later."
    assert [200, 200, 429] == [answer.status for answer in burst]
    assert ({"code": 429, "message": message}, "0") == (burst[2].body, burst[2].headers["X-RateLimit-Remaining"])
    assert (200, 200) == (other.status, later.status)
