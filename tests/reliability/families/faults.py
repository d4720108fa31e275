"""G1: every fault of upstream in turn, each against a service of its own, each under a whole walk.

`--only U7` (or any part of a scenario's name) plays some of them; what is wrong with one is printed with its name.
"""

import asyncio
import random
import zlib
from collections import defaultdict
from collections.abc import Mapping
from math import ceil
from typing import Final

import click

from tests.reliability.figures import Figure, Goal, measured, shown
from tests.reliability.plan import Plan, Share
from tests.reliability.playing import GRACE, Outcome, played
from tests.reliability.scenarios import ALL
from tests.reliability.scenarios.left_walks import CALLS_IN_VAIN, CALLS_MADE, LEFT_WALKS
from tests.reliability.scenarios.scenario import Scenario

AT_ONCE: Final = {"ci": 8, "short": 3, "full": 3}
"""Mostly they wait; with many at once the run itself is late at times, which is taken off the answers' times."""
SURVIVED: Final = Goal("G1", "faults survived, of those played", "= 100 %")
PLAYED: Final = Goal("G1", "faults played", "printed")
ROWS: Final = Goal("G1", "rows lost, doubled, reordered, altered, foreign or under another id", "= 0")
SUMMARIES: Final = Goal("G1", "rows told by their summary", "printed")
IDLESS: Final = Goal("G1", "rows without some object id of the directory", "printed")
BUGS: Final = Goal("G1", "tracebacks and unnamed failures", "= 0")
LATE: Final = Goal("G1", "answers later than the deadline + 100 ms", "= 0", is_timed=True)
WASTE: Final = Goal("G1", "upstream calls in vain for walks that were left (U20d)", "<= 5 %")
GOALS: tuple[Goal, ...] = (SURVIVED, PLAYED, ROWS, SUMMARIES, IDLESS, BUGS, LATE, WASTE)


async def run(plan: Plan) -> list[Figure]:
    """Plays this share's scenarios, a few at a time."""
    turns = asyncio.Semaphore(AT_ONCE[plan.share])

    async def take(scenario: Scenario) -> Outcome:
        async with turns:
            return await _outcome(scenario, plan)

    outcomes = await asyncio.gather(*(take(scenario) for scenario in chosen(plan)))
    for outcome in outcomes:
        for trouble in outcome.troubles:
            click.echo(f"  {outcome.name}: {trouble}", err=True)
    return _figures(outcomes)


def chosen(plan: Plan) -> list[Scenario]:
    """The scenarios of this share by the seed: some of every number of the catalogue, or of every other one."""
    by_id: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in ALL:
        if plan.only in scenario.name:
            by_id[scenario.id].append(scenario)
    if plan.only:
        return [each for group in by_id.values() for each in group]
    part = plan.pick(ci=0.04, short=1 / 3, full=1.0)
    rng = plan.rng("faults")
    groups = sorted(by_id.items())
    if plan.share == "ci":  # every other number has to do
        groups = groups[rng.randrange(2) :: 2]
    return [each for _, group in groups for each in _some(group, part, rng, plan.share)]


def _some(group: list[Scenario], part: float, rng: random.Random, share: Share) -> list[Scenario]:
    brief = [each for each in group if not each.is_long or share != "ci"] or group
    return rng.sample(brief, ceil(part * len(brief)))


async def _outcome(scenario: Scenario, plan: Plan) -> Outcome:
    folder = plan.folder(f"faults-{zlib.crc32(scenario.name.encode()):08x}")
    (folder / "scenario.txt").write_text(f"{scenario.name}\n")
    try:
        return await played(scenario, seed=plan.seed, share=plan.share, folder=folder)
    except (OSError, RuntimeError, TimeoutError, EOFError) as failure:
        return Outcome(scenario.name, 0.0, troubles=[f"broke off: {type(failure).__name__} {failure}"])


def _figures(outcomes: list[Outcome]) -> list[Figure]:
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    bad = [outcome.name for outcome in outcomes if outcome.troubles]
    rows = sum(verdict.rows for verdict in verdicts)
    wrong = sum(
        len(ids)
        for each in verdicts
        for ids in (each.lost, each.doubled, each.reordered, each.altered, each.foreign, each.repinned)
    )
    answers = [answer for outcome in outcomes for answer in outcome.answers]
    lag = max(outcome.lag for outcome in outcomes)
    most = max((answer.seconds - each.deadline for each in outcomes for answer in each.answers), default=0.0)
    return [
        measured(SURVIVED, 100 * (1 - len(bad) / len(outcomes)), f"not: {', '.join(bad)}" if bad else "each one"),
        measured(PLAYED, len(outcomes), f"of {len(ALL)} known"),
        measured(ROWS, wrong, f"of {shown(rows)} rows served"),
        measured(SUMMARIES, sum(len(verdict.summaries) for verdict in verdicts), "where a scenario allows them"),
        measured(IDLESS, sum(len(verdict.idless) for verdict in verdicts), "where a scenario allows them"),
        measured(BUGS, sum(len(outcome.bugs) for outcome in outcomes)),
        measured(
            LATE,
            sum(outcome.late for outcome in outcomes),
            f"of {shown(len(answers))}; the latest {1000 * most:+.0f} ms from its deadline, {1000 * GRACE:.0f} allowed "
            f"and what the run itself was late: {1000 * lag:.0f} at most",
        ),
        *(_waste(outcome.figures) for outcome in outcomes if LEFT_WALKS in outcome.figures),
    ]


def _waste(told: Mapping[str, float]) -> Figure:
    return measured(
        WASTE,
        100 * told[CALLS_IN_VAIN] / told[CALLS_MADE],
        f"{shown(told[CALLS_IN_VAIN])} of {shown(told[CALLS_MADE])}, {shown(told[LEFT_WALKS])} walks",
    )
