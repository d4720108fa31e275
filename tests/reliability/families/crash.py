"""G10: kill -9 while ids are written: every id a client has received is found again after the restart.

The client keeps a journal of the bytes that reached it, of answers cut in the middle too. Each account prefix is a
partition of its own in the state, so that every list makes the service write.
"""

import asyncio
import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

import click

from contracts.cases import World
from tests.reliability.figures import Figure, Goal, measured, percentile
from tests.reliability.plan import Plan
from tests.reliability.raw_client import get, request
from tests.reliability.shim_process import ShimProcess, ended_for_good, settings_for, started
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import Reply, Request, ZoomAnswers

CALLS: Final = 120
CLIENTS: Final = 4
LONGEST: Final = 0.2
"""Seconds of writing before a kill, at the most."""
ASKED_AGAIN: Final = 3
"""Ids of each run that are asked for by HTTP as well; the others are looked up in the file."""
_ROW: Final = re.compile(rb'[\[,]\{"id":"([^"]+)"')
_LIST: Final = "/v2/phone/call_logs"
_ACCOUNT: Final = re.compile(r"/v2/accounts/[^/]+")

LOST: Final = Goal("G10", "ids a client had received and the state did not know", "= 0")
ASKED: Final = Goal("G10", "details of such ids, asked for by HTTP, that were refused or searched for", "= 0")
SOUND: Final = Goal("G10", "state files that were not sound", "= 0")
READY: Final = Goal(
    "G10", "seconds from the start of the process until it was ready, the slowest restart", "<= 1", is_timed=True
)
TOGETHER: Final = Goal("G10", "the same, of two at once on one file", "printed")
RUNS: Final = Goal("G10", "kills", "printed")
GOALS: tuple[Goal, ...] = (LOST, ASKED, SOUND, READY, TOGETHER, RUNS)

Journal = dict[str, set[str]]
"""Account -> the ids received for it."""


@dataclass(slots=True)
class _Toll:
    """What came of all kills so far."""

    received: int = 0
    lost: list[str] = field(default_factory=list)
    unanswered: int = 0
    unsound: int = 0
    ready: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))


async def run(plan: Plan) -> list[Figure]:
    """Kills one process again and again, then two that share a file."""
    toll, rng = _Toll(), plan.rng("crash")
    single, paired = plan.pick(ci=(1, 1), short=(6, 2), full=(40, 10))
    truth = ZoomAnswers(_without_extensions(company(plan.seed, CALLS)))
    told: dict[str, Reply] = {}

    def answer(asked: Request) -> Reply:
        target = _ACCOUNT.sub("/v2", asked.target)
        # One list for all accounts, made once: the service shall be busy, not its upstream.
        return told.setdefault(target, told.get(target) or truth(replace(asked, target=target)))

    async with FakeUpstream(answer, seed=plan.seed) as upstream:
        await _killed(1, single, upstream, plan, rng, toll)
        await _killed(2, paired, upstream, plan, rng, toll)
    # One start says more of what else the machine did.
    for lost in toll.lost[:5]:
        click.echo(f"  crash: lost {lost}", err=True)
    return [
        measured(LOST, len(toll.lost), f"of {toll.received:,}"),
        measured(ASKED, toll.unanswered, f"of {ASKED_AGAIN * (single + paired)}"),
        measured(SOUND, toll.unsound),
        measured(READY, max(toll.ready[1]), f"median {percentile(toll.ready[1], 0.5):.2f}"),
        measured(TOGETHER, max(toll.ready[2])),
        measured(RUNS, single + paired, f"{paired} of two processes on one file"),
    ]


def _without_extensions(world: World) -> World:
    """The same calls between numbers alone: nobody has to be looked up for each account."""
    rows = [{name: value for name, value in row.items() if "_ext_" not in name} for row in world.call_history]
    return replace(world, call_history=rows)


async def _killed(
    processes: int, times: int, upstream: FakeUpstream, plan: Plan, rng: random.Random, toll: _Toll
) -> None:
    """Starts so many processes on one file, and kills and starts them again so many times."""
    folder, numbers = plan.folder(f"crash-{processes}"), count()
    shims = await _started(processes, folder, upstream)
    try:
        for _ in range(times):
            journal: Journal = {}
            await asyncio.gather(*(get(shim.port, f"{_LIST}?{WINDOW}&page_size=20") for shim in shims))
            writing = [asyncio.create_task(_written(shim, numbers, journal)) for shim in shims for _ in range(CLIENTS)]
            await asyncio.sleep(rng.uniform(0, LONGEST))
            for shim in shims:
                shim.child.kill()
            await asyncio.gather(*writing, *(shim.child.wait() for shim in shims))
            began = monotonic()
            shims = await _started(processes, folder, upstream)
            toll.ready[processes].append(monotonic() - began)
            await _judged(journal, folder / "state.db", shims[0], upstream, toll)
    finally:
        for shim in shims:
            await ended_for_good(shim)


async def _started(processes: int, folder: Path, upstream: FakeUpstream) -> Sequence[ShimProcess]:
    """All of them, ready."""
    url = f"sqlite:///{folder / 'state.db'}"
    settings = [settings_for(upstream.url, SHIM_STATE_URL=url, SHIM_FIDELITY="summary") for _ in range(processes)]
    places = [folder / f"process-{number}" for number in range(processes)]
    for place in places:
        place.mkdir(exist_ok=True)
    shims = await asyncio.gather(*(started(place, each) for place, each in zip(places, settings, strict=True)))
    for shim in shims:
        while (await get(shim.port, "/readyz", bearer=None)).status != 200:
            pass
    return shims


async def _written(shim: ShimProcess, numbers: Iterator[int], journal: Journal) -> None:
    """Lists one fresh account after the other until the service is gone; keeps what came, whole or not."""
    while True:
        account = f"account-{next(numbers)}"
        target = f"/v2/accounts/{account}{_LIST.removeprefix('/v2')}?{WINDOW}&page_size=20"
        came = await _came(shim.port, request(target))
        if came is None:
            return
        journal.setdefault(account, set()).update(name.decode() for name in _ROW.findall(came))


async def _came(port: int, data: bytes) -> bytes | None:
    """Every byte that comes back; None when nobody listens any more."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return None
    came = b""
    with suppress(ConnectionError):
        writer.write(data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        while piece := await reader.read(1 << 16):
            came += piece
    writer.transport.abort()
    return came


async def _judged(journal: Journal, state: Path, shim: ShimProcess, upstream: FakeUpstream, toll: _Toll) -> None:
    received = [(account, name) for account, names in journal.items() for name in sorted(names)]
    toll.received += len(received)
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as file:
        known = set(file.execute("SELECT partition, v1_id FROM calls"))
        toll.unsound += file.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
    toll.lost += [f"{account}/{name}" for account, name in received if (account, name) not in known]
    for account, name in received[:: max(1, len(received) // ASKED_AGAIN)][:ASKED_AGAIN]:
        lists = upstream.by_name["list_call_history"]
        answer = await get(shim.port, f"/v2/accounts/{account}/phone/call_logs/{name}")
        toll.unanswered += answer.status != 200 or upstream.by_name["list_call_history"] != lists
