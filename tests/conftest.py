"""The servers that tests of several rooms share."""

from collections.abc import Iterator

import pytest

from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def one_redis() -> Iterator[RedisServer]:
    """A Redis for the whole run, started when the first test wants it."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(one_redis: RedisServer) -> RedisServer:
    """That Redis, running and empty."""
    one_redis.fresh()
    return one_redis
