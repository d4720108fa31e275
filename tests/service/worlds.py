"""Worlds the service is tested against, and how a legacy program asks for all of their calls."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from contracts.cases import World, load
from contracts.codec import decode, encode
from shim.standin import generate, merged
from tests.adapters.successor_bodies import record_body, row_body, user_body

LIST = "/v2/phone/call_logs"
DAY = f"{LIST}?from=2026-03-10&to=2026-03-10"
"""Asks for the calls of `plain`."""
CASES: Mapping[str, World] = {case.id: case.world for case in load()}
NEWEST = datetime(2026, 3, 10, 20, tzinfo=UTC)
MONTH = f"{LIST}?from=2026-02-20&to=2026-03-10"
"""Asks for the calls of `busy`."""


def plain(*numbers: int, **changes: Any) -> World:
    """Answered calls to one user each, in this order, with their users in the directory."""
    return World(
        call_history=[row_body(number, **changes) for number in numbers],
        records=[record_body(number, **changes) for number in numbers],
        directory={"users": [{**user_body(number), "email": f"u{number}@example.com"} for number in numbers]},
    )


def busy(seed: int, count: int) -> World:
    """Every family of call, also transferred ones, among calls that nothing but a supervisor listened in to."""
    world = generate(seed, count, newest=NEWEST)
    return merged(world, monitored(0, 1, 2))


def monitored(*numbers: int) -> World:
    """Records that were no row in v1."""
    times: dict[str, Any] = {"start_time": "2026-03-10T19:30:00Z", "end_time": "2026-03-10T19:40:00Z"}
    return World(
        call_history=[row_body(0xF00 + number, **times) for number in numbers],
        records=[record_body(0xF00 + number, event="monitor", **times) for number in numbers],
        directory={},
    )


def transferred(number: int, groups: int) -> World:
    """A call that was passed on."""
    return World([row_body(number)], [record_body(number, groups=groups)], plain(number).directory)


def marked(world: World, marker: str) -> World:
    """The same company under other names: every text that is a name, number, id or address carries the marker."""
    return World(**decode(encode(_marked(asdict(world), marker))))


FREE = ("name", "department", "cost_center", "client_code", "display_name")
IDS = ("id", "ext_id", "extension_id", "uuid", "element_id", "site_id", "call_id", "recording_id", "voicemail_id")


def _marked(value: Any, marker: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _marked(inner, marker, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, marker, key) for inner in value]
    if isinstance(value, str) and value and key.endswith((*FREE, *IDS)):
        return f"{value}{marker}"
    if isinstance(value, str) and key.endswith("email"):
        return value.replace("@", f".{marker}@")
    return value
