"""The app's token in Redis: one replica fetches, the others have it, and nobody can read or exchange it there."""

import asyncio

import pytest
from cryptography.fernet import Fernet

from adapters.redis.link import RedisLink
from adapters.redis.token_store import LONGEST, RedisTokenStore
from adapters.sealing import Seal
from adapters.shared_token import LOCKED_FOR, Claim, SharedGrants
from adapters.token_endpoint import Grant, NotGranted
from tests.adapters.redis_links import counted, linked
from tests.redis_server import RedisServer

KEYS = [Fernet.generate_key().decode()]
GRANT = Grant("Bearer one", asked_at=100.0, life=3_600.0, scopes=frozenset({"phone:read:admin"}))
TOKEN, LOCK = "shim:token:kin", "shim:token-lock:kin"


def store(link: RedisLink, family: str = "kin") -> RedisTokenStore:
    """A replica's store, a minute after `GRANT` was asked for."""
    return RedisTokenStore(link, family=family, seal=Seal(KEYS), clock=lambda: 160.0, now=lambda: 1e9)


class Endpoint:
    """A token endpoint that gives what it is told, counted."""

    def __init__(self, *answers: Grant | NotGranted) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def grant(self, *, deadline: float, other_than: str = "") -> Grant:
        """The next answer, after a moment."""
        self.asked += 1
        await asyncio.sleep(0.02)
        answer = self.answers.pop(0)
        if isinstance(answer, NotGranted):
            raise answer
        return answer


async def test_of_two_that_need_one_the_first_fetches(redis: RedisServer) -> None:
    """The other waits for it and has it with the life it has left; the claim ends by itself if the first one dies."""
    async with linked(redis) as one, linked(redis) as other:
        assert (Claim.OURS, Claim.THEIRS) == (
            await store(one).claim("", seconds=LOCKED_FOR),
            await store(other).claim("", seconds=LOCKED_FOR),
        )
        assert 0 < redis.ask("PTTL", LOCK) <= LOCKED_FOR * 1_000
        await store(one).keep(GRANT)
        got = await store(other).claim("", seconds=LOCKED_FOR)
        assert isinstance(got, Grant)
        assert (GRANT.authorization, GRANT.scopes, 160.0) == (got.authorization, got.scopes, got.asked_at)
        assert GRANT.life - 70 < got.life <= GRANT.life - 60


async def test_a_token_that_was_refused_is_fetched_anew(redis: RedisServer) -> None:
    """Only another one than that is handed out; whoever still holds an older one gets the newer."""
    async with linked(redis) as link:
        await store(link).keep(GRANT)
        assert Claim.OURS is await store(link).claim(GRANT.authorization, seconds=LOCKED_FOR)
        assert isinstance(await store(link).claim("Bearer older", seconds=LOCKED_FOR), Grant)


async def test_a_token_about_to_end_is_none(redis: RedisServer) -> None:
    """It would be refused before it is used."""
    async with linked(redis) as link:
        await store(link).keep(GRANT)
        redis.ask("PEXPIRE", TOKEN, 4_000)
        assert Claim.OURS is await store(link).claim("", seconds=LOCKED_FOR)


async def test_a_claim_is_ended_by_its_own_replica_alone(redis: RedisServer) -> None:
    """One that was late ends no other's claim."""
    async with linked(redis) as one, linked(redis) as other:
        await store(one).claim("", seconds=LOCKED_FOR)
        await store(other).release()
        assert Claim.THEIRS is await store(other).claim("", seconds=LOCKED_FOR)
        await store(one).release()
        assert Claim.OURS is await store(other).claim("", seconds=LOCKED_FOR)


@pytest.mark.parametrize("key", [TOKEN, LOCK])
@pytest.mark.parametrize("command", [("SET", "x"), ("HSET", "sealed", "x"), ("SADD", "x")])
async def test_what_is_none_of_ours_keeps_nobody_from_a_token(
    redis: RedisServer, key: str, command: tuple[str, ...]
) -> None:
    """A value somebody else left is no token and no claim, and is replaced."""
    redis.ask(command[0], key, *command[1:])
    async with linked(redis) as link:
        assert Claim.OURS is await store(link).claim("", seconds=LOCKED_FOR)
        await store(link).keep(GRANT)
        await store(link).release()
        assert isinstance(await store(link).claim("", seconds=LOCKED_FOR), Grant)


async def test_another_apps_token_does_not_open(redis: RedisServer) -> None:
    """Moved to our key it is none: replicas would work for another account. Nor does one of endless length."""
    async with linked(redis) as link:
        await store(link, "strangers").keep(GRANT)
        redis.ask("COPY", "shim:token:strangers", TOKEN)
        assert Claim.OURS is await store(link).claim("", seconds=LOCKED_FOR)
        await store(link).release()
        redis.ask("HSET", TOKEN, "sealed", "x" * (LONGEST + 1))
        assert Claim.OURS is await store(link).claim("", seconds=LOCKED_FOR)


async def test_a_token_costs_a_round_trip(redis: RedisServer) -> None:
    """To take one; three to fetch, keep and release."""
    async with counted(redis) as way, linked(redis, url=way.url, beat=60) as link:
        grants = SharedGrants(Endpoint(GRANT), store(link), clock=lambda: 160.0)
        await store(link).claim("", seconds=LOCKED_FOR)
        await store(link).release()  # the server knows the scripts
        before = way.trips
        await grants.grant(deadline=200.0)
        assert 3 == way.trips - before
        await grants.grant(deadline=200.0)
        assert 4 == way.trips - before


async def test_many_replicas_fetch_one_token(redis: RedisServer) -> None:
    """Asked all at once, one of them fetches; when that fails the next one does."""
    endpoint = Endpoint(NotGranted("unavailable"), GRANT)
    async with linked(redis) as one, linked(redis) as other:
        grants = [SharedGrants(endpoint, store(link), clock=lambda: 160.0) for link in (one, other) * 5]
        answers = await asyncio.gather(*(each.grant(deadline=200.0) for each in grants), return_exceptions=True)
    assert 2 == endpoint.asked
    assert [GRANT.authorization] * 9 == [each.authorization for each in answers if isinstance(each, Grant)]


async def test_while_redis_is_gone_each_fetches_its_own(redis: RedisServer) -> None:
    """And keeps it to itself."""
    endpoint = Endpoint(GRANT, GRANT)
    async with linked(redis) as link:
        redis.stop()
        grants = SharedGrants(endpoint, store(link), clock=lambda: 160.0)
        assert [GRANT, GRANT] == [await grants.grant(deadline=200.0) for _ in range(2)]
        assert Claim.AWAY is await store(link).claim("", seconds=LOCKED_FOR)
