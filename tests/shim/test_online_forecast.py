"""The cost forecast: figures for known months and settings."""

import pytest

from adapters.translation.options import Options
from shim.online.forecast import forecast
from shim.online.seen import Totals
from shim.settings import Rules, Settings

MONTH = Totals(12_600, 1_200, 11_400)
BOTH = Rules(options=Options(recording_status="both"))


def sentences(totals: Totals = MONTH, **settings) -> list[str]:
    """What is told under these settings."""
    return list(forecast(totals, Settings(**settings)))


def test_a_month_is_told_in_three_sentences():
    """Rows a day, seconds a page, share of the day's limit."""
    assert sentences() == [
        "about 420 rows a day: 12,600 in 30 days",
        "a page of 300 rows not yet cached takes about 9.4 s: 32 detail calls a second are 80% of the business plan's "
        "limit",
        "reading 30 days once in pages of 300 takes 42 heavy calls: 0.2% of the 24,000 this service may make a day",
    ]


@pytest.mark.parametrize("totals", [Totals(), Totals(0, 0, 0), Totals(None, None, 5)])
def test_without_a_total_nothing_is_foretold(totals):
    """No figure is made up."""
    assert [] == sentences(totals)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, "about 9.4 s: 32 detail calls a second are 80% of the business plan's limit"),
        ({"rate_share": 0.5}, "about 15 s: 20 detail calls a second are 50% of the business plan's limit"),
        ({"plan": "pro"}, "about 19 s: 16 detail calls a second are 80% of the pro plan's limit"),
        ({"plan": "pro", "rate_share": 0.01}, "about 300 s: 1 detail calls a second are 1% of the pro plan's limit"),
    ],
)
def test_a_pages_seconds_follow_plan_and_share(settings, seconds):
    """One light call a row, at the rate that is budgeted."""
    assert seconds in sentences(**settings)[1]


@pytest.mark.parametrize(
    ("settings", "parts", "calls"),
    [
        ({"plan": "pro"}, "served in 2 parts, for SHIM_DEADLINE is 12 s", "takes 84 heavy calls"),
        ({"deadline": 4}, "served in 3 parts, for SHIM_DEADLINE is 4 s", "takes 126 heavy calls"),
        ({"deadline": 2.5}, "served in 4 parts, for SHIM_DEADLINE is 2.5 s", "takes 168 heavy calls"),
    ],
)
def test_a_page_that_outlasts_the_deadline_is_asked_for_again(settings, parts, calls):
    """Each part of it costs the upstream page."""
    _, page, month = sentences(**settings)
    assert (True, True) == (parts in page, calls in month)


def test_summaries_cost_one_call_a_page():
    """No detail is asked for, so neither rate nor deadline matter."""
    _, page, month = sentences(fidelity="summary", deadline=1)
    assert "a page takes one call, whatever its size: SHIM_FIDELITY is summary" == page
    assert "takes 42 heavy calls: 0.2% of the 24,000" in month


def test_charges_cost_a_heavy_call_for_each_hundred_rows():
    """Only when they are told on every row."""
    month = sentences(charges="on")[2]
    assert "takes 168 heavy calls, 126 of them to the charges report: 0.7% of the 24,000" in month


@pytest.mark.parametrize(
    ("totals", "settings", "calls"),
    [
        pytest.param(Totals(601, 301, 300), {}, 3, id="one-list"),
        pytest.param(Totals(601, 301, 300), {"rules": BOTH}, 3, id="two-lists-as-asked"),
        pytest.param(Totals(602, 301, 301), {"rules": BOTH}, 4, id="two-lists-with-a-page-more"),
        pytest.param(Totals(301, 301, 301), {}, 4, id="two-lists-as-needed"),
        pytest.param(Totals(601, None, None), {"rules": BOTH}, 3, id="halves-untold"),
    ],
)
def test_recorded_and_unrecorded_calls_apart_are_two_lists(totals, settings, calls):
    """Also where the settings do not yet ask for them apart though they must."""
    assert f"takes {calls} heavy calls" in sentences(totals, **settings)[2]


def test_hidden_calls_count():
    """The forecast is for all calls there are, not for those a plain list shows."""
    assert "about 420 rows a day: 12,600 in 30 days" == sentences(Totals(1_200, 1_200, 11_400))[0]


@pytest.mark.parametrize(("rows", "share"), [(300, "less than 0.1%"), (9_000_000, "125.0%"), (30_000, "0.4%")])
def test_the_share_of_the_day_is_a_percentage(rows, share):
    """A trace is no nothing, and more than a day's limit is said as it is."""
    assert f": {share} of the 24,000" in sentences(Totals(rows, 0, rows))[2]


@pytest.mark.parametrize(
    ("rows", "told"), [(3, "about 0.1 rows"), (45, "about 1.5 rows"), (300_000, "about 10,000 rows")]
)
def test_few_rows_a_day_are_told_to_a_tenth(rows, told):
    """Many are whole."""
    assert sentences(Totals(rows, 0, rows))[0].startswith(told)
