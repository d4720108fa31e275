"""U20b, U20c: a client that gives up and asks again, and neighbours on the same account."""

import asyncio
from collections import Counter

from tests.reliability.busiest import SECOND
from tests.reliability.figures import most_within
from tests.reliability.scenarios.limits import QPS, TOO_FAST
from tests.reliability.scenarios.scenario import DETAIL, Played, Scenario, Scene, Stage
from tests.reliability.upstream import Play
from tests.reliability.walks import LIST as LEGACY_LIST

LIGHT = 40
"""Calls a second of the plan."""
PATIENCE = 0.8
TRIES = 8


def _details(stage: Stage) -> list[float]:
    return [each.at for each in stage.upstream.arrivals if each.path.startswith(DETAIL)]


async def _gives_up(scene: Scene) -> str:
    """Asks with little patience until it has its page."""
    for _ in range(TRIES):
        try:
            answer = await scene.pool.get(f"{LEGACY_LIST}?{scene.query}", bearer=scene.bearer, patience=PATIENCE)
        except TimeoutError:
            if started := await _started_for_nobody(scene.stage):
                return f"{started} details asked for though nobody waits"
            continue
        asked = Counter(each.path for each in scene.stage.upstream.arrivals if each.path.startswith(DETAIL))
        again = sum(times - 1 for times in asked.values())
        rows = len(answer.json["call_logs"]) if answer.status == 200 else 0
        return "" if rows >= 40 and not again else f"{rows} rows, {again} details asked for again"
    return f"no page in {TRIES} tries"


async def _started_for_nobody(stage: Stage) -> int:
    await asyncio.sleep(0.15)  # what is on its way arrives
    before = len(_details(stage))
    await asyncio.sleep(0.4)
    return len(_details(stage)) - before


def _nothing(_: Stage) -> None:
    pass


def _once_too_fast(stage: Stage) -> None:
    play = Play(status=429, headers=(QPS, ("Retry-After", "1")), body=TOO_FAST)
    stage.upstream.spoil(DETAIL, play, skip=12)


def _halves(played: Played) -> str:
    met = next((each.at for each in played.stage.upstream.arrivals if each.path.startswith(DETAIL)), 0.0)
    moments = _details(played.stage)
    refused = moments[12]
    after = most_within([moment for moment in moments if moment > refused + 0.05], SECOND)
    before = most_within([moment for moment in moments if met <= moment <= refused], SECOND)
    lasted = moments[-1] - refused
    is_halved = after <= LIGHT / 2 or len(moments) - 13 <= LIGHT / 2 * (lasted + 1)
    return "" if is_halved else f"{after} calls in a second behind the refusal, {before} before"


def _within_share(share: float) -> Scenario:
    def also(played: Played) -> str:
        moments, limit = _details(played.stage), LIGHT * share
        most, lasted = most_within(moments, SECOND), moments[-1] - moments[0]
        # A machine that is busy lets arrivals pile up before they are counted, but makes a walk no shorter.
        is_within = most <= limit or len(moments) <= limit * (lasted + 1)
        return "" if is_within else f"{most} details in a second, {len(moments)} in {lasted:.1f} s"

    return Scenario(
        id="U20c",
        what=f"{share:.0%} of the account's limits are ours",
        script=_nothing,
        also=also,
        settings={"SHIM_RATE_SHARE": str(share), "SHIM_DEADLINE": "6"},
    )


IMPATIENT: tuple[Scenario, ...] = (
    *(
        Scenario(
            id="U20b",
            what=f"gives up and asks again, {share} of the limits",
            script=_nothing,
            act=_gives_up,
            page_size=100,
            settings={"SHIM_RATE_SHARE": share, "SHIM_DEADLINE": "6"},
        )
        for share in ("0.4", "0.6")
    ),
    *(_within_share(share) for share in (0.25, 0.5, 0.8)),
    Scenario(
        id="U20c",
        what="a refusal that a neighbour has earned",
        script=_once_too_fast,
        also=_halves,
        refusals=(429,),
        settings={"SHIM_RATE_SHARE": "1", "SHIM_DEADLINE": "6"},
    ),
)
