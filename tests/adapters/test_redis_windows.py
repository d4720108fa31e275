"""The windows that replicas fill together: exact by the server's clock, whatever the replicas' own say."""

import asyncio
from dataclasses import dataclass

import pytest

from adapters.errors import UpstreamRefused
from adapters.ports import Category
from adapters.redis.windows import RedisWindows
from adapters.shared_windows import SharedTurn
from tests.adapters.redis_links import linked
from tests.edge.raw import until
from tests.redis_server import RedisServer

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
LIGHT = Category.LIGHT
REFUSED = UpstreamRefused(429, 429, "Try again later.", headers={"x-ratelimit-type": "QPS"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replicas' windows."""

    one: RedisWindows
    other: RedisWindows

    async def spend(self, count: int, *limits: tuple[int, int], lane: str = "lane") -> list[SharedTurn]:
        """The turns of so many calls at once, made by both in turn."""
        each = [self.one, self.other]
        turns = await asyncio.gather(*(each[turn % 2].spend(LIGHT, lane, limits) for turn in range(count)))
        return [turn for turn in turns if turn is not None]


@pytest.fixture
async def pair(redis: RedisServer):
    """Two replicas of one family."""
    async with linked(redis) as one, linked(redis) as other:
        await one.try_again()  # so that it knows of the other
        yield Pair(RedisWindows(one, family="kin"), RedisWindows(other, family="kin"))


async def test_both_fill_one_window(pair: Pair) -> None:
    """Of forty calls at once twenty go, and the others are told when the window is free again."""
    turns = await pair.spend(40, (20, HOUR))  # so long that none of them sees its end, however busy the machine
    assert 20 == sum(turn.wait == 0 for turn in turns)
    assert all(3_500 < turn.wait < 3_601 for turn in turns if turn.wait)


async def test_turns_at_once_fill_it_as_single_ones_do(pair: Pair) -> None:
    """As many as there is room for are spent at once; whichever window is fullest counts."""
    limits = [(20, HOUR), (50, DAY)]
    await pair.spend(3, *limits)
    first, second, third = [
        await each.spend(LIGHT, "lane", limits, at_most=10) for each in (pair.one, pair.other, pair.one)
    ]
    assert (SharedTurn(calls=10), SharedTurn(calls=7)) == (first, second)
    assert third is not None
    assert third.wait > 3_500


async def test_the_wait_is_long_enough(pair: Pair) -> None:
    """Whoever waits as long as told goes at the first try."""
    await pair.spend(3, (3, 100))
    (turn,) = await pair.spend(1, (3, 100))
    await asyncio.sleep(turn.wait)
    assert [SharedTurn()] == await pair.spend(1, (3, 100))


async def test_the_day_counts_as_well(pair: Pair) -> None:
    """A window that is full for long is waited for, though the second has room."""
    turns = await pair.spend(6, (10, HOUR), (4, DAY))
    assert 4 == sum(turn.wait == 0 for turn in turns)
    assert all(86_000 < turn.wait < 86_402 for turn in turns if turn.wait)


async def test_a_call_that_waits_spends_nothing(pair: Pair) -> None:
    """Those who are refused push nobody's turn back."""
    first = (await pair.spend(2, (1, HOUR)))[1]
    later = await pair.spend(20, (1, HOUR))
    assert all(turn.wait <= first.wait for turn in later)


async def test_lanes_categories_and_families_are_apart(redis: RedisServer, pair: Pair) -> None:
    """Each has windows of its own."""
    assert SharedTurn() == await pair.one.spend(LIGHT, "a", [(1, HOUR)])
    assert SharedTurn() == await pair.one.spend(LIGHT, "b", [(1, HOUR)])
    assert SharedTurn() == await pair.one.spend(Category.HEAVY, "a", [(1, HOUR)])
    async with linked(redis, family="strangers") as link:
        assert SharedTurn() == await RedisWindows(link, family="strangers").spend(LIGHT, "a", [(1, HOUR)])
    assert SharedTurn() != await pair.other.spend(LIGHT, "a", [(1, HOUR)])


async def test_a_server_whose_clock_was_set_back_blocks_nobody(redis: RedisServer, pair: Pair) -> None:
    """Calls stamped in what is now the future are forgotten, instead of filling the window until then."""
    await pair.spend(1, (1, HOUR))
    (key,) = redis.holds("spent:")
    redis.ask("DEL", key)
    redis.ask("ZADD", key, 32_503_680_000_000, "of-the-year-3000")
    first, second = await pair.spend(2, (1, HOUR))
    assert (SharedTurn(), True) == (first, second.wait < 3_601)


async def test_what_is_counted_ends_by_itself(redis: RedisServer, pair: Pair) -> None:
    """Nothing of a lane is left when its longest window is over."""
    await pair.spend(5, (10, SECOND))
    for key in redis.holds("spent:"):
        assert 0 < redis.ask("PTTL", key) <= 4_000


async def test_names_of_lanes_are_not_kept(redis: RedisServer, pair: Pair) -> None:
    """A lane may be named by an account: only a hash of it is written."""
    await pair.spend(1, (10, SECOND), lane="account-of-somebody")
    pair.one.hold(LIGHT, "account-of-somebody", seconds=5, refused=REFUSED)
    await until(lambda: redis.holds("held:") != [])
    assert not any("somebody" in key for key in redis.holds())


async def test_a_429_holds_everybody_back(redis: RedisServer, pair: Pair) -> None:
    """The other replica is told how long, and gets the refusal itself; then calls go on."""
    pair.one.hold(LIGHT, "lane", seconds=50, refused=REFUSED)
    await until(lambda: redis.holds("held:") != [])
    (turn,) = await pair.spend(1, (10, SECOND))
    assert turn.refused is not None
    assert (429, 429, "Try again later.", "QPS") == (
        turn.refused.status,
        turn.refused.code,
        turn.refused.message,
        turn.refused.headers["x-ratelimit-type"],
    )
    assert 40 < turn.wait <= 50
    redis.ask("PEXPIRE", redis.holds("held:")[0], 0)
    assert [SharedTurn()] == await pair.spend(1, (10, SECOND))


async def test_of_two_holds_the_longer_counts(redis: RedisServer, pair: Pair) -> None:
    """A later, shorter one does not cut the first short."""
    pair.one.hold(LIGHT, "lane", seconds=50, refused=REFUSED)
    await until(lambda: redis.holds("held:") != [])
    pair.other.hold(LIGHT, "lane", seconds=1, refused=REFUSED)
    await asyncio.sleep(0.01)
    pair.other.hold(LIGHT, "another", seconds=1, refused=REFUSED)
    await until(lambda: len(redis.holds("held:")) == 2)
    (turn,) = await pair.spend(1, (10, SECOND))
    assert turn.wait > 40


@pytest.mark.parametrize("command", [("SET", "something else"), ("SADD", "a")])
async def test_a_hold_that_is_none_of_ours_still_holds(
    redis: RedisServer, pair: Pair, command: tuple[str, ...]
) -> None:
    """Without a refusal to show, the wait alone is told."""
    pair.one.hold(LIGHT, "lane", seconds=50, refused=REFUSED)
    await until(lambda: redis.holds("held:") != [])
    (key,) = redis.holds("held:")
    redis.ask("DEL", key)
    redis.ask(*command[:1], key, *command[1:])
    redis.ask("PEXPIRE", key, 50_000)
    (turn,) = await pair.spend(1, (10, SECOND))
    assert (True, None) == (turn.wait > 40, turn.refused)


@pytest.mark.parametrize("command", [("SET", "x"), ("SADD", "x"), ("HSET", "field", "x")])
@pytest.mark.parametrize("kind", ["spent:", "held:"])
async def test_what_is_none_of_ours_neither_stops_calls_nor_frees_them(
    redis: RedisServer, pair: Pair, kind: str, command: tuple[str, ...]
) -> None:
    """A value somebody else left at our keys makes room for the count, and the limit holds."""
    await pair.spend(1, (10, HOUR))
    (key,) = redis.holds("spent:")
    redis.ask("DEL", key)
    redis.ask(command[0], key.replace("spent:", kind), *command[1:])
    turns = await pair.spend(30, (5, HOUR))
    assert (30, 5) == (len(turns), sum(turn.wait == 0 for turn in turns))


async def test_an_emptied_redis_is_not_believed_for_a_second(redis: RedisServer, pair: Pair) -> None:
    """Whichever lane notices, none spends in windows that have forgotten what went a moment ago."""
    await pair.spend(2, (10, HOUR))
    redis.ask("FLUSHALL")
    assert None is await pair.one.spend(LIGHT, "lane", [(10, HOUR)])
    assert None is await pair.one.spend(LIGHT, "another", [(10, HOUR)])
    assert 0 < pair.one.unsure_for() <= 1


async def test_a_mark_that_is_none_of_ours_makes_room(redis: RedisServer, pair: Pair) -> None:
    """By it an emptied Redis is known: what somebody else left there counts as that, and only once."""
    await pair.spend(2, (10, HOUR))
    (key,) = redis.holds("spent-since:")
    redis.ask("DEL", key)
    redis.ask("SADD", key, "x")
    await pair.spend(2, (10, HOUR))
    assert b"string" == redis.ask("TYPE", key)


async def test_a_refused_turn_leaves_the_replica_its_part_alone(redis: RedisServer, pair: Pair) -> None:
    """Where Redis answers and cannot tell all the same, nobody takes the whole limit for its own."""
    redis.ask("ACL", "SETUSER", "default", "-zadd")
    try:
        assert [] == await pair.spend(2, (10, HOUR))
    finally:
        redis.ask("ACL", "SETUSER", "default", "+@all")
    assert (2, 2) == (pair.one.parts(), pair.other.parts())


async def test_while_redis_is_gone_nobody_can_tell(redis: RedisServer, pair: Pair) -> None:
    """For a second nobody spends; then each keeps to its part, for a moment after the return too, empty as it is."""
    assert (1, 1) == (pair.one.parts(), pair.other.parts())
    assert (0.0, 0.0) == (pair.one.unsure_for(), pair.other.unsure_for())
    redis.stop()
    assert [] == await pair.spend(4, (10, SECOND))
    assert (2, 2) == (pair.one.parts(), pair.other.parts())
    assert all(0 < each.unsure_for() <= 1 for each in (pair.one, pair.other))
    redis.start()
    turns: list[SharedTurn] = []
    async with asyncio.timeout(5):
        while len(turns) < 4:
            turns = await pair.spend(4, (10, SECOND))
            await asyncio.sleep(0.02)
    assert (2, 2) == (pair.one.parts(), pair.other.parts())
