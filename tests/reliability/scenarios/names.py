"""U14: upstream's name is unknown, or nobody answers for it, or it has moved."""

import asyncio

from tests.reliability.names import HOST
from tests.reliability.scenarios.scenario import Played, Scenario, Scene, Stage

SLOW = (502, 503, 504)
"""503 is said where so many calls have failed that the next ones are held back."""
LIVES = 10
"""Seconds for which an address is believed."""
MOST_THREADS = 8


async def _nobody_else(_: Scene) -> str:
    return ""


def _told(told: str, *, by_many: bool) -> Scenario:
    def script(stage: Stage) -> None:
        stage.names.tell(told)

    return Scenario(
        id="U14",
        what=f"the name is {told}" + (", forty ask" if by_many else ""),
        script=script,
        refusals=SLOW,
        host=HOST,
        heals_after=2,
        also=_few_threads,
        pause=1.0,
        act=_many if by_many else _nobody_else,
        is_long=told == "silent" or by_many,
    )


async def _many(scene: Scene) -> str:
    target = f"/v2/phone/call_logs?{scene.query}"
    answers = await asyncio.gather(*(scene.pool.get(target, bearer=f"Bearer program-{n}") for n in range(40)))
    wrong = sorted({answer.status for answer in answers} - {*SLOW})
    return f"answered {wrong}" if wrong else ""


def _few_threads(played: Played) -> str:
    most = played.stage.names.most_at_once()
    return f"{most} look-ups at once" if most > MOST_THREADS else ""


def _moves(stage: Stage) -> None:
    """An address where nobody listens; upstream is at another one when all has healed."""
    stage.names.tell("127.0.0.2")


NAMES: tuple[Scenario, ...] = (
    *(_told(told, by_many=many) for told in ("unknown", "silent", "empty") for many in (False, True)),
    Scenario(
        id="U14",
        what="the address changes",
        script=_moves,
        refusals=SLOW,
        host=HOST,
        heals_after=1,
        pause=(LIVES + 3) / 15,
        is_long=True,
    ),
)
