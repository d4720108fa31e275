"""A `Records` over fake ports, with what tests ask it and read off it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.details import Details
from adapters.directory import ExtensionDirectory
from adapters.finished import RecordCache
from adapters.ports import Caller
from adapters.records import Records, Told
from adapters.state.memory import MemoryIdentities
from adapters.translation.world import World
from contracts.codec import decode
from tests.adapters.fake_ports import Clock, FakeZoom, RecordingObserver, caller
from tests.adapters.successor_bodies import record_body, row_body, rows, user_body, uuid_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ONE, OTHER = caller("one"), caller("other")


@dataclass
class RecordsBench:
    """A `Records` over fakes, and everything it talks to."""

    zoom: FakeZoom = field(default_factory=FakeZoom)
    clock: Clock = field(default_factory=Clock)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    identities: MemoryIdentities = field(default_factory=MemoryIdentities)
    slept: list[float] = field(default_factory=list)
    now: datetime = NOON

    def __post_init__(self) -> None:
        """Wires it."""
        self.directory = ExtensionDirectory(self.zoom, clock=self.clock)
        self.cache = RecordCache(mib=8, clock=self.clock)
        self.details = Details(
            self.zoom,
            observer=self.observer,
            now=lambda: self.now,
            sleep=self._sleep,
            clock=self.clock,
            on_had=self.cache.detail_was_had,
        )
        self.records = Records(
            self.details,
            self.identities,
            directory=self.directory,
            cache=self.cache,
            world=World(),
            observer=self.observer,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def has(self, *numbers: int, groups: int = 1, **changes: str) -> None:
        """Calls upstream knows, with their users."""
        for number in numbers:
            self.zoom.says(path(number), record_body(number, groups=groups, **changes))
            self.zoom.says(f"/phone/users/u{number}%40example.com", user_body(number))
        self.zoom.says("/phone/users", {"next_page_token": "", "users": [user_body(n) for n in numbers]})

    async def page(self, *numbers: int, asker: Caller = ONE, **changes: str) -> Told:
        """The records of a page that names these calls."""
        return await self.records.exact(rows(*(row_body(number, **changes) for number in numbers)), asker)

    @property
    def details_asked(self) -> list[str]:
        """The detail calls, in order."""
        return [call.path for call in self.zoom.asked if call.name == "call_record"]


def path(number: int) -> str:
    """Where a call's record is asked for."""
    return f"/phone/call_history/{uuid_of(number)}"


def ids(told: Told) -> list[str]:
    """The v1 ids of all parts, in order."""
    return [call.v1_id for record in told.records for call in record.calls]


def owners(told: Told) -> Iterable[str | None]:
    """The owner's id of each part."""
    return [decode(call.row).get("owner", {}).get("id") for record in told.records for call in record.calls]
