"""Requests of which each needs exactly one call upstream: details that this program has not asked for yet.

The programs say that they are of one Zoom account, so that one rate budget counts for all of them. Knows which details
are still unasked for; refuses to know faults and what is measured.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from contracts.cases import World
from tests.reliability.history import Truth
from tests.reliability.open_loop import Ask, Cut, Lines, Reply
from tests.reliability.raw_client import Pool, request
from tests.reliability.shim_process import shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.walks import LIST, walk
from tests.reliability.worlds import WINDOW
from tests.reliability.zoom_answers import Request

CALLS: Final = 300
PROGRAMS: Final = 24
"""So many that none meets its own limit of requests under way."""
KIND: Final = "detail"


async def learn(folder: Path, settings: Mapping[str, str]) -> None:
    """Makes every id known to the service's state, and ends: whoever starts there again has asked for nothing yet."""
    async with shim_process(folder, settings) as shim, Pool(shim.port) as pool:
        listed = await walk(pool, f"{WINDOW}&page_size=300", bearer=bearer(-1))
        if not listed.is_whole:
            raise RuntimeError(f"ids were to be learnt, but lists are answered {listed.answers[-1].status}")


@dataclass(slots=True)
class FreshCalls:
    """Details by id; each program asks for each once and by its id alone, so nothing can be kept.

    There are at least so many `programs`.
    """

    port: int
    world: World
    programs: int = PROGRAMS
    lines: Lines = field(init=False)
    _ids: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(self.port)
        self._ids = [slot.v1_id for slot in Truth(self.world).slots if slot.group == 0]

    def requests(self, count: int) -> Iterator[tuple[str, Ask]]:
        """So many; of a second call all are the same again."""
        programs = [bearer(number) for number in range(max(self.programs, 1 + count // len(self._ids)))]
        pairs = ((program, v1_id) for v1_id in self._ids for program in programs)
        for program, v1_id in islice(pairs, count):
            yield KIND, partial(self._asked, request(f"{LIST}/{v1_id}", bearer=program))

    async def _asked(self, data: bytes) -> Reply:
        try:
            return await self.lines.ask(data)
        except Cut:
            # A kept connection may end, idle too long, in the moment it is used: every client asks once more then.
            return await self.lines.ask(data, anew=True)

    def close(self) -> None:
        """Hangs up."""
        self.lines.close()


def details(upstream: FakeUpstream) -> list[Request]:
    """The calls for details that reached upstream, in the order they came."""
    return [arrival for arrival in upstream.arrivals if arrival.path.startswith("/phone/call_history/")]


def bearer(number: int) -> str:
    """A token that looks like Zoom's, all of one account."""
    claims = base64.urlsafe_b64encode(json.dumps({"aid": "account-of-the-run", "uid": number}).encode()).decode()
    return f"Bearer header.{claims.rstrip('=')}.signature"
