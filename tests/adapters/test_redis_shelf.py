"""Finished records that replicas find in Redis: sealed, for a day, in one round trip, and never in anybody's way."""

import pytest
from cryptography.fernet import Fernet

from adapters.finished import DAY, FinishedCall, FinishedRecord
from adapters.redis.link import RedisLink
from adapters.redis.shelf import LARGEST, MOST_AT_ONCE, RedisShelf
from adapters.sealing import Seal
from tests.adapters.redis_links import counted, linked
from tests.redis_server import RedisServer

KEYS = [Fernet.generate_key().decode()]


def record(uuid: str, *, size: int = 100) -> FinishedRecord:
    """A record with a name in it and so many bytes of details."""
    call = FinishedCall(
        group=0, v1_id=uuid, call_id="7", row=b'{"caller":"Ada"}', details=b"x" * size, is_listed=True, site_id="site"
    )
    return FinishedRecord(history_uuid=uuid, calls=(call,), kinds=frozenset({"users"}), refused=frozenset({"rooms"}))


def shelf(link: RedisLink, family: str = "kin", *, keys: list[str] = KEYS, now: float = 0.0) -> RedisShelf:
    """A shelf whose clock stands still."""
    return RedisShelf(link, family=family, seal=Seal(keys), now=lambda: 1e9 + now)


async def filled(link: RedisLink, *records: FinishedRecord, account: str = "") -> None:
    """Puts records, and returns when they are there."""
    one = shelf(link)
    for each in records:
        one.put(account, each)
    await one.aclose()


async def test_another_replica_finds_what_one_has_put(redis: RedisServer) -> None:
    """All of a record, for a day from when it was put; what nobody has put is not there."""
    async with linked(redis) as link, linked(redis) as other:
        await filled(link, record("a"), record("b"))
        assert {"a": (record("a"), DAY)} == dict(await shelf(other).take("", ["a", "c"]))
        assert {"b": (record("b"), DAY - 60)} == dict(await shelf(other, now=60).take("", ["b"]))
    assert {DAY} == {round(redis.ask("TTL", key), -1) for key in redis.holds("record:")}


async def test_accounts_and_families_are_apart(redis: RedisServer) -> None:
    """What another account or another kind of service has put is not found, and no account is named in a key."""
    async with linked(redis) as link:
        await filled(link, record("a"), account="of:somebody")
        assert {} == dict(await shelf(link).take("", ["a"]))
        assert {} == dict(await shelf(link, "strangers").take("of:somebody", ["a"]))
        assert ["a"] == list(await shelf(link).take("of:somebody", ["a"]))
    assert not any("somebody" in key for key in redis.holds())


async def test_a_page_takes_one_round_trip(redis: RedisServer) -> None:
    """Reading thirty records is one, writing them another."""
    uuids = [str(number) for number in range(30)]
    async with counted(redis) as way, linked(redis, url=way.url, beat=60) as link:
        await shelf(link).take("", ["a"])
        before = way.trips
        await filled(link, *map(record, uuids))
        assert 30 == len(await shelf(link).take("", uuids))
        assert 2 == way.trips - before


async def test_nothing_of_a_record_can_be_read_or_moved(redis: RedisServer) -> None:
    """It is sealed, opens with our keys alone, and under no other key than its own."""
    async with linked(redis) as link:
        await filled(link, record("a"), record("b"))
        one, other = redis.holds("record:")
        assert b"Ada" not in redis.ask("GET", one)
        assert {} == dict(await shelf(link, keys=[Fernet.generate_key().decode()]).take("", ["a"]))
        redis.ask("COPY", one, other, "REPLACE")
        assert {"a"} == (await shelf(link).take("", ["a", "b"])).keys()


@pytest.mark.parametrize(
    "command", [("SET", ""), ("SET", "something else"), ("SET", "x" * (LARGEST + 1)), ("SADD", "a"), ("SET", "\xff")]
)
async def test_what_is_none_of_ours_is_not_there(redis: RedisServer, command: tuple[str, str]) -> None:
    """Whatever lies at a record's key, the others are told; what is put there replaces it."""
    async with linked(redis) as link:
        await filled(link, record("a"), record("b"))
        key = redis.holds("record:")[0]
        redis.ask("DEL", key)
        redis.ask(command[0], key, command[1])
        assert ["b"] == list(await shelf(link).take("", ["a", "b"]))
        await filled(link, record("a"))
        assert ["a", "b"] == list(await shelf(link).take("", ["a", "b"]))


async def test_what_is_too_old_is_not_there(redis: RedisServer) -> None:
    """Even where it did not end by itself: what is sealed tells its age."""
    async with linked(redis) as link:
        await filled(link, record("a"))
        redis.ask("PERSIST", redis.holds("record:")[0])
        assert {} == dict(await shelf(link, now=DAY + 1).take("", ["a"]))


async def test_what_is_too_large_is_left_out(redis: RedisServer) -> None:
    """One record, or what a page asks for together: the rest is told, and nobody waits for megabytes."""
    large = [record(f"{number:03}", size=40_000) for number in range(50)]
    async with linked(redis) as link:
        await filled(link, record("a", size=LARGEST), *large)
        taken = await shelf(link).take("", ["a", *(each.history_uuid for each in large)])
    assert "a" not in taken
    assert 30 < len(taken) < 50
    assert sum(each.size for each, _ in taken.values()) <= MOST_AT_ONCE


async def test_while_redis_is_gone_there_is_nothing(redis: RedisServer) -> None:
    """Nothing is found, nothing waits to be put, and nothing fails."""
    async with linked(redis) as link:
        redis.stop()
        assert {} == dict(await shelf(link).take("", ["a"]))
        await filled(link, record("a"))
        redis.start()
        assert [] == redis.holds("record:")
