"""What `check --online` tells of a Redis the settings name: version, whether it keeps ids, why it cannot be used."""

import pytest

from shim.online.findings import Finding, Standing
from shim.online.shared_state import finding_of_state
from tests.redis_server import RedisServer, free_port
from tests.shim.online_zoom import check, unlike_well, zoom


@pytest.fixture
def keeping(redis: RedisServer):
    """A Redis that keeps what it is told, even when it is started anew."""
    redis.ask("CONFIG", "SET", "save", "3600 1")
    yield redis
    redis.fresh()
    redis.ask("CONFIG", "SET", "save", "", "maxmemory-policy", "noeviction")


async def test_one_that_keeps_everything_is_well(keeping: RedisServer) -> None:
    """The line names server, version and policy; nothing is left behind there."""
    found = await finding_of_state(keeping.url)
    assert (Standing.OK, "") == (found.standing, found.remedy)
    assert found.seen.startswith(("Valkey ", "Redis "))
    assert found.seen.endswith(", maxmemory-policy noeviction")
    assert [] == keeping.holds()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_one_that_may_forget_ids_is_a_caution(keeping: RedisServer, policy: str) -> None:
    """Whichever keys it would give up first: ids have an end as well."""
    keeping.ask("CONFIG", "SET", "maxmemory-policy", policy)
    found = await finding_of_state(keeping.url)
    assert (Standing.MISSING, "set maxmemory-policy to noeviction") == (found.standing, found.remedy)
    assert found.seen.endswith(f"maxmemory-policy {policy}; that may forget ids that were served")


async def test_one_that_starts_empty_is_a_caution(redis: RedisServer) -> None:
    """Without a log and without snapshots a restart forgets everything."""
    found = await finding_of_state(redis.url)
    assert (Standing.MISSING, "set appendonly to yes") == (found.standing, found.remedy)


@pytest.mark.parametrize(
    ("way", "seen", "remedy"),
    [
        ("redis://127.0.0.1:{nobody}", "Redis does not answer", "check host and port in SHIM_STATE_URL"),
        ("redis://x:wrong@127.0.0.1:{port}", "Redis refuses the credentials", "check user and password"),
    ],
)
async def test_one_that_cannot_be_used_has_failed(redis: RedisServer, way: str, seen: str, remedy: str) -> None:
    """With what to do about it, and without its address."""
    found = await finding_of_state(way.format(nobody=free_port(), port=redis.port))
    assert (Standing.FAILED, seen, True) == (found.standing, found.seen, found.remedy.startswith(remedy))
    assert "wrong" not in str(found)


async def test_a_mere_copy_has_failed(redis: RedisServer) -> None:
    """What cannot be written keeps no ids."""
    redis.ask("REPLICAOF", "127.0.0.1", "1")
    try:
        found = await finding_of_state(redis.url)
    finally:
        redis.ask("REPLICAOF", "NO", "ONE")
    remedy = "name the primary in SHIM_STATE_URL, not a copy"
    assert Finding(Standing.FAILED, "shared state", "Redis cannot be written", remedy) == found


async def test_one_that_does_not_tell_of_itself_is_well(redis: RedisServer) -> None:
    """Many that are rented refuse to be asked."""
    redis.ask("ACL", "SETUSER", "shy", "on", ">p", "~shim:*", "+@all", "-info")
    try:
        found = await finding_of_state(redis.url.replace("//", "//shy:p@"))
    finally:
        redis.ask("ACL", "DELUSER", "shy")
    assert "ok       shared state: answers; its version and whether it keeps ids are not told" == str(found)


async def test_it_is_a_line_of_the_report(keeping: RedisServer) -> None:
    """Behind Zoom's; where it has failed, so has the check."""
    async with zoom() as server:
        well = await check(server, settings={"SHIM_STATE_URL": keeping.url})
        (line,) = unlike_well(well)
        assert (True, True) == (well.is_well, line.startswith("ok       shared state: "))
        failed = await check(server, settings={"SHIM_STATE_URL": f"redis://127.0.0.1:{free_port()}"})
    assert not failed.is_well
