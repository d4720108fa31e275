"""The app's token in Redis, sealed: all it says in the clear is a hash to tell one token from another.

Refuses to know who fetches tokens, and when.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from adapters.redis.link import RedisLink, Work
from adapters.redis.scripts import OF_ANOTHER_KIND, Script
from adapters.redis.troubles import RedisTrouble
from adapters.sealing import Seal, Unsealable
from adapters.shared_token import Claim
from adapters.token_endpoint import LONGEST_LIFE, Grant

LEAST_LEFT: Final = 5.0
"""Seconds a kept token must live on to be worth handing out."""
LONGEST: Final = 8 * 1024
"""Characters of a sealed token, which itself has 4,096 at the most."""

# A claim without an end is none of ours and would last for ever.
_CLAIM: Final = Script(f"""{OF_ANOTHER_KIND}
local kept = redis.pcall('HMGET', KEYS[1], 'generation', 'sealed')
if kept.err and not of_another_kind(kept) then return kept end
local left = redis.call('PTTL', KEYS[1])
if kept[1] and kept[2] and #kept[2] <= {LONGEST} and kept[1] ~= ARGV[1] and left > tonumber(ARGV[4]) then
    return {{'kept', kept[1], kept[2], left}}
end
if redis.call('PTTL', KEYS[2]) == -1 then
    redis.call('DEL', KEYS[2])
end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then
    return {{'ours'}}
end
return {{'theirs'}}
""")
_RELEASE: Final = Script("""
if redis.pcall('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
""")


class _Kept(msgspec.Struct, array_like=True, frozen=True, tag="token"):
    """A token and under which key it was kept: it opens for no other app."""

    key: str
    authorization: str
    scopes: tuple[str, ...]


class RedisTokenStore:
    """`adapters.shared_token.TokenStore` over a borrowed link, for the replicas of one `family`."""

    def __init__(
        self,
        link: RedisLink,
        *,
        family: str,
        seal: Seal,
        clock: Callable[[], float],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._token, self._lock = f"shim:token:{family}", f"shim:token-lock:{family}"
        self._seal = seal
        self._clock = clock
        self._now = now

    async def claim(self, other_than: str, *, seconds: float) -> Grant | Claim:
        """See `TokenStore.claim`; a token that does not open is none."""
        told = await self._run(self._claiming(_generation(other_than), seconds))
        match told:
            case [b"kept", generation, sealed, left]:
                if (grant := self._opened(sealed, left / 1_000)) is not None:
                    return grant
                told = await self._run(self._claiming(generation, seconds))
        match told:
            case [b"ours"]:
                return Claim.OURS
            case None:
                return Claim.AWAY
        return Claim.THEIRS

    async def keep(self, grant: Grant) -> None:
        """See `TokenStore.keep`."""
        left = grant.asked_at + grant.life - self._clock()
        kept = _Kept(self._token, grant.authorization, tuple(sorted(grant.scopes)))
        generation, sealed = _generation(grant.authorization), self._seal.seal(kept, now=int(self._now()))

        async def work(redis: Redis) -> None:
            pipeline = redis.pipeline(transaction=True)
            pipeline.delete(self._token)
            pipeline.hset(self._token, mapping={"generation": generation, "sealed": sealed})
            pipeline.pexpire(self._token, max(1, int(left * 1_000)))
            await pipeline.execute()

        await self._run(work)

    async def release(self) -> None:
        """See `TokenStore.release`."""

        async def work(redis: Redis) -> None:
            await _RELEASE.run(redis, [self._lock], [self._link.name])

        await self._run(work)

    def _claiming(self, generation: bytes | str, seconds: float) -> Work[Any]:
        async def work(redis: Redis) -> Any:
            args = [generation, self._link.name, int(seconds * 1_000), int(LEAST_LEFT * 1_000)]
            return await _CLAIM.run(redis, [self._token, self._lock], args)

        return work

    def _opened(self, sealed: bytes, left: float) -> Grant | None:
        try:
            text = sealed.decode("ascii")
            kept = self._seal.open(text, _Kept, life=int(LONGEST_LIFE), now=int(self._now()), longest=LONGEST)
        except (Unsealable, UnicodeDecodeError):
            return None
        if kept.key != self._token:
            return None
        return Grant(kept.authorization, self._clock(), left, frozenset(kept.scopes))

    async def _run(self, work: Work[Any]) -> Any:
        """What Redis answers; None while it is away."""
        try:
            return await self._link.run(work)
        except RedisTrouble:
            return None


def _generation(authorization: str) -> str:
    """Tells one token from another and nothing about it."""
    return hashlib.sha256(authorization.encode()).hexdigest()
