"""Ids in Redis beyond what every store promises: how long they live, and what happens while Redis is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.redis.link import RedisLink
from adapters.state.redis import RedisIdentities
from adapters.state.redis_calls import KEPT, LONGEST, MOST_OF_A_NAME
from tests.adapters.redis_links import counted, linked
from tests.adapters.served_calls import proposing, served
from tests.edge.raw import until
from tests.redis_server import RedisServer

CALL, OTHER = served(1), served(2)


@asynccontextmanager
async def opened(redis: RedisServer, *, most_waiting: int = 100) -> AsyncIterator[tuple[RedisIdentities, RedisLink]]:
    """Identities over a link of their own."""
    async with linked(redis) as link:
        identities = RedisIdentities(link, most_waiting=most_waiting)
        yield identities, link
        await identities.close()


async def test_everything_ends_after_thirteen_months(redis: RedisServer) -> None:
    """Calls and names carry their end with them; only the sealing key has none."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL, OTHER])
        await identities.sealing_key()
        lives = {key: redis.ask("TTL", key) for kind in ("call:", "name:") for key in redis.holds(kind)}
    assert len(lives) > 10
    assert {int(KEPT.total_seconds())} == {round(life, -1) for life in lives.values()}
    assert -1 == redis.ask("TTL", "shim:sealing-key")


async def test_a_call_served_again_ends_no_later(redis: RedisServer) -> None:
    """The months count from when a call was first served, as in a file."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
        (key,) = redis.holds("call:")
        redis.ask("EXPIRE", key, 100)
        await identities.pin("", [proposing(CALL, "later")])
        assert 90 < redis.ask("TTL", key) <= 100


async def test_a_call_that_was_lost_gets_its_names_back_for_as_long(redis: RedisServer) -> None:
    """One that Redis gave up is kept anew for its thirteen months, and found for as long."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
    redis.ask("DEL", *redis.holds("call:"))
    for name in redis.holds("name:"):
        redis.ask("EXPIRE", name, 100)
    async with opened(redis) as (another, _):
        await another.pin("", [CALL])
    assert all(redis.ask("TTL", key) > 100 for kind in ("call:", "name:") for key in redis.holds(kind))


async def test_a_name_whose_call_has_ended_finds_nothing(redis: RedisServer) -> None:
    """What a name stood for is looked up, never believed."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
        redis.ask("DEL", *redis.holds("call:"))
        async with opened(redis) as (another, _):
            assert () == tuple(await another.find("", CALL.proposed_id))


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "something else"),
        ("SET", ""),
        ("SET", "x" * (LONGEST + 1)),
        ("SADD", "a", "b"),
        ("HSET", "field", "value"),
    ],
    ids=lambda command: f"{command[0]} of {len(command[1])}",
)
async def test_what_is_none_of_ours_makes_room(redis: RedisServer, command: tuple[str, ...]) -> None:
    """A key of ours that somebody else wrote is no call when it is looked for, and is one again when it is served:
    all replicas then serve the same id.
    """
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
    (key,) = redis.holds("call:")
    redis.ask("DEL", key)
    redis.ask(command[0], key, *command[1:])
    async with opened(redis) as (one, _), opened(redis) as (another, _):
        assert () == tuple(await one.find("", CALL.proposed_id))
        later = [proposing(CALL, "later"), OTHER]
        assert [later[0].proposed_id, OTHER.proposed_id] == list(await one.pin("", later))
        assert [later[0].proposed_id] == list(await another.pin("", [proposing(CALL, "last")]))
        assert (None, 0) == (one.trouble(), one.waiting())
    assert 0 < redis.ask("TTL", key)


async def test_a_name_that_is_none_of_ours_makes_room(redis: RedisServer) -> None:
    """It finds nothing, then the call that is served under it; a name as big as no name is costs nothing."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
    for name in redis.holds("name:"):
        redis.ask("SET", name, "something else")
    async with opened(redis) as (one, _), opened(redis) as (another, _):
        assert () == tuple(await one.find("", CALL.proposed_id))
        await one.pin("", [CALL])
        assert [CALL.proposed_id] == [call.v1_id for call in await another.find("", CALL.proposed_id)]
        for name in redis.holds("name:"):
            redis.ask("SADD", name, *(f"0:of-nobody-{number}" for number in range(2_000)))
        redis.ask("CONFIG", "RESETSTAT")
        await one.find("", CALL.history_uuid)
        assert MOST_OF_A_NAME == redis.ask("INFO", "commandstats")["cmdstat_strlen"]["calls"]


async def test_a_refusal_is_told_and_healed(redis: RedisServer) -> None:
    """A user who may not write calls is no trouble of the server: ids wait, that is told, later they are written."""
    redis.ask("ACL", "SETUSER", "shy", "on", ">p", "~shim:*", "+@all", "-set")
    try:
        async with linked(redis, url=redis.url.replace("//", "//shy:p@")) as link:
            identities = RedisIdentities(link)
            await identities.pin("", [CALL])
            await until(lambda: link.trouble() is None)
            await identities.pin("", [OTHER])
            assert (False, 2) == (identities.trouble() is None, identities.waiting())
            redis.ask("ACL", "SETUSER", "shy", "+set")
            await link.try_again()
            await identities.pin("", ())
            assert (None, 0) == (identities.trouble(), identities.waiting())
            assert 2 == len(redis.holds("call:"))
    finally:
        redis.ask("ACL", "DELUSER", "shy")


async def test_a_page_takes_one_round_trip(redis: RedisServer) -> None:
    """So does a look for a call; what is known to be kept takes none."""
    page = [served(number) for number in range(30)]
    async with counted(redis) as way, linked(redis, url=way.url, beat=60) as link:
        identities = RedisIdentities(link)
        await identities.pin("", [CALL])  # the server knows the scripts
        await identities.find("", CALL.call_id)
        trips = []
        for work in (identities.pin("", page), identities.find("", CALL.call_id), identities.pin("", page)):
            before = way.trips
            await work
            trips.append(way.trips - before)
    assert [1, 1, 0] == trips


async def test_nothing_walks_over_the_keys(redis: RedisServer) -> None:
    """Neither pinning three hundred calls nor finding one does, and each call is one command."""
    async with opened(redis) as (identities, _):
        redis.ask("CONFIG", "RESETSTAT")
        await identities.pin("", [served(number) for number in range(300)])
        await identities.find("", CALL.proposed_id)
        stats = redis.ask("INFO", "commandstats")
    assert {"cmdstat_keys", "cmdstat_scan"}.isdisjoint(stats)
    assert 300 <= stats["cmdstat_evalsha"]["calls"] < 310


async def test_a_server_that_has_forgotten_the_scripts_learns_them(redis: RedisServer) -> None:
    """As another one does that takes its place."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
        redis.ask("SCRIPT", "FLUSH")
        assert [OTHER.proposed_id] == list(await identities.pin("", [OTHER]))
        redis.ask("SCRIPT", "FLUSH")
        assert [OTHER.proposed_id] == [call.v1_id for call in await identities.find("", OTHER.call_id)]
        assert (None, 0) == (identities.trouble(), identities.waiting())


async def test_a_call_known_to_be_kept_costs_nothing(redis: RedisServer) -> None:
    """A page served again asks Redis for nothing, as long as nothing is new in it."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL, OTHER])
        redis.ask("CONFIG", "RESETSTAT")
        assert [OTHER.proposed_id] == list(await identities.pin("", [OTHER]))
        assert "cmdstat_evalsha" not in redis.ask("INFO", "commandstats")
        await identities.pin("", [proposing(OTHER, "later")])
        assert "cmdstat_evalsha" in redis.ask("INFO", "commandstats")


async def test_an_emptied_redis_gets_its_ids_back(redis: RedisServer) -> None:
    """What was believed to be kept is written again after a minute."""
    moment = [0.0]
    async with linked(redis) as link:
        identities = RedisIdentities(link, clock=lambda: moment[0])
        await identities.pin("", [CALL])
        redis.ask("FLUSHALL")
        moment[0] = 61.0
        await identities.pin("", [CALL])
        assert [CALL.proposed_id] == [call.v1_id for call in await identities.find("", CALL.call_id)]


async def test_ids_wait_while_redis_is_gone_and_are_written_later(redis: RedisServer) -> None:
    """Served without Redis, found without it, and in it as soon as it is back; the id served first stays."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
        redis.stop()
        assert [CALL.proposed_id, OTHER.proposed_id] == list(await identities.pin("", [proposing(CALL, "x"), OTHER]))
        assert ("Redis does not answer", 2) == (identities.trouble(), identities.waiting())
        assert [OTHER.proposed_id] == [call.v1_id for call in await identities.find("", OTHER.call_id)]
        redis.start()
        await until(lambda: identities.waiting() == 0)
        async with opened(redis) as (another, _):
            later = [proposing(CALL, "later"), proposing(OTHER, "later")]
            assert [CALL.proposed_id, OTHER.proposed_id] == list(await another.pin("", later))


async def test_what_a_replica_has_seen_it_finds_without_redis(redis: RedisServer) -> None:
    """While it is gone and when it comes back empty: what was served, and what was found there, under the same id."""
    moment = [0.0]
    async with linked(redis) as one, linked(redis) as other:
        first, second = (RedisIdentities(link, clock=lambda: moment[0]) for link in (one, other))
        await first.pin("", [CALL, OTHER])
        await second.find("", CALL.proposed_id)
        redis.stop()
        moment[0] = 61.0
        found = [await identities.find("", CALL.proposed_id) for identities in (first, second)]
        assert [[CALL.proposed_id]] * 2 == [[call.v1_id for call in calls] for calls in found]
        assert [] == list(await second.find("", OTHER.proposed_id))
        redis.start()
        await other.try_again()
        assert [CALL.proposed_id] == [call.v1_id for call in await second.find("", CALL.proposed_id)]
        assert [CALL.proposed_id] == list(await first.pin("", [proposing(CALL, "x")]))


async def test_what_another_replica_pinned_meanwhile_wins(redis: RedisServer) -> None:
    """Of two ids for one call the first in Redis is served from then on, and both find the call."""
    async with opened(redis) as (identities, _):
        redis.stop()
        mine = proposing(CALL, "mine")
        await identities.pin("", [mine])
        redis.start()
        async with opened(redis) as (another, _):
            await another.pin("", [CALL])
            await until(lambda: identities.waiting() == 0)
            assert [CALL.proposed_id] == list(await another.pin("", [proposing(CALL, "later")]))
            for key in (CALL.proposed_id, mine.proposed_id):
                assert [CALL.proposed_id] == [call.v1_id for call in await another.find("", key)]


async def test_readiness_tries_again(redis: RedisServer) -> None:
    """An empty page, which is what a probe pins, finds a Redis that is back before the next beat would."""
    async with opened(redis) as (identities, _):
        redis.stop()
        await identities.pin("", [CALL])
        redis.start()
        await identities.pin("", ())
        assert identities.trouble() is None


async def test_what_waits_is_bounded(redis: RedisServer) -> None:
    """The oldest ids are lost first, and nothing fails."""
    async with opened(redis, most_waiting=10) as (identities, _):
        redis.stop()
        await identities.pin("", [served(number) for number in range(30)])
        assert 10 == identities.waiting()
        redis.start()
        await until(lambda: identities.waiting() == 0)
        assert 10 == len(redis.holds("call:"))


async def test_what_waits_is_written_at_the_end(redis: RedisServer) -> None:
    """A process that ends while Redis has just come back leaves its ids there."""
    async with opened(redis) as (identities, _):
        redis.stop()
        await identities.pin("", [CALL])
        redis.start()
    assert 1 == len(redis.holds("call:"))


async def test_an_id_served_without_redis_stays_when_it_is_back(redis: RedisServer) -> None:
    """Even when the call is served again before what waits has been written."""
    async with linked(redis) as link:
        identities = RedisIdentities(link)
        redis.stop()
        await identities.pin("", [CALL])
        redis.start()
        await link.try_again()
        assert [CALL.proposed_id] == list(await identities.pin("", [proposing(CALL, "later")]))


async def test_the_account_is_no_part_of_a_key(redis: RedisServer) -> None:
    """Keys tell accounts apart by a hash, whatever characters an account has."""
    async with opened(redis) as (identities, _):
        await identities.pin("account:of-somebody", [CALL])
        assert [CALL.proposed_id] == [call.v1_id for call in await identities.find("account:of-somebody", CALL.call_id)]
    assert not any("somebody" in key for key in redis.holds())


async def test_no_personal_data_is_kept(redis: RedisServer) -> None:
    """Ids, times and the direction, nothing else."""
    async with opened(redis) as (identities, _):
        await identities.pin("", [CALL])
        (key,) = redis.holds("call:")
    parts = (CALL.proposed_id, CALL.history_uuid, CALL.call_id, CALL.start_time, CALL.direction)
    value = redis.ask("GET", key)
    assert len(value) <= sum(map(len, parts)) + 2 * len(parts) + 2
