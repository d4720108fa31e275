"""Two replicas of the service over one Redis, as clients of a balancer meet them: now the one, now the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken

from shim.standin import Standin
from tests.edge.raw import until
from tests.redis_server import RedisServer
from tests.service.app_service import APP, BEARER, SEALING_KEY, app_settings
from tests.service.running import Answer, Asking, in_front_of
from tests.service.worlds import DAY, LIST, MONTH, busy, plain

DETAIL = "get_call_history"
WALK = f"{MONTH}&page_size=30"


@asynccontextmanager
async def replicas(zoom: Standin, redis: RedisServer, **settings: str) -> AsyncIterator[tuple[Asking, Asking]]:
    """Two of them, alike, with keys of their own."""
    alike = {"SHIM_STATE_URL": redis.url, "SHIM_TOKEN_KEYS": SEALING_KEY, **settings}
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(in_front_of(zoom, alike)) for _ in range(2)]
        yield first, second


async def hop(askings: tuple[Asking, Asking], target: str) -> list[dict[str, Any]]:
    """All rows of a walk whose every page another replica serves than the one before."""
    rows: list[dict[str, Any]] = []
    turn, token = 0, ""
    while turn == 0 or token:
        answer = await askings[turn % 2].get(f"{target}&next_page_token={token}" if token else target)
        assert 200 == answer.status, answer.body
        rows += answer.body["call_logs"]
        turn, token = turn + 1, answer.body["next_page_token"]
    return rows


async def ready(asking: Asking) -> Answer:
    """What the replica says of itself."""
    return await asking.get("/readyz", authorization=None)


def ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of rows, in order."""
    return [row["id"] for row in rows]


async def test_a_walk_hops_between_replicas(redis: RedisServer) -> None:
    """Every page may come from another replica: the rows, their order and their ids are those of one alone."""
    world = busy(3, 90)
    async with Standin(world) as zoom, replicas(zoom, redis) as both:
        hopped = await hop(both, WALK)
        (alone,) = await both[0].walk(f"{MONTH}&page_size=300")
    assert alone["call_logs"] == hopped
    assert len(set(ids(hopped))) == len(hopped) > 60


async def test_a_walk_hops_without_keys_of_ones_own(redis: RedisServer) -> None:
    """The key made at first start is one for all replicas."""
    async with Standin(busy(3, 70)) as zoom, replicas(zoom, redis, SHIM_TOKEN_KEYS="") as both:
        assert len(await hop(both, WALK)) > 60


async def test_ids_agree_whoever_served_them_first(redis: RedisServer) -> None:
    """A row told from its summary by one replica keeps that id when the other has its details."""
    async with Standin(plain(*range(1, 6))) as zoom, replicas(zoom, redis) as (first, second):
        zoom.fail("/phone/call_history/", status=404)
        told = (await first.get(DAY)).body["call_logs"]
        exact = (await second.get(DAY)).body["call_logs"]
        details = await second.get(f"{LIST}/{told[0]['id']}")
    assert ids(told) == ids(exact)
    assert (200, told[0]["id"]) == (details.status, details.body["id"])


async def test_one_token_serves_both(redis: RedisServer) -> None:
    """Two replicas of an app that start and are asked at once fetch one token; one refused is replaced once."""
    async with Standin(plain(1, 2), app=APP) as zoom, replicas(zoom, redis, **app_settings()) as both:
        answers = await asyncio.gather(*(one.get(DAY, authorization=BEARER) for one in both for _ in range(10)))
        assert ({200}, 1) == ({answer.status for answer in answers}, zoom.token_requests)
        zoom.revoke_tokens()
        answers = await asyncio.gather(*(one.get(DAY, authorization=BEARER) for one in both for _ in range(10)))
        assert ({200}, 2) == ({answer.status for answer in answers}, zoom.token_requests)


async def test_a_finished_record_serves_the_other_replica(redis: RedisServer) -> None:
    """What one replica asked details for, the other lists after a first detail of its own, with the same rows."""
    async with Standin(plain(*range(1, 11))) as zoom, replicas(zoom, redis) as (first, second):
        made = (await first.get(DAY)).body
        await until(lambda: 10 == len(redis.holds("record:")))
        zoom.forget_calls()
        again = (await second.get(DAY)).body
        calls = Counter(zoom.counts)
    assert made == {**again, "next_page_token": made["next_page_token"]}
    assert 1 == calls[DETAIL]


async def test_another_credential_must_show_that_it_may_have_details(redis: RedisServer) -> None:
    """A credential without the scope of details gets no record out of Redis that another one filled it with."""
    bearers = {"may": None, "may-not": None}
    async with Standin(plain(*range(1, 6)), bearers=bearers) as zoom, replicas(zoom, redis) as (first, second):
        made = (await first.get(DAY, authorization="Bearer may")).body["call_logs"]
        await until(lambda: 5 == len(redis.holds("record:")))
        zoom.revoke("/phone/call_history/", bearer="may-not")
        told = (await second.get(DAY, authorization="Bearer may-not")).body["call_logs"]
    assert ids(made) == ids(told)
    assert all("path" in row for row in made)
    assert made != told


async def test_together_they_keep_to_one_budget(redis: RedisServer) -> None:
    """Two replicas that work at once make no more calls in any second than one may: it takes them as long."""
    clock = asyncio.get_running_loop().time
    async with (
        Standin(plain(*range(1, 9))) as zoom,
        replicas(zoom, redis, SHIM_RATE_SHARE="0.8", SHIM_PLAN="pro") as both,
    ):
        start = clock()
        answers = await asyncio.gather(*(one.get(DAY) for one in both))
        took = clock() - start
        light = zoom.counts[DETAIL] + zoom.counts["get_user"]
    assert {200} == {answer.status for answer in answers}
    assert 16 < light <= 32  # one alone may make sixteen at once
    assert took >= 1.0


async def test_a_429_holds_both_back(redis: RedisServer) -> None:
    """What Zoom tells one replica to wait for, the other does not try."""
    async with Standin(plain(1, 2)) as zoom, replicas(zoom, redis) as (first, second):
        zoom.fail("/phone/call_history", status=429, headers={"Retry-After": "60"}, times=1)
        refused = await first.get(DAY)
        await until(lambda: redis.holds("held:") != [])
        zoom.forget_calls()
        also = await second.get(DAY)
        assert (429, 429) == (refused.status, also.status)
        assert refused.body == also.body
        assert 50 < int(also.headers["Retry-After"]) <= 60
        assert {} == dict(zoom.counts)


async def test_answers_go_on_while_redis_is_gone(redis: RedisServer) -> None:
    """Redis killed in the middle of a walk: the walk goes on, readiness tells, and what was served is kept later.

    All replicas have lost it at once: one that called itself unready would leave clients with none.
    """
    async with Standin(busy(3, 90)) as zoom, replicas(zoom, redis) as both:
        page = (await both[0].get(WALK)).body
        redis.stop()
        rest = await both[0].walk(WALK, token=page["next_page_token"])
        away, shown = await ready(both[0]), both[0].shim.ops.meters.exposition()
        redis.start()
        await until(lambda: both[0].shim.ops.identities.trouble() is None)
        await until(lambda: both[0].shim.ops.identities.waiting() == 0)
        later = [row for told in rest for row in told["call_logs"]]
        kept = len(redis.holds("call:"))
        back = await ready(both[0])
        found = await both[1].get(f"{LIST}/{later[-1]['id']}")
    told = {"status": "ready", "state_degraded": "Redis does not answer", "ids_waiting": len(later)}
    assert (200, told) == (away.status, away.body)
    assert (True, True) == (b"shim_state_trouble 1.0" in shown, b"shim_replicas " in shown)
    assert (200, {"status": "ready"}, 200) == (back.status, back.body, found.status)
    assert 50 < len(later) <= kept
    assert len(set(ids(page["call_logs"] + later))) == len(page["call_logs"] + later)


async def test_a_redis_that_hangs_costs_one_wait(redis: RedisServer) -> None:
    """Redis paused: the first to ask waits a moment, everybody else is answered as if there were none."""
    async with Standin(plain(*range(1, 6))) as zoom, replicas(zoom, redis) as (first, _):
        redis.pause()
        clock = asyncio.get_running_loop().time
        start = clock()
        answers = [await first.get(f"{DAY}&page_size={size}") for size in range(10, 30)]
        took = clock() - start
        redis.resume()
        await until(lambda: first.shim.ops.identities.trouble() is None)
    assert {200} == {answer.status for answer in answers}
    assert took < 20 * 0.3  # each waiting for Redis once would take longer


@pytest.mark.parametrize("kind", ["token:", "record:"])
async def test_what_is_in_redis_is_sealed(redis: RedisServer, kind: str) -> None:
    """Neither the app's token nor a name or number of a record can be read there."""
    world = plain(1, caller_name="Ada Synthetic")
    async with Standin(world, app=APP) as zoom, replicas(zoom, redis, **app_settings()) as (first, _):
        await first.get(DAY, authorization=BEARER)
        await until(lambda: redis.holds("record:") != [])
        (key,) = redis.holds(kind)
        dump = redis.ask("DUMP", key)
    assert b"Ada" not in dump
    assert b"1202555" not in dump
    assert b"gAAAA" in dump


async def test_without_keys_of_ones_own_the_apps_secret_seals(redis: RedisServer) -> None:
    """Two replicas share token and records, and the key that lies in Redis opens neither."""
    async with (
        Standin(plain(1, 2, 3), app=APP) as zoom,
        replicas(zoom, redis, **app_settings(SHIM_TOKEN_KEYS="")) as both,
    ):
        first, second = both
        made = await first.get(DAY, authorization=BEARER)
        await until(lambda: 3 == len(redis.holds("record:")))
        assert made.body["call_logs"] == (await second.get(DAY, authorization=BEARER)).body["call_logs"]
        assert (4, 1) == (Counter(zoom.counts)[DETAIL], zoom.token_requests)
    key = Fernet(redis.ask("GET", "shim:sealing-key"))
    for sealed in (redis.ask("GET", redis.holds("record:")[0]), redis.ask("HGET", redis.holds("token:")[0], "sealed")):
        with pytest.raises(InvalidToken):
            key.decrypt(sealed + b"=" * (-len(sealed) % 4))


async def test_a_replica_with_other_keys_is_served_nothing(redis: RedisServer) -> None:
    """What does not open is not there: it fetches tokens and details of its own."""
    async with Standin(plain(1, 2, 3), app=APP) as zoom, AsyncExitStack() as stack:
        alike = app_settings(SHIM_STATE_URL=redis.url, SHIM_TOKEN_KEYS=SEALING_KEY)
        first = await stack.enter_async_context(in_front_of(zoom, alike))
        made = await first.get(DAY, authorization=BEARER)
        await until(lambda: 3 == len(redis.holds("record:")))
        other = {**alike, "SHIM_TOKEN_KEYS": "b3RoZXItc2VhbGluZy1rZXktb2YtMzItYnl0ZXMhISE="}
        second = await stack.enter_async_context(in_front_of(zoom, other))
        again = await second.get(DAY, authorization=BEARER)
        assert made.body == again.body
        assert (6, 2) == (Counter(zoom.counts)[DETAIL], zoom.token_requests)
