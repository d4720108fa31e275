"""A charges report over fake ports, with what tests ask of it and read off it."""

import asyncio
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from adapters.charges import Charges
from adapters.errors import OwnCredentialFailed, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.finished import FinishedCall
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from contracts.codec import encode
from tests.adapters.fake_ports import OUTAGE, TOO_FAST, Clock, RecordingObserver, caller

ONE, OTHER = caller("one", deadline=2_000.0), caller("other", deadline=2_000.0)
WINDOW = ("2026-03-01", "2026-03-10")
REPORT = "/phone/reports/call_charges"
FORBIDDEN = UpstreamRefused(403, None, "")
FAILURES = [
    OUTAGE,
    TOO_FAST,
    UpstreamRefused(401, 124, "Access token is expired."),
    UpstreamRefused(400, 400, "Invalid start date."),
    UpstreamBroken("cut short"),
    UpstreamSlow("deadline passed"),
    OwnCredentialFailed("refused"),
]


def billed(call_id: str, total: str = "0.0510", **fields: Any) -> dict[str, Any]:
    """A row of the report."""
    told = {"call_id": call_id, "direction": "outbound", "call_type": "local", "rate": "0.0255", "currency": "USD"}
    return {**told, "start_time": "2026-03-10T09:00:00Z", "total_charge": total, **fields}


def report(*rows: dict[str, Any], token: str = "") -> dict[str, Any]:
    """A page of the report."""
    return {"next_page_token": token, "call_charges": list(rows)}


def finished(call_id: str, *, group: int = 0, **fields: Any) -> FinishedCall:
    """A finished row of a call placed to the outside."""
    row = {"id": f"id-{call_id}", "call_type": "voip", "direction": "outbound", "date_time": "2026-03-10T09:00:00Z"}
    named = {"call_id": call_id} if call_id else {}
    return FinishedCall(
        group=group,
        v1_id=f"id-{call_id}",
        call_id=call_id,
        row=encode({**row, **named, **fields}),
        details=b"{}",
        is_listed=True,
    )


class ReportZoom:
    """A Zoom that has a report: tells of the calls it is asked for, or of all that cost something, `size` a page.

    `failing` are ids whose batch fails.
    """

    def __init__(self, rows: Iterable[dict[str, Any]], *, size: int = 300) -> None:
        self.rows, self.size = list(rows), size
        self.asked: list[SuccessorCall] = []
        self.callers: list[Caller] = []
        self.failing: set[str] = set()

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The page asked for."""
        self.asked.append(call)
        self.callers.append(caller)
        query = dict(call.query)
        wanted = query.get("call_ids", "").split(",")
        await asyncio.sleep(0)
        if self.failing.intersection(wanted):
            raise OUTAGE
        only_charged = "show_charges_only" in query
        rows = [row for row in self.rows if (row["total_charge"] != "0" if only_charged else row["call_id"] in wanted)]
        start = int(query.get("next_page_token", "0"))
        more = start + self.size < len(rows)
        page = report(*rows[start : start + self.size], token=str(start + self.size) if more else "")
        return SuccessorReply(page, MappingProxyType({}))


def over(zoom: ReportZoom) -> Charges:
    """Charges over a Zoom that has a report."""
    return Charges(zoom, observer=RecordingObserver(), clock=Clock(), profile="live")


async def costs(charges: Charges, *call_ids: str, asker: Caller = ONE) -> dict[str, list[str | None]]:
    """What the asker is told these calls cost."""
    found = await charges.of_calls(call_ids, asker, window=WINDOW)
    return {call_id: [charge.total_charge for charge in rows] for call_id, rows in found.items()}
