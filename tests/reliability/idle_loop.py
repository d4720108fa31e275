"""A process that does nothing but look how late its loop is: what the machine does to anybody.

Run as `python -m tests.reliability.idle_loop`; it tells what it saw once its input ends. The nap is the service's own.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from shim.loop_lag import watch_loop
from tests.reliability.shim_process import PROJECT

BOUNDS: Final = (0.05, 0.12)
"""Seconds beyond which a look counts as late, apart for each."""


@dataclass(slots=True)
class Idle:
    """What the process saw: how many looks, and how many of them were later than each bound; 0 until it has ended."""

    looks: int = 0
    late: Mapping[float, int] = field(default_factory=dict)

    def expected(self, bound: float, looks: float) -> float:
        """How many of so many looks would be late without any work."""
        return self.late.get(bound, 0) * looks / self.looks if self.looks else 0.0


@asynccontextmanager
async def idle_beside() -> AsyncIterator[Idle]:
    """Such a process beside the block; what it saw is there behind it."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__), cwd=PROJECT, stdin=pipe, stdout=pipe
    )
    idle = Idle()
    try:
        yield idle
    except BaseException:
        child.kill()
        raise
    told, _ = await child.communicate(b"")  # which ends its input
    seen = json.loads(told)
    idle.looks, idle.late = seen["looks"], dict(zip(BOUNDS, seen["late"], strict=True))


async def _look() -> None:
    lags: list[float] = []
    watching = asyncio.create_task(watch_loop(lags.append))
    await asyncio.to_thread(sys.stdin.read)
    watching.cancel()
    late = [sum(lag > bound for lag in lags) for bound in BOUNDS]
    print(json.dumps({"looks": len(lags), "late": late}))  # noqa: T201 - it is what this process is for


if __name__ == "__main__":
    asyncio.run(_look())
