"""The windows of Zoom's limits in Redis, stamped with its own clock: no replica's clock counts.

One script takes a call's turn or says how long to wait, in one round trip. (pyrate-limiter's bucket over Redis stamps
with each replica's clock unless it is told the time by a further round trip, and hands out no exact wait.)
Refuses to know plans, lines and paces.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from math import ceil
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from adapters.errors import UpstreamRefused
from adapters.ports import Category
from adapters.redis.keys import hashed
from adapters.redis.link import SETTLING, RedisLink
from adapters.redis.scripts import OF_ANOTHER_KIND, Script
from adapters.redis.troubles import RedisTrouble
from adapters.shared_windows import FRESH, SharedTurn

SECOND: Final = 1.0
LONGEST_MESSAGE: Final = 500
"""Characters kept of what a 429 said."""
"""The window within which the calls of all replicas count that went before Redis was lost."""
SPREAD: Final = 20 + int(FRESH * 1_000)
"""Milliseconds by which the windows in Redis are longer: a turn takes now more, now less time to be used."""
EMPTIED: Final = -1
"""Stands for a wait where Redis no longer holds what this replica has seen there."""

# What somebody else left at our keys makes room: a lane must not stand still for it, nor run without its limits.
_SPEND: Final = Script(f"""{OF_ANOTHER_KIND}
local function milliseconds()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end
local since = redis.pcall('GET', KEYS[3])
if not since or of_another_kind(since) then
    since = ARGV[1]
    redis.call('SET', KEYS[3], since)
end
redis.call('EXPIRE', KEYS[3], 86400)
if ARGV[2] ~= '' and ARGV[2] ~= since then
    return {{{EMPTIED}, false, since, 0}}
end
local held = redis.call('PTTL', KEYS[2])
if held > 0 then
    local refusal = redis.pcall('GET', KEYS[2])
    return {{held, type(refusal) == 'string' and refusal or '', since, 0}}
end
local now, wait, longest, room = milliseconds(), 0, 0, tonumber(ARGV[3])
-- The server's clock may be set back, or another server take over: what lies ahead of it would block for as long.
if of_another_kind(redis.pcall('ZREMRANGEBYSCORE', KEYS[1], now + 1000, '+inf')) then
    redis.call('DEL', KEYS[1])
end
for window = 4, #ARGV, 2 do
    local calls, length = tonumber(ARGV[window]), tonumber(ARGV[window + 1])
    local blocking = redis.call('ZREVRANGE', KEYS[1], calls - 1, calls - 1, 'WITHSCORES')
    if blocking[2] then
        wait = math.max(wait, blocking[2] + length + 1 - now)
    end
    longest = math.max(longest, length)
    room = math.min(room, calls - redis.call('ZCOUNT', KEYS[1], now - length, '+inf'))
end
if wait <= 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest - 1)
    for turn = 1, room do
        redis.call('ZADD', KEYS[1], now, ARGV[1] .. ':' .. turn)
    end
    redis.call('PEXPIRE', KEYS[1], longest + 2000)
end
return {{math.max(wait, 0), false, since, room}}
""")
_HOLD: Final = Script("""
if redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
""")
_Refusal = tuple[int, int | None, str, dict[str, str]]


class RedisWindows:
    """`adapters.shared_windows.SharedWindows` over a borrowed link, for the replicas of one `family`."""

    def __init__(self, link: RedisLink, *, family: str) -> None:
        self._link = link
        self._family = family
        self._names = (f"{link.name}{number:x}" for number in count())
        self._since = ""
        self._clock = asyncio.get_running_loop().time
        self._untold_at = float("-inf")

    async def spend(
        self, category: Category, lane: str, limits: Sequence[tuple[int, int]], *, at_most: int = 1
    ) -> SharedTurn | None:
        """See `SharedWindows.spend`; a Redis that was emptied unnoticed is one that was lost.

        One that is back within a second is not believed before that is over: what went before may not be counted there.
        """
        if self.unsure_for() > 0:
            return None
        try:
            wait, refusal, calls = await self._spent(category, lane, limits, at_most)
            if wait == EMPTIED:
                self._link.was_emptied()
                if self.unsure_for() > 0:
                    return None
                wait, refusal, calls = await self._spent(category, lane, limits, at_most)
        except RedisTrouble:
            self._untold_at = self._clock()
            return None
        return SharedTurn(wait / 1_000, None if refusal is None else _refused(refusal), max(1, calls))

    async def _spent(
        self, category: Category, lane: str, limits: Sequence[tuple[int, int]], at_most: int
    ) -> tuple[int, Any, int]:
        args: list[Any] = [next(self._names), self._since, at_most]
        for calls, milliseconds in limits:
            args += [calls, milliseconds + SPREAD]
        keys = (*self._keys(category, lane), f"shim:spent-since:{self._family}")

        async def work(redis: Redis) -> Any:
            return await _SPEND.run(redis, keys, args)

        wait, refusal, self._since, calls = await self._link.run(work)
        return wait, refusal, calls

    def hold(self, category: Category, lane: str, *, seconds: float, refused: UpstreamRefused) -> None:
        """See `SharedWindows.hold`."""
        refusal: _Refusal = (refused.status, refused.code, refused.message[:LONGEST_MESSAGE], dict(refused.headers))
        _, key = self._keys(category, lane)

        async def work(redis: Redis) -> None:
            await _HOLD.run(redis, [key], [msgspec.msgpack.encode(refusal), max(1, ceil(seconds * 1_000))])

        self._link.soon(work)

    def unsure_for(self) -> float:
        """See `SharedWindows.unsure_for`."""
        return max(0.0, SECOND - self._link.gone_for())

    def parts(self) -> int:
        """See `SharedWindows.parts`."""
        well_for = min(self._link.well_for(), self._clock() - self._untold_at)
        return 1 if well_for >= SETTLING and self._link.hears_all() else self._link.replicas

    def _keys(self, category: Category, lane: str) -> tuple[str, str]:
        name = f"{self._family}:{category}:{hashed(lane)}"
        return f"shim:spent:{name}", f"shim:held:{name}"


def _refused(refusal: bytes) -> UpstreamRefused | None:
    """The 429 behind a hold; None for what is none of ours."""
    try:
        status, code, message, headers = msgspec.msgpack.decode(refusal, type=_Refusal)
    except (msgspec.MsgspecError, ValueError):
        return None
    return UpstreamRefused(status, code, message, headers=headers)
