"""Identical calls under way at the same moment, made once: for one credential, and never for two.

A wrapper of the port it serves. Whoever waits may leave or run out of time without taking anything from the others.
When the last one has left, a request that is out may still land, and its answer is kept a moment for whoever asks
again; nothing else is asked for a client that is gone. A call somebody waits for never stands behind the background's
budget. Refuses to know what is asked.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final

from cachetools import TTLCache

from adapters.errors import ShimError, UpstreamBroken, UpstreamSlow
from adapters.ports import Caller, SuccessorCall, SuccessorReply, TraceableZoom, UpstreamWatch
from adapters.upstream_watch import Unwatched

FOR_EVER: Final = float("inf")
MOST_CALLS: Final = 4_000
"""Calls shared at once; what comes beside them is made for each asker alone."""
LONGEST_OUT: Final = 2.0
"""Seconds for which a request in the background may have been out for somebody to wait for it. A healthy one has been
answered by then; one that hangs has all the patience of the background, and would hang on for everybody who joins."""
LANDED_LIFE: Final = 60.0
"""Seconds for which an answer that came too late for everybody is kept, for one asker more."""
MOST_LANDED: Final = 2_400
"""Rows of such answers kept: eight large pages of a list, or some hundred calls."""

_Key = tuple[str, SuccessorCall]


@dataclass(slots=True, eq=False)
class _Shared:
    """A call under way: who waits for it, and whether a request is out, which its block shows as it is entered."""

    key: _Key
    deadline: float
    reconsider: Callable[["_Shared"], None]
    task: asyncio.Task[SuccessorReply] = field(init=False)
    waiting: int = 0
    pressing: int = 0
    is_out: bool = False
    out_since: float = 0.0
    is_given_up: bool = False

    @property
    def is_just_out(self) -> bool:
        """Whether a request is out, and has not been for long."""
        return self.is_out and asyncio.get_running_loop().time() - self.out_since < LONGEST_OUT

    def __enter__(self) -> None:
        self.is_out, self.out_since = True, asyncio.get_running_loop().time()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_out = False
        # Not at once: an answer that has come must first have its chance to be taken.
        asyncio.get_running_loop().call_soon(self.reconsider, self)


class SharedCalls:
    """`Zoom`, with identical calls joined. It owns the calls it makes: `aclose` ends them.

    `made` counts those that somebody waited for when they began. `clock` counts monotonic seconds.
    """

    def __init__(
        self,
        zoom: TraceableZoom,
        *,
        clock: Callable[[], float] | None = None,
        most: int = MOST_CALLS,
        watch: UpstreamWatch | None = None,
    ) -> None:
        self.made = 0
        self._most = most
        self._zoom = zoom
        self._watch = watch or Unwatched()
        self._under_way: dict[_Key, _Shared] = {}
        self._is_closed = False
        self._landed: TTLCache[_Key, SuccessorReply] = TTLCache(
            MOST_LANDED, LANDED_LIFE, timer=clock or asyncio.get_running_loop().time, getsizeof=_weight
        )

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """See `adapters.ports.Zoom.fetch`; the answer may be that of a call another request of the caller has begun.

        One that ends at the other request's deadline is asked again while this one has time.
        """
        landed = self._landed.pop(_in_front((caller.key, call)), None)
        if landed is not None:
            self._watch.call_joined()
            return landed
        while True:
            shared = self._joinable(call, caller)
            if shared is not None:
                self._watch.call_joined()
            shared = shared or self._begun(call, caller)
            if shared is None:
                return await self._zoom.fetch(call, caller, wire=nullcontext())
            await self._wait(shared, caller.deadline, is_pressing=not call.is_background)
            if not shared.task.done():
                raise UpstreamSlow("deadline passed")
            if shared.task.cancelled() and shared.is_given_up and not self._is_closed:
                continue
            failure = UpstreamBroken("given up") if shared.task.cancelled() else shared.task.exception()
            if failure is None:
                return shared.task.result()
            if not isinstance(failure, UpstreamSlow) or caller.deadline <= shared.deadline:
                raise failure.anew() if isinstance(failure, ShimError) else failure.with_traceback(None)

    async def aclose(self) -> None:
        """Ends all calls under way; none begins afterwards."""
        self._is_closed = True
        tasks = {shared.task for shared in self._under_way.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _joinable(self, call: SuccessorCall, caller: Caller) -> _Shared | None:
        """The same call under way; of one in the background a pressing one takes only a request that is just out."""
        pressing = self._under_way.get((caller.key, replace(call, is_background=False)))
        behind = self._under_way.get((caller.key, replace(call, is_background=True)))
        if pressing is not None or behind is None or call.is_background or behind.is_just_out:
            return pressing or behind
        self._give_up(behind)
        return None

    def _begun(self, call: SuccessorCall, caller: Caller) -> _Shared | None:
        if self._is_closed:
            raise UpstreamBroken("closed")
        if len(self._under_way) >= self._most:
            return None
        self.made += not call.is_background
        shared = _Shared((caller.key, call), caller.deadline, self._reconsider)
        shared.task = asyncio.create_task(self._made(call, caller, shared))
        self._under_way[shared.key] = shared
        shared.task.add_done_callback(lambda _: self._ended(shared))
        return shared

    async def _made(self, call: SuccessorCall, caller: Caller, shared: _Shared) -> SuccessorReply:
        return await self._zoom.fetch(call, caller, wire=shared)

    async def _wait(self, shared: _Shared, deadline: float, *, is_pressing: bool) -> None:
        """Waits for the end of the call, or until the deadline."""
        left = None if deadline == FOR_EVER else max(0.0, deadline - asyncio.get_running_loop().time())
        shared.waiting += 1
        shared.pressing += is_pressing
        try:
            # `wait` and no `await`: a waiter that is cancelled takes nothing from the others.
            await asyncio.wait({shared.task}, timeout=left)
        except asyncio.CancelledError:
            if shared.waiting == 1:
                self._land(shared)  # the answer may have come in this very moment
            raise
        finally:
            shared.waiting -= 1
            shared.pressing -= is_pressing
            self._reconsider(shared)

    def _reconsider(self, shared: _Shared) -> None:
        """Gives a call up between its requests when nobody waits, or when it would wait with somebody who presses."""
        is_behind = shared.key[1].is_background and shared.pressing
        if not (shared.is_out or shared.task.done()) and (is_behind or not shared.waiting):
            self._give_up(shared)

    def _give_up(self, shared: _Shared) -> None:
        shared.is_given_up = True
        self._forget(shared)
        shared.task.cancel()

    def _forget(self, shared: _Shared) -> None:
        if self._under_way.get(shared.key) is shared:
            del self._under_way[shared.key]

    def _ended(self, shared: _Shared) -> None:
        self._forget(shared)
        if not shared.task.cancelled():
            shared.task.exception()  # somebody may have left just before: then nobody else looks at it
        if not shared.waiting:
            self._land(shared)

    def _land(self, shared: _Shared) -> None:
        """Keeps the answer that nobody takes, where there is one."""
        if shared.task.done() and not shared.task.cancelled() and shared.task.exception() is None:
            self._landed[_in_front(shared.key)] = shared.task.result()


def _in_front(key: _Key) -> _Key:
    return key[0], replace(key[1], is_background=False)


def _weight(reply: SuccessorReply) -> int:
    rows = sum(len(value) for value in reply.body.values() if isinstance(value, list))
    return min(MOST_LANDED, 1 + rows)
