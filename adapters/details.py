"""Single calls, asked of upstream with their elements, and what has arrived of them.

A call once had is kept as it came until its record is finished, for the credential that asked and nobody else: a page
that stops at a limit, or a client that gives up, leaves the next request only the rest to ask for. Refuses to know
pages, old records and who else may be served what.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cachetools import TTLCache

from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused
from adapters.page_end import Detail
from adapters.ports import Caller, Observer, Zoom
from adapters.successor_calls import call_record
from contracts.successor.reading import Unreadable, read_record
from contracts.successor.shapes import CallHistory

LIFE: Final = 60.0
"""Seconds for which a call is kept unfinished: no longer than one that may still change is believed at all."""
SETTLED_AFTER: Final = timedelta(minutes=30)
LATE_FOR: Final = timedelta(minutes=5)
LATE_WAITS: Final = (0.5, 1.5)
"""A record may appear a little after its call: so many seconds before each further try (semantics 7)."""
MOST_KEPT: Final = 2_000
"""Calls kept unfinished, of all credentials: some 10 MB."""
LAST_LIFE: Final = 3_600.0
MOST_CREDENTIALS: Final = 20_000
"""Credentials whose last call is remembered, to see by it whether upstream answers at all."""


class Details:
    """Asks for calls one by one. `now` is the UTC time, `sleep` waits seconds, `clock` counts monotonic ones.

    `on_had` is told whose credential had a call.
    """

    def __init__(
        self,
        zoom: Zoom,
        *,
        observer: Observer,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        on_had: Callable[[Caller], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._zoom = zoom
        self._observer = observer
        self._now = now
        self._sleep = sleep
        self._on_had = on_had
        self._kept: TTLCache[tuple[str, str], CallHistory] = TTLCache(MOST_KEPT, LIFE, timer=clock)
        self._last: TTLCache[str, str] = TTLCache(MOST_CREDENTIALS, LAST_LIFE, timer=clock)

    async def of_row(self, row: CallHistory, caller: Caller) -> Detail:
        """What becomes of a list row's detail; never raises for upstream's failure."""
        try:
            return Detail(await self.of_call(row.call_history_uuid, caller, time=row.end_time or row.start_time))
        except ShimError as failure:
            return Detail(failure=failure)

    async def of_call(self, history_uuid: str, caller: Caller, *, time: str | None) -> CallHistory:
        """The call, asked for again when its record may be about to appear: by `time`, when it was or may have ended.

        Raises what upstream's answer raises.
        """
        for wait in LATE_WAITS if self.is_within(LATE_FOR, time) else ():
            try:
                return await self._asked(history_uuid, caller)
            except UpstreamRefused as refused:
                if refused.status != 404 or asyncio.get_running_loop().time() + wait > caller.deadline:
                    raise
            await self._sleep(wait)
        return await self._asked(history_uuid, caller)

    async def ahead_of_need(self, history_uuid: str, caller: Caller) -> None:
        """Has the call kept for when it is needed, asked in the background; raises what upstream's answer raises."""
        await self._asked(history_uuid, caller, is_background=True)

    async def is_answering(self, caller: Caller) -> bool:
        """Whether upstream tells the credential a call it has told it of late, asked for now."""
        known = self._last.get(caller.key)
        if known is None:
            return False
        try:
            await self._asked(known, caller)
        except ShimError:
            return False
        return True

    def kept(self, history_uuids: Iterable[str], caller: Caller) -> Mapping[str, CallHistory]:
        """What was had of these calls and never finished."""
        found = ((uuid, self._kept.get((caller.key, uuid))) for uuid in history_uuids)
        return {uuid: record for uuid, record in found if record is not None}

    def finished(self, history_uuid: str, caller: Caller) -> None:
        """Lets go of a call whose record is now kept elsewhere."""
        self._kept.pop((caller.key, history_uuid), None)

    def is_within(self, age: timedelta, time: str | None) -> bool:
        """Whether `time` is younger than `age`; an unknown one is."""
        return not time or self._now() - datetime.fromisoformat(time).astimezone(UTC) < age

    async def _asked(self, history_uuid: str, caller: Caller, *, is_background: bool = False) -> CallHistory:
        reply = await self._zoom.fetch(replace(call_record(history_uuid), is_background=is_background), caller)
        try:
            reading = reply.read_once(read_record)
        except Unreadable as wrong:
            raise UpstreamBroken(str(wrong)) from wrong
        self._observer.unknown_met(reading.unknown)
        self._on_had(caller)
        self._last[caller.key] = history_uuid
        record = msgspec.structs.replace(reading.value, call_history_uuid=history_uuid)
        if record.elements:
            self._kept[caller.key, history_uuid] = record
        return record
