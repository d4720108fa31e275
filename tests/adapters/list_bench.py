"""The account list over a world, without sockets: upstream answers as the stand-in does, in the time a test gives it.

What a legacy program would see of many pages is had in milliseconds, deadlines included, on a loop whose clock jumps.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, cast

from cryptography.fernet import Fernet
from multidict import MultiDict

from adapters.ahead import Ahead
from adapters.call_search import CallSearch
from adapters.charges import Charges
from adapters.details import Details
from adapters.directory import ExtensionDirectory
from adapters.errors import ShimError, UpstreamRefused, UpstreamSlow
from adapters.finished import RecordCache
from adapters.kept_pages import KeptPages
from adapters.legacy_request import LegacyRequest
from adapters.operations.account_call_logs import account_call_logs
from adapters.operations.service import Service
from adapters.page_tokens import PageTokens
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from adapters.records import Records
from adapters.shared_calls import SharedCalls
from adapters.state.memory import MemoryIdentities
from adapters.translation.assemble import LegacyCall, translate
from adapters.translation.options import Options
from adapters.translation.world import World as Told
from contracts.cases import World
from contracts.cases.worlds import Spoken
from contracts.codec import decode, encode
from contracts.successor.reading import read_record
from shim.standin.paging import Walks
from shim.standin.refusals import Refusal
from shim.standin.routes import Asked, find_route
from shim.standin.world import Account, Entry
from tests.adapters.fake_ports import RecordingObserver

MOST_ANSWERS = 2_000
_UNWATCHED: AbstractContextManager[object] = nullcontext()


@dataclass
class PacedZoom:
    """The port `Zoom` over an account, one answer after the other, each after `seconds` of the loop's clock."""

    account: Account
    generation: Spoken
    now: datetime
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    fault: Callable[[SuccessorCall], ShimError | None] = lambda _: None
    free_at: float = 0.0

    def __post_init__(self) -> None:
        """Walks of its own."""
        self.walks = Walks(lambda: self.now)

    async def fetch(
        self, call: SuccessorCall, caller: Caller, *, wire: AbstractContextManager[object] = _UNWATCHED
    ) -> SuccessorReply:
        """The account's answer, unless its turn comes after the caller's deadline."""
        with wire:
            return await self._answered(call, caller)

    async def _answered(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        loop = asyncio.get_running_loop()
        turn = max(self.free_at, loop.time()) + self.seconds
        if turn > caller.deadline:
            await asyncio.sleep(max(0.0, caller.deadline - loop.time()))
            raise UpstreamSlow("no turn before the deadline")
        self.free_at = turn
        await asyncio.sleep(turn - loop.time())
        self.counts[call.name] += 1
        failure = self.fault(call)
        if failure is not None:
            raise failure.anew()
        found = find_route(call.path, self.generation)
        if found is None:
            raise UpstreamRefused(404, 2300, "This API endpoint is not recognized.")
        route, key = found
        query = MultiDict(call.query)
        try:
            body = route.answer(Asked(self.account, query, key, self.walks, self.now, self.generation))
        except Refusal as refusal:
            raise UpstreamRefused(refusal.status, refusal.body["code"], refusal.body["message"]) from refusal
        return SuccessorReply(decode(encode(body)), MappingProxyType({}))


@dataclass
class ListBench:
    """The account list in front of a world; `between` is called after every answer, with the account."""

    world: World
    generation: Spoken = "v3"
    fidelity: Literal["exact", "summary"] = "exact"
    options: Options = field(default_factory=Options)
    deadline: float = 12.0
    seconds: float = 0.0
    now: datetime = datetime(2026, 3, 10, 21, tzinfo=UTC)
    looks_ahead: bool = True
    cache_mib: int = 8
    fault: Callable[[SuccessorCall], ShimError | None] = lambda _: None
    between: Callable[[Account], None] = lambda _: None
    observer: RecordingObserver = field(default_factory=RecordingObserver)

    def __post_init__(self) -> None:
        """Wires it; to be made on the loop it runs on."""
        clock = asyncio.get_running_loop().time
        finishing = min(0.5, self.deadline / 10)
        self.zoom = PacedZoom(Account(self.world), self.generation, self.now, self.seconds, fault=self.fault)
        identities = MemoryIdentities()
        shared = SharedCalls(self.zoom)
        cache = RecordCache(mib=self.cache_mib, clock=clock)
        records = Records(
            Details(shared, observer=self.observer, now=lambda: self.now, clock=clock, on_had=cache.detail_was_had),
            identities,
            directory=ExtensionDirectory(shared, clock=clock),
            cache=cache,
            world=Told(options=self.options),
            observer=self.observer,
            finishing=finishing,
        )
        self.ahead = Ahead(is_quiet=lambda _: self.looks_ahead, calls_made=lambda: shared.made, clock=clock)
        self.service = Service(
            zoom=shared,
            records=records,
            charges=Charges(shared, observer=self.observer, clock=clock, profile="live", finishing=finishing),
            search=cast(CallSearch, None),  # lists never search
            identities=identities,
            page_tokens=PageTokens([Fernet.generate_key().decode()]),
            kept_pages=KeptPages(clock=clock),
            ahead=self.ahead,
            observer=self.observer,
            options=self.options,
            fidelity=self.fidelity,
            are_charges_told=False,
            now=lambda: self.now,
        )

    async def page(self, *query: tuple[str, str], bearer: str = "one") -> dict[str, Any]:
        """One answer; raises what a legacy program would get as an error."""
        deadline = asyncio.get_running_loop().time() + self.deadline
        request = LegacyRequest(Caller(f"Bearer {bearer}", bearer, None, deadline), query)
        try:
            answer: dict[str, Any] = decode((await account_call_logs(request, self.service)).body)
        finally:
            self.between(self.zoom.account)
        return answer

    async def walk(self, *query: tuple[str, str], sizes: Sequence[int] = (30,)) -> list[dict[str, Any]]:
        """Every page, the sizes taken in turn; an error is asked again, as a program with patience does."""
        pages: list[dict[str, Any]] = []
        token = ""
        for _ in range(MOST_ANSWERS):
            size = ("page_size", str(sizes[len(pages) % len(sizes)]))
            try:
                page = await self.page(*query, size, ("next_page_token", token))
            except ShimError:
                continue
            pages.append(page)
            token = page["next_page_token"]
            if not token:
                return pages
        raise AssertionError("a walk without end")


def ids(pages: Sequence[dict[str, Any]]) -> list[str]:
    """The ids on all pages, in order."""
    return [row["id"] for page in pages for row in page["call_logs"]]


def listed(world: World) -> Iterator[tuple[Entry, LegacyCall]]:
    """Every old record of a world in the list's order, with the list row it came from, by the translation alone."""
    records = {record["call_history_uuid"]: read_record(record).value for record in world.records}
    for row in world.call_history:
        for call in reversed(translate(records[row["call_history_uuid"]], world=Told())):
            yield row, call
