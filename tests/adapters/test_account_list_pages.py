"""Single pages of the account list: what they cost, where they end, and what beside a token counts."""

import asyncio
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import LegacyRefusal, UpstreamSlow
from contracts.cases import World
from contracts.legacy.shapes import AccountCallLogs
from shim.standin import merged
from tests.adapters.list_bench import ListBench, ids
from tests.adapters.successor_bodies import id_of, row_body
from tests.adapters.virtual_time import on_virtual_time
from tests.service.worlds import plain, transferred

T = TypeVar("T")


def many() -> World:
    """More calls than can be gone through in a second or so."""
    rows = [row_body(number, callee_ext_id=None) for number in range(5_000)]
    return World(rows, [], {})


DAY = (("from", "2026-03-10"), ("to", "2026-03-10"))
MISSED = ("type", "missed")


def test_a_page_of_rows_left_out_ends_at_the_deadline_and_can_be_gone_on_with():
    """It is empty and has a token, for whoever asks on comes to the row in the end."""
    world = merged(plain(*range(1, 60)), plain(99, call_result="no_answer", answer_time=None))

    async def asking() -> list[dict[str, Any]]:
        bench = ListBench(world, seconds=0.05, deadline=2.0)
        return await bench.walk(*DAY, MISSED)

    pages = on_virtual_time(asking)
    assert ([], [id_of(99)]) == (pages[0]["call_logs"], ids(pages))
    assert all(page["next_page_token"] for page in pages[:-1])


def test_a_deadline_before_anything_was_gone_through_is_an_error():
    """Nobody is sent round for ever with a token that moves nothing."""

    async def asking() -> None:
        bench = ListBench(plain(1), seconds=0.6, deadline=1.0)
        with pytest.raises(UpstreamSlow):
            await bench.page(*DAY, MISSED)

    on_virtual_time(asking)


@pytest.mark.parametrize("filters", [[("path", "ivrMenu")], [("path", "sipGroup")], [MISSED, ("path", "pstn")]])
def test_a_filter_no_row_can_pass_costs_one_call(filters):
    """Upstream judges credential and window; the list is empty and over."""

    async def asking() -> tuple[dict[str, Any], dict[str, int]]:
        bench = ListBench(plain(1, 2, 3))
        return await bench.page(*DAY, *filters), dict(bench.zoom.counts)

    page, counts = on_virtual_time(asking)
    assert ([], "", 0) == (page["call_logs"], page["next_page_token"], page["total_records"])
    assert {"call_history": 1} == counts


def test_a_filtered_page_asks_for_large_upstream_pages_and_many_details_at_once():
    """Looking for one row among fifty costs one list call and no detail that is not needed to find it."""
    world = merged(plain(*range(1, 50)), plain(99, call_result="no_answer", answer_time=None))

    async def asking() -> tuple[dict[str, Any], dict[str, int]]:
        bench = ListBench(world)
        return await bench.page(*DAY, MISSED, ("page_size", "1")), dict(bench.zoom.counts)

    page, counts = on_virtual_time(asking)
    assert [id_of(99)] == [row["id"] for row in page["call_logs"]]
    assert (1, 50) == (counts["call_history"], counts["call_record"])


def test_an_unfiltered_page_asks_for_no_more_than_it_serves():
    """Neither rows nor details."""

    async def asking() -> tuple[list[str], dict[str, int]]:
        bench = ListBench(plain(*range(1, 50)))
        page = await bench.page(*DAY, ("page_size", "2"))
        return [row["id"] for row in page["call_logs"]], dict(bench.zoom.counts)

    served, counts = on_virtual_time(asking)
    assert ([id_of(1), id_of(2)], 1, 2) == (served, counts["call_history"], counts["call_record"])


@pytest.mark.parametrize(
    ("beside", "served"),
    [
        ([], True),
        ([("path", "extension")], True),
        ([("path", "extension"), ("type", "all")], True),
        ([("path", "pstn")], False),
        ([("path", "nowhere")], False),
        ([("path", "extension"), MISSED], False),
        ([("path", "extension"), ("site_id", "s1")], False),
    ],
)
def test_beside_a_token_a_filter_is_the_same_or_absent(beside, served):
    """Another one is the token error."""

    async def asking() -> tuple[int, Any]:
        bench = ListBench(plain(1, 2))
        first = await bench.page(*DAY, ("path", "extension"), ("page_size", "1"))
        try:
            page = await bench.page(*DAY, *beside, ("page_size", "1"), ("next_page_token", first["next_page_token"]))
        except LegacyRefusal as refused:
            return refused.status, refused.message
        return 200, [row["id"] for row in page["call_logs"]]

    expected = (200, [id_of(2)]) if served else (400, "The next page token is invalid or expired.")
    assert expected == on_virtual_time(asking)


@pytest.mark.parametrize("filters", [(), (("path", "transfer"),), (("type", "all"),)])
def test_a_token_may_be_asked_for_twice(filters):
    """The same page comes again, to the letter."""

    async def asking() -> list[dict[str, Any]]:
        bench = ListBench(merged(transferred(1, 4), transferred(2, 3)))
        first = await bench.page(*DAY, *filters, ("page_size", "2"))
        token = ("next_page_token", first["next_page_token"])
        again = [await bench.page(*DAY, *filters, ("page_size", "2"), token) for _ in range(2)]
        return [{**page, "next_page_token": bool(page["next_page_token"])} for page in again]

    once, twice = on_virtual_time(asking)
    assert once == twice
    assert 2 == len(once["call_logs"])


VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from("all missed outbound voiceMail pstn ivrMenu endTime startTime TRUE false 0 -1 300 301 1e9".split()),
)
NAMES = "type path time_type timeType site_id charged_call_logs page_size page_number user to extension_number".split()


@settings(max_examples=150, deadline=None)
@given(query=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6))
def test_no_parameter_is_refused_for_its_shape(query):
    """Whatever v1 ignored, clamped or took as something else gives a valid page here too."""
    page = on_virtual_time(lambda: ListBench(plain(1, 2, 3)).page(*query))
    AccountCallLogs.model_validate(page)


@settings(max_examples=50, deadline=None)
@given(
    day=st.dates(),
    time=st.times().map(lambda one: one.replace(tzinfo=None)),
    form=st.sampled_from(["{0}", "{0}T{1}Z", "{0}T{1}.{2:03}Z", "{0} {1}"]),
)
def test_every_accepted_form_of_time_is_echoed_as_it_was_sent(day, time, form):
    """Any moment a calendar has, in any form v1 took."""
    text = form.format(day.isoformat(), time.strftime("%H:%M:%S"), time.microsecond // 1000)
    page = on_virtual_time(lambda: ListBench(plain(1)).page(("from", text), ("to", text)))
    assert (text, text) == (page["from"], page["to"])


def test_a_page_that_is_cut_leaves_the_time_to_be_written():
    """Looking further ends a little before the deadline, not at it."""

    async def asking() -> float:
        bench = ListBench(many(), fidelity="summary", seconds=0.12, deadline=1.0)
        started = asyncio.get_running_loop().time()
        await bench.page(*DAY, ("path", "forward"))
        return asyncio.get_running_loop().time() - started

    assert 0.9 == pytest.approx(on_virtual_time(asking))
