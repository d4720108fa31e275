"""Made-up calls for the tests of the state."""

from dataclasses import replace
from typing import Any

from adapters.ports import ServedCall


def served(number: int, **changes: Any) -> ServedCall:
    """The call of this number as its first answer would serve it; every id differs from every other call's."""
    return replace(
        ServedCall(
            history_uuid=f"20260310-{number:08x}-aaaa-4000-8000-000000000000",
            group=0,
            proposed_id=f"{number:08x}-bbbb-4000-8000-000000000000",
            element_id=f"{number:08x}-bbbb-4000-8000-000000000000",
            call_id=str(7_615_000_000_000_000_000 + number),
            start_time="2026-03-10T09:00:00Z",
            direction="inbound",
            entries=tuple(f"{number:08x}-cccc-4000-8000-00000000000{entry}" for entry in range(3)),
        ),
        **changes,
    )


def proposing(call: ServedCall, proposer: str) -> ServedCall:
    """The same call with an id only this proposer would think of."""
    return replace(call, proposed_id=f"{proposer}-{call.proposed_id}")
