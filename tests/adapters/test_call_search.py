"""The search itself: which probes go out, in which order, and what their answers are taken for."""

import asyncio
from dataclasses import replace

import pytest

from adapters.call_search import LIST_PAGE, MOST_PAGES
from adapters.errors import UpstreamRefused
from adapters.search_answers import MOST_RECORDS
from adapters.search_plan import AT_ONCE, MOST_DATES
from tests.adapters.fake_ports import GONE, OUTAGE, caller
from tests.adapters.search_bench import (
    CALL_ID,
    ELEMENT,
    HISTORY,
    LISTS,
    OTHER,
    PAGE_END,
    UNKNOWN_ENDPOINT,
    UUID,
    Bench,
    element,
    listed,
)


async def test_an_element_tells_its_call():
    """A dated id that is an element's leads to the call, with what the element tells of it."""
    bench = Bench()
    bench.zoom.says(element(0), ELEMENT)
    (call,) = await bench.search.find(f"20260310-{UUID}", caller())
    assert (HISTORY, CALL_ID, "inbound", "2026-03-10T09:00:00Z") == (
        call.call_history_uuid,
        call.call_id,
        call.direction,
        call.start_time,
    )
    assert [False, False] == [asked.is_background for asked in bench.zoom.asked]


async def test_a_record_tells_its_own_id():
    """A dated id that is a call's own is found at the same pace; its elements are not kept."""
    bench = Bench()
    bench.zoom.says(f"/phone/call_history/{HISTORY}", {**ELEMENT, "call_elements": [{"call_element_id": "x"}]})
    (call,) = await bench.search.find(HISTORY, caller())
    assert (HISTORY, ()) == (call.call_history_uuid, call.elements)


async def test_only_the_first_probes_are_waited_for():
    """The id as it stands is asked at once, the dates in the background."""
    bench = Bench()
    await bench.found()
    assert [False] + [True] * MOST_DATES == [call.is_background for call in bench.zoom.asked]


async def test_a_few_at_a_time():
    """No more probes than planned are under way at any moment."""
    bench = Bench()
    await bench.found()
    assert AT_ONCE == bench.zoom.most_inside


async def test_nothing_new_is_started_after_a_hit():
    """The round in which the call is found is the last one."""
    bench = Bench()
    bench.zoom.says(element(5), ELEMENT)
    assert [HISTORY] == await bench.found()
    assert [f"/phone/call_element/{UUID}", *map(element, range(2 * AT_ONCE))] == bench.asked


async def test_the_earliest_candidate_wins():
    """Of two dates in one round that both are a call's, the newer one counts, whichever answers first."""
    bench = Bench()
    late = asyncio.Event()
    bench.zoom.says(element(1), late, ELEMENT)
    bench.zoom.says(element(2), {**ELEMENT, "call_history_uuid": OTHER})
    searching = asyncio.create_task(bench.found())
    await asyncio.sleep(0.01)
    late.set()
    assert [HISTORY] == await searching


async def test_a_hit_counts_more_than_a_failure_beside_it():
    """A probe that could not tell does not hide the call another one found."""
    bench = Bench()
    bench.zoom.says(element(0), OUTAGE)
    bench.zoom.says(element(2), ELEMENT)
    assert [HISTORY] == await bench.found()


async def test_the_older_generation_is_learnt_from_its_answer():
    """An endpoint that upstream does not know is asked once, then its predecessor alone."""
    bench = Bench()
    bench.zoom.answers = {f"/phone/call_element/{name}": [UNKNOWN_ENDPOINT] for name in (UUID, f"20260309-{UUID}")}
    bench.zoom.says(element(0, path="call_history_detail"), {**ELEMENT, "call_history_uuid": "", "call_path_id": OTHER})
    assert [OTHER] == await bench.found()
    names = [call.name for call in bench.zoom.asked]
    assert ["call_element", *["call_history_detail"] * (1 + AT_ONCE)] == names


async def test_an_unknown_id_is_no_sign_of_another_generation():
    """A plain 404 leaves the newer generation in use."""
    bench = Bench()
    await bench.found()
    assert {"call_element"} == {call.name for call in bench.zoom.asked}


async def test_a_generation_that_goes_is_noticed_too():
    """When the older endpoint is unknown one day, the newer one is asked again."""
    bench = Bench()
    bench.zoom.says(f"/phone/call_element/20260310-{UUID}", UNKNOWN_ENDPOINT)
    await bench.found(f"20260310-{UUID}")
    bench.zoom.says("/phone/call_history_detail/x-y", UNKNOWN_ENDPOINT)
    bench.zoom.says("/phone/call_element/x-y", ELEMENT)
    assert [HISTORY] == await bench.found("x-y")


async def test_a_call_id_costs_one_list_on_its_own_day():
    """The list is asked for that id and that day, and for nothing else."""
    bench = Bench()
    bench.zoom.says(LISTS, listed(HISTORY))
    assert [HISTORY] == await bench.found(f"{CALL_ID}_1")
    (call,) = bench.zoom.asked
    asked = {"page_size": str(LIST_PAGE), "from": "2026-03-07", "to": "2026-03-07", "call_ids": CALL_ID}
    assert (asked, False) == (dict(call.query), call.is_background)


async def test_windows_are_asked_one_after_the_other():
    """Lists are dear: each is only asked when those before found nothing."""
    bench = Bench()
    bench.zoom.says(LISTS, PAGE_END, PAGE_END, listed(HISTORY))
    assert [HISTORY] == await bench.found(CALL_ID)
    assert (3, 1) == (len(bench.zoom.asked), bench.zoom.most_inside)


@pytest.mark.parametrize("call_id", [f"{CALL_ID}0", CALL_ID[:-1], f"x{CALL_ID}", "", None])
async def test_strangers_are_not_taken_for_the_call(call_id):
    """An upstream that does not know the filter answers with other calls."""
    bench = Bench()
    bench.zoom.says(LISTS, listed(OTHER, call_id=call_id))
    assert [] == await bench.found(CALL_ID)


async def test_the_first_to_start_comes_first_and_the_outbound_one_on_a_tie():
    """Several calls of one id stand in v1's order, and no more of them than it takes."""
    bench = Bench()
    rows = [
        {**ELEMENT, "call_history_uuid": "late", "start_time": "2026-03-10T09:00:05Z"},
        {**ELEMENT, "call_history_uuid": "inbound"},
        {**ELEMENT, "call_history_uuid": "outbound", "direction": "outbound"},
        *({**ELEMENT, "call_history_uuid": f"n{n}", "start_time": "2026-03-10T10:00:00Z"} for n in range(9)),
    ]
    bench.zoom.says(LISTS, {**PAGE_END, "call_history": rows})
    found = await bench.found(CALL_ID)
    assert (["outbound", "inbound", "late"], MOST_RECORDS) == (found[:3], len(found))


async def test_pages_are_followed_within_reason():
    """A page of strangers is turned, a few times; the token is the one upstream gave."""
    bench = Bench()
    pages = [listed(OTHER, token=f"t{number}", call_id="9") for number in range(MOST_PAGES + 1)]
    bench.zoom.says(LISTS, *pages[:MOST_PAGES], listed(HISTORY))
    assert [HISTORY] == await bench.found(CALL_ID)
    tokens = [dict(call.query).get("next_page_token", "") for call in bench.zoom.asked]
    assert ["", *(f"t{number}" for number in range(MOST_PAGES - 1)), ""] == tokens


async def test_pages_in_a_circle_are_an_end():
    """A page that names itself as the next one is not asked for again."""
    bench = Bench()
    bench.zoom.says(LISTS, listed(OTHER, token="t", call_id="9"))
    await bench.found(CALL_ID)
    assert 2 == sum(dict(call.query)["from"] == "2026-03-07" for call in bench.zoom.asked)


@pytest.mark.parametrize(
    "miss", [GONE, UpstreamRefused(404, None, ""), UpstreamRefused(400, 300, ""), UpstreamRefused(400, 301, "")]
)
async def test_a_no_to_the_id_is_a_miss(miss):
    """The search goes on behind it to the end of the plan."""
    bench = Bench()
    bench.zoom.says(element(3), miss)
    assert [] == await bench.found()
    assert 1 + MOST_DATES == len(bench.zoom.asked)


@pytest.mark.parametrize("garbage", ["", " ", "..", "x" * 257, "a\x00"])
async def test_garbage_asks_nobody(garbage):
    """It was never an id."""
    bench = Bench()
    assert ([], []) == (await bench.found(garbage), bench.asked)


async def test_in_summary_fidelity_a_bare_id_may_be_a_calls():
    """Such ids were served for rows told from their summaries."""
    bench = Bench(fidelity="summary")
    bench.zoom.says(f"/phone/call_history/{HISTORY}", ELEMENT)
    assert [HISTORY] == await bench.found(HISTORY.partition("-")[2])


async def test_what_nobody_declared_is_told():
    """Rows and records met on the way are read like all others."""
    bench = Bench()
    bench.zoom.says(LISTS, listed(HISTORY, of_rows=1))
    bench.zoom.says(f"/phone/call_history/{HISTORY}", {**ELEMENT, "of_records": 1})
    await bench.found(CALL_ID)
    await bench.found(HISTORY)
    assert ["of_rows", "of_records"] == [unknown.field for unknown in bench.observer.unknown]


async def test_the_account_and_the_budget_are_the_callers():
    """A probe is made for whoever asks, with no change but an earlier deadline."""
    bench = Bench()
    asker = replace(caller("one", account="acct", deadline=5_000.0), budget="shared")
    await bench.search.find("7", asker)
    assert {replace(asker, deadline=4_998.5)} == set(bench.zoom.callers)
