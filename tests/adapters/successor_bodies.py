"""Small calls as the successor tells them: a list row, and a record with one leg or with a transfer."""

from datetime import datetime, timedelta
from typing import Any

from contracts.successor.reading import read_page
from contracts.successor.shapes import CallHistory

ENDED = "2026-03-10T09:05:00Z"


def uuid_of(number: int) -> str:
    """The history uuid of a call."""
    return f"20260310-{number:08x}-aaaa-4000-8000-000000000000"


def id_of(number: int, group: int = 0) -> str:
    """The v1 id of a call's part: its root element's id without the date."""
    return f"{number:08x}-bbbb-4000-8000-{group:012x}"


def summary_id_of(number: int) -> str:
    """The v1 id a call gets when only its summary is known."""
    return uuid_of(number).removeprefix("20260310-")


def row_body(number: int, **changes: Any) -> dict[str, Any]:
    """The call's row in the list: an answered call to a user."""
    row = {
        "call_history_uuid": uuid_of(number),
        "call_id": str(7_600_000_000_000_000_000 + number),
        "direction": "inbound",
        "connect_type": "external",
        "call_type": "general",
        "call_result": "answered",
        "start_time": "2026-03-10T09:00:00Z",
        "answer_time": "2026-03-10T09:00:05Z",
        "end_time": ENDED,
        "caller_did_number": "+12025550143",
        "callee_ext_id": f"ext{number}",
        "callee_ext_number": str(2000 + number),
        "callee_ext_type": "user",
        "callee_email": f"u{number}@example.com",
        "callee_name": f"User {number}",
    }
    return {**row, **changes}


def record_body(number: int, *, groups: int = 1, event: str = "incoming", **changes: Any) -> dict[str, Any]:
    """The call's record: `groups` legs, each after a blind transfer of the one before."""
    row = row_body(number, **changes)
    call_result = row.pop("call_result")
    of_calls = ("call_history_uuid", "connect_type")
    shared = {name: value for name, value in row.items() if name not in of_calls} | {"result": call_result}
    elements: list[dict[str, Any]] = []
    for group in range(groups):
        if group:
            elements.append({"event": "direct_transfer", "segment": 2 * group, "node": 1, "is_node": 1})
        element_id = f"20260310-{id_of(number, group)}"
        elements.append(
            {
                **shared,
                "call_element_id": element_id,
                "event": event,
                "segment": 2 * group + 1,
                "node": 1,
                "is_node": 1,
            }
        )
    return {**row, "call_elements": elements}


def rows(*bodies: dict[str, Any]) -> tuple[CallHistory, ...]:
    """List rows as the reader understands them."""
    return read_page({"call_history": list(bodies)}).value.rows


def at(moment: datetime, **ago: float) -> str:
    """Zoom's text of a time before `moment`."""
    return f"{moment - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def user_body(number: int) -> dict[str, Any]:
    """The user of a call as the directory tells of him."""
    return {
        "id": f"id{number}",
        "extension_id": f"ext{number}",
        "extension_number": 2000 + number,
        "name": f"User {number}",
    }
