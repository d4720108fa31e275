"""Work that goes on beside the requests, as long as the service does: each task has an owner and an end.

Refuses to know what the work is.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog


@asynccontextmanager
async def beside(name: str, work: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
    """Runs `work` while the block runs; one that fails is logged under its name and takes nothing along."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_of_failure)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def _tell_of_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (failure := task.exception()) is not None:
        structlog.get_logger().error("task.failed", task=task.get_name(), exc_info=failure)
