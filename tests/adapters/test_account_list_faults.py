"""Whole walks over the account list while upstream fails here and there: nothing lost, doubled or reordered."""

import asyncio
import random
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import ShimError, UpstreamBroken, UpstreamHeldBack, UpstreamSlow
from adapters.identifiers import without_suffix
from adapters.ports import SuccessorCall
from tests.adapters.fake_ports import OUTAGE, TOO_FAST
from tests.adapters.list_bench import ListBench, listed
from tests.adapters.test_account_list_walks import SEEDS, WINDOW, newest
from tests.adapters.virtual_time import on_virtual_time

STOPS = (TOO_FAST, UpstreamSlow("no turn before the deadline"), UpstreamHeldBack(503, None, ""))
FAILURES = (OUTAGE, UpstreamBroken("cut short"))


def drawn(failures: Sequence[ShimError], *, seed: int, rate: float) -> Callable[[SuccessorCall], ShimError | None]:
    """Fails calls of any kind at this rate, the same ones every time."""
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated, no secret

    def fault(_: SuccessorCall) -> ShimError | None:
        return chance.choice(failures) if chance.random() < rate else None

    return fault


def walked(bench: Callable[[], ListBench], sizes: Sequence[int]) -> list[list[dict[str, Any]]]:
    """Two walks side by side of the same credential, on a loop whose clock jumps."""

    async def both() -> list[list[dict[str, Any]]]:
        one = bench()
        walks = await asyncio.gather(*(one.walk(*WINDOW, sizes=sizes) for _ in range(2)))
        await one.ahead.aclose()
        return walks

    return on_virtual_time(both)


def rows_of(pages: Sequence[dict[str, Any]], field: str) -> list[str]:
    """One field of the rows of all pages, in order."""
    return [row[field] for page in pages for row in page["call_logs"]]


def in_turn(call_ids: Sequence[str], known: set[str]) -> list[str]:
    """The known calls, each run of a call's rows once."""
    stems = (without_suffix(call_id) for call_id in call_ids)
    return [stem for stem, _ in groupby(stem for stem in stems if stem in known)]


PACES = st.sampled_from([(0.0, 12.0), (0.05, 12.0), (0.05, 2.0)])
SIZES = st.lists(st.sampled_from([1, 3, 10, 30]), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    world=st.tuples(st.sampled_from(SEEDS), st.integers(1, 30)),
    sizes=SIZES,
    pace=PACES,
    draw=st.tuples(st.integers(0, 2**16), st.sampled_from([0.02, 0.15, 0.4])),
)
def test_limits_and_deadlines_cost_no_row_and_change_none(world, sizes, pace, draw):
    """Pages get shorter; joined they are the whole list under the ids of the details, for both who walk at once."""
    company = newest(*world)
    fault = drawn(STOPS, seed=draw[0], rate=draw[1])
    walks = walked(lambda: ListBench(company, seconds=pace[0], deadline=pace[1], fault=fault), sizes)
    expected = [call.row["id"] for _, call in listed(company)]
    assert [expected, expected] == [rows_of(pages, "id") for pages in walks]


@settings(max_examples=60, deadline=None)
@given(
    world=st.tuples(st.sampled_from(SEEDS), st.integers(1, 30)),
    sizes=SIZES,
    pace=PACES,
    draw=st.tuples(st.integers(0, 2**16), st.sampled_from([0.02, 0.15, 0.4])),
)
def test_failures_cost_no_call_and_no_order(world, sizes, pace, draw):
    """Some calls are told by their summary, without transferred legs; none is missing, none comes twice."""
    company = newest(*world)
    fault = drawn((*FAILURES, *STOPS), seed=draw[0], rate=draw[1])
    walks = walked(lambda: ListBench(company, seconds=pace[0], deadline=pace[1], fault=fault), sizes)
    told = [call.row["call_id"] for _, call in listed(company)]
    named = {row["call_id"] for row in company.call_history} & {*told}
    expected = in_turn(told, named)
    for pages in walks:
        assert expected == in_turn(rows_of(pages, "call_id"), named)
        assert len(set(rows_of(pages, "id"))) == len(rows_of(pages, "id"))
