"""Which state addresses name a Redis, and the link to it: the door behind which the optional package is.

Nothing of `redis` is imported before an address asks for it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.redis.link import RedisLink

_SCHEMES: Final = ("redis://", "rediss://")


def is_redis(url: str) -> bool:
    """Whether the address names a Redis or a Valkey."""
    return url.startswith(_SCHEMES)


@asynccontextmanager
async def open_link(url: str, *, family: str = "") -> AsyncIterator["RedisLink | None"]:
    """The link to the Redis at `url`, closed at the end; None where it names none.

    Replicas of one `family` share limits. A Redis that is not there is no error: the link goes on trying.
    """
    if not is_redis(url):
        yield None
        return
    from adapters.redis.link import RedisLink  # noqa: PLC0415 - an optional package is behind it

    link = RedisLink(url, family=family)
    try:
        await link.start()
        yield link
    finally:
        await link.close()
