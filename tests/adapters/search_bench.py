"""A search over a fake Zoom, with what tests script there and read off it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.call_search import CallSearch
from adapters.errors import ShimError, UpstreamRefused
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from tests.adapters.fake_ports import Clock, FakeZoom, RecordingObserver, caller

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
UUID = "a297ae04-a875-4cfd-85ab-4adcead91edb"
HISTORY = "20260310-0000000a-aaaa-4000-8000-000000000000"
OTHER = "20260310-0000000b-aaaa-4000-8000-000000000000"
CALL_ID = str(int((NOON - timedelta(days=3)).timestamp()) << 32 | 77)
LISTS = "/phone/call_history"
UNKNOWN_ENDPOINT = UpstreamRefused(404, 2300, "This API endpoint is not recognized.")
ELEMENT: dict[str, Any] = {
    "call_history_uuid": HISTORY,
    "call_id": CALL_ID,
    "direction": "inbound",
    "start_time": "2026-03-10T09:00:00Z",
}
PAGE_END: dict[str, Any] = {"next_page_token": "", "call_history": []}


@dataclass
class CrowdedZoom(FakeZoom):
    """Counts how many are asked side by side."""

    inside: int = 0
    most_inside: int = 0

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The scripted answer, after a breath in which others may come in."""
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(0)
            return await super().fetch(call, caller)
        finally:
            self.inside -= 1


@dataclass
class Bench:
    """A search over a fake Zoom, and everything it talks to."""

    fidelity: Any = "exact"
    zoom: CrowdedZoom = field(default_factory=CrowdedZoom)
    clock: Clock = field(default_factory=Clock)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    now: datetime = NOON

    def __post_init__(self) -> None:
        """Wires it."""
        self.search = CallSearch(
            self.zoom, observer=self.observer, fidelity=self.fidelity, now=lambda: self.now, clock=self.clock
        )

    async def found(self, asked_id: str = UUID, *, by: str = "one", deadline: float = float("inf")) -> list[str]:
        """The history uuids found for an id."""
        return [row.call_history_uuid for row in await self.search.find(asked_id, caller(by, deadline=deadline))]

    async def failure(self, asked_id: str = UUID, **how: Any) -> ShimError:
        """What a search ends with that could not tell."""
        with pytest.raises(ShimError) as caught:
            await self.found(asked_id, **how)
        return caught.value

    @property
    def asked(self) -> list[str]:
        """The paths asked since the last look."""
        paths = [call.path for call in self.zoom.asked]
        self.zoom.asked.clear()
        return paths


def element(ago: int, *, path: str = "call_element") -> str:
    """Where the UUID is asked for under the date so many days ago."""
    return f"/phone/{path}/{NOON - timedelta(days=ago):%Y%m%d}-{UUID}"


def listed(*uuids: str, token: str = "", **changes: Any) -> dict[str, Any]:
    """A page of rows with the call id."""
    rows = [{**ELEMENT, "call_history_uuid": uuid, **changes} for uuid in uuids]
    return {"next_page_token": token, "call_history": rows}
