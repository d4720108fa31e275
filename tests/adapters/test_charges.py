"""Charges looked up: what is asked of the report, what it costs, who is told, and what a failure does."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.charges import CHARGED_LIFE, MOST_CALLS, RETRY, UNCHARGED_LIFE, Charges
from adapters.errors import ShimError, UpstreamRefused
from adapters.ports import Category, SuccessorCall
from contracts.successor.reading import Unknown
from tests.adapters.charges_bench import (
    FAILURES,
    FORBIDDEN,
    ONE,
    OTHER,
    REPORT,
    WINDOW,
    ReportZoom,
    billed,
    costs,
    finished,
    over,
    report,
)
from tests.adapters.fake_ports import OUTAGE, SCOPE_MISSING, Clock, FakeZoom, RecordingObserver


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


class TestOfCalls:
    """Charges of calls that are named."""

    async def test_calls_are_asked_for_by_one_text_in_their_window(self, charges, zoom):
        """A heavy call; each id once, and what the report does not name is absent."""
        zoom.says(REPORT, report(billed("1"), billed("2", "0")))
        assert {"1": ["0.0510"], "2": ["0"]} == await costs(charges, "1", "2", "3", "1")
        expected = (("page_size", "300"), ("from", WINDOW[0]), ("to", WINDOW[1]), ("call_ids", "1,2,3"))
        assert [SuccessorCall("call_charges", REPORT, Category.HEAVY, expected, is_optional=True)] == zoom.asked

    async def test_all_charges_of_a_call_are_told_in_their_order(self, charges, zoom):
        """Both directions, and what was billed twice."""
        zoom.says(REPORT, report(billed("1", "3"), billed("2"), billed("1", "1", direction="inbound")))
        assert {"1": ["3", "1"]} == await costs(charges, "1")

    @pytest.mark.parametrize(("count", "batches"), [(1, [1]), (100, [100]), (101, [100, 1]), (300, [100] * 3)])
    async def test_a_hundred_calls_are_asked_for_at_once(self, count, batches):
        """No batch is larger, and no call is lost between them."""
        call_ids = [f"c{number}" for number in range(count)]
        zoom = ReportZoom(map(billed, call_ids))
        assert call_ids == list(await costs(over(zoom), *call_ids))
        assert batches == [len(dict(call.query)["call_ids"].split(",")) for call in zoom.asked]

    async def test_batches_are_asked_side_by_side(self, charges, zoom):
        """A slow one does not keep the others waiting."""
        gate = asyncio.Event()
        zoom.says(REPORT, gate, report())
        looking = asyncio.create_task(costs(charges, *(f"c{number}" for number in range(250))))
        async with asyncio.timeout(5):
            while len(zoom.asked) < 3:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
        gate.set()
        assert {} == await looking

    @given(st.integers(1, 250), st.integers(1, 40), st.integers(1, 3))
    async def test_pages_are_followed_to_the_end(self, count, size, each):
        """However many charges calls have and pages hold, every one is told once."""
        call_ids = [f"c{number}" for number in range(count)]
        zoom = ReportZoom((billed(call_id, str(n + 1)) for n in range(each) for call_id in call_ids), size=size * 10)
        amounts = [str(n + 1) for n in range(each)]
        assert dict.fromkeys(call_ids, amounts) == await costs(over(zoom), *call_ids)

    @pytest.mark.parametrize("last", [report(billed("1", "2"), token="again"), report(token="more")])
    async def test_a_report_that_goes_round_ends(self, charges, zoom, last):
        """Its own token again is an end, and so is an empty page."""
        zoom.says(REPORT, report(billed("1"), token="again"), last)
        assert "0.0510" == (await costs(charges, "1"))["1"][0]
        assert 2 == len(zoom.asked)

    async def test_an_id_that_would_be_two_is_not_asked_for(self, charges, zoom):
        """Nor is a row's missing one."""
        zoom.says(REPORT, report(billed("1")))
        assert {"1": ["0.0510"]} == await costs(charges, "2,3", "", "1")
        assert "1" == dict(zoom.asked[0].query)["call_ids"]

    @pytest.mark.parametrize("call_ids", [(), ("",), ("2,3",)])
    async def test_nothing_to_ask_for_costs_nothing(self, charges, zoom, call_ids):
        """No call goes out."""
        assert ({}, []) == (await costs(charges, *call_ids), zoom.asked)

    async def test_what_nobody_declared_is_told(self, charges, zoom, observer):
        """The rows are read all the same."""
        zoom.says(REPORT, report(billed("1", mood="fine"), {"mood": 1}))
        assert {"1": ["0.0510"]} == await costs(charges, "1")
        assert {Unknown("charge", "mood"), Unknown("charge", "call_id")} == set(observer.unknown)


class TestRemembering:
    """What is not asked for twice, and by whom."""

    async def test_a_charge_is_good_for_an_hour(self, charges, zoom, clock):
        """Only calls not known yet are asked for."""
        zoom.says(REPORT, report(billed("1")))
        await costs(charges, "1")
        clock.now += CHARGED_LIFE - 1
        assert {"1": ["0.0510"]} == await costs(charges, "1")
        assert 1 == len(zoom.asked)
        clock.now += 1
        await costs(charges, "1")
        assert 2 == len(zoom.asked)

    @pytest.mark.parametrize("answer", [report(), report(billed("1", "0"))], ids=["not named", "nothing"])
    async def test_that_there_is_no_charge_is_believed_for_ten_minutes(self, charges, zoom, clock, answer):
        """The report is late: the charge may come."""
        zoom.says(REPORT, answer, report(billed("1")))
        await costs(charges, "1")
        clock.now += UNCHARGED_LIFE - 1
        await costs(charges, "1")
        assert 1 == len(zoom.asked)
        clock.now += 1
        assert {"1": ["0.0510"]} == await costs(charges, "1")

    async def test_only_what_is_not_known_is_asked_for(self, charges, zoom):
        """A page that overlaps the last one costs what is new on it."""
        zoom.says(REPORT, report(billed("1"), billed("2")), report(billed("3")))
        await costs(charges, "1", "2")
        assert {"1", "2", "3"} == set(await costs(charges, "1", "2", "3"))
        assert ["1,2", "3"] == [dict(call.query)["call_ids"] for call in zoom.asked]

    async def test_another_credential_asks_for_itself(self, charges, zoom):
        """What one was told is told to no other, whatever the other is told."""
        zoom.says(REPORT, report(billed("1")), report())
        assert ({"1": ["0.0510"]}, {}) == (await costs(charges, "1"), await costs(charges, "1", asker=OTHER))
        assert ["one", "other"] == [asker.key for asker in zoom.callers]

    async def test_another_credential_that_is_refused_is_told_nothing(self, charges, zoom):
        """Neither by call nor by window."""
        zoom.says(REPORT, report(billed("1")), report(billed("1")), SCOPE_MISSING)
        await costs(charges, "1")
        await charges.charged_calls(ONE, window=WINDOW)
        assert {} == await costs(charges, "1", asker=OTHER)
        assert [b"{"] == [row[:1] for row in await charges.price([finished("1")], OTHER, window=WINDOW)]
        with pytest.raises(UpstreamRefused):
            await charges.charged_calls(OTHER, window=WINDOW)

    async def test_the_memory_is_bounded(self, charges, zoom):
        """The calls asked for first are forgotten first."""
        zoom.says(REPORT, report())
        call_ids = [f"c{number}" for number in range(MOST_CALLS + 1)]
        await costs(charges, *call_ids)
        zoom.asked.clear()
        await costs(charges, *call_ids[1:])
        assert [] == zoom.asked
        await costs(charges, call_ids[0])
        assert 1 == len(zoom.asked)


class TestRefusals:
    """A missing scope, an outage, a deadline: rows go out without charges."""

    @pytest.mark.parametrize("refusal", [SCOPE_MISSING, FORBIDDEN])
    async def test_a_refused_scope_is_remembered_and_said(self, charges, zoom, observer, refusal):
        """No error and no second call; operators can see it."""
        zoom.says(REPORT, refusal)
        assert not charges.scope_missing
        assert [{}] * 3 == [await costs(charges, "1") for _ in range(3)]
        assert (1, True, 0) == (len(zoom.asked), charges.scope_missing, observer.uncharged)

    async def test_a_refusal_is_tried_again_after_ten_minutes(self, charges, zoom, clock):
        """A scope that was granted meanwhile shows by itself."""
        zoom.says(REPORT, SCOPE_MISSING, report(billed("1")))
        await costs(charges, "1")
        clock.now += RETRY - 1
        assert ({}, True) == (await costs(charges, "1"), charges.scope_missing)
        clock.now += 1
        assert not charges.scope_missing
        assert {"1": ["0.0510"]} == await costs(charges, "1")

    async def test_one_credentials_refusal_is_not_anothers(self, charges, zoom):
        """Whoever has the scope is told."""
        zoom.says(REPORT, SCOPE_MISSING, report(billed("1")))
        assert ({}, {"1": ["0.0510"]}) == (await costs(charges, "1"), await costs(charges, "1", asker=OTHER))
        assert charges.scope_missing

    @pytest.mark.parametrize("failure", FAILURES)
    async def test_a_failure_is_no_refusal(self, charges, zoom, failure: ShimError):
        """Nothing is remembered of it."""
        zoom.says(REPORT, failure, report(billed("1")))
        assert ({}, False) == (await costs(charges, "1"), charges.scope_missing)
        assert {"1": ["0.0510"]} == await costs(charges, "1")

    @pytest.mark.parametrize("body", [{}, {"call_charges": None}, {"call_logs": []}])
    async def test_an_answer_that_is_no_report_is_a_failure(self, charges, zoom, body):
        """It is not taken for one without charges."""
        zoom.says(REPORT, body, report(billed("1")))
        assert ({}, {"1": ["0.0510"]}) == (await costs(charges, "1"), await costs(charges, "1"))

    async def test_a_report_cut_short_in_the_middle_tells_nothing(self, charges, zoom):
        """A call whose charge stood on a later page would look free."""
        zoom.says(REPORT, report(billed("1"), token="two"), OUTAGE, report(billed("1"), billed("2")))
        assert {} == await costs(charges, "1", "2")
        assert {"1", "2"} == set(await costs(charges, "1", "2"))

    async def test_a_batch_that_fails_takes_no_other_with_it(self):
        """What was had is told, and the failed ones are asked for again."""
        call_ids = [f"c{number}" for number in range(300)]
        zoom = ReportZoom(map(billed, call_ids))
        zoom.failing = {"c5", "c205"}
        charges = over(zoom)
        assert call_ids[100:200] == list(await costs(charges, *call_ids))
        zoom.failing = set()
        assert set(call_ids) == set(await costs(charges, *call_ids))
        assert 200 == sum(len(dict(call.query)["call_ids"].split(",")) for call in zoom.asked[3:])

    async def test_time_is_left_for_writing_the_page(self, zoom, observer, clock):
        """The report is asked with an earlier deadline than the request's, by call and by window."""
        zoom.says(REPORT, report())
        charges = Charges(zoom, observer=observer, clock=clock, profile="live", finishing=0.25)
        await costs(charges, "1")
        await charges.charged_calls(ONE, window=WINDOW)
        assert [1_999.75] * 2 == [asker.deadline for asker in zoom.callers]

    async def test_being_called_off_is_no_failure(self, charges, zoom):
        """A client that goes away ends the look-up."""
        zoom.says(REPORT, asyncio.Event())
        looking = asyncio.create_task(costs(charges, "1"))
        await asyncio.sleep(0.001)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
