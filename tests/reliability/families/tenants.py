"""G13: three accounts mixed on one service, their requests cancelled at random, and not one word of one to another.

Lists, walks, details and paths that are passed on; also with the ids and page tokens of others, as a program asks that
guesses. Every byte that came back is searched, headers too.
"""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.reliability.figures import Figure, Goal, measured, shown
from tests.reliability.marked_worlds import MARKS, SEES, Tenant, tenants
from tests.reliability.plan import Plan
from tests.reliability.raw_client import Answer, Pool
from tests.reliability.shim_process import settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.walks import LIST
from tests.reliability.worlds import WINDOW
from tests.reliability.zoom_answers import ZoomAnswers

CALLS: Final = 80
BEARERS: Final = 4
"""Of each account."""
AT_ONCE: Final = 48
CANCELLED: Final = 0.15
LONGEST_PATIENCE: Final = 0.03
"""Seconds within which those that are cancelled give up."""
STRANGE: Final = 0.2
"""The part of page tokens that are another account's."""
GUESSED: Final = 0.02
"""The part of ids: each that an account cannot know costs a search through its calls."""
SIZES: Final = (3, 10, 25)
MOST_KNOWN: Final = 2_000

FOREIGN: Final = Goal("G13", "answers with a word or an id of another account", "= 0")
BUGS: Final = Goal("G13", "tracebacks and unnamed failures", "= 0")
OWN: Final = Goal("G13", "answers that show whose they are", ">= 50 %")
MADE: Final = Goal("G13", "requests made", "printed")
GOALS: tuple[Goal, ...] = (FOREIGN, BUGS, OWN, MADE)


async def run(plan: Plan) -> list[Figure]:
    """The mix, as many requests as the share wants."""
    count = plan.pick(ci=1_000, short=8_000, full=100_000)
    known = tenants(plan.seed, CALLS)
    bearers = {_bearer(each.name, number): each.world for each in known for number in range(BEARERS)}
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(
            FakeUpstream(ZoomAnswers(known[0].world, bearers=bearers), seed=plan.seed)
        )
        shim = await stack.enter_async_context(shim_process(plan.folder("tenants"), settings_for(upstream.url)))
        pool = await stack.enter_async_context(Pool(shim.port))
        mix = _Mix(pool, known, plan.rng("tenants"), count)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(mix.work())
        bugs = shim.troubles()
    answered = mix.outcomes.total() - mix.outcomes["cancelled"]
    outcomes = ", ".join(f"{shown(number)} {what}" for what, number in sorted(mix.outcomes.items()))
    return [
        measured(FOREIGN, len(mix.foreign), "; ".join(mix.foreign[:3])),
        measured(BUGS, len(bugs), "".join(bugs[:1])),
        measured(OWN, 100 * mix.own / answered, f"of {shown(answered)}"),
        measured(MADE, mix.outcomes.total(), outcomes),
    ]


def _bearer(tenant: str, number: int) -> str:
    return f"token-{tenant}-{number}"


@dataclass(slots=True)
class _Mix:
    """What is asked, of whom, and what came back. `tokens` and `ids` are what a program may know or guess."""

    pool: Pool
    tenants: list[Tenant]
    rng: random.Random
    left: int
    outcomes: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    own: int = 0
    ids: dict[str, list[str]] = field(init=False)
    tokens: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = {each.name: [] for each in self.tenants}
        self.tokens = {each.name: [] for each in self.tenants}

    async def work(self) -> None:
        """Asks until enough have been asked."""
        while self.left > 0:
            self.left -= 1
            tenant = self.rng.choice(self.tenants)
            target = self._target(tenant)
            bearer = f"Bearer {_bearer(tenant.name, self.rng.randrange(BEARERS))}"
            patience = self.rng.uniform(0, LONGEST_PATIENCE) if self.rng.random() < CANCELLED else 30.0
            try:
                async with asyncio.timeout(patience):
                    answer = await self.pool.get(target, bearer=bearer)
            except TimeoutError:
                self.outcomes["cancelled"] += 1
                continue
            self._note(tenant, target, answer)

    def _target(self, tenant: Tenant) -> str:
        match self.rng.choices(("list", "on", "details", "users", "passed"), (20, 25, 40, 5, 10))[0]:
            case "on" if tokens := self.tokens[self._whose(tenant, STRANGE).name]:
                return f"{self._list()}&next_page_token={self.rng.choice(tokens)}"
            case "details" if ids := self.ids[self._whose(tenant, GUESSED).name]:
                return f"{LIST}/{self.rng.choice(ids)}"
            case "users":
                return "/v2/phone/users?page_size=100"
            case "passed":
                calls = self._whose(tenant, STRANGE).world.call_history
                return f"/v2/phone/call_history/{self.rng.choice(calls)['call_history_uuid']}"
        return self._list()

    def _whose(self, tenant: Tenant, part: float) -> Tenant:
        return self.rng.choice(self.tenants) if self.rng.random() < part else tenant

    def _list(self) -> str:
        return f"{LIST}?{WINDOW}&page_size={self.rng.choice(SIZES)}"

    def _note(self, tenant: Tenant, target: str, answer: Answer) -> None:
        self.outcomes[str(answer.status)] += 1
        # An id that was asked for may be named in the refusal of it.
        if tenant.is_foreign(answer.raw.replace(target.encode(), b"")):
            self.foreign.append(f"{tenant.name} asked {target} and was told of others")
        self.own += any(MARKS[part] in answer.raw for part in SEES[tenant.name])
        if target.startswith(f"{LIST}?") and answer.status == 200:
            page = answer.json
            self.ids[tenant.name] += [row["id"] for row in page["call_logs"]]
            self.tokens[tenant.name] += [page["next_page_token"]] if page["next_page_token"] else []
            for known in (self.ids[tenant.name], self.tokens[tenant.name]):
                del known[:-MOST_KNOWN]
