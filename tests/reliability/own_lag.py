"""How late the run itself was: what a busy machine adds to every wait, so that it is not taken for the service's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

LOOK: Final = 0.01


@dataclass(slots=True)
class OwnLag:
    """The most seconds by which a look came late."""

    most: float = 0.0

    async def look(self) -> None:
        """Looks for ever."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + LOOK
            await asyncio.sleep(LOOK)
            self.most = max(self.most, clock() - due)


@asynccontextmanager
async def own_lag() -> AsyncIterator[OwnLag]:
    """Looks as long as the block lasts."""
    lag = OwnLag()
    looking = asyncio.create_task(lag.look())
    try:
        yield lag
    finally:
        looking.cancel()
