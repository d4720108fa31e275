"""Work that several wait for and that outlives their patience: begun once, gone on with when all of them have left.

Owns its tasks. Refuses to know what is worked at.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Final

MOST_WORKS: Final = 64
"""Works under way at once; one that finds no room is not begun."""


@dataclass(slots=True)
class _Work:
    task: asyncio.Task[bool]
    waiting: int = 0


class LongWork:
    """Works by key, each under way once."""

    def __init__(self) -> None:
        self._works: dict[Hashable, _Work] = {}

    def is_waited_for(self, key: Hashable) -> bool:
        """Whether anybody waits for the work now."""
        work = self._works.get(key)
        return work is not None and work.waiting > 0

    async def done(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, bool]], *, deadline: float) -> bool:
        """What the work says, begun now unless it is under way; False where it is not done before the deadline."""
        work = self._works.get(key) or self._begun(key, begin)
        if work is None:
            return False
        loop = asyncio.get_running_loop()
        work.waiting += 1
        try:
            # `wait` and no `await`: whoever leaves takes nothing from the others, nor from the work.
            await asyncio.wait({work.task}, timeout=None if deadline == float("inf") else deadline - loop.time())
        finally:
            work.waiting -= 1
        return work.task.done() and not work.task.cancelled() and work.task.result()

    async def aclose(self) -> None:
        """Ends all works."""
        tasks = {work.task for work in self._works.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begun(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, bool]]) -> _Work | None:
        if len(self._works) >= MOST_WORKS:
            return None
        work = self._works[key] = _Work(asyncio.create_task(begin()))
        work.task.add_done_callback(lambda _: self._works.pop(key, None))
        return work
