"""`python -m tests.reliability.bare_service`: the service without its guards toward upstream, to measure them by.

Every call goes out once, at once: no budget, no throttle, no repeats, nothing joined, nobody told. No other difference.
"""

import asyncio
import os
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from adapters.ports import Caller, SuccessorCall, SuccessorReply
from adapters.upstream_watch import Unwatched
from adapters.zoom_api import LARGEST_BODY, ZoomApi, _address, _judged
from shim import logs
from shim.serving import serve
from shim.settings import load_settings

Role = TypeVar("Role")


class Bare:
    """`Zoom` over the session, address rules and answers of a `ZoomApi`, and nothing else of it."""

    def __init__(self, api: ZoomApi) -> None:
        self._api = api

    async def fetch(
        self, call: SuccessorCall, caller: Caller, *, wire: AbstractContextManager[object] | None = None
    ) -> SuccessorReply:
        """One exchange before the deadline."""
        address = _address(self._api._base, call, caller.account)
        async with asyncio.timeout_at(caller.deadline):
            answer = await self._api._wire.get(
                call.name, address, authorization=caller.authorization, largest=LARGEST_BODY
            )
        return _judged(answer)


def without_guards(bare: list[Bare], port: str, made: Any, /) -> Any:
    """What plays a role instead; `bare` holds the one client of Zoom."""
    if port == "TraceableZoom":
        bare.append(Bare(made))
    if port == "UpstreamWatch":
        return Unwatched()
    return bare[-1] if port in ("Zoom", "TraceableZoom") else made


def main() -> None:
    """Serves until it is told to end."""
    settings = load_settings(os.environ)
    logs.configure(format=settings.log_format, level=settings.log_level)
    asyncio.run(serve(settings, wrap=partial(without_guards, [])))


if __name__ == "__main__":
    main()
