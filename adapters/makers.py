"""One maker at a time: who wants what another is making waits for that one, and then looks for it where it is kept.

Nothing is handed over: whoever has waited does his own work all the same, and finds most of it done. Refuses to know
what is made, and whether it was.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Makers:
    """Who is at work on what."""

    def __init__(self) -> None:
        self._at_work: dict[Hashable, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, thing: Hashable, *, until: float) -> AsyncIterator[None]:
        """Enters at once where nobody is at work on `thing`, else when that one is done, or at the moment `until`.

        All who have waited enter together: a maker who failed must not make them fail one behind the other.
        """
        maker = self._at_work.get(thing)
        if maker is not None:
            await _done(maker, until)
            yield
            return
        done = self._at_work[thing] = asyncio.Event()
        try:
            yield
        finally:
            del self._at_work[thing]
            done.set()


async def _done(maker: asyncio.Event, until: float) -> None:
    try:
        async with asyncio.timeout_at(until):
            await maker.wait()
    except TimeoutError:
        pass  # there is little time left, but some of it may be made by now
