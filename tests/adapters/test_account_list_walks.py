"""Whole walks over the account list: every filter, page size, generation, pace and deadline, while calls arrive."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.translation.options import Options
from contracts.cases import World
from shim.standin import subset
from shim.standin.world import Account, Entry
from tests.adapters.list_bench import ListBench, ids, listed
from tests.adapters.successor_bodies import record_body, row_body
from tests.adapters.virtual_time import on_virtual_time
from tests.service.worlds import NEWEST, busy

WINDOW = (("from", "2026-02-20"), ("to", "2026-03-10"))
MISSED = {"No Answer", "Missed", "Rejected", "Busy", "Call Cancel", "Call Cancelled", "Voicemail"}
SEEDS = range(4)


@cache
def charged() -> frozenset[tuple[str, str]]:
    """The calls that cost something, of all companies, with the direction they were charged in."""
    charges = [charge for seed in SEEDS for charge in company(seed).charges]
    return frozenset((one["call_id"], one["direction"]) for one in charges if float(one["total_charge"]))


@cache
def company(seed: int) -> World:
    """Some forty calls of every family."""
    return busy(seed, 45)


Judge = Callable[[Entry, Mapping[str, Any]], bool]
FILTERS: Mapping[tuple[str, str], Judge] = {
    ("type", "all"): lambda summary, row: True,
    ("type", "missed"): lambda summary, row: (
        summary["direction"] == "inbound" and row["direction"] == "inbound" and row["result"] in MISSED
    ),
    ("path", "voiceMail"): lambda summary, row: summary["call_result"] == "voicemail" and row["path"] == "voiceMail",
    ("path", "pstn"): lambda summary, row: (
        summary["direction"] == "outbound" and summary["connect_type"] == "external" and row["path"] == "pstn"
    ),
    ("path", "extension"): lambda summary, row: row["path"] == "extension",
    ("path", "callQueue"): lambda summary, row: row["path"] == "callQueue",
    ("path", "transfer"): lambda summary, row: row["path"] == "transfer",
    ("path", "ivrMenu"): lambda summary, row: False,
    ("timeType", "endTime"): lambda summary, row: True,
    ("time_type", "startTime"): lambda summary, row: True,
    ("charged_call_logs", "TRUE"): lambda summary, row: (row["call_id"], row["direction"]) in charged(),
}


def newest(seed: int, count: int) -> World:
    """The newest calls of a company."""
    world = company(seed)
    uuids = {row["call_history_uuid"] for row in world.call_history[:count]}
    return subset(world, lambda row: row["call_history_uuid"] in uuids)


def arriving() -> Callable[[Account], None]:
    """A call that comes in after every answer, newer than all before, until a dozen have."""
    numbers = iter(range(0xE00, 0xE0C))

    def arrive(account: Account) -> None:
        number = next(numbers, None)
        if number is not None:
            start = NEWEST + timedelta(seconds=number)
            times: dict[str, Any] = {
                "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "end_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            }
            account.add(row_body(number, **times), record_body(number, **times))

    return arrive


@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    count=st.integers(1, 45),
    chosen=st.lists(st.sampled_from(sorted(FILTERS)), max_size=3, unique_by=lambda one: one[0][:4]),
    sizes=st.lists(st.sampled_from([1, 2, 5, 30, 300]), min_size=1, max_size=3),
    generation=st.sampled_from(["v2", "v3", "both"]),
    pace=st.sampled_from([(0.0, 12.0), (0.05, 12.0), (0.05, 2.0), (0.1, 2.0)]),
    calls_arrive=st.booleans(),
    option=st.sampled_from(["omit", "both"]),
)
def test_pages_join_into_just_the_rows_that_pass(seed, count, chosen, sizes, generation, pace, calls_arrive, option):
    """Whatever is asked and however slow upstream is: no row lost, repeated or moved, none too many."""
    world = newest(seed, count)

    async def walk() -> list[dict[str, Any]]:
        between = arriving() if calls_arrive else lambda _: None
        options = Options(recording_status=option)
        bench = ListBench(world, generation, options=options, seconds=pace[0], deadline=pace[1], between=between)
        return await bench.walk(*WINDOW, *chosen, sizes=sizes)

    pages = on_virtual_time(walk)
    passing = [
        call.row["id"] for summary, call in listed(world) if all(FILTERS[one](summary, call.row) for one in chosen)
    ]
    totals = [page["total_records"] for page in pages]
    assert passing == ids(pages)
    assert all(len(page["call_logs"]) <= page["page_size"] for page in pages)
    assert sorted(totals) == totals
    assert totals[-1] >= len(passing)
