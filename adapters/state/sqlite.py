"""Identities in a SQLite file that may break at any moment and heal again.

It decides what is asked of the file, what is remembered in front of it and what waits while it is broken; it refuses
to know a statement of SQL.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from cachetools import LRUCache
from cryptography.fernet import Fernet

from adapters.ports import RememberedCall, ServedCall
from adapters.state.memory import PinnedCalls
from adapters.state.names import Pin, Place, in_order, lookups
from adapters.state.sqlite_file import StateFile, identity_of, set_aside
from adapters.state.troubles import CLOSED, SILENT, StateCorrupt, StateTrouble

T = TypeVar("T")

KEPT: Final = timedelta(days=396)
"""Thirteen months."""
PATIENCE: Final = 2.0
"""Seconds a write waits for another process."""
ENDING: Final = 2.0
"""Seconds that opening the file and each step of closing it may take."""
HASTE: Final = 0.1
"""Seconds of the same while the file is in trouble: requests must not pay for it one after the other."""
MOST_KNOWN: Final = 20_000
MOST_WAITING: Final = 10_000
_BATCH: Final = 1_000

_log = structlog.get_logger(__name__)


class SqliteIdentities:
    """`Identities` in one file on one host; several processes may share it.

    While the file is broken, new ids wait in memory (at most `most_waiting` calls, the oldest lost first) and every
    further `pin`, an empty one too, tries the file again with hardly a wait for locks. A file that does not answer is
    broken as well, but nothing more is asked of it until it has answered; then it is tried again at once.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._path = path
        self._now = now
        self._patience = patience
        self._haste = min(patience, HASTE)
        self._limit = patience * 1.25  # a lock is told of as a lock, and only then a file that does not answer
        self._file: StateFile | None = None
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()
        self._holder: asyncio.Task[Any] | None = None  # whose turn it is
        self._silent: set[asyncio.Task[Any]] = set()  # those that were waited for in vain and still run
        self._trouble: str | None = None
        self._troubles = 0
        self._corrupt = False
        self._suspect: tuple[int, int] | None = None
        self._closed = False
        self._known: LRUCache[Place, tuple[str, int]] = LRUCache(MOST_KNOWN)
        self._era = 0  # facts known of an earlier era are no longer believed to stand in the file
        self._waiting = PinnedCalls(most_waiting)
        self._offered_key = Fernet.generate_key().decode("ascii")
        self._pruned_on: str | None = None

    async def start(self) -> None:
        """Opens the file and deletes what is too old; a broken file is a trouble, never an error."""
        with suppress(StateTrouble):
            await self._in_turn(_nothing, max(ENDING, self._limit))

    async def pin(self, partition: str, calls: Sequence[ServedCall]) -> Sequence[str]:
        """The ids to serve, committed before this returns; calls known to be in the file cost nothing."""
        if calls and self._trouble is None and all(self._is_known(partition, call) for call in calls):
            return [self._known[Place(partition, call.history_uuid, call.group)][0] for call in calls]

        async def write(file: StateFile) -> list[str]:
            pins = self._pins(partition, calls)
            ids = await file.pin(pins, self._today()) if pins else []
            for pin, call, id in zip(pins, calls, ids, strict=True):
                # Only what is committed and never changes: another process cannot make it untrue.
                self._known[pin.place] = (id, self._fact(partition, call))
            return ids

        try:
            return await self._in_turn(write, self._limit)
        except StateTrouble:
            return await self._without_file(self._pins(partition, calls))

    async def find(self, partition: str, key: str) -> Sequence[RememberedCall]:
        """Calls known under any form of `key`, in the file or waiting for it, in order."""
        if self._file is None:
            with suppress(StateTrouble):
                await self._in_turn(_nothing, self._limit)
        for name in lookups(key):
            if found := await self._named(partition, name):
                return in_order(found)
        return ()

    async def sealing_key(self) -> str:
        """The key kept in the file; while that is broken, one that the file will be offered."""
        with suppress(StateTrouble):
            self._offered_key = await self._in_turn(lambda file: file.sealing_key(self._offered_key), self._limit)
        return self._offered_key

    def trouble(self) -> str | None:
        """What the file suffers from, one of the texts in `troubles`."""
        return self._trouble

    def waiting(self) -> int:
        """Calls that wait for the file."""
        return len(self._waiting)

    async def close(self) -> None:
        """Writes what still waits, if the file lets it, and closes the file. May be called twice."""
        if self._closed:
            return
        if self._running:
            await asyncio.wait(self._running, timeout=ENDING)
        if len(self._waiting):
            await self.start()
        if len(self._waiting):
            _log.error("state.ids_lost", calls=len(self._waiting), reason=self._trouble)
        self._closed = True
        patience = 0.1 if self._silent else ENDING
        # A cancelled transaction still waits for its rollback, which a file that does not answer never ends.
        for _ in range(2):
            if self._running:
                for task in self._running:
                    task.cancel()
                await asyncio.wait(self._running, timeout=0.1)
        releasing = asyncio.create_task(self._release())
        if releasing not in (await asyncio.wait({releasing}, timeout=patience))[0]:
            releasing.cancel()

    def _pins(self, partition: str, calls: Sequence[ServedCall]) -> list[Pin]:
        return [self._with_known_id(Pin.of(partition, call)) for call in calls]

    async def _without_file(self, pins: Sequence[Pin]) -> list[str]:
        # A file that cannot be written may still be read: the id served first wins as long as it can be seen.
        kept: dict[int, str] = {}
        if pins and self._file is not None:
            with suppress(StateTrouble):
                kept = await self._read(self._file.pinned(pins))
        return [
            self._waiting.pin(pin.proposing(kept[index]) if index in kept else pin) for index, pin in enumerate(pins)
        ]

    async def _named(self, partition: str, name: str) -> list[RememberedCall]:
        stored: list[RememberedCall] = []
        if (file := self._file) is not None:
            try:
                stored = await self._read(file.named(partition, name))
            except StateTrouble as trouble:
                if not self._silent:
                    self._suffer(trouble)
        places = {(call.history_uuid, call.group) for call in stored}
        waiting = self._waiting.named(partition, name)
        return stored + [call for call in waiting if (call.history_uuid, call.group) not in places]

    async def _with_file(self, work: Callable[[StateFile], Awaitable[T]], troubles: int) -> T:
        """What `work` makes of the file, in its caller's turn; `StateTrouble` when it is broken.

        `troubles` is the count from before the caller waited for its turn: nobody queues behind a broken file, who
        waited while it failed is told at once.
        """
        if self._troubles != troubles and self._trouble is not None:
            raise StateTrouble(self._trouble)
        try:
            try:
                result = await self._attempt(work)
            except StateCorrupt:
                self._corrupt = True
                result = await self._attempt(work)
        except StateTrouble as trouble:
            self._suffer(trouble)
            raise
        if not self._silent:
            await self._recover()
        return result

    async def _attempt(self, work: Callable[[StateFile], Awaitable[T]]) -> T:
        file = await self._opened()
        if self._trouble is not None:
            await file.wait_for_locks(self._haste)
        while pins := self._waiting.oldest(_BATCH):
            await file.pin(pins, self._today())
            self._waiting.forget(pins)
        await self._prune(file)
        return await work(file)

    async def _opened(self) -> StateFile:
        if self._closed:
            raise StateTrouble(CLOSED)
        if self._file is not None and not self._corrupt and self._file.identity == identity_of(self._path):
            return self._file
        await self._release()
        self._era += 1
        # Another process may have moved it already: then what stands there now is its new file, and sound.
        if self._corrupt and self._suspect == identity_of(self._path):
            stamp = datetime.fromtimestamp(self._now(), UTC).strftime("%Y%m%dT%H%M%SZ")
            aside = await asyncio.to_thread(set_aside, self._path, stamp)
            _log.error("state.file_set_aside", name=aside.name)
        self._corrupt = False
        self._suspect = identity_of(self._path)
        self._file = await StateFile.open(self._path, patience=self._patience if self._trouble is None else self._haste)
        self._suspect = self._file.identity
        return self._file

    async def _release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(StateTrouble):
                await file.close()

    async def _prune(self, file: StateFile) -> None:
        today = self._today()
        if today == self._pruned_on:
            return
        oldest = datetime.fromtimestamp(self._now(), UTC) - KEPT
        # A batch a turn: no request pays for a whole backlog.
        deleted = await file.prune(oldest.date().isoformat(), _BATCH)
        if deleted:
            self._era += 1
        if deleted < _BATCH:
            self._pruned_on = today

    def _suffer(self, trouble: StateTrouble) -> None:
        self._corrupt = self._corrupt or isinstance(trouble, StateCorrupt)
        self._troubles += 1
        if self._trouble != trouble.reason:
            _log.error("state.degraded", reason=trouble.reason)
        self._trouble = trouble.reason

    async def _recover(self) -> None:
        if self._trouble is None:
            return
        self._trouble = None
        if self._file is not None:
            await self._file.wait_for_locks(self._patience)
        _log.info("state.recovered")

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def _with_known_id(self, pin: Pin) -> Pin:
        known = self._known.get(pin.place)
        return pin if known is None else pin.proposing(known[0])

    def _is_known(self, partition: str, call: ServedCall) -> bool:
        known = self._known.get(Place(partition, call.history_uuid, call.group))
        return known is not None and known[1] == self._fact(partition, call)

    def _fact(self, partition: str, call: ServedCall) -> int:
        """Stands for: this very call, with all its names, is in the file of this era."""
        return hash((self._era, partition, call))

    async def _in_turn(self, work: Callable[[StateFile], Awaitable[T]], limit: float) -> T:
        """What `work` makes of the file, one after the other; `StateTrouble` when it is broken or does not answer.

        Once begun it goes on without its caller: no transaction is left half done.
        """
        troubles = self._troubles
        until = asyncio.get_running_loop().time() + limit
        if self._holder in self._silent:
            raise StateTrouble(SILENT)
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
        except TimeoutError:
            raise self._silence(self._holder) from None
        task = self._holder = self._started(self._with_file(work, troubles))
        task.add_done_callback(lambda _: self._end_turn())
        return await self._answer(task, until)

    def _end_turn(self) -> None:
        self._holder = None
        self._turn.release()

    async def _read(self, work: Coroutine[Any, Any, T]) -> T:
        """What a look-up finds; none is begun while an earlier one does not answer."""
        if self._silent - {self._holder}:
            work.close()
            raise StateTrouble(SILENT)
        return await self._answer(self._started(work), asyncio.get_running_loop().time() + self._limit)

    def _started(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _answer(self, task: asyncio.Task[T], until: float) -> T:
        await asyncio.wait({task}, timeout=until - asyncio.get_running_loop().time())
        if not task.done():
            raise self._silence(task)
        return task.result()

    def _silence(self, task: asyncio.Task[Any] | None) -> StateTrouble:
        """Notes that `task` does not answer; what it has to tell in the end is of no use to anybody."""
        trouble = StateTrouble(SILENT)
        if task is not None:
            self._silent.add(task)
        self._suffer(trouble)
        return trouble

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may have left
        if task not in self._silent:
            return
        self._silent.discard(task)
        if not self._silent and not self._closed:
            self._started(self._try_again())

    async def _try_again(self) -> None:
        with suppress(StateTrouble):
            await self._in_turn(_nothing, self._limit)


async def _nothing(file: StateFile) -> None:
    """Asks for no more than what waits to be written."""
