"""What a scenario is: a fault, and what may be seen of it at the very most.

It refuses to know how scenarios are played.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from contracts.cases import World
from tests.reliability.names import Names
from tests.reliability.plan import Share
from tests.reliability.raw_client import Pool
from tests.reliability.shim_process import ShimProcess
from tests.reliability.toxics import Toxics
from tests.reliability.upstream import FakeUpstream, Play, Rule
from tests.reliability.walks import Walk
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import Request, ZoomAnswers

LIST = "/phone/call_history"
DETAIL = "/phone/call_history/"
CLIENT_KEY: Final = "run-client-key-0123456789abcdef-0123456789"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a scenario plays: Zoom, the pump before it, a server nobody may ever ask, the calls in list order.

    `names` is what the service is told of host names.
    """

    upstream: FakeUpstream
    toxics: Toxics
    canary: FakeUpstream
    answers: ZoomAnswers
    uuids: Sequence[str]
    names: Names

    def spoil_list(self, play: Play, *, times: int | None = 1, skip: int = 0) -> Rule:
        """Spoils list answers."""
        return self.upstream.spoil(lambda request: request.path == LIST, play, times=times, skip=skip)

    def spoil_detail(self, place: int, play: Play, *, times: int | None = 1) -> Rule:
        """Spoils the detail of the call at a place of the list (negative: from its end)."""
        path = f"{DETAIL}{self.uuids[place]}"
        return self.upstream.spoil(lambda request: request.path == path, play, times=times)

    def spoil_from(self, place: int, play: Play, *, times: int | None = None) -> Rule:
        """Spoils all details from a place on."""
        paths = {f"{DETAIL}{uuid}" for uuid in self.uuids[place:]}
        return self.upstream.spoil(lambda request: request.path in paths, play, times=times)

    def spoil(self, where: str, play: Play, *, times: int | None = 1) -> Rule:
        """Spoils `list`, the `first` or `last` detail, one in the `middle` of a page, or `all` of call history."""
        match where:
            case "list":
                return self.spoil_list(play, times=times)
            case "all":
                return self.upstream.spoil(LIST, play, times=times)
        return self.spoil_detail({"first": 0, "middle": len(self.uuids) // 4, "last": -1}[where], play, times=times)

    def at(self, number: int, act: Callable[[], None]) -> None:
        """Does something when so many call history requests have come from now on."""
        seen = 0

        def fits(request: Request) -> bool:
            nonlocal seen
            seen += request.path.startswith(LIST)
            if seen == number:
                act()
            return False

        self.upstream.spoil(fits, Play())


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it, for a scenario's own look: the stage, the walk under the fault, memory gained in MiB."""

    stage: Stage
    walk: Walk
    grown_mib: float


@dataclass(frozen=True, slots=True)
class Scene:
    """The stage with the service on it, for a scenario that acts by itself before anybody walks.

    `figures` takes what is worth a figure of its own.
    """

    stage: Stage
    shim: ShimProcess
    pool: Pool
    query: str
    bearer: str
    share: Share
    figures: dict[str, float]


def _nothing_more(_: Played) -> str:
    return ""


async def _no_act(_: Scene) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One fault under a whole walk.

    `id` is that of the catalogue, `what` sets it apart. `script` spoils the stage. Beyond that the service must not be
    noticed: an answer that is no 200 has one of the `refusals`, at most `summaries` rows are told by their summary,
    rows lack object ids only where `is_idless`. The walk comes to its `whole` end, or is `refused` for good, or merely
    `stops`. `also` looks at what is special and says what is wrong, as does `act`, which asks by itself before the
    walk. Then all heals, and a walk must be served whole. A client that is refused waits `pause` seconds. Without a
    `host` the service knows upstream by its address. One that `is_long` is left out where there are but seconds.
    """

    id: str
    what: str
    script: Callable[[Stage], None]
    refusals: tuple[int, ...] = ()
    summaries: int = 0
    is_idless: bool = False
    end: Literal["whole", "refused", "stops"] = "whole"
    also: Callable[[Played], str] = _nothing_more
    act: Callable[[Scene], Awaitable[str]] = _no_act
    calls: int = 40
    page_size: int = 20
    is_pumped: bool = False
    is_app: bool = False
    heals_after: int | None = None
    settings: Mapping[str, str] = field(default_factory=lambda: NO_SETTINGS)
    world: Callable[[int, int], World] = company
    window: Callable[[], str] = lambda: WINDOW
    pause: float = 0.3
    host: str = ""
    is_long: bool = False

    @property
    def name(self) -> str:
        """How a scenario is asked for."""
        return f"{self.id} {self.what}"
