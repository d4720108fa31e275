"""Plays one scenario: a service of its own, a whole walk under the fault, a second one when all has healed.

Knows every rule that holds under any fault; what a scenario allows beyond stands in the scenario.
"""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shim.standin.oauth import AppClient
from tests.reliability.history import Truth, Verdict
from tests.reliability.names import Names
from tests.reliability.own_lag import own_lag
from tests.reliability.plan import Share
from tests.reliability.raw_client import BEARER, Answer, Pool
from tests.reliability.scenarios.scenario import CLIENT_KEY as CLIENT_KEY  # noqa: PLC0414 - other families take it from here
from tests.reliability.scenarios.scenario import Played, Scenario, Scene, Stage
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.toxics import Toxics
from tests.reliability.upstream import FakeUpstream
from tests.reliability.walks import Walk, walk
from tests.reliability.zoom_answers import Reply, ZoomAnswers

DEADLINE: Final = "2"
GRACE: Final = 0.1
"""Seconds beyond its deadline that an answer may take."""
RETRIES: Final = 15
MOST_PAGES: Final = 60
APP: Final = AppClient("run-account", "run-client", "run-secret-0123456789abcdef0123456789")


@dataclass(slots=True)
class Outcome:
    """What a scenario came to; `troubles` says what is wrong, in words."""

    name: str
    deadline: float
    lag: float = 0.0
    troubles: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def late(self) -> int:
        """Answers beyond the deadline, by more than the run itself was late."""
        return sum(answer.seconds > self.deadline + GRACE + self.lag for answer in self.answers)


async def played(scenario: Scenario, *, seed: int, share: Share, folder: Path) -> Outcome:
    """The outcome of one scenario; the same seed makes the same calls and the same chance."""
    own_seed = zlib.crc32(f"{seed} {scenario.name}".encode())
    world = scenario.world(own_seed, scenario.calls)
    answers = ZoomAnswers(world, app=APP if scenario.is_app else None)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answers, seed=own_seed))
        canary = await stack.enter_async_context(FakeUpstream(lambda _: Reply(200, b"{}")))
        toxics = await stack.enter_async_context(Toxics(upstream.port, seed=own_seed))
        names = Names(folder)
        uuids = [row["call_history_uuid"] for row in world.call_history]
        stage = Stage(upstream, toxics, canary, answers, uuids, names)
        scenario.script(stage)  # before the service starts, for some of what it asks it asks at its start
        settings = _settings(scenario, stage)
        shim = await stack.enter_async_context(shim_process(folder, settings))
        outcome = Outcome(scenario.name, float(settings["SHIM_DEADLINE"]))
        truth = Truth(world)
        lag = await stack.enter_async_context(own_lag())
        await _walks(scenario, stage, shim, truth, share, outcome)
        outcome.lag = lag.most
        await shim.metrics()
    outcome.bugs = shim.troubles()
    outcome.troubles += [f"{len(outcome.bugs)} bugs: {outcome.bugs[0]}"] if outcome.bugs else []
    outcome.troubles += [f"{outcome.late} answers late"] if outcome.late else []
    return outcome


def _settings(scenario: Scenario, stage: Stage) -> Mapping[str, str]:
    url = stage.toxics.url if scenario.is_pumped else stage.upstream.url
    if scenario.host:
        url = url.replace("127.0.0.1", scenario.host)
    app = {
        "ZOOM_ACCOUNT_ID": APP.account_id,
        "ZOOM_CLIENT_ID": APP.client_id,
        "ZOOM_CLIENT_SECRET": APP.client_secret,
        "SHIM_CLIENT_KEYS": f"run:{CLIENT_KEY}",
    }
    more = {"SHIM_DEADLINE": DEADLINE, "SHIM_LOG_LEVEL": "debug", **(app if scenario.is_app else {})}
    told = stage.names.settings if scenario.host else {}
    return settings_for(url, **{**more, **told, **scenario.settings})


async def _walks(
    scenario: Scenario, stage: Stage, shim: ShimProcess, truth: Truth, share: Share, outcome: Outcome
) -> None:
    query = f"{scenario.window()}&page_size={scenario.page_size}"
    bearer = f"Bearer {CLIENT_KEY}" if scenario.is_app else BEARER
    async with Pool(shim.port) as pool:
        before = shim.rss_bytes()
        outcome.troubles += filter(
            None, [await scenario.act(Scene(stage, shim, pool, query, bearer, share, outcome.figures))]
        )
        first = await _under_fault(scenario, stage, pool, query, bearer)
        grown = (shim.rss_bytes() - before) / 2**20
        outcome.answers += first.answers
        outcome.troubles += _wrong(scenario, first, truth, outcome)
        outcome.troubles += filter(None, [scenario.also(Played(stage, first, grown))])
        _heal(stage)
        # A day's limit outlives the fault for the credential that met it.
        healed = "Bearer another-token-of-the-run" if scenario.end == "refused" else bearer
        second = await walk(pool, query, bearer=healed, retries=RETRIES, pause=scenario.pause, most_pages=MOST_PAGES)
    verdict = truth.check(second.rows, is_whole=second.is_whole)
    outcome.verdicts.append(verdict)
    outcome.answers += second.answers
    outcome.troubles += (
        [] if verdict.is_clean and second.is_whole else [f"once healed: {verdict.troubles() or 'no end'}"]
    )
    changed = truth.check_ids([first.rows, second.rows])
    outcome.troubles += [f"{len(changed)} ids changed once healed"] if changed else []


async def _under_fault(scenario: Scenario, stage: Stage, pool: Pool, query: str, bearer: str) -> Walk:
    return await walk(
        pool,
        query,
        bearer=bearer,
        retries=RETRIES if scenario.end != "refused" else 1,
        pause=scenario.pause,
        most_pages=MOST_PAGES,
        on_answer=lambda count: _heal(stage) if count == scenario.heals_after else None,
    )


def _heal(stage: Stage) -> None:
    stage.upstream.heal()
    stage.toxics.heal()
    stage.names.heal()


def _wrong(scenario: Scenario, walked: Walk, truth: Truth, outcome: Outcome) -> Iterator[str]:
    """Everything that no fault excuses, nor this scenario."""
    verdict = truth.check(walked.rows, is_whole=walked.is_whole and scenario.end != "stops")
    if scenario.end == "stops":
        # Upstream itself repeats or withholds rows; what is served must still be true.
        verdict.doubled, verdict.reordered = [], []
    outcome.verdicts.append(verdict)
    if not verdict.is_clean:
        yield verdict.troubles()
    if scenario.end == "whole" and not walked.is_whole:
        yield f"no end: {[answer.status for answer in walked.answers]}"
    if scenario.end == "refused" and walked.is_whole:
        yield "served whole, though it had to be refused"
    if len(verdict.summaries) > scenario.summaries:
        yield f"{len(verdict.summaries)} rows by their summary, not {scenario.summaries}"
    if verdict.idless and not scenario.is_idless:
        yield f"{len(verdict.idless)} rows without object ids"
    unexpected = sorted({answer.status for answer in walked.errors} - {*scenario.refusals})
    if unexpected:
        yield f"refused with {unexpected}"
    strange = [answer.body[:80] for answer in walked.errors if not _is_envelope(answer)]
    if strange:
        yield f"no envelope: {strange[0]!r}"


def _is_envelope(answer: Answer) -> bool:
    try:
        body = answer.json
    except ValueError:
        return False
    return (
        isinstance(body, dict)
        and set(body) == {"code", "message"}
        and type(body["code"]) is int
        and isinstance(body["message"], str)
        and answer.header("content-type").startswith("application/json")
    )
