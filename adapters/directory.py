"""Object ids for extension ids: who is asked, how little of it, and who may be told.

An entry found by one credential serves another only after a directory call of that one's own, and only by extension
id, which no two accounts share; numbers are kept to the credential that listed them. A missing scope is never an
error: the ids are left out, and `scopes_missing` says of what. Source: design of the mapping, semantics 2 (object ids).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cachetools import TTLCache

from adapters.errors import ShimError, UpstreamRefused
from adapters.long_work import LongWork
from adapters.page_end import SCOPE_MISSING
from adapters.ports import Caller, Zoom
from adapters.successor_calls import DIRECTORY_PAGE, SHARED_LINE_PAGE, directory_page, user_by_email
from adapters.translation.world import Directory, DirectoryEntry, extension_number

DAY: Final = 24 * 3600.0
RETRY: Final = 600.0
"""Seconds after which a refused or fruitless look-up may be tried again."""
FEW: Final = 10
"""This many users are asked for one by one; more are cheaper as a list."""
MOST_PAGES: Final = 1_000
MOST_NUMBERS: Final = 400_000
"""Numbers remembered, of all credentials together: some 100 MB."""
LEAST_SIZE: Final = 4
"""What a directory counts for beside its numbers: an empty one takes memory too."""
PATIENCE: Final = 30.0
"""Seconds a page of a list may take, whoever waits for it."""

KINDS: Final[Mapping[str, str]] = {
    "user": "users",
    "call_queue": "call_queues",
    "auto_receptionist": "auto_receptionists",
    "shared_line_group": "shared_line_groups",
    "common_area": "common_areas",
    "zoom_room": "rooms",
    "cisco_room": "rooms",
}
"""Where an extension of each successor type is listed: Zoom's name of the array, which is that of the path too."""


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension a record speaks of, as it speaks of it."""

    type: str
    id: str | None
    number: str | None = None
    email: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """The directory it stands in, "" for none."""
        return KINDS.get(self.type, "")


@dataclass(frozen=True, slots=True)
class Sight:
    """What a credential was told: a directory for the translation, and whether asking again could add to it.

    `kinds` are the directories that took part, `refused` those the credential may not see, `is_whole` False when a
    look-up failed for want of time or of an answer.
    """

    directory: Directory
    kinds: frozenset[str]
    refused: frozenset[str]
    is_whole: bool


class ExtensionDirectory:
    """Looks extensions up for whoever asks, and remembers them for a day. `clock` counts monotonic seconds."""

    def __init__(self, zoom: Zoom, *, clock: Callable[[], float]) -> None:
        self._zoom = zoom
        self._entries: TTLCache[str, DirectoryEntry] = TTLCache(200_000, DAY, timer=clock)
        self._numbers: TTLCache[tuple[str, str], dict[int, DirectoryEntry]] = TTLCache(
            MOST_NUMBERS, DAY, timer=clock, getsizeof=_size
        )
        self._granted: TTLCache[tuple[str, str], bool] = TTLCache(20_000, DAY, timer=clock)
        self._listed: TTLCache[tuple[str, str], bool] = TTLCache(20_000, RETRY, timer=clock)
        self._refused: TTLCache[tuple[str, str], bool] = TTLCache(20_000, RETRY, timer=clock)
        self._broken_off: TTLCache[tuple[str, str], str] = TTLCache(2_000, RETRY, timer=clock)
        self._lists = LongWork()
        self._nobody: TTLCache[tuple[str, str], bool] = TTLCache(50_000, RETRY, timer=clock)

    async def aclose(self) -> None:
        """Ends the lists being read."""
        await self._lists.aclose()

    def scopes_missing(self) -> frozenset[str]:
        """The directories some credential was refused of late."""
        return frozenset(kind for _, kind in list(self._refused))

    async def see(self, extensions: Iterable[Extension], caller: Caller) -> Sight:
        """The entries of `extensions` as far as the caller may know them; never raises for an upstream failure."""
        wanted = {extension for extension in extensions if extension.kind}
        kinds = sorted({extension.kind for extension in wanted})
        of_kind = {kind: [one for one in wanted if one.kind == kind] for kind in kinds}
        async with asyncio.TaskGroup() as group:
            lookups = [group.create_task(self._learn(kind, of_kind[kind], caller)) for kind in kinds]
        refused = frozenset(kind for kind in kinds if self._is_refused(kind, caller))
        return Sight(
            directory=self._directory(wanted, caller),
            kinds=frozenset(kinds),
            refused=refused,
            is_whole=all(lookup.result() for lookup in lookups),
        )

    def sees(self, kinds: Iterable[str], caller: Caller) -> frozenset[str]:
        """Those of `kinds` that the caller has had a successful call of its own to."""
        return frozenset(kind for kind in kinds if self._is_granted(kind, caller))

    async def prove(self, kinds: Iterable[str], caller: Caller) -> None:
        """Makes the cheapest call that shows whether the caller may see each of these directories."""
        unproven = {kind for kind in kinds if not (self._is_granted(kind, caller) or self._is_refused(kind, caller))}
        async with asyncio.TaskGroup() as group:
            for kind in sorted(unproven):
                group.create_task(self._page(kind, caller, page_size=1, token=""))

    def _directory(self, wanted: Iterable[Extension], caller: Caller) -> Directory:
        known = {
            one.id: self._entries[one.id]
            for one in wanted
            if one.id and one.id in self._entries and self._is_granted(one.kind, caller)
        }
        by_number: dict[int, DirectoryEntry] = {}
        for kind in set(KINDS.values()) - {"common_areas"}:
            by_number |= self._numbers.get((caller.key, kind), {})
        return Directory(known, by_number, self._numbers.get((caller.key, "common_areas"), {}))

    async def _learn(self, kind: str, extensions: list[Extension], caller: Caller) -> bool:
        """Looks up what is missing of one kind; False when that failed for another reason than a refusal."""
        if self._is_refused(kind, caller):
            return True
        missing = [one for one in extensions if self._is_missing(one, caller)]
        if not missing:
            if not extensions or self._is_granted(kind, caller):
                return True
            return await self._page(kind, caller, page_size=1, token="") is not None or self._is_refused(kind, caller)
        by_email = kind == "users" and len(missing) <= FEW and all(one.email and one.id for one in missing)
        if by_email:
            return await self._ask_each(missing, caller)
        return await self._list(kind, caller)

    def _is_granted(self, kind: str, caller: Caller) -> bool:
        return (caller.key, kind) in self._granted

    def _is_refused(self, kind: str, caller: Caller) -> bool:
        return (caller.key, kind) in self._refused

    def _is_missing(self, one: Extension, caller: Caller) -> bool:
        if (caller.key, one.kind) in self._listed:
            return False
        if one.id and one.kind != "common_areas":
            return one.id not in self._entries and (caller.key, one.id) not in self._nobody
        return extension_number(one.number) not in self._numbers.get((caller.key, one.kind), {})

    async def _ask_each(self, users: list[Extension], caller: Caller) -> bool:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._ask(user, caller)) for user in users]
        return all(one.result() for one in asked)

    async def _ask(self, user: Extension, caller: Caller) -> bool:
        try:
            reply = await self._zoom.fetch(user_by_email(user.email or ""), caller)
        except ShimError as failure:
            return self._note_failure("users", failure, caller, user=user)
        self._granted[caller.key, "users"] = True
        self._keep(reply.body)
        if user.id not in self._entries:
            self._nobody[caller.key, user.id or ""] = True
        return True

    async def _list(self, kind: str, caller: Caller) -> bool:
        """Waits for the list as long as the caller can; it goes on without him, and nobody begins a second one."""
        key = caller.key, kind
        return await self._lists.done(key, lambda: self._listed_whole(kind, caller), deadline=caller.deadline)

    async def _listed_whole(self, kind: str, caller: Caller) -> bool:
        """Reads a list to its end, from where an earlier reading of it failed; in the background while nobody waits."""
        size = SHARED_LINE_PAGE if kind == "shared_line_groups" else DIRECTORY_PAGE
        token = self._broken_off.pop((caller.key, kind), "")
        for _ in range(MOST_PAGES):
            is_background = not self._lists.is_waited_for((caller.key, kind))
            patient = replace(caller, deadline=asyncio.get_running_loop().time() + PATIENCE)
            body = await self._page(kind, patient, page_size=size, token=token, is_background=is_background)
            if body is None:
                return self._is_refused(kind, caller)
            last, token = token, str(body.get("next_page_token") or "")
            if token in ("", last):
                break
        self._listed[caller.key, kind] = True
        return True

    async def _page(
        self, kind: str, caller: Caller, *, page_size: int, token: str, is_background: bool = False
    ) -> Mapping[str, Any] | None:
        call = directory_page(kind, page_size=page_size, token=token)
        try:
            reply = await self._zoom.fetch(replace(call, is_background=is_background), caller)
        except ShimError as failure:
            if not token:
                self._note_failure(kind, failure, caller)
            elif not isinstance(failure, UpstreamRefused) or failure.status in (429, *range(500, 600)):
                self._broken_off[caller.key, kind] = token
            return None
        self._granted[caller.key, kind] = True
        numbers = dict(self._numbers.get((caller.key, kind), {}))
        for listed in _objects(reply.body.get(kind)):
            self._keep(listed)
            numbers |= _numbered(listed)
        if _size(numbers) <= MOST_NUMBERS:  # else what was learnt before stays: the cache would raise
            self._numbers[caller.key, kind] = numbers
        return reply.body

    def _keep(self, listed: Mapping[str, Any]) -> bool:
        extension_id, entry = listed.get("extension_id"), _entry(listed)
        if not isinstance(extension_id, str) or not extension_id or entry is None:
            return False
        self._entries[extension_id] = entry
        return True

    def _note_failure(self, kind: str, failure: ShimError, caller: Caller, user: Extension | None = None) -> bool:
        """Remembers a refusal or an unknown user; True when asking again soon would not help.

        The end of the credential is not that of a scope: the request fails by itself elsewhere.
        """
        if not isinstance(failure, UpstreamRefused) or failure.is_of_credential:
            return False
        if failure.status == 429 or failure.status >= 500:
            return False
        is_scope = failure.status == 403 or failure.code == SCOPE_MISSING
        if user is not None and not is_scope:
            self._nobody[caller.key, user.id or ""] = True
            return True
        self._refused[caller.key, kind] = True
        return True


def _size(numbers: Mapping[int, DirectoryEntry]) -> int:
    return len(numbers) + LEAST_SIZE


def _objects(listed: object) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _entry(listed: Mapping[str, Any]) -> DirectoryEntry | None:
    object_id = listed.get("id")
    name = listed.get("name") or listed.get("display_name")
    if not isinstance(object_id, str) or not object_id:
        return None
    return DirectoryEntry(object_id, name.strip() or None if isinstance(name, str) else None)


def _numbered(listed: Mapping[str, Any]) -> dict[int, DirectoryEntry]:
    number, entry = extension_number(str(listed.get("extension_number", ""))), _entry(listed)
    return {} if number is None or entry is None else {number: entry}
