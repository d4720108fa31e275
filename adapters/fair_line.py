"""A line in which several askers take turns: each keeps its own order, and nobody's three hundred stand before one.

Knows who waits; refuses to know what for and how long.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_Waiter = asyncio.Future[None]


class FairLine:
    """One at a time is at the head; the next one is the next asker's first."""

    def __init__(self) -> None:
        self._has_head = False
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    def __len__(self) -> int:
        """Those who wait, the one at the head included."""
        return self._has_head + sum(map(len, self._waiting.values()))

    def ahead_of(self, asker: str) -> int:
        """How many go before one that comes now: the head, the asker's own, and one of each other for each of these."""
        own = len(self._waiting.get(asker, ()))
        others = (min(len(theirs), own + 1) for whose, theirs in self._waiting.items() if whose != asker)
        return self._has_head + own + sum(others)

    @asynccontextmanager
    async def at_head(self, asker: str) -> AsyncIterator[None]:
        """Waits for the head of the line and holds it for the block; who is cancelled leaves no gap."""
        await self._come(asker)
        try:
            yield
        finally:
            self._go()

    async def _come(self, asker: str) -> None:
        if not self._has_head:
            self._has_head = True
            return
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._go()  # it had just come to the head
            else:
                self._leave(asker, waiter)
            raise

    def _leave(self, asker: str, waiter: _Waiter) -> None:
        theirs = self._waiting.get(asker)
        if theirs is not None and waiter in theirs:
            theirs.remove(waiter)
            if not theirs:
                del self._waiting[asker]

    def _go(self) -> None:
        """Lets the next one come to the head; its asker's others then wait behind everybody else's first."""
        while self._waiting:
            asker, theirs = self._waiting.popitem(last=False)
            waiter = theirs.popleft()
            if theirs:
                self._waiting[asker] = theirs
            if not waiter.done():
                waiter.set_result(None)
                return
        self._has_head = False
