"""The way to Redis: what a failure is called, how little it costs, and that it ends by itself."""

import asyncio
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import Redis

from adapters.redis.answer_pace import LONGEST, TOO_SLOW
from adapters.redis.link import MOST_BEHIND, RedisLink
from adapters.redis.troubles import RedisTrouble, named_troubles
from tests.adapters.redis_links import RETRY, linked
from tests.edge.raw import until
from tests.redis_server import RedisServer, free_port, redis_server


async def get(redis: Redis) -> Any:
    """The value of one key."""
    return await redis.get("shim:one")


async def put(redis: Redis) -> Any:
    """Writes that key."""
    return await redis.set("shim:one", "1")


async def refused(link: RedisLink, work: Any = get) -> str:
    """What `run` says where it cannot."""
    with pytest.raises(RedisTrouble) as trouble:
        await link.run(work)
    return trouble.value.reason


async def test_what_is_written_is_read(redis: RedisServer) -> None:
    """Work is done on a connection to the database of the address, and its result is handed back."""
    async with linked(redis) as link:
        assert (True, b"1", None) == (await link.run(put), await link.run(get), link.trouble())


async def test_a_redis_that_is_not_there_is_no_error() -> None:
    """The link starts all the same, and says why it cannot be used."""
    link = RedisLink(f"redis://127.0.0.1:{free_port()}")
    await link.start()
    assert ("Redis does not answer", "Redis does not answer") == (link.trouble(), await refused(link))
    await link.close()


async def test_whoever_comes_after_a_failure_does_not_wait(redis: RedisServer) -> None:
    """One wait is for the first alone: a hundred more are told in less than one of them would take."""
    clock = asyncio.get_running_loop().time
    async with linked(redis, stretch=1) as link:
        redis.pause()
        await refused(link)
        start = clock()
        assert {"Redis does not answer"} == {await refused(link) for _ in range(100)}
        assert clock() - start < LONGEST
        redis.resume()


async def test_it_is_found_again_by_itself(redis: RedisServer) -> None:
    """Killed and started anew, Redis is used again without anybody asking, and whoever waits for that is told once."""
    back = []
    async with linked(redis) as link:

        async def note() -> None:
            back.append(link.trouble())

        link.when_back(note)
        redis.stop()
        await refused(link)
        assert 0.0 == link.well_for()
        redis.start()
        await until(lambda: back == [None])
        assert (True, b"1") == (await link.run(put), await link.run(get))
        assert 0.0 < link.well_for() < float("inf")


async def test_a_loss_nobody_asked_about_is_noticed(redis: RedisServer) -> None:
    """The beat finds out within seconds, so that readiness does not depend on requests."""
    async with linked(redis, beat=0.05) as link:
        redis.stop()
        await until(lambda: link.trouble() is not None)


async def test_a_restart_between_two_commands_is_not_noticed(redis: RedisServer) -> None:
    """A connection that died while it was idle is replaced within the command."""
    async with linked(redis) as link:
        await link.run(put)
        redis.stop()
        redis.start()
        assert (None, None) == (await link.run(get), link.trouble())


@pytest.mark.parametrize(
    ("command", "undo", "words"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "Redis is full"),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "Redis cannot be written"),
    ],
)
async def test_a_redis_that_takes_no_writes_is_left_alone(
    redis: RedisServer, command: tuple[str, ...], undo: tuple[str, ...], words: str
) -> None:
    """Full or a mere copy: the first write says so, and it is not taken for well before it can be written."""
    async with linked(redis) as link:
        redis.ask(*command)
        assert words == await refused(link, put)
        await link.try_again()
        assert words == link.trouble()
        redis.ask(*undo)
        await link.try_again()
        assert link.trouble() is None


async def test_a_cluster_is_named() -> None:
    """At once, and not when the first ids are lost: the beat touches two of its parts."""
    with redis_server("--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        server.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        async with linked(server) as link:
            assert "Redis is a cluster, which this service does not speak to" == link.trouble()


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b":not a number\r\n", b"x" * 200_000, b""])
async def test_what_is_no_redis_is_named(words: bytes) -> None:
    """Whatever stands at the address and says, it is a trouble and no bug."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(words)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1") as stranger:
        link = RedisLink(f"redis://127.0.0.1:{stranger.sockets[0].getsockname()[1]}")
        await link.start()
        assert link.trouble() in ("what answers is no Redis", "Redis does not answer")
        await link.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (exceptions.MovedError("1 127.0.0.1:1"), "Redis is a cluster, which this service does not speak to"),
        (exceptions.AskError("1 127.0.0.1:1"), "Redis is a cluster, which this service does not speak to"),
        (exceptions.ClusterDownError("down"), "Redis is a cluster, which this service does not speak to"),
        (exceptions.MasterDownError("down"), "Redis cannot be written"),
        (exceptions.BusyLoadingError("loading"), "Redis is loading its data"),
        (exceptions.NoPermissionError("no"), "Redis forbids a command this service needs"),
        (exceptions.TimeoutError("late"), "Redis does not answer"),
        (ConnectionResetError(), "Redis does not answer"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_has_one_of_few_names(error: Exception, words: str) -> None:
    """And none of the text it came with."""
    with pytest.raises(RedisTrouble, match=f"^{words}$"), named_troubles():
        raise error


@pytest.mark.parametrize("kind", [("SET", "x"), ("SADD", "x")])
async def test_what_is_none_of_ours_is_no_replica(redis: RedisServer, kind: tuple[str, str]) -> None:
    """A value somebody else left where replicas are counted makes room."""
    redis.ask(kind[0], "shim:replicas:kin", kind[1])
    async with linked(redis) as link:
        assert (None, 1) == (link.trouble(), link.replicas)


async def test_one_that_never_heard_of_others_is_not_alone(redis: RedisServer) -> None:
    """Started while Redis is gone, a replica leaves a part of the limits to another one."""
    redis.stop()
    async with linked(redis) as link:
        assert 2 == link.replicas


async def test_a_redis_that_fails_again_and_again_is_left_alone_for_longer(redis: RedisServer) -> None:
    """What proves itself and fails at once does not make a replica swing twice a second."""
    redis.ask("ACL", "SETUSER", "shy", "on", ">p", "~shim:*", "+@all", "-get")
    moments = []
    try:
        async with linked(redis, url=redis.url.replace("//", "//shy:p@")) as link:

            async def fail_again() -> None:
                moments.append(asyncio.get_running_loop().time())
                await refused(link)

            link.when_back(fail_again)
            await refused(link)
            await until(lambda: len(moments) == 2)
            assert "Redis forbids a command this service needs" == await refused(link)
    finally:
        redis.ask("ACL", "DELUSER", "shy")
    assert moments[1] - moments[0] >= 2 * RETRY


async def test_a_wrong_password_is_named(redis: RedisServer) -> None:
    """The words are ours: neither the password nor the server's text."""
    url = redis.url.replace("redis://", "redis://somebody:wrong-password@")
    async with linked(redis, url=url) as link:
        assert "Redis refuses the credentials" == link.trouble()


async def test_a_refused_command_is_not_the_servers_trouble(redis: RedisServer) -> None:
    """A key of another kind fails its own command only."""
    redis.ask("SADD", "shim:one", "a")
    async with linked(redis) as link:
        assert ("Redis refuses a command", None) == (await refused(link), link.trouble())


async def test_a_redis_that_answers_late_is_left_alone(redis: RedisServer) -> None:
    """Answers that come in time but slowly, some in a row, are enough; it is used again when it is quick."""

    async def slowly(redis: Redis) -> None:
        await asyncio.sleep(2 * TOO_SLOW)

    async def often(link: RedisLink) -> None:
        for _ in range(50):  # three are enough, where the machine is not too busy to tell
            await link.run(slowly)

    async with linked(redis, stretch=1) as link:
        with pytest.raises(RedisTrouble, match="Redis answers too slowly"):
            await often(link)
        redis.ask("CLIENT", "PAUSE", 200)
        await link.try_again()
        assert link.trouble() is not None
        await until(lambda: link.trouble() is None)


async def test_nobody_gets_the_reply_to_a_cancelled_command(redis: RedisServer) -> None:
    """Two hundred callers, half of them gone in the middle: every answer is that of its own question."""
    redis.ask(*("MSET", *(word for number in range(200) for word in (f"k{number}", number))))

    async def ask(link: RedisLink, number: int) -> bytes:
        async def work(redis: Redis) -> Any:
            return await redis.get(f"k{number}")

        return bytes(await link.run(work))

    async with linked(redis) as link:
        tasks = [asyncio.create_task(ask(link, number)) for number in range(200)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(number).encode() for number in range(1, 200, 2)] == answers[1::2]
        assert [str(number).encode() for number in range(50)] == [await ask(link, number) for number in range(50)]


async def test_replicas_know_how_many_they_are(redis: RedisServer) -> None:
    """Each counts those of its own family, and one that has said goodbye no longer."""
    async with linked(redis) as first, linked(redis, family="other"):
        async with linked(redis) as second:
            await first.try_again()
            assert (2, 2) == (first.replicas, second.replicas)
        await first.try_again()
        assert 1 == first.replicas


async def test_the_number_of_replicas_outlives_redis(redis: RedisServer) -> None:
    """While Redis is gone the last number counts."""
    async with linked(redis), linked(redis) as link:
        redis.stop()
        await refused(link)
        assert 2 == link.replicas


async def test_what_nobody_waits_for_is_bounded(redis: RedisServer) -> None:
    """Beyond so many writes under way further ones are dropped, and none is begun while Redis is gone."""
    begun = []

    async def work(redis: Redis) -> None:
        begun.append(1)

    async with linked(redis) as link:
        for _ in range(MOST_BEHIND + 5):
            link.soon(work)
        await until(lambda: len(begun) == MOST_BEHIND)
        redis.stop()
        await refused(link)
        link.soon(work)
        await asyncio.sleep(0.01)
    assert MOST_BEHIND == len(begun)


async def test_a_closed_link_says_so(redis: RedisServer) -> None:
    """Closing twice is no error; asking afterwards is told."""
    async with linked(redis) as link:
        await link.close()
        assert "the state has been closed" == await refused(link)
        assert [] == redis.holds("replicas:kin")
