"""What the page behind the one just made will need of upstream: its rows, and their details where pages are exact.

Refuses to know whether it is worth asking for, and makes no old record: nothing is told and no id is pinned here.
"""

from adapters.ahead import Allowance
from adapters.history_pages import HistoryPages
from adapters.operations.service import Service
from adapters.page_tokens import Position
from adapters.page_walk import pending_rows
from adapters.ports import Caller


async def fetch_next(
    caller: Caller, allowance: Allowance, *, position: Position, size: int, pages: HistoryPages, service: Service
) -> None:
    """Has the next page's list and details kept for when the client asks; raises what upstream raises."""
    ahead = pages.ahead(caller)
    if not allowance.take():  # a page that is kept costs nothing, but that shows only later
        return
    page = await ahead.fetch(position)
    ahead.keep()
    is_behind = position.is_within and all(row.call_history_uuid != position.after_uuid for row in page.rows)
    if service.fidelity != "exact" or is_behind:
        return
    for history_uuid in await service.records.unknown(pending_rows(page, position)[:size], caller):
        if not allowance.take():
            return
        await service.records.fetch_ahead(history_uuid, caller)
