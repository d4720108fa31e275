"""The calls the charges report names, and rows with what they cost."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.charges import MOST_PAGES, WALK_LIFE, ChargedCall, Charges
from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from contracts.codec import decode
from tests.adapters.charges_bench import (
    FAILURES,
    FORBIDDEN,
    ONE,
    OTHER,
    REPORT,
    WINDOW,
    ReportZoom,
    billed,
    finished,
    over,
    report,
)
from tests.adapters.fake_ports import OUTAGE, SCOPE_MISSING, Clock, FakeZoom, RecordingObserver, caller


@pytest.fixture
def zoom() -> FakeZoom:
    """A Zoom without a report."""
    return FakeZoom()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def observer() -> RecordingObserver:
    """An observer that was told nothing."""
    return RecordingObserver()


@pytest.fixture
def charges(zoom: FakeZoom, observer: RecordingObserver, clock: Clock) -> Charges:
    """Charges that asked nothing yet."""
    return Charges(zoom, observer=observer, clock=clock, profile="live")


def began(call_id: str, minute: int, *directions: str | None) -> list[dict[str, Any]]:
    """A call's charges, one for each direction."""
    start = f"2026-03-10T09:{minute:02}:00Z"
    return [billed(call_id, start_time=start, direction=direction) for direction in directions]


class TestChargedCalls:
    """The report decides which calls there are."""

    async def test_the_window_is_asked_for_charged_calls(self, charges, zoom):
        """All of them, without ids; free ones are left out even if they are told."""
        zoom.says(REPORT, report(billed("1"), billed("2", "0"), billed("3", "0.00")))
        expected = (ChargedCall("1", "2026-03-10T09:00:00Z", "outbound"),)
        assert expected == await charges.charged_calls(ONE, window=WINDOW)
        query = (("page_size", "300"), ("from", WINDOW[0]), ("to", WINDOW[1]), ("show_charges_only", "true"))
        assert [query] == [call.query for call in zoom.asked]

    async def test_the_newest_stands_first(self, charges, zoom):
        """Calls of one second by their id; one whose start is not told stands last."""
        rows = [*began("b", 1, "outbound"), *began("d", 1, "outbound"), billed("c", start_time=None)]
        zoom.says(REPORT, report(*rows, *began("a", 2, "outbound")))
        assert ["a", "d", "b", "c"] == [call.call_id for call in await charges.charged_calls(ONE, window=WINDOW)]

    async def test_a_call_stands_once_for_each_direction(self, charges, zoom):
        """Its start is the earliest, so that both stand side by side."""
        rows = [*began("a", 3, "inbound"), *began("a", 1, "outbound", "outbound"), *began("b", 2, None)]
        zoom.says(REPORT, report(*rows))
        assert (
            ChargedCall("b", "2026-03-10T09:02:00Z", ""),
            ChargedCall("a", "2026-03-10T09:01:00Z", "outbound"),
            ChargedCall("a", "2026-03-10T09:01:00Z", "inbound"),
        ) == await charges.charged_calls(ONE, window=WINDOW)

    @given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=20), st.randoms())
    async def test_the_order_of_the_report_does_not_matter(self, told, rng):
        """The same charges give the same calls in the same order, in pages of any size."""
        rows = [row for call_id, minute in told for row in began(call_id, minute, "outbound")]
        shuffled = rng.sample(rows, len(rows))
        first = await over(ReportZoom(rows)).charged_calls(ONE, window=WINDOW)
        assert first == await over(ReportZoom(shuffled, size=2)).charged_calls(ONE, window=WINDOW)
        assert len({call.call_id for call in first}) == len(first)

    async def test_the_pages_of_a_walk_share_a_report(self, charges, zoom, clock):
        """For a minute; another window is another walk."""
        zoom.says(REPORT, report(billed("1")))
        first = await charges.charged_calls(ONE, window=WINDOW)
        clock.now += WALK_LIFE - 1
        assert (first, 1) == (await charges.charged_calls(ONE, window=WINDOW), len(zoom.asked))
        await charges.charged_calls(ONE, window=("2026-03-02", "2026-03-10"))
        assert 2 == len(zoom.asked)
        clock.now += 1
        await charges.charged_calls(ONE, window=WINDOW)
        assert 3 == len(zoom.asked)

    async def test_a_window_without_charges_is_remembered_too(self, charges, zoom):
        """An empty answer is an answer."""
        zoom.says(REPORT, report())
        assert [(), ()] == [await charges.charged_calls(ONE, window=WINDOW) for _ in range(2)]
        assert 1 == len(zoom.asked)

    async def test_another_credential_asks_for_itself(self, charges, zoom):
        """One's charged calls are not another's."""
        zoom.says(REPORT, report(billed("1")), report(billed("2")))
        told = [await charges.charged_calls(asker, window=WINDOW) for asker in (ONE, OTHER)]
        assert [["1"], ["2"]] == [[call.call_id for call in calls] for calls in told]

    @pytest.mark.parametrize("failure", [*FAILURES, SCOPE_MISSING, FORBIDDEN])
    async def test_a_failure_is_raised(self, charges, zoom, observer, failure: ShimError):
        """Without the report nobody knows which calls there are; no row went out without its charge."""
        zoom.says(REPORT, failure)
        with pytest.raises(type(failure)) as raised:
            await charges.charged_calls(ONE, window=WINDOW)
        assert (failure, 0) == (raised.value, observer.uncharged)

    async def test_a_refusal_is_said_and_ends_with_the_first_answer(self, charges, zoom):
        """A filter that is asked for is always asked of upstream; what it answers is the newest news of the scope."""
        zoom.says(REPORT, SCOPE_MISSING, report())
        with pytest.raises(UpstreamRefused):
            await charges.charged_calls(ONE, window=WINDOW)
        assert charges.scope_missing
        assert ((), False) == (await charges.charged_calls(ONE, window=WINDOW), charges.scope_missing)

    async def test_an_answer_that_is_no_report_is_broken(self, charges, zoom):
        """It is not taken for a window without charges."""
        zoom.says(REPORT, {})
        with pytest.raises(UpstreamBroken):
            await charges.charged_calls(ONE, window=WINDOW)

    async def test_a_report_without_end_is_broken(self, charges, zoom):
        """Pages are bounded, and what was read of them is not taken for the whole."""
        zoom.says(REPORT, *(report(billed("1"), token=str(number)) for number in range(MOST_PAGES + 1)))
        with pytest.raises(UpstreamBroken):
            await charges.charged_calls(ONE, window=WINDOW)
        assert MOST_PAGES == len(zoom.asked)

    async def test_the_longest_report_can_be_remembered(self, charges, zoom):
        """Every page full of charged calls."""
        last = MOST_PAGES - 1
        pages = [
            report(*(billed(f"c{page}-{row}") for row in range(300)), token=str(page) * (page < last))
            for page in range(MOST_PAGES)
        ]
        zoom.says(REPORT, *pages)
        assert [MOST_PAGES * 300] * 2 == [len(await charges.charged_calls(ONE, window=WINDOW)) for _ in range(2)]
        assert MOST_PAGES == len(zoom.asked)


class TestPrice:
    """Rows with their charges."""

    async def test_rows_come_back_in_order_with_their_charge(self, charges, zoom):
        """The call type is the report's; a row it does not name is the very same bytes."""
        zoom.says(REPORT, report(billed("2"), billed("3", "0")))
        rows = [finished("3"), finished("1"), finished("2")]
        free, unnamed, charged = await charges.price(rows, ONE, window=WINDOW)
        assert unnamed is rows[1].row
        assert [
            {**decode(rows[0].row), "call_type": "pstn"},
            {**decode(rows[2].row), "call_type": "pstn", "charge": "$0.0510", "rate": "0.0255"},
        ] == [decode(free), decode(charged)]
        assert ["3,1,2"] == [dict(call.query)["call_ids"] for call in zoom.asked]

    async def test_a_row_of_the_other_direction_is_the_same_bytes(self, charges, zoom):
        """The caller's charge is not told to the callee."""
        zoom.says(REPORT, report(billed("1", direction="inbound")))
        row = finished("1")
        assert (await charges.price([row], ONE, window=WINDOW))[0] is row.row

    async def test_rows_without_a_call_id_pass(self, charges, zoom):
        """Nothing is asked for them."""
        row = finished("")
        assert ([row.row], []) == (await charges.price([row], ONE, window=WINDOW), zoom.asked)

    async def test_the_parts_of_a_transferred_call_have_their_own_charges(self, charges, zoom):
        """Each is told under its own id, in full."""
        zoom.says(REPORT, report(billed("7", "1"), billed("7_1", "2")))
        rows = [finished("7_1", group=1), finished("7")]
        assert ["$2", "$1"] == [decode(row)["charge"] for row in await charges.price(rows, ONE, window=WINDOW)]

    async def test_a_later_part_does_not_show_the_first_ones_charge(self, charges, zoom):
        """A charge is told once."""
        zoom.says(REPORT, report(billed("7", "1")))
        rows = [finished("7_1", group=1), finished("7")]
        told = [decode(row).get("charge") for row in await charges.price(rows, ONE, window=WINDOW)]
        assert [None, "$1"] == told

    async def test_a_first_part_with_a_suffix_is_asked_for_both_ways(self, charges, zoom):
        """The report may know the call without it."""
        zoom.says(REPORT, report(billed("7", "1")))
        (row,) = await charges.price([finished("7_1")], ONE, window=WINDOW)
        assert ("$1", "7_1,7") == (decode(row)["charge"], dict(zoom.asked[0].query)["call_ids"])

    async def test_profile_docs_shows_no_more_than_the_guide(self, zoom, observer, clock):
        """The call type alone."""
        zoom.says(REPORT, report(billed("1")))
        charges = Charges(zoom, observer=observer, clock=clock, profile="docs")
        (row,) = await charges.price([finished("1")], ONE, window=WINDOW)
        assert {**decode(finished("1").row), "call_type": "pstn"} == decode(row)

    @pytest.mark.parametrize("failure", [*FAILURES, SCOPE_MISSING, FORBIDDEN])
    async def test_a_failure_takes_no_row(self, charges, zoom, observer, failure):
        """The page goes out as it is, and each such page is counted."""
        zoom.says(REPORT, failure)
        rows = [finished("1"), finished("2")]
        pages = [await charges.price(rows, ONE, window=WINDOW) for _ in range(2)]
        assert ([[row.row for row in rows]] * 2, 2) == (pages, observer.uncharged)

    async def test_a_page_that_lacks_some_charges_is_counted_once(self, observer):
        """However many batches failed; the rows of the others show what they cost."""
        rows = [finished(f"c{number}") for number in range(300)]
        zoom = ReportZoom(billed(row.call_id) for row in rows)
        zoom.failing = {"c5", "c205"}
        charges = Charges(zoom, observer=observer, clock=Clock(), profile="live")
        told = await charges.price(rows, ONE, window=WINDOW)
        are_priced = [bytes_ is not row.row for bytes_, row in zip(told, rows, strict=True)]
        assert ([False] * 100 + [True] * 100 + [False] * 100, 1) == (are_priced, observer.uncharged)

    async def test_charges_that_were_looked_up_ahead_are_there(self, charges, zoom, observer):
        """Nothing is asked again, and a call the report does not name is not missing."""
        zoom.says(REPORT, report(billed("1")), OUTAGE)
        await charges.of_calls(["1", "2"], ONE, window=WINDOW)
        told = await charges.price([finished("1"), finished("2"), finished("")], ONE, window=WINDOW)
        assert (["$0.0510", None, None], 1) == ([decode(row).get("charge") for row in told], len(zoom.asked))
        assert 0 == observer.uncharged

    async def test_an_empty_page_asks_nothing(self, charges, zoom):
        """No rows, no calls."""
        assert ([], []) == (await charges.price([], ONE, window=WINDOW), zoom.asked)


class TestReportsThatComeSlowly:
    """What was had of a report is kept when the rest of it does not come in time."""

    async def test_a_report_is_gone_on_with(self, charges, zoom):
        """The next request asks for the page that was missing, and no page twice."""
        first = report(*began("1", 1, "outbound"), token="two")
        zoom.says(REPORT, first, UpstreamSlow("deadline passed"), report(*began("2", 2, "outbound")))
        with pytest.raises(UpstreamSlow):
            await charges.charged_calls(ONE, window=WINDOW)
        found = await charges.charged_calls(ONE, window=WINDOW)
        assert ["2", "1"] == [call.call_id for call in found]
        tokens = [dict(call.query).get("next_page_token", "") for call in zoom.asked]
        assert ["", "two", "two"] == tokens

    async def test_another_credential_or_window_begins_at_the_beginning(self, charges, zoom):
        """Nobody goes on with what another was told."""
        first = report(*began("1", 1, "outbound"), token="two")
        zoom.says(REPORT, first, UpstreamSlow("deadline passed"), report(*began("2", 2, "outbound")))
        with pytest.raises(UpstreamSlow):
            await charges.charged_calls(ONE, window=WINDOW)
        others = [
            await charges.charged_calls(OTHER, window=WINDOW),
            await charges.charged_calls(ONE, window=("2026-03-02", "2026-03-10")),
        ]
        assert [["2"], ["2"]] == [[call.call_id for call in found] for found in others]

    async def test_two_at_once_read_one_report_and_lose_nothing(self, charges, zoom):
        """The second waits for the first and is told the same; no page is asked for twice."""
        gate = asyncio.Event()
        pages = [report(billed(f"{page}"), token=f"{page}" * (page < 4)) for page in range(1, 5)]
        zoom.says(REPORT, gate, *pages)
        asking = [asyncio.create_task(charges.charged_calls(ONE, window=WINDOW)) for _ in range(2)]
        await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*asking)
        assert [["1", "2", "3", "4"]] * 2 == [sorted(call.call_id for call in calls) for calls in found]
        assert 4 == len(zoom.asked)

    async def test_the_second_goes_on_where_the_first_failed(self, charges, zoom):
        """What the first had of the report is not lost with it."""
        gate = asyncio.Event()
        zoom.says(REPORT, gate, report(billed("1"), token="two"), UpstreamSlow("deadline passed"), report(billed("2")))
        first, second = (asyncio.create_task(charges.charged_calls(ONE, window=WINDOW)) for _ in range(2))
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(UpstreamSlow):
            await first
        assert ["1", "2"] == sorted(call.call_id for call in await second)

    async def test_nobody_waits_for_another_beyond_the_deadline(self, charges, zoom, clock):
        """The one who reads goes on."""
        gate = asyncio.Event()
        zoom.says(REPORT, gate, report(billed("1")))
        reading = asyncio.create_task(charges.charged_calls(ONE, window=WINDOW))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            with pytest.raises(UpstreamSlow):
                await charges.charged_calls(caller("one", deadline=clock.now), window=WINDOW)
        gate.set()
        assert ["1"] == [call.call_id for call in await reading]


class TestWhatIsKnown:
    """An answer is believed of what it spoke of, and of nothing else."""

    async def test_no_charge_in_one_window_is_not_none_in_another(self, charges, zoom):
        """A report goes by the start of calls."""
        zoom.says(REPORT, report(), report(billed("1")))
        assert {} == await charges.of_calls(["1"], ONE, window=("2026-03-10", "2026-03-10"))
        assert ["1"] == list(await charges.of_calls(["1"], ONE, window=("2026-03-09", "2026-03-10")))

    async def test_a_walk_of_charged_calls_says_nothing_of_free_ones(self, charges, zoom):
        """The free side of a call is told the same before such a walk and after it."""
        free = billed("1", "0", direction="inbound", call_type="tollfree")
        zoom.says(REPORT, report(billed("1")), report(billed("1"), free))
        await charges.charged_calls(ONE, window=WINDOW)
        row = finished("1", direction="inbound")
        (priced,) = await charges.price([row], ONE, window=WINDOW)
        assert "tollfree" == decode(priced)["call_type"]

    async def test_the_rows_of_a_walk_are_priced_from_its_report(self, charges, zoom):
        """Without another call; after a while, or for another credential, the report is asked."""
        zoom.says(REPORT, report(billed("1")))
        await charges.charged_calls(ONE, window=WINDOW)
        (priced,) = charges.price_of_walk([finished("1")], ONE, window=WINDOW)
        assert "$0.0510" == decode(priced)["charge"]
        assert charges.price_of_walk([finished("1")], OTHER, window=WINDOW) is None
        assert charges.price_of_walk([finished("2")], ONE, window=WINDOW) is None
        assert 1 == len(zoom.asked)
