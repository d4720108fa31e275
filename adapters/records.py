"""Call records, from upstream or from the cache, as finished legacy records.

Knows how details are fetched side by side, how a record is finished (directory, translation, pinned ids), and what may
be kept. Refuses to know paging, envelopes and what a field means.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from adapters.directory import ExtensionDirectory, Sight
from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused
from adapters.extensions import extensions_of
from adapters.finished import FinishedCall, FinishedRecord, RecordCache
from adapters.page_end import Detail, is_scope_missing, page_end
from adapters.ports import Caller, Identities, Observer, ServedCall, SuccessorReply, Zoom
from adapters.successor_calls import call_record
from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.world import World
from contracts.codec import encode
from contracts.successor.reading import Unreadable, read_record
from contracts.successor.shapes import CallHistory

SETTLED_AFTER: Final = timedelta(minutes=30)
LATE_FOR: Final = timedelta(minutes=5)
LATE_WAITS: Final = (0.5, 1.5)
"""A record may appear a little after its call: so many seconds before each further try (semantics 7)."""
FINISHING: Final = 0.5
"""Seconds before the deadline at which a page stops asking, so that it can still be written; as many again before
that are kept for directory look-ups that only the details made known."""


@dataclass(frozen=True, slots=True)
class Told:
    """The finished records of a page's first rows, in order and without a gap; `stop` is why it ends early."""

    records: tuple[FinishedRecord, ...]
    stop: ShimError | None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A record about to be finished; only what came from a detail may be kept."""

    record: CallHistory
    is_exact: bool


class Records:
    """Makes finished records for the operations.

    `now` is the UTC time, `sleep` waits seconds; `world` is what every translation is told beside the directory.
    `finishing`, the seconds kept for writing a page, is `FINISHING` unless the deadline is too short for it.
    """

    def __init__(
        self,
        zoom: Zoom,
        identities: Identities,
        *,
        directory: ExtensionDirectory,
        cache: RecordCache,
        world: World,
        observer: Observer,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        finishing: float = FINISHING,
    ) -> None:
        self._zoom = zoom
        self._identities = identities
        self._directory = directory
        self._cache = cache
        self._world = world
        self._observer = observer
        self._now = now
        self._sleep = sleep
        self.finishing = finishing

    async def summaries(self, rows: Sequence[CallHistory], caller: Caller) -> Told:
        """The records as far as list rows alone tell them; always all of them."""
        made = await self._finish([_Draft(row, is_exact=False) for row in rows], caller)
        return Told(tuple(made), None)

    async def exact(self, rows: Sequence[CallHistory], caller: Caller) -> Told:
        """The records by one detail call each, cached ones without; ends at the deadline, a 429 or an outage."""
        asking = _before(caller, 2 * self.finishing)
        first = await self._first_detail(rows, asking)
        if any(is_scope_missing(detail.failure) for detail in first.values()):
            cached, details = {}, dict.fromkeys((row.call_history_uuid for row in rows), *first.values())
        else:
            cached = await self._cached(rows, asking)
            details = first | await self._details(rows, asking, without=cached.keys() | first.keys())
        end = page_end([details.get(row.call_history_uuid) or Detail() for row in rows])
        for reason in filter(None, end.rows):
            self._observer.built_from_summary(reason)
        standing = rows[: len(end.rows)]
        drafts = [_draft(row, details) for row in standing if row.call_history_uuid in details]
        # What came in behind the stop is finished too, and so kept: the next page asks for what is missing alone.
        behind = (_draft(row, details) for row in rows[len(end.rows) :] if row.call_history_uuid in details)
        made = await self._finish([*drafts, *(draft for draft in behind if draft.is_exact)], caller)
        known = cached | {record.history_uuid: record for record in made}
        return Told(tuple(known[row.call_history_uuid] for row in standing), end.stop)

    async def of_call(self, history_uuid: str, caller: Caller, *, start_time: str) -> FinishedRecord:
        """The record of one call, asked with the caller's own credential unless it asked minutes ago.

        Raises what upstream's answer raises; `start_time` says whether the record may still be about to appear.
        """
        own = self._cache.own(history_uuid, caller)
        if own is not None:
            return own
        asking = _before(caller, 2 * self.finishing)
        record = await self._fetch(history_uuid, asking, is_late=self._is_within(LATE_FOR, start_time))
        return (await self._finish([_Draft(record, is_exact=bool(record.elements))], caller))[0]

    async def _first_detail(self, rows: Sequence[CallHistory], caller: Caller) -> dict[str, Detail]:
        """The first row's detail alone, for a credential that has yet to show that it may ask for one."""
        if not rows or self._cache.has_had_detail(caller):
            return {}
        return {rows[0].call_history_uuid: await self._detail(rows[0], caller)}

    async def _cached(self, rows: Sequence[CallHistory], caller: Caller) -> dict[str, FinishedRecord]:
        """What may be served without a call for these rows, which upstream has just named to this credential."""
        uuids = [row.call_history_uuid for row in rows]
        own = {uuid: record for uuid in uuids if (record := self._cache.own(uuid, caller))}
        others = {uuid: record for uuid in uuids if uuid not in own and (record := self._cache.shared(uuid, caller))}
        if not others or not self._cache.has_had_detail(caller):
            return own
        await self._directory.prove(frozenset().union(*(record.kinds for record in others.values())), caller)
        return own | {uuid: record for uuid, record in others.items() if self._is_fit(record, caller)}

    def _is_fit(self, record: FinishedRecord, caller: Caller) -> bool:
        """Whether the record holds just the object ids this credential may see."""
        return self._directory.sees(record.kinds, caller) == record.kinds - record.refused

    async def _details(
        self, rows: Sequence[CallHistory], caller: Caller, *, without: Collection[str]
    ) -> dict[str, Detail]:
        asked = {row.call_history_uuid: row for row in rows if row.call_history_uuid not in without}
        async with asyncio.TaskGroup() as group:
            tasks = {uuid: group.create_task(self._detail(row, caller)) for uuid, row in asked.items()}
            group.create_task(self._directory.see(extensions_of(asked.values()), caller))
        return {uuid: task.result() for uuid, task in tasks.items()}

    async def _detail(self, row: CallHistory, caller: Caller) -> Detail:
        is_late = self._is_within(LATE_FOR, row.end_time or row.start_time)
        try:
            return Detail(await self._fetch(row.call_history_uuid, caller, is_late=is_late))
        except ShimError as failure:
            return Detail(failure=failure)

    async def _fetch(self, history_uuid: str, caller: Caller, *, is_late: bool) -> CallHistory:
        for wait in LATE_WAITS if is_late else ():
            try:
                return await self._fetch_once(history_uuid, caller)
            except UpstreamRefused as refused:
                if refused.status != 404 or asyncio.get_running_loop().time() + wait > caller.deadline:
                    raise
            await self._sleep(wait)
        return await self._fetch_once(history_uuid, caller)

    async def _fetch_once(self, history_uuid: str, caller: Caller) -> CallHistory:
        reply: SuccessorReply = await self._zoom.fetch(call_record(history_uuid), caller)
        try:
            reading = read_record(reply.body)
        except Unreadable as wrong:
            raise UpstreamBroken(str(wrong)) from wrong
        self._cache.detail_was_had(caller)
        self._observer.unknown_met(reading.unknown)
        return msgspec.structs.replace(reading.value, call_history_uuid=history_uuid)

    async def _finish(self, drafts: Sequence[_Draft], caller: Caller) -> list[FinishedRecord]:
        """Directory, translation, pinned ids, and the cache for what may be kept; in the order of `drafts`."""
        sight = await self._directory.see(extensions_of([d.record for d in drafts]), _before(caller, self.finishing))
        self._observer.ids_left_out(sight.refused)
        world = replace(self._world, directory=sight.directory)
        calls = [_calls(draft, world=world) for draft in drafts]
        served = [_served(call) for one in calls for call in one]
        ids = iter(await self._identities.pin(caller.account or "", served) if served else ())
        records = [
            _finished(draft.record, [call.under(next(ids)) for call in one], sight=sight)
            for draft, one in zip(drafts, calls, strict=True)
        ]
        for draft, record in zip(drafts, records, strict=True):
            if draft.is_exact and sight.is_whole:
                is_settled = not self._is_within(SETTLED_AFTER, draft.record.end_time)
                self._cache.keep(record, caller, is_settled=is_settled)
        return records

    def _is_within(self, age: timedelta, time: str | None) -> bool:
        """Whether `time` is younger than `age`; an unknown one is."""
        return not time or self._now() - datetime.fromisoformat(time).astimezone(UTC) < age


def _before(caller: Caller, seconds: float) -> Caller:
    return replace(caller, deadline=caller.deadline - seconds)


def _draft(row: CallHistory, details: Mapping[str, Detail]) -> _Draft:
    """The detail where there is one that tells of elements, else the list row, which knows the result."""
    record = details[row.call_history_uuid].record
    return _Draft(record if record and record.elements else row, is_exact=bool(record and record.elements))


def _calls(draft: _Draft, *, world: World) -> tuple[LegacyCall, ...]:
    if draft.is_exact and draft.record.elements:
        return translate(draft.record, world=world)
    return (from_summary(draft.record, world=world),)


def _served(call: LegacyCall) -> ServedCall:
    return ServedCall(
        history_uuid=call.history_uuid,
        group=call.group,
        proposed_id=call.row["id"],
        element_id=call.element_id,
        call_id=call.row.get("call_id", ""),
        start_time=call.row.get("date_time", ""),
        direction=call.row.get("direction", ""),
        entries=tuple(entry["id"] for entry in call.details["log_details"] if "id" in entry),
    )


def _finished(record: CallHistory, calls: Sequence[LegacyCall], *, sight: Sight) -> FinishedRecord:
    kinds = frozenset(extension.kind for extension in extensions_of([record]))
    return FinishedRecord(
        history_uuid=record.call_history_uuid,
        calls=tuple(map(_encoded, calls)),
        kinds=kinds & sight.kinds,
        refused=kinds & sight.refused,
    )


def _encoded(call: LegacyCall) -> FinishedCall:
    return FinishedCall(
        group=call.group,
        v1_id=call.row["id"],
        call_id=call.row.get("call_id", ""),
        row=encode(call.row),
        details=encode(call.details),
        is_listed=call.is_listed,
        direction=call.row.get("direction", ""),
        result=call.row["result"],
        path=call.row["path"],
        site_id=call.row.get("site", {}).get("id", ""),
    )
