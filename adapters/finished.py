"""Finished legacy records, encoded, and the cache that holds them: who may be served which, and for how long.

A record may serve another credential only in a list whose upstream answer named it, and only when that credential has
had a detail call and the directory calls of its own; a record that may still change serves nobody else at all. Deciding
that upstream named it is the caller's part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cachetools import TLRUCache, TTLCache

from adapters.ports import Caller

MIB: Final = 1024 * 1024
DAY: Final = 24 * 3600.0
OWN_LIFE: Final = 600.0
YOUNG_LIFE: Final = 60.0
_OVERHEAD: Final = 512
"""Bytes a cached record costs beside its text: keys, objects, the cache's own links."""


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """One old record as it goes out: JSON of its row and of its details, under the id that was served first.

    `direction`, `result`, `path` and `site_id` are the row's own, "" where it has none: what lists are filtered by.
    """

    group: int
    v1_id: str
    call_id: str
    row: bytes
    details: bytes
    is_listed: bool
    direction: str = ""
    result: str = ""
    path: str = ""
    site_id: str = ""


@dataclass(frozen=True, slots=True)
class FinishedRecord:
    """The old records of one call, in the order of the call.

    `kinds` are the directories its object ids came from, `refused` those it was made without.
    """

    history_uuid: str
    calls: tuple[FinishedCall, ...]
    kinds: frozenset[str]
    refused: frozenset[str]

    @property
    def size(self) -> int:
        """Bytes this record takes in the cache, roughly."""
        return _OVERHEAD + sum(len(call.row) + len(call.details) + _OVERHEAD for call in self.calls)


@dataclass(frozen=True, slots=True)
class _Kept:
    record: FinishedRecord
    life: float


_Key = tuple[str, str, str]
_EVERYBODY: Final = ""


class Shelf(Protocol):
    """Finished records that all replicas keep, each for a day from when it was put. Never raises."""

    async def take(self, account: str, history_uuids: Sequence[str]) -> Mapping[str, tuple[FinishedRecord, float]]:
        """Those of an account's records that are there, each with the seconds it has left."""

    def put(self, account: str, record: FinishedRecord) -> None:
        """Keeps a record that no longer changes, by and by; waits for nothing."""


class RecordCache:
    """Finished records, bounded in bytes. `clock` counts monotonic seconds; on the `shelf` replicas find each other's.

    What comes from the shelf is served on the same terms as what this process finished itself.
    """

    def __init__(self, *, mib: int, clock: Callable[[], float], shelf: Shelf | None = None) -> None:
        self._shelf = shelf
        self._kept: TLRUCache[_Key, _Kept] = TLRUCache(
            mib * MIB,
            ttu=lambda _key, kept, now: now + kept.life,
            timer=clock,
            getsizeof=lambda kept: kept.record.size,
        )
        self._had_detail: TTLCache[str, bool] = TTLCache(20_000, DAY, timer=clock)

    @property
    def size(self) -> int:
        """Bytes that the records kept take, roughly."""
        return int(self._kept.currsize)

    def own(self, history_uuid: str, caller: Caller) -> FinishedRecord | None:
        """The record as this very credential fetched it within the last ten minutes."""
        kept = self._kept.get(_key(caller.key, history_uuid, caller))
        return kept.record if kept else None

    def shared(self, history_uuid: str, caller: Caller) -> FinishedRecord | None:
        """The record as any credential fetched it; the caller must have had a detail and directory calls of its own."""
        kept = self._kept.get(_key(_EVERYBODY, history_uuid, caller))
        return kept.record if kept else None

    async def bring_in(self, history_uuids: Sequence[str], caller: Caller) -> None:
        """Takes over what other replicas have kept of those of these records that are not here."""
        if self._shelf is None:
            return
        missing = [uuid for uuid in history_uuids if not (self.own(uuid, caller) or self.shared(uuid, caller))]
        for record, left in (await self._shelf.take(caller.account or "", missing)).values() if missing else ():
            if left > 0 and self._has_room_for(record):
                self._kept[_key(_EVERYBODY, record.history_uuid, caller)] = _Kept(record, left)

    def has_had_detail(self, caller: Caller) -> bool:
        """Whether this credential has had a successful detail call of its own."""
        return caller.key in self._had_detail

    def detail_was_had(self, caller: Caller) -> None:
        """Notes a successful detail call of this credential."""
        self._had_detail[caller.key] = True

    def keep(self, record: FinishedRecord, caller: Caller, *, is_settled: bool) -> None:
        """Keeps a record: a settled one for a day and everybody, one that may still change a minute for its asker."""
        if is_settled and self._shelf is not None:
            self._shelf.put(caller.account or "", record)
        if not self._has_room_for(record):
            return
        life = OWN_LIFE if is_settled else YOUNG_LIFE
        self._kept[_key(caller.key, record.history_uuid, caller)] = _Kept(record, life)
        if is_settled:
            self._kept[_key(_EVERYBODY, record.history_uuid, caller)] = _Kept(record, DAY)

    def _has_room_for(self, record: FinishedRecord) -> bool:
        return record.size * 2 <= self._kept.maxsize


def _key(whose: str, history_uuid: str, caller: Caller) -> _Key:
    return (whose, caller.account or "", history_uuid)
