"""Scripts that run inside Redis, called by their hash: one round trip, and two more where the server must learn one.

The library's own scripts ask before every pipeline whether the server knows them. Refuses to know what a script does.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

Word = str | bytes | int
Call = tuple[Sequence[str | bytes], Sequence[Word]]
"""The keys of one call of a script, and what else it is told."""

OF_ANOTHER_KIND: Final = """
local function of_another_kind(answer)
    return type(answer) == 'table' and answer.err ~= nil and string.find(answer.err, 'WRONGTYPE', 1, true) ~= nil
end
"""
"""For scripts: whether a command (called by `pcall`) failed because somebody else keeps something else at our key."""


class Script:
    """A script as all replicas know it. It must bear being run twice: a connection may die before its answer comes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._hash = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str | bytes], args: Sequence[Word] = ()) -> Any:
        """What one call answers."""
        try:
            return await redis.evalsha(self._hash, len(keys), *keys, *args)
        except NoScriptError:
            await redis.script_load(self._text)
            return await redis.evalsha(self._hash, len(keys), *keys, *args)

    async def run_all(self, redis: Redis, calls: Sequence[Call]) -> list[Any]:
        """What each of these calls answers, in one round trip for all; raises the first failure when all are done."""
        answers = await self._sent(redis, calls)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            await redis.script_load(self._text)
            answers = await self._sent(redis, calls)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _sent(self, redis: Redis, calls: Sequence[Call]) -> list[Any]:
        pipeline = redis.pipeline(transaction=False)
        for keys, args in calls:
            pipeline.evalsha(self._hash, len(keys), *keys, *args)
        return await pipeline.execute(raise_on_error=False)
