"""U5, U6, U14, U15: upstream is slow, silent, half gone, or not there."""

import asyncio
from itertools import product

from tests.reliability.scenarios.scenario import Played, Scenario, Scene, Stage
from tests.reliability.toxics import Bandwidth, Latency, LimitData, ResetPeer, Slicer, Timeout, Toxic
from tests.reliability.upstream import Play

SLOW = (502, 504)
MOST_REFUSALS = 2
MAY_STAND_ALONE = frozenset({"list", "first", "last"})
"""Where a page may have no finished row to end with; the last call may be the first of its page."""


def _slow(seconds: float, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, Play(delay=seconds))

    refusals = SLOW if seconds >= 2 and where in MAY_STAND_ALONE else ()
    what = f"first byte after {seconds} s, {where}"
    return Scenario(id="U5", what=what, script=script, refusals=refusals, also=_soon_over)


def _play(id: str, what: str, play: Play, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, play)

    refusals = SLOW if where in MAY_STAND_ALONE else ()
    return Scenario(id=id, what=f"{what}, {where}", script=script, refusals=refusals, also=_soon_over)


def _soon_over(played: Played) -> str:
    """One spoiled answer must not cost one page after another."""
    refused = len(played.walk.errors)
    return f"{refused} refusals for one slow answer" if refused > MOST_REFUSALS else ""


def _toxic(
    id: str, what: str, toxic: Toxic, *, refusals: tuple[int, ...] = (), heals_after: int | None = None
) -> Scenario:
    def script(stage: Stage) -> None:
        stage.toxics.downstream.append(toxic)

    return Scenario(
        id=id, what=what, script=script, refusals=refusals, is_pumped=True, heals_after=heals_after, summaries=40
    )


def _down(stage: Stage) -> None:
    stage.toxics.is_down = True


def _closing(stage: Stage) -> None:
    """Upstream closes each connection after one answer without saying so."""
    stage.upstream.spoil("/", Play(end="close"), times=None)


def _resetting(stage: Stage) -> None:
    stage.upstream.spoil("/", Play(end="reset", delay=0.002), times=6)


def _silent_death(stage: Stage) -> None:
    """Six connections are closed in place of an answer."""
    stage.upstream.spoil("/phone/call_history/", Play(raw=b"", end="close"), times=6)


WHERE = ("list", "first", "middle", "last")


def _hang_in_the_middle(stage: Stage) -> None:
    stage.spoil("middle", HANG)


async def _five_at_once(scene: Scene) -> str:
    """The same page for one credential: who waits for another's work must not wait too long, nor end with less."""
    target = f"/v2/phone/call_logs?{scene.query}"
    answers = await asyncio.gather(*(scene.pool.get(target, bearer=scene.bearer) for _ in range(5)))
    told = [(answer.status, len(answer.json.get("call_logs", ()))) for answer in answers]
    return "" if all(status == 200 and rows for status, rows in told) else f"answered {told}"


DRIP = Play(drip=1.0)
HANG = Play(cut=200, end="hang")

WAITS: tuple[Scenario, ...] = (
    *(_slow(*each) for each in product((0.3, 5.0), WHERE)),
    *(_play("U6", "one byte a second", DRIP, where) for where in WHERE),
    *(_play("U6", "hangs in the body", HANG, where) for where in WHERE),
    Scenario(
        id="U6",
        what="hangs in the body, middle, five ask at once",
        script=_hang_in_the_middle,
        act=_five_at_once,
    ),
    *(_play("U6", "hangs before the head", Play(cut=0, end="hang"), where) for where in WHERE),
    _toxic("U5", "100 ms more on every piece", Latency(0.1, 0.05)),
    _toxic("U6", "60 KB a second", Bandwidth(60_000)),
    _toxic("U6", "2 KB a second", Bandwidth(2_000), refusals=SLOW, heals_after=1),
    _toxic("U6", "pieces of 40 bytes", Slicer(40, 0.0005)),
    _toxic("U15", "half open", Timeout(0), refusals=SLOW, heals_after=1),
    _toxic("U15", "half open, then closed", Timeout(0.5), refusals=SLOW, heals_after=1),
    _toxic("U15", "reset at once", ResetPeer(), refusals=SLOW, heals_after=1),
    _toxic("U15", "reset after 300 ms", ResetPeer(0.3), refusals=SLOW, heals_after=1),
    _toxic("U15", "every connection good for 20 KB", LimitData(20_000), refusals=SLOW, heals_after=1),
    Scenario(
        id="U14", what="connections refused", script=_down, refusals=SLOW, is_pumped=True, heals_after=2, summaries=40
    ),
    Scenario(id="U15", what="closed after each answer", script=_closing),
    Scenario(id="U15", what="six answers reset", script=_resetting, refusals=SLOW),
    Scenario(id="U15", what="six requests unanswered", script=_silent_death, refusals=SLOW),
)
