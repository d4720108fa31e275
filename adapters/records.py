"""Call records, from upstream or from the cache, as finished legacy records.

Knows which details a page has to ask for, how a record is finished (directory, translation, pinned ids), and what may
be kept. Refuses to know paging, envelopes and what a field means.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.details import SETTLED_AFTER, Details
from adapters.directory import ExtensionDirectory, Sight
from adapters.errors import ShimError
from adapters.extensions import extensions_of
from adapters.finished import FinishedCall, FinishedRecord, RecordCache
from adapters.makers import Makers
from adapters.page_end import Detail, is_doubtful, is_scope_missing, page_end
from adapters.ports import Caller, Identities, Observer, ServedCall
from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.world import World
from contracts.codec import encode
from contracts.successor.shapes import CallHistory

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
    """A record about to be finished; only what came from a detail may be kept, and what came in this request longer."""

    record: CallHistory
    is_exact: bool = True
    is_fresh: bool = True


class Records:
    """Makes finished records for the operations.

    `world` is what every translation is told beside the directory. `finishing`, the seconds kept for writing a page, is
    `FINISHING` unless the deadline is too short for it.
    """

    def __init__(
        self,
        details: Details,
        identities: Identities,
        *,
        directory: ExtensionDirectory,
        cache: RecordCache,
        world: World,
        observer: Observer,
        finishing: float = FINISHING,
    ) -> None:
        self._details = details
        self._identities = identities
        self._directory = directory
        self._cache = cache
        self._world = world
        self._observer = observer
        self.finishing = finishing
        self._makers = Makers()

    async def summaries(self, rows: Sequence[CallHistory], caller: Caller) -> Told:
        """The records as far as list rows alone tell them; always all of them."""
        made = await self._finish([_Draft(row, is_exact=False) for row in rows], caller)
        return Told(tuple(made), None)

    async def exact(self, rows: Sequence[CallHistory], caller: Caller) -> Told:
        """The records by one detail call each, cached ones without; ends at the deadline, a 429 or an outage.

        What came in behind the end is not lost: the next page asks for what is missing alone. Of those who want the
        same rows at once for one credential the first makes the records, and the others find them made.
        """
        asking = _before(caller, 2 * self.finishing)
        async with self._makers.turn((caller.key, *(row.call_history_uuid for row in rows)), until=asking.deadline):
            return await self._exact(rows, caller, asking)

    async def _exact(self, rows: Sequence[CallHistory], caller: Caller, asking: Caller) -> Told:
        had = await self._had(rows, asking)
        self._observer.records_looked_up(hits=len(had.cached), misses=len(rows) - len(had.cached))
        details = [had.details.get(row.call_history_uuid) or Detail() for row in rows]
        end = page_end(details, is_upstream_well=had.is_upstream_well)
        for reason in filter(None, end.rows):
            self._observer.built_from_summary(reason)
        standing = rows[: len(end.rows)]
        made = await self._finish(
            [had.draft(row) for row in standing if row.call_history_uuid not in had.cached], caller
        )
        known = {**had.cached} | {record.history_uuid: record for record in made}
        return Told(tuple(known[row.call_history_uuid] for row in standing), end.stop)

    async def of_call(self, history_uuid: str, caller: Caller, *, start_time: str) -> FinishedRecord:
        """The record of one call, asked with the caller's own credential unless it asked minutes ago.

        Raises what upstream's answer raises; `start_time` says whether the record may still be about to appear.
        """
        own = self._cache.own(history_uuid, caller)
        self._observer.records_looked_up(hits=own is not None, misses=own is None)
        if own is not None:
            return own
        asking = _before(caller, 2 * self.finishing)
        kept = self._details.kept([history_uuid], caller).get(history_uuid)
        record = kept or await self._details.of_call(history_uuid, asking, time=start_time)
        return (await self._finish([_Draft(record, is_exact=bool(record.elements), is_fresh=kept is None)], caller))[0]

    async def unknown(self, rows: Sequence[CallHistory], caller: Caller) -> list[str]:
        """The history uuids of the rows whose details would have to be asked for, for whom may ask for them at all."""
        if not self._cache.has_had_detail(caller):
            return []
        uuids = [row.call_history_uuid for row in rows]
        await self._cache.bring_in(uuids, caller)
        had = {uuid for uuid in uuids if self._cache.own(uuid, caller) or self._cache.shared(uuid, caller)}
        return [uuid for uuid in uuids if uuid not in had | self._details.kept(uuids, caller).keys()]

    async def fetch_ahead(self, history_uuid: str, caller: Caller) -> None:
        """Has a detail ready for when it is asked for; raises what upstream raises."""
        await self._details.ahead_of_need(history_uuid, caller)

    async def _had(self, rows: Sequence[CallHistory], caller: Caller) -> "_Had":
        """Everything there is of the rows before any of them is finished."""
        first = await self._first_detail(rows, caller)
        if any(is_scope_missing(detail.failure) for detail in first.values()):
            return _Had({}, {}, dict.fromkeys((row.call_history_uuid for row in rows), *first.values()))
        cached = await self._cached(rows, caller)
        uuids = {row.call_history_uuid for row in rows}
        kept = self._details.kept(uuids - cached.keys() - first.keys(), caller)
        details = first | await self._asked(rows, caller, without=cached.keys() | kept.keys() | first.keys())
        if not is_doubtful(details.values()) or not await self._details.is_answering(caller):
            return _Had(cached, kept, details)
        again = await self._asked(rows, caller, without=uuids - details.keys())
        return _Had(cached, kept, again, is_upstream_well=True)

    async def _first_detail(self, rows: Sequence[CallHistory], caller: Caller) -> dict[str, Detail]:
        """The first row's detail alone, for a credential that has yet to show that it may ask for one."""
        if not rows or self._cache.has_had_detail(caller):
            return {}
        return {rows[0].call_history_uuid: await self._details.of_row(rows[0], caller)}

    async def _cached(self, rows: Sequence[CallHistory], caller: Caller) -> dict[str, FinishedRecord]:
        """What may be served without a call for these rows, which upstream has just named to this credential."""
        uuids = [row.call_history_uuid for row in rows]
        if self._cache.has_had_detail(caller):
            await self._cache.bring_in(uuids, caller)
        own = {uuid: record for uuid in uuids if (record := self._cache.own(uuid, caller))}
        others = {uuid: record for uuid in uuids if uuid not in own and (record := self._cache.shared(uuid, caller))}
        if not others or not self._cache.has_had_detail(caller):
            return own
        await self._directory.prove(frozenset().union(*(record.kinds for record in others.values())), caller)
        return own | {uuid: record for uuid, record in others.items() if self._is_fit(record, caller)}

    def _is_fit(self, record: FinishedRecord, caller: Caller) -> bool:
        """Whether the record holds just the object ids this credential may see."""
        return self._directory.sees(record.kinds, caller) == record.kinds - record.refused

    async def _asked(
        self, rows: Sequence[CallHistory], caller: Caller, *, without: Collection[str]
    ) -> dict[str, Detail]:
        """What becomes of the rows' details, asked side by side; their owners are looked up meanwhile."""
        asked = {row.call_history_uuid: row for row in rows if row.call_history_uuid not in without}
        async with asyncio.TaskGroup() as group:
            tasks = {uuid: group.create_task(self._details.of_row(row, caller)) for uuid, row in asked.items()}
            group.create_task(self._directory.see(extensions_of(asked.values()), caller))
        return {uuid: task.result() for uuid, task in tasks.items()}

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
            is_settled = not self._details.is_within(SETTLED_AFTER, draft.record.end_time)
            if draft.is_exact and sight.is_whole and (is_settled or draft.is_fresh):
                self._cache.keep(record, caller, is_settled=is_settled)
                self._details.finished(record.history_uuid, caller)
        return records


@dataclass(frozen=True, slots=True)
class _Had:
    """What there is of a page's rows, by history uuid: finished, kept from a request before, and just asked for."""

    cached: Mapping[str, FinishedRecord]
    kept: Mapping[str, CallHistory]
    details: Mapping[str, Detail]
    is_upstream_well: bool = False

    def draft(self, row: CallHistory) -> _Draft:
        """The detail where there is one that tells of elements, else the list row, which knows the result."""
        kept = self.kept.get(row.call_history_uuid)
        if kept is not None:
            return _Draft(kept, is_fresh=False)
        record = self.details[row.call_history_uuid].record
        return _Draft(record) if record and record.elements else _Draft(row, is_exact=False)


def _before(caller: Caller, seconds: float) -> Caller:
    return replace(caller, deadline=caller.deadline - seconds)


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
