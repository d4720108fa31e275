"""U20d: programs that leave their walks, so that what was fetched ahead for them was fetched in vain."""

import random
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.cases import World
from tests.reliability.history import Truth
from tests.reliability.plan import Share
from tests.reliability.scenarios.scenario import DETAIL, LIST, Scenario, Scene, Stage
from tests.reliability.walks import walk
from tests.reliability.worlds import WINDOW, company

LEFT_WALKS, CALLS_MADE, CALLS_IN_VAIN = "walks", "calls", "calls in vain"
WALKS: Mapping[Share, int] = {"ci": 40, "short": 200, "full": 1_000}
WALKS_OF_ONE = 10
CALLS = 60
PAGE = 10
MOST_IN_VAIN = 0.05


@dataclass(slots=True)
class _Program:
    """One program with an account of its own. `served` are moments at which it was served a call, by history uuid."""

    bearer: str
    world: World
    served: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pages: int = 0

    async def walk(self, scene: Scene, pages: int, uuids: Mapping[str, str]) -> None:
        """Reads so many pages and leaves."""
        query = f"{WINDOW}&page_size={PAGE}"
        walked = await walk(scene.pool, query, bearer=f"Bearer {self.bearer}", most_pages=pages)
        now = scene.stage.upstream.now()
        self.pages += len(walked.answers)
        for row in walked.rows:
            self.served[uuids[row["id"]]].append(now)


async def _leave(scene: Scene) -> str:
    """Walks of all programs in turn, each left at a random page; then counts."""
    walks = WALKS[scene.share]
    rng = random.Random(zlib.crc32(scene.bearer.encode()) + walks)
    programs = [
        _Program(f"program-{number}", company(number, CALLS)) for number in range(max(1, walks // WALKS_OF_ONE))
    ]
    scene.stage.answers.admit({each.bearer: each.world for each in programs})
    uuids = {slot.v1_id: slot.history_uuid for each in programs for slot in Truth(each.world).slots}
    scene.stage.upstream.forget()
    for number in range(walks):
        # Most read a page or two; one in five goes on to the end.
        pages = rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 7, 7))
        await programs[number % len(programs)].walk(scene, pages, uuids)
    made, in_vain = scene.stage.upstream.requests, _in_vain(scene.stage, programs)
    scene.figures.update({LEFT_WALKS: walks, CALLS_MADE: made, CALLS_IN_VAIN: in_vain})
    return f"{in_vain} of {made} calls in vain" if in_vain > MOST_IN_VAIN * made else ""


def _in_vain(stage: Stage, programs: Sequence[_Program]) -> int:
    """Details that no later page of the program held, and lists beyond one for each page."""
    by_bearer = {f"Bearer {each.bearer}": each for each in programs}
    lists: dict[str, int] = defaultdict(int)
    lost = 0
    for request in stage.upstream.arrivals:
        program = by_bearer.get(request.headers.get("authorization", ""))
        if program is None:
            continue
        lists[program.bearer] += request.path == LIST
        if request.path.startswith(DETAIL):
            served = program.served.get(request.path.removeprefix(DETAIL), [])
            lost += not any(moment >= request.at for moment in served)
    return lost + sum(max(0, lists[each.bearer] - each.pages) for each in programs)


def _nothing(_: Stage) -> None:
    pass


LEFT: tuple[Scenario, ...] = (
    # So small a cache that a program's next walk finds little of its last one.
    Scenario(id="U20d", what="walks that are left", script=_nothing, act=_leave, settings={"SHIM_CACHE_MIB": "1"}),
)
