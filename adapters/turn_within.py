"""One at a time, and nobody waits for his turn beyond his time.

Refuses to know what is done in a turn.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.errors import ShimError


@asynccontextmanager
async def turn_within(seconds: float, turn: asyncio.Lock, *, late: ShimError) -> AsyncIterator[None]:
    """Holds the turn for the block; raises `late` when it does not come in time. A free one needs none."""
    try:
        async with asyncio.timeout(seconds if turn.locked() else None):
            await turn.acquire()
    except TimeoutError as timeout:
        raise late from timeout
    try:
        yield
    finally:
        turn.release()
