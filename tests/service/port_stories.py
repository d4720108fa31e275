"""By which requests a service comes to call each method of `adapters.ports`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from contracts.codec import decode
from tests.adapters.successor_bodies import row_body
from tests.service.port_faults import Story, Told
from tests.service.running import Answer, Asking
from tests.service.worlds import plain

WORLD: Final = replace(plain(1, 2, 3), records=plain(1, 3).records)
"""Three calls; upstream has no details of the second."""
DAILY: Final = {"X-RateLimit-Type": "Daily-limit"}
LIST, DETAIL = "/phone/call_history", "/phone/call_history/"


def _told(answer: Answer) -> Told:
    if "call_logs" not in answer.body:
        return answer.status, answer.body
    return answer.status, ([row["id"] for row in answer.body["call_logs"]], bool(answer.body["next_page_token"]))


def _list(account: str, *, token: str = "", size: int = 30) -> str:
    paged = f"page_size={size}&next_page_token={token}"
    return f"/v2/accounts/{account}/phone/call_logs?from=2026-03-10&to=2026-03-10&{paged}"


async def _page(asking: Asking, account: str) -> Sequence[Told]:
    """A page of all calls."""
    return [_told(await asking.get(_list(account)))]


async def _walk(asking: Asking, account: str) -> Sequence[Told]:
    """Pages of one call as far as tokens lead; what comes next is fetched ahead from the second one on."""
    told: list[Told] = []
    token = ""
    while not told or token:
        answer = await asking.get(_list(account, token=token, size=1))
        told.append(_told(answer))
        token = answer.body.get("next_page_token", "")
    return told


async def _read_on(asking: Asking, account: str) -> Sequence[Told]:
    """The same walk by a client that reads each page at leisure, while the next one is fetched."""
    told: list[Told] = []
    token = ""
    while not told or token:
        answer = await asking.get(_list(account, token=token, size=1))
        told.append(_told(answer))
        token = answer.body.get("next_page_token", "")
        await asyncio.sleep(20)
    return told


async def _twice(asking: Asking, account: str) -> Sequence[Told]:
    """The same page twice at once, so that calls are joined."""
    asking.zoom.fail(LIST, delay=asyncio.sleep(0.05))
    return [_told(answer) for answer in await asyncio.gather(*(asking.get(_list(account)) for _ in range(2)))]


async def _details(asking: Asking, account: str) -> Sequence[Told]:
    """Details of a call that has to be looked for, and is not there."""
    return [_told(await asking.get(f"/v2/accounts/{account}/phone/call_logs/7000000000000000001"))]


async def _refused(asking: Asking, account: str) -> Sequence[Told]:
    """A page whose credential Zoom does not take."""
    asking.zoom.fail(LIST, status=401, body={"code": 124, "message": "Invalid access token."})
    return await _page(asking, account)


async def _limited(asking: Asking, account: str) -> Sequence[Told]:
    """A page behind the end of a day's limit."""
    asking.zoom.fail(LIST, status=429, headers=DAILY)
    return await _page(asking, account)


async def _held(asking: Asking, account: str) -> Sequence[Told]:
    """Two such pages: the second one's call is not even sent."""
    return [*await _limited(asking, account), *await _page(asking, account)]


async def _repeated(asking: Asking, account: str) -> Sequence[Told]:
    """A page whose first call has to be repeated."""
    asking.zoom.fail(LIST, status=503)
    return await _page(asking, account)


async def _held_back(asking: Asking, account: str) -> Sequence[Told]:
    """Pages during an outage so long that most calls are not even sent."""
    asking.zoom.fail(LIST, status=503, body={"code": 503, "message": "Service Unavailable"}, times=None)
    return [told for _ in range(8) for told in await _page(asking, account)]


async def _circle(asking: Asking, account: str) -> Sequence[Told]:
    """A walk whose upstream pages lead back to the first one: its second page is an error."""
    asking.zoom.fail(DETAIL, times=None)
    for number, token in ((1, "again"), (3, "again")):
        body = {"next_page_token": token, "total_records": 9, "call_history": [row_body(number)]}
        asking.zoom.fail(LIST, status=200, body=body)
    return await _walk(asking, account)


async def _uncharged(asking: Asking, account: str) -> Sequence[Told]:
    """A page whose charges report cannot be had."""
    asking.zoom.fail("/phone/reports", status=400, body={"code": 300, "message": "Validation Failed."}, times=None)
    return await _page(asking, account)


async def _probe(asking: Asking, account: str) -> Sequence[Told]:
    """Whether the service is ready."""
    del account
    return [_told(await asking.get("/readyz"))]


async def _scrape(asking: Asking, account: str) -> Sequence[Told]:
    """The metrics, of which only the form is told: they are no JSON."""
    del account
    assert asking.shim.ops_server is not None
    host, port = asking.shim.ops_server.addresses[0]
    async with asking.client.get(f"http://{host}:{port}/metrics") as answer:
        body = await answer.read()
        return [(answer.status, decode(body) if body.startswith(b"{") else answer.content_type)]


PAGE: Final = Story(_page, WORLD)
WALK: Final = Story(_walk, WORLD)
SEARCH: Final = Story(_details, WORLD)
LIMITED: Final = Story(_limited, WORLD)
READ_ON: Final = Story(_read_on, WORLD)

STORIES: Final[Mapping[str, Story]] = {
    "Credential.authorization": PAGE,
    "Credential.renewable": Story(_refused, WORLD),
    "Budget.take": PAGE,
    "Budget.hold": LIMITED,
    "Budget.learn": PAGE,
    "Zoom.fetch": PAGE,
    "TraceableZoom.fetch": PAGE,
    "Identities.pin": PAGE,
    "Identities.find": SEARCH,
    "Identities.trouble": Story(_probe, WORLD),
    "Identities.waiting": Story(_scrape, WORLD, has_ops_port=True),
    "Observer.answered_by": PAGE,
    "Observer.page_told": PAGE,
    "Observer.records_looked_up": PAGE,
    "Observer.call_searched": SEARCH,
    "Observer.unknown_met": PAGE,
    "Observer.built_from_summary": PAGE,
    "Observer.ids_left_out": PAGE,
    "Observer.walk_cut_off": Story(_circle, WORLD),
    "Observer.charges_left_out": Story(_uncharged, WORLD, {"SHIM_CHARGES": "on"}),
    "UpstreamWatch.turn_taken": PAGE,
    "UpstreamWatch.turn_refused": Story(_held, WORLD),
    "UpstreamWatch.limit_met": LIMITED,
    "UpstreamWatch.repeat_decided": Story(_repeated, WORLD),
    "UpstreamWatch.call_held_back": Story(_held_back, WORLD),
    "UpstreamWatch.call_joined": Story(_twice, WORLD),
    "UpstreamWatch.fetched_ahead": WALK,
}
"""What is asked of the service; each story calls its method at least once."""

AT_START: Final = frozenset({"Identities.sealing_key"})
"""Called before there is a service to ask."""
NEVER: Final = frozenset({"Identities.close"})
"""Called by whoever opened the role, beside it."""
