"""G18: what the time of a refusal tells of a key: whether a guess is wrong in its first or in its last byte.

Two classes of wrong keys in a random order; Welch's t between their times. Once over HTTP, as an attacker would, and
once over the check itself, in this process, where no network hides anything. As in dudect, t is also taken over the
quicker parts alone, for a slow tail hides small differences, and the greatest of them counts.
"""

import asyncio
import gc
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter_ns
from typing import Final

from pydantic import SecretStr

from shim.client_keys import ClientKeys
from shim.settings import ClientKey
from tests.reliability.figures import PRINTED, Figure, Goal, measured, percentile, shown
from tests.reliability.open_loop import HOST, Line
from tests.reliability.plan import Plan
from tests.reliability.playing import APP, CLIENT_KEY
from tests.reliability.raw_client import request
from tests.reliability.shim_process import settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

OTHERS: Final = tuple(f"other-client-key-{number:02d}-0123456789abcdef" for number in range(15))
"""Further keys the service knows: a check that stops at the first that fits would be seen as well."""
WARM: Final = 200
QUICKER: Final = (1.0, 0.9, 0.5)
REFUSED: Final = 401
AT_ONCE: Final = 10_000

HTTP: Final = Goal(
    "G18", "Welch |t| of a key wrong in its first and in its last byte, over HTTP", "< 4.5", is_timed=True
)
CHECK: Final = Goal("G18", "the same, of the check alone in this process", "< 4.5", is_timed=True)
ODD: Final = Goal("G18", "wrong keys that were not refused with one and the same text", "= 0")
GOALS: tuple[Goal, ...] = (HTTP, CHECK, ODD)


async def run(plan: Plan) -> list[Figure]:
    """The service's answers first, then the check; below all counts a figure only says how it stands."""
    rng, tries = plan.rng("timing"), plan.pick(ci=1_500, short=8_000, full=100_000)
    seconds, bodies = await _answered(plan, tries, rng)
    checked = _checked(plan.pick(ci=20_000, short=100_000, full=1_000_000), rng)
    odd = sum(count for count in sorted(bodies.values())[:-1])
    http, check = (goal if plan.share == "full" else replace(goal, bound=PRINTED) for goal in (HTTP, CHECK))
    return [
        measured(http, _most(seconds), f"{tries:,} tries, median {_median(seconds, 1e6):.0f} us"),
        measured(check, _most(checked), f"{sum(map(len, checked)):,} tries, median {shown(_median(checked, 1))} ns"),
        measured(ODD, odd, f"{len(bodies)} text"),
    ]


def _guesses() -> tuple[str, str]:
    """The key with its first byte changed, and with its last one."""
    return f"~{CLIENT_KEY[1:]}", f"{CLIENT_KEY[:-1]}~"


async def _answered(
    plan: Plan, tries: int, rng: random.Random
) -> tuple[tuple[list[float], list[float]], dict[bytes, int]]:
    """Seconds of refusals in two classes, and how often each text came."""
    times: tuple[list[float], list[float]] = ([], [])
    bodies: dict[bytes, int] = {}
    keys = ",".join([f"run:{CLIENT_KEY}", *(f"other-{key[17:19]}:{key}" for key in OTHERS)])
    async with FakeUpstream(ZoomAnswers(company(plan.seed, 1), app=APP), seed=plan.seed) as upstream:
        settings = settings_for(
            upstream.url,
            ZOOM_ACCOUNT_ID=APP.account_id,
            ZOOM_CLIENT_ID=APP.client_id,
            ZOOM_CLIENT_SECRET=APP.client_secret,
            SHIM_CLIENT_KEYS=keys,
        )
        async with shim_process(plan.folder("timing"), settings) as shim:
            asks = [request(f"/v2/phone/call_logs?{WINDOW}", bearer=f"Bearer {guess}") for guess in _guesses()]
            _, line = await asyncio.get_running_loop().create_connection(Line, HOST, shim.port)
            for number in range(tries + WARM):
                which = rng.randrange(2)
                began = perf_counter_ns()
                reply = await line.ask(asks[which])
                took = (perf_counter_ns() - began) / 1e9
                text = reply.body if reply.status == REFUSED else b"%d" % reply.status
                bodies[text] = bodies.get(text, 0) + 1
                if number >= WARM:
                    times[which].append(took)
            line.close()
    return times, bodies


def _checked(tries: int, rng: random.Random) -> tuple[list[float], list[float]]:
    """Nanoseconds of the check itself in two classes."""
    known = [ClientKey(name=f"client-{key[-2:]}", key=SecretStr(key)) for key in (CLIENT_KEY, *OTHERS)]
    holder = ClientKeys(known).holder
    guesses = [guess.encode() for guess in _guesses()]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(tries // AT_ONCE):
        classes = rng.choices((0, 1), k=AT_ONCE)
        # Each try has a text of its own, as each request has, and what is done with its time is done later: where a
        # text lies and which way was gone just before shows in nanoseconds.
        keys = [guesses[which].decode() for which in classes]
        took = _timed(holder, keys)
        for which, nanoseconds in zip(classes, took, strict=True):
            times[which].append(nanoseconds)
    return times


def _timed(holder: Callable[[str], object], keys: Sequence[str]) -> list[float]:
    gc.collect()
    gc.disable()
    try:
        return [_nanoseconds(holder, key) for key in keys]
    finally:
        gc.enable()


def _nanoseconds(holder: Callable[[str], object], key: str) -> float:
    began = perf_counter_ns()
    holder(key)
    return float(perf_counter_ns() - began)


def _most(times: tuple[Sequence[float], Sequence[float]]) -> float:
    """The greatest |t| over all and over the quicker parts."""
    pooled = [*times[0], *times[1]]
    bounds = [percentile(pooled, part) for part in QUICKER]
    return max(abs(_welch(*([t for t in each if t <= bound] for each in times))) for bound in bounds)


def _welch(one: Sequence[float], other: Sequence[float]) -> float:
    error = math.sqrt(statistics.variance(one) / len(one) + statistics.variance(other) / len(other))
    return (statistics.fmean(one) - statistics.fmean(other)) / error


def _median(times: tuple[Sequence[float], Sequence[float]], scale: float) -> float:
    return statistics.median([*times[0], *times[1]]) * scale
