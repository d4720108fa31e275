"""What calls cost, from the successor's charges report: asked in batches, remembered for a while, told on rows.

Nothing is shared between credentials. On rows that are listed anyway a charge is an addition: whatever keeps the
report from being had, they go out without. Where the report decides which rows there are, its failures are raised.
Source: semantics 3.7.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, Literal

from cachetools import TLRUCache, TTLCache

from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.finished import FinishedCall
from adapters.identifiers import without_suffix
from adapters.page_end import is_scope_missing
from adapters.ports import Caller, Observer, Zoom
from adapters.records import FINISHING
from adapters.successor_calls import MOST_CHARGED_IDS, call_charges
from adapters.translation.charges import charge_of, is_charged, priced
from adapters.turn_within import turn_within
from contracts.codec import decode, encode
from contracts.successor.charges import CallCharge, ChargesPage, read_charges
from contracts.successor.reading import Unreadable

CHARGED_LIFE: Final = 3600.0
UNCHARGED_LIFE: Final = 600.0
"""Charges appear some time after their call: that there was none is believed for so many seconds only."""
RETRY: Final = 600.0
"""Seconds after which a refused report may be asked for again."""
WALK_LIFE: Final = 60.0
"""Seconds within which the pages of one walk share a report."""
MOST_PAGES: Final = 100
MOST_CALLS: Final = 20_000
MOST_WALKS: Final = 60_000
"""Charged calls remembered for walks, of all credentials together."""

BEGUN_LIFE: Final = 600.0
"""Seconds for which a report that did not come whole in time may be gone on with; Zoom's page tokens live longer."""
MOST_BEGUN: Final = 20
"""Reports under way; each holds up to 30,000 rows."""

Charged = tuple[CallCharge, ...]
_Window = tuple[str, str]
_CallKey = tuple[str, str, _Window]
"""Credential, call id and window: a report speaks of the calls that began in its window alone."""
_ANY: Final[_Window] = ("", "")


@dataclass(frozen=True, slots=True)
class ChargedCall:
    """A call the report names, in one direction: `start_time` (UTC text) and `direction` are "" where it does not tell.

    The start is the earliest the report tells of this call id, the same in both directions.
    """

    call_id: str
    start_time: str
    direction: str


@dataclass(slots=True)
class _Begun:
    """How far a report has come; `turn` is held by the request that goes on with it, others wait for what it has."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    rows: list[CallCharge] = field(default_factory=list)
    token: str = ""
    pages: int = 0


class Charges:
    """Asks the report for whoever lists calls. `clock` counts monotonic seconds.

    `finishing` are the seconds of a request kept for writing its page; `profile` says which fields rows may show.
    """

    def __init__(
        self,
        zoom: Zoom,
        *,
        observer: Observer,
        clock: Callable[[], float],
        profile: Literal["live", "docs"],
        finishing: float = FINISHING,
    ) -> None:
        self._zoom = zoom
        self._observer = observer
        self._profile = profile
        self._finishing = finishing
        self._clock = clock
        self._known: TLRUCache[_CallKey, Charged] = TLRUCache(
            MOST_CALLS, ttu=lambda _key, charges, now: now + _life(charges), timer=clock
        )
        self._of_walks: TTLCache[_CallKey, Charged] = TTLCache(MOST_CALLS, WALK_LIFE, timer=clock)
        self._begun: TTLCache[tuple[str, _Window], _Begun] = TTLCache(MOST_BEGUN, BEGUN_LIFE, timer=clock)
        self._walks: TTLCache[tuple[str, tuple[str, str]], tuple[ChargedCall, ...]] = TTLCache(
            MOST_WALKS, WALK_LIFE, timer=clock, getsizeof=lambda calls: len(calls) + 1
        )
        self._refused: TTLCache[str, bool] = TTLCache(20_000, RETRY, timer=clock)

    @property
    def scope_missing(self) -> bool:
        """Whether some credential was refused the report of late."""
        return len(self._refused) > 0

    async def of_calls(
        self, call_ids: Iterable[str], caller: Caller, *, window: tuple[str, str]
    ) -> Mapping[str, Charged]:
        """The charges of those of these calls that the report names, by call id; never raises for upstream's failure.

        What is learned is remembered: asked ahead, it makes `price` find everything there.
        """
        known = await self._known_of(call_ids, caller, window=window)
        return {call_id: charges for call_id, charges in known.items() if charges}

    async def charged_calls(self, caller: Caller, *, window: tuple[str, str]) -> tuple[ChargedCall, ...]:
        """Every call of the window that cost something, newest first, the same order every time.

        Raises what the report's answer raises, and `UpstreamBroken` for a report without end. One that did not come
        whole in time is gone on with the next time.
        """
        key = (caller.key, window)
        kept = self._walks.get(key)
        if kept is not None:
            return kept
        begun = self._begun.setdefault(key, _Begun())
        asking = self._in_time(caller)
        late = UpstreamSlow("another request is still reading the report")
        async with turn_within(asking.deadline - self._clock(), begun.turn, late=late):
            kept = self._walks.get(key)  # whoever had the turn before may have come to the end
            if kept is not None:
                return kept
            await self._go_on(begun, asking, window=window)
            self._begun.pop(key, None)
            return self._remembered(begun, caller, window)

    def _remembered(self, begun: _Begun, caller: Caller, window: _Window) -> tuple[ChargedCall, ...]:
        """The calls of a report that came whole, kept for the other pages of the walk."""
        rows = sorted(filter(is_charged, begun.rows), key=_call_id)
        for call_id, charges in groupby(rows, key=_call_id):
            self._of_walks[caller.key, call_id, window] = tuple(charges)
        calls = _charged_calls(rows)
        self._walks[caller.key, window] = calls
        return calls

    async def price(self, rows: Sequence[FinishedCall], caller: Caller, *, window: tuple[str, str]) -> list[bytes]:
        """The encoded rows, in order, those the report names with their charge; the others are the same bytes.

        Rows whose charges could not be had are the same bytes too, and the observer is told once for all of them.
        """
        wanted = _askable(call_id for row in rows for call_id in names_of(row))
        known = await self._known_of(wanted, caller, window=window)
        if known.keys() < wanted.keys():
            self._observer.charges_left_out()
        return [self._priced(row, known) for row in rows]

    def price_of_walk(
        self, rows: Sequence[FinishedCall], caller: Caller, *, window: tuple[str, str]
    ) -> list[bytes] | None:
        """The same from the report of a walk confined to charged calls, which tells nothing of others.

        None when it was not this process that asked for it, or too long ago.
        """
        names = {call_id for row in rows for call_id in names_of(row)}
        found = {call_id: self._of_walks.get((caller.key, call_id, window)) for call_id in names}
        charges = {call_id: known for call_id, known in found.items() if known}
        if any(charges.keys().isdisjoint(names_of(row)) for row in rows):
            return None
        return [self._priced(row, charges) for row in rows]

    def _priced(self, call: FinishedCall, charges: Mapping[str, Charged]) -> bytes:
        named = [charge for call_id in names_of(call) for charge in charges.get(call_id, ())]
        if not named:
            return call.row
        row = decode(call.row)
        charge = charge_of(row, named, group=call.group)
        return call.row if charge is None else encode(priced(row, charge, profile=self._profile))

    async def _known_of(
        self, call_ids: Iterable[str], caller: Caller, *, window: tuple[str, str]
    ) -> Mapping[str, Charged]:
        """The charges of each of these calls, none for a call the report does not name; not those it did not answer.

        Batches are asked side by side; one that fails takes no other with it.
        """
        wanted = _askable(call_ids)
        kept = ((call_id, self._kept(caller, call_id, window)) for call_id in wanted)
        known = {call_id: charges for call_id, charges in kept if charges is not None}
        missing = [call_id for call_id in wanted if call_id not in known and caller.key not in self._refused]
        asking = self._in_time(caller)
        async with asyncio.TaskGroup() as group:
            batches = [
                group.create_task(self._batch(missing[start : start + MOST_CHARGED_IDS], asking, window=window))
                for start in range(0, len(missing), MOST_CHARGED_IDS)
            ]
        for batch in batches:
            for call_id, charges in batch.result().items():
                known[call_id] = charges
                self._known[caller.key, call_id, window if not charges else _ANY] = charges
        return known

    def _kept(self, caller: Caller, call_id: str, window: _Window) -> Charged | None:
        """What is known of a call; that it has no charge is true of the window alone that was asked for."""
        for reach in (_ANY, window):
            charges = self._known.get((caller.key, call_id, reach))
            if charges is not None:
                return charges
        return None

    async def _batch(
        self, call_ids: Sequence[str], caller: Caller, *, window: tuple[str, str]
    ) -> Mapping[str, Charged]:
        """The charges of each of these calls, none for a call the report does not name; nothing when it failed."""
        try:
            rows = await self._asked(caller, window=window, call_ids=call_ids)
        except ShimError:
            return {}
        return {call_id: tuple(row for row in rows if row.call_id == call_id) for call_id in call_ids}

    async def _asked(
        self, caller: Caller, *, window: tuple[str, str], call_ids: Sequence[str] = ()
    ) -> Sequence[CallCharge]:
        """All pages of the report."""
        begun = _Begun()
        await self._go_on(begun, caller, window=window, call_ids=call_ids)
        return begun.rows

    async def _go_on(
        self, begun: _Begun, caller: Caller, *, window: tuple[str, str], call_ids: Sequence[str] = ()
    ) -> None:
        """Takes pages to an empty one or one whose token came before; `begun` keeps what was had when one fails."""
        while begun.pages < MOST_PAGES:
            page = await self._page(caller, window=window, token=begun.token, call_ids=call_ids)
            begun.pages += 1
            begun.rows += page.rows
            if page.next_page_token in ("", begun.token) or not page.rows:
                return
            begun.token = page.next_page_token
        raise UpstreamBroken("a charges report without end")

    async def _page(
        self, caller: Caller, *, window: tuple[str, str], token: str, call_ids: Sequence[str]
    ) -> ChargesPage:
        try:
            reply = await self._zoom.fetch(call_charges(window=window, token=token, call_ids=call_ids), caller)
        except UpstreamRefused as refused:
            if refused.status == 403 or is_scope_missing(refused):
                self._refused[caller.key] = True
            raise
        self._refused.pop(caller.key, None)
        try:
            reading = read_charges(reply.body)
        except Unreadable as wrong:
            raise UpstreamBroken(str(wrong)) from wrong
        self._observer.unknown_met(reading.unknown)
        return reading.value

    def _in_time(self, caller: Caller) -> Caller:
        """The caller, done with asking while there is time to write the page."""
        return replace(caller, deadline=caller.deadline - self._finishing)


def _call_id(charge: CallCharge) -> str:
    return charge.call_id


def _life(charges: Charged) -> float:
    return CHARGED_LIFE if any(map(is_charged, charges)) else UNCHARGED_LIFE


def _askable(call_ids: Iterable[str]) -> dict[str, None]:
    """Each of these ids once, in order, but for those with a comma, which would be two to the report."""
    return {call_id: None for call_id in call_ids if call_id and "," not in call_id}


def names_of(call: FinishedCall) -> Sequence[str]:
    """The call ids the report may know a row's call by; of a later part only its own."""
    stem = call.call_id if call.group else without_suffix(call.call_id)
    return [call.call_id] if stem == call.call_id else [call.call_id, stem]


def _charged_calls(rows: Iterable[CallCharge]) -> tuple[ChargedCall, ...]:
    starts: dict[str, str] = {}
    for row in rows:
        if row.start_time:
            starts[row.call_id] = min(row.start_time, starts.get(row.call_id, row.start_time))
    calls = {ChargedCall(row.call_id, starts.get(row.call_id, ""), row.direction or "") for row in rows}
    return tuple(sorted(calls, key=lambda call: (call.start_time, call.call_id, call.direction), reverse=True))
