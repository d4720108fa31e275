"""The one key all replicas seal with where none is given: the first replica's, kept in Redis.

Refuses to know what is sealed.
"""

from collections.abc import Callable
from typing import Final

import structlog
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from adapters.redis.link import RedisLink
from adapters.redis.scripts import OF_ANOTHER_KIND, Script
from adapters.redis.troubles import RedisTrouble

OFFERED_EVERY: Final = 60.0
"""Seconds after which the key is offered again, to a Redis that may have been emptied."""
DIFFERS: Final = "Redis holds another sealing key than this process started with"
_KEY: Final = "shim:sealing-key"

_KEEP: Final = Script(f"""{OF_ANOTHER_KIND}
local kept = redis.pcall('GET', KEYS[1])
if type(kept) == 'table' and not of_another_kind(kept) then return kept end
if type(kept) ~= 'string' or kept == ARGV[2] then
    redis.call('SET', KEYS[1], ARGV[1])
    return ARGV[1]
end
return kept
""")

_log = structlog.get_logger(__name__)


class SharedSealingKey:
    """The key over a borrowed link. Once it is in use it stays what it is; a Redis that has lost it gets it back."""

    def __init__(self, link: RedisLink, *, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock
        self._key = Fernet.generate_key()
        self._is_in_use = False
        self._is_another = False
        self._offered_at = float("-inf")

    async def use(self) -> str:
        """The key kept in Redis; while that is gone, one of this process's own, that Redis is offered later."""
        await self._agree()
        self._is_in_use = True
        return self._key.decode("ascii")

    def trouble(self) -> str | None:
        """That replicas seal with different keys, for some started while Redis was gone; a new start heals it."""
        return DIFFERS if self._is_another else None

    async def offer(self) -> None:
        """Has Redis keep the key in use if it has none any more; every now and then is enough."""
        if self._is_in_use:
            await self._agree()

    def is_due(self) -> bool:
        """Whether the key in use should be offered again."""
        return self._is_in_use and self._clock() - self._offered_at >= OFFERED_EVERY

    async def _agree(self) -> None:
        self._offered_at = self._clock()
        try:
            kept = await self._link.run(self._kept)
        except RedisTrouble as trouble:
            if not self._is_in_use:
                _log.warning("state.sealing_key_not_shared", reason=trouble.reason)
            return
        if not self._is_in_use:
            self._key = kept
        elif kept != self._key and not self._is_another:
            _log.error("state.sealing_key_differs")
        self._is_another = kept != self._key

    async def _kept(self, redis: Redis) -> bytes:
        """The key in Redis, which is ours when there was none, or something that is no key."""
        kept = bytes(await _KEEP.run(redis, [_KEY], [self._key, b""]))
        return kept if _is_key(kept) else bytes(await _KEEP.run(redis, [_KEY], [self._key, kept]))


def _is_key(text: bytes) -> bool:
    try:
        return bool(Fernet(text))
    except ValueError:
        return False
