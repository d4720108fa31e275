"""The key that replicas seal with when none is given: one for all, whatever becomes of the Redis that keeps it."""

import pytest
from cryptography.fernet import Fernet

from adapters.redis.link import RedisLink
from adapters.redis.sealing_key import DIFFERS, OFFERED_EVERY, SharedSealingKey
from adapters.state.redis import RedisIdentities
from tests.adapters.redis_links import linked
from tests.adapters.served_calls import served
from tests.edge.raw import until
from tests.redis_server import RedisServer

KEY = "shim:sealing-key"


def key_of(link: RedisLink) -> SharedSealingKey:
    """A replica's way to the key; its clock stands still."""
    return SharedSealingKey(link, clock=lambda: 0.0)


async def test_the_first_replicas_key_is_everybodys(redis: RedisServer) -> None:
    """Whoever comes later seals with it too."""
    async with linked(redis) as one, linked(redis) as other:
        key = await key_of(one).use()
        assert key == await key_of(other).use()
        assert key.encode() == redis.ask("GET", KEY)


@pytest.mark.parametrize("command", [("SET", KEY, "no key"), ("SET", KEY, "\xff" * 44), ("SADD", KEY, "a")])
async def test_what_is_no_key_is_replaced(redis: RedisServer, command: tuple[str, ...]) -> None:
    """No replica starts with it, and all start with the same."""
    redis.ask(*command)
    async with linked(redis) as one, linked(redis) as other:
        key = await key_of(one).use()
        Fernet(key)
        assert key == await key_of(other).use()


async def test_a_redis_that_lost_it_gets_it_back(redis: RedisServer) -> None:
    """Restarted empty or emptied: a replica that starts then seals as the others do."""
    moment = [0.0]
    async with linked(redis) as link:
        identities = RedisIdentities(link, clock=lambda: moment[0])
        key = await identities.sealing_key()
        redis.ask("FLUSHALL")
        moment[0] = OFFERED_EVERY
        await identities.pin("", [served(1)])
        await until(lambda: redis.holds("sealing-key") != [])
        redis.stop()
        await identities.pin("", [served(2)])
        redis.start()
        await until(lambda: redis.holds("sealing-key") != [])
        assert (key.encode(), None) == (redis.ask("GET", KEY), identities.trouble())


async def test_one_that_started_without_redis_says_that_its_key_is_another(redis: RedisServer) -> None:
    """The key stays what it was, for clients carry what it sealed; that it is another one is told until a new start."""
    redis.ask("SET", KEY, Fernet.generate_key().decode())
    redis.stop()
    async with linked(redis) as link:
        identities = RedisIdentities(link)
        key = await identities.sealing_key()
        redis.start()
        redis.ask("SET", KEY, Fernet.generate_key().decode())
        await until(lambda: identities.trouble() == DIFFERS)
        assert key == await identities.sealing_key()


async def test_one_that_started_without_redis_offers_its_own(redis: RedisServer) -> None:
    """Where there is none yet, it is everybody's from then on."""
    redis.stop()
    async with linked(redis) as link:
        identities = RedisIdentities(link)
        key = await identities.sealing_key()
        redis.start()
        await until(lambda: redis.holds("sealing-key") != [])
        assert (key.encode(), None) == (redis.ask("GET", KEY), identities.trouble())
