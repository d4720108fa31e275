"""The bounded search for a call whose id this service never served.

Knows how a plan's probes are asked, how far a search has come and which ids were looked for in vain, each credential's
apart. It refuses to know in which order to look (`search_plan`), what an answer means (`search_answers`) and how a
call becomes an old record.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from cachetools import TLRUCache, TTLCache

from adapters.errors import SearchUnfinished, ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.ports import Caller, Observer, SuccessorCall, SuccessorReply, Zoom
from adapters.records import FINISHING
from adapters.search_answers import call_of_element, call_of_record, calls_with_id, is_miss, is_unknown_endpoint
from adapters.search_plan import Fidelity, Look, Probe, Window, named_day, next_round, search_plan
from adapters.successor_calls import call_element, call_history, call_history_detail, call_record
from adapters.turn_within import turn_within
from contracts.successor.reading import Unreadable, read_page
from contracts.successor.shapes import CallHistory

LIFE: Final = 600.0
"""Seconds for which a search may be gone on with, and for which a call that is not there is not looked for again."""
RECENT_LIFE: Final = 60.0
"""The latter for an id that names a day just begun or over: its record may be about to appear."""
MOST_SEARCHES: Final = 500
"""Searches under way; one takes up to 40 kB."""
MOST_MISSING: Final = 20_000
LIST_PAGE: Final = 300
MOST_PAGES: Final = 3
"""Pages of one window that are looked through when upstream does not know the filter."""

_Key = tuple[str, str]
_Calls = tuple[CallHistory, ...]
_NOTHING: Final[_Calls] = ()


@dataclass(slots=True)
class _Progress:
    """How far the search for one id has come; `today` keeps its plan the same over midnight.

    `turn` is held by the request that asks: others for the same id wait for what it finds.
    """

    today: date
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    missed: set[Probe] = field(default_factory=set)
    found: _Calls = _NOTHING


class CallSearch:
    """Finds the calls behind an id, whatever its form.

    `now` is the UTC time, `clock` counts the event loop's seconds; `finishing` is what a record needs to be written.
    """

    def __init__(
        self,
        zoom: Zoom,
        *,
        observer: Observer,
        fidelity: Fidelity,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        finishing: float = FINISHING,
    ) -> None:
        self._zoom = zoom
        self._observer = observer
        self._fidelity = fidelity
        self._now = now
        self._clock = clock
        self._finishing = finishing
        self._progress: TTLCache[_Key, _Progress] = TTLCache(MOST_SEARCHES, LIFE, timer=clock)
        self._missing: TLRUCache[_Key, float] = TLRUCache(
            MOST_MISSING, ttu=lambda _key, life, now: now + life, timer=clock
        )
        # The newer generation's first; whichever upstream does not know goes to the end.
        self._element_calls: tuple[Callable[[str], SuccessorCall], ...] = (call_element, call_history_detail)

    async def find(self, asked_id: str, caller: Caller) -> _Calls:
        """The calls that carry the id, as far as the search learnt of them; empty when upstream has none.

        Raises `SearchUnfinished` at the deadline and what upstream raised otherwise; the next time the search goes on
        where it stopped. What was looked for in vain is not asked for again for ten minutes.
        """
        key = (caller.key, asked_id)
        if key in self._missing:
            return _NOTHING
        progress = self._progress.get(key) or _Progress(self._now().date())
        plan = search_plan(asked_id, today=progress.today, fidelity=self._fidelity)
        if not plan:
            return _NOTHING
        self._progress[key] = progress
        asking = self._in_time(caller)
        late = SearchUnfinished("another request is still looking")
        async with turn_within(asking.deadline - self._clock(), progress.turn, late=late):
            with self._told(progress):
                await self._go_on(progress, plan, asking)
        if not progress.found:
            self._missing[key] = self._life_of_a_miss(asked_id)
            self._progress.pop(key, None)
        return progress.found

    @contextmanager
    def _told(self, progress: _Progress) -> Iterator[None]:
        """Tells the observer how the search in the block ended."""
        outcome = "failed"
        try:
            yield
            outcome = "found" if progress.found else "missing"
        except SearchUnfinished:
            outcome = "unfinished"
            raise
        finally:
            self._observer.call_searched(outcome)

    async def _go_on(self, progress: _Progress, plan: Sequence[Probe], asking: Caller) -> None:
        """Asks round by round until a call is found or the plan has ended."""
        while not progress.found and (pending := [probe for probe in plan if probe not in progress.missed]):
            if self._clock() >= asking.deadline:
                raise SearchUnfinished("no time for another probe")
            await self._ask(next_round(pending), progress, asking)

    async def _ask(self, probes: Sequence[Probe], progress: _Progress, asking: Caller) -> None:
        """One round; of several hits the earliest in the plan counts, and a hit counts more than a failure."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._outcome(probe, asking)) for probe in probes]
        outcomes = [task.result() for task in tasks]
        progress.missed |= {probe for probe, outcome in zip(probes, outcomes, strict=True) if outcome == _NOTHING}
        hits = (outcome for outcome in outcomes if outcome and not isinstance(outcome, ShimError))
        progress.found = next(hits, _NOTHING)
        failure = next((outcome for outcome in outcomes if isinstance(outcome, ShimError)), None)
        if progress.found or failure is None:
            return
        if isinstance(failure, UpstreamSlow):
            raise SearchUnfinished("a probe took too long") from failure
        raise failure

    async def _outcome(self, probe: Probe, asking: Caller) -> _Calls | ShimError:
        """The calls a probe found, none, or why it could not tell."""
        try:
            return await self._look(probe, asking)
        except Unreadable as wrong:
            return UpstreamBroken(str(wrong))
        except ShimError as failure:
            return _NOTHING if is_miss(failure) else failure

    async def _look(self, probe: Probe, asking: Caller) -> _Calls:
        match probe:
            case Probe(look=Look.LIST, window=Window() as window):
                return await self._listed(probe, window, asking)
            case Probe(look=Look.HISTORY):
                reading = call_of_record((await self._fetch(call_record(probe.id), probe, asking)).body)
                self._observer.unknown_met(reading.unknown)
                return (reading.value,)
            case _:
                return (call_of_element((await self._element(probe, asking)).body),)

    async def _element(self, probe: Probe, asking: Caller) -> SuccessorReply:
        """The element under the name of it that upstream knows, learnt from its own answers."""
        first, second = self._element_calls
        try:
            return await self._fetch(first(probe.id), probe, asking)
        except UpstreamRefused as refused:
            if not is_unknown_endpoint(refused):
                raise
        self._element_calls = (second, first)
        return await self._fetch(second(probe.id), probe, asking)

    async def _listed(self, probe: Probe, window: Window, asking: Caller) -> _Calls:
        days = (window.first.isoformat(), window.last.isoformat())
        token = ""
        for _ in range(MOST_PAGES):
            call = call_history(window=days, page_size=LIST_PAGE, token=token, filters=(("call_ids", probe.id),))
            reading = read_page((await self._fetch(call, probe, asking)).body)
            self._observer.unknown_met(reading.unknown)
            found = calls_with_id(reading.value.rows, probe.id)
            last, token = token, reading.value.next_page_token
            if found or token in ("", last):
                return found
        return _NOTHING

    async def _fetch(self, call: SuccessorCall, probe: Probe, asking: Caller) -> SuccessorReply:
        return await self._zoom.fetch(replace(call, is_background=probe.is_background), asking)

    def _in_time(self, caller: Caller) -> Caller:
        """The caller with the time its record will need after the search taken off."""
        return replace(caller, deadline=caller.deadline - 3 * self._finishing)

    def _life_of_a_miss(self, asked_id: str) -> float:
        day = named_day(asked_id)
        is_recent = day is not None and day >= self._now().date() - timedelta(days=1)
        return RECENT_LIFE if is_recent else LIFE
