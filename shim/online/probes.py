"""The questions put to Zoom: one cheap call for each look-up, within a deadline of its own.

Knows which answer the next question needs; refuses to know what an answer means. No failure of Zoom's is raised here:
it is the answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.both_recordings import STATUSES
from adapters.errors import ShimError, UpstreamRefused
from adapters.page_end import SCOPE_MISSING
from adapters.ports import Caller, SuccessorCall, Zoom
from adapters.successor_calls import (
    call_charges,
    call_element,
    call_history,
    call_record,
    directory_page,
    user_by_email,
)
from contracts.successor.reading import Unreadable, read_page, read_record
from contracts.successor.shapes import CallHistory
from shim.online.lookups import CALLS, CHARGES, DETAILS, DIRECTORIES, ELEMENT, ONE_USER, USERS, LookUp
from shim.online.seen import DAYS, Answer, Seen, Totals

SECONDS: Final = 10.0
"""How long one call may take, its retries with it."""
SETTLED: Final = timedelta(hours=1)
"""How old the newest call looked at is: a later one may still change or come up between two questions."""
_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Probes:
    """Asks `zoom` with one `authorization`; `clock` counts the loop's monotonic seconds."""

    zoom: Zoom
    authorization: str = field(repr=False)
    clock: Callable[[], float]
    seconds: float = SECONDS

    async def ask(self, call: SuccessorCall) -> Answer:
        """What comes of one call."""
        caller = Caller(self.authorization, key="check", account=None, deadline=self.clock() + self.seconds)
        try:
            return Answer(body=(await self.zoom.fetch(call, caller)).body)
        except ShimError as failure:
            return Answer(failure=failure)

    async def ask_list(self, now: datetime) -> Answer:
        """The list of calls alone."""
        return await self.ask(call_history(window=_window(now), page_size=1, token=""))

    async def ask_all(self, now: datetime) -> Seen:
        """Every look-up once, the list of calls first; without an answer to that one nothing else is asked."""
        window = _window(now)
        calls = await self.ask_list(now)
        answers = {CALLS.name: calls}
        if calls.body is None and not _is_scope_alone(calls.failure):
            return Seen(answers)
        async with asyncio.TaskGroup() as group:
            totals = group.create_task(self._totals(calls, window))
            others = [
                group.create_task(each)
                for each in (
                    self._details(calls),
                    self._users(),
                    *(self._container(lookup) for lookup in DIRECTORIES if lookup is not USERS),
                    self._charges(calls, window),
                )
            ]
        for other in others:
            answers |= other.result()
        return Seen(answers, totals.result())

    async def _totals(self, calls: Answer, window: tuple[str, str]) -> Totals:
        if calls.body is None:
            return Totals()
        asked = [
            await self.ask(call_history(window=window, page_size=1, token="", filters=(("recording_status", status),)))
            for status in STATUSES
        ]
        return Totals(_total(calls), *map(_total, asked))

    async def _details(self, calls: Answer) -> Mapping[str, Answer]:
        """The newest call's details, and one of its elements by itself."""
        newest = _newest_call(calls)
        details = await self.ask(call_record(newest.call_history_uuid)) if newest else Answer()
        element_id = _first_element(details)
        element = await self.ask(call_element(element_id)) if element_id else Answer()
        return {DETAILS.name: details, ELEMENT.name: element}

    async def _users(self) -> Mapping[str, Answer]:
        """The list of users, and its first one by itself."""
        users = await self._listed(USERS.name)
        user_id = _first_id(users, USERS.name)
        return {USERS.name: users, ONE_USER.name: await self.ask(user_by_email(user_id)) if user_id else Answer()}

    async def _container(self, lookup: LookUp) -> Mapping[str, Answer]:
        return {lookup.name: await self._listed(lookup.name)}

    async def _charges(self, calls: Answer, window: tuple[str, str]) -> Mapping[str, Answer]:
        """The newest call's charges, or all there are where no call is known."""
        newest = _newest_call(calls)
        ids = [newest.call_id] if newest is not None and newest.call_id else []
        return {CHARGES.name: await self.ask(call_charges(window=window, token="", call_ids=ids))}

    async def _listed(self, directory: str) -> Answer:
        return await self.ask(directory_page(directory, page_size=1, token=""))


def _window(now: datetime) -> tuple[str, str]:
    last = now - SETTLED
    return f"{last - timedelta(days=DAYS):{_FORM}}", f"{last:{_FORM}}"


def _is_scope_alone(failure: ShimError | None) -> bool:
    """Whether Zoom knows the credential and only misses a scope of it."""
    return isinstance(failure, UpstreamRefused) and failure.code == SCOPE_MISSING


def _total(answer: Answer) -> int | None:
    try:
        return read_page(answer.body).value.total_records if answer.body is not None else None
    except Unreadable:
        return None


def _newest_call(answer: Answer) -> CallHistory | None:
    try:
        rows = read_page(answer.body).value.rows if answer.body is not None else ()
    except Unreadable:
        return None
    return rows[0] if rows else None


def _first_element(answer: Answer) -> str | None:
    try:
        elements = read_record(answer.body).value.elements if answer.body is not None else ()
    except Unreadable:
        return None
    return next((each.call_element_id for each in elements if each.call_element_id), None)


def _first_id(answer: Answer, array: str) -> str | None:
    listed: Any = answer.body.get(array) if answer.body is not None else None
    first = listed[0] if isinstance(listed, list) and listed else None
    found = first.get("id") if isinstance(first, dict) else None
    return found if isinstance(found, str) and found else None
