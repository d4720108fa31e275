"""Identical calls under way at the same moment, made once: for one credential, and never for two.

A wrapper of the port it serves. Whoever waits may leave or run out of time without taking anything from the others;
when the last one has left the call is given up, so that nothing is asked for a client that is gone. Refuses to know
what is asked, and keeps no answer: that is for whoever knows how long it is good.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from adapters.errors import UpstreamSlow
from adapters.ports import Caller, SuccessorCall, SuccessorReply, Zoom

FOR_EVER: Final = float("inf")

_Key = tuple[str, SuccessorCall]


@dataclass(slots=True)
class _Shared:
    """A call under way, and how many wait for it."""

    task: asyncio.Task[SuccessorReply]
    waiting: int = 0


class SharedCalls:
    """`Zoom`, with identical calls joined; bounded by the requests that wait."""

    def __init__(self, zoom: Zoom) -> None:
        self._zoom = zoom
        self._under_way: dict[_Key, _Shared] = {}

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """See `adapters.ports.Zoom.fetch`; the answer may be that of a call another request of the caller has begun.

        One that ends at the other request's deadline is asked again while this one has time.
        """
        key = (caller.key, call)
        while True:
            shared = self._under_way.get(key)
            is_own = shared is None
            if shared is None:
                shared = self._begun(key, call, caller)
            await self._wait(key, shared, caller.deadline)
            if not shared.task.done():
                raise UpstreamSlow("deadline passed")
            if shared.task.cancelled():
                continue  # given up by the last of those who waited before
            failure = shared.task.exception()
            if failure is None:
                return shared.task.result()
            if is_own or not isinstance(failure, UpstreamSlow):
                # Each waiter raises the same exception: without this its traceback would grow with each of them.
                raise failure.with_traceback(None)

    def _begun(self, key: _Key, call: SuccessorCall, caller: Caller) -> _Shared:
        shared = _Shared(asyncio.create_task(self._made(call, caller)))
        self._under_way[key] = shared
        shared.task.add_done_callback(lambda _: self._forget(key, shared))
        return shared

    async def _made(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        return await self._zoom.fetch(call, caller)

    async def _wait(self, key: _Key, shared: _Shared, deadline: float) -> None:
        """Waits for the end of the call until the deadline; the last one to leave gives it up."""
        left = None if deadline == FOR_EVER else max(0.0, deadline - asyncio.get_running_loop().time())
        shared.waiting += 1
        try:
            # `wait` and no `await`: a waiter that is cancelled takes nothing from the others.
            await asyncio.wait({shared.task}, timeout=left)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                self._forget(key, shared)
                shared.task.cancel()

    def _forget(self, key: _Key, shared: _Shared) -> None:
        if self._under_way.get(key) is shared:
            del self._under_way[key]
        if shared.task.done() and not shared.task.cancelled():
            shared.task.exception()  # somebody may have left just before: then nobody else looks at it
