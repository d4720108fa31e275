"""How late the event loop is: what a request waits for besides Zoom.

Knows one sleep and one clock; refuses to know what keeps the loop busy.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

NAP: Final = 0.01
"""Seconds between two looks: short enough to see a stall of a tenth, and a hundred wake-ups a second cost nothing."""


async def watch_loop(tell: Callable[[float], None]) -> NoReturn:
    """Tells for ever by how many seconds a nap was longer than asked for."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + NAP
        await asyncio.sleep(NAP)
        tell(max(0.0, clock() - due))
