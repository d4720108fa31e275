"""An event loop whose clock jumps: waits end at once, sockets stay real.

Whenever the loop has nothing to do but wait for a timer, its clock moves to that timer. Deadlines of seconds and
waits of days are tested with the real `asyncio.sleep` and `asyncio.timeout_at`, and no test reads a wall clock.
"""

import asyncio
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")
_GRACE_SECONDS = 0.001
_LONG_GRACE_SECONDS = 0.02
"""How long, in real time, the kernel may take to bring what was sent over the loopback: longer before a jump that
would end a socket's patience."""


class _JumpingSelector(selectors.DefaultSelector):
    """Waits a moment for sockets and threads, if there are any, then pretends the whole timeout has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        grace = _GRACE_SECONDS if timeout < 1 else _LONG_GRACE_SECONDS
        # The loop's own socket, by which threads wake it, is always there.
        is_alone = len(self.get_map()) == 1 and threading.active_count() == 1
        ready = super().select(0 if is_alone else grace)
        if not ready:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that starts at 1,000 s and reaches every timer without waiting for it."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds on the jumping clock."""
        return self._jumping.now


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs an async test on a loop of its own whose clock jumps."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def on_virtual_time(asking: Callable[[], Awaitable[T]]) -> T:
    """What somebody is told on a loop whose clock jumps."""

    async def told() -> T:
        return await asking()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(told())
