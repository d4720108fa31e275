"""Where a page of details ends, decided from what became of each row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import ShimError, UpstreamBroken, UpstreamHeldBack, UpstreamRefused, UpstreamSlow
from adapters.page_end import Detail, PageEnd, is_doubtful, is_scope_missing, page_end
from contracts.successor.shapes import CallHistory
from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, TOO_FAST

HAD = Detail(CallHistory(call_history_uuid="20260310-a"))
CACHED = Detail()
BROKEN = UpstreamBroken("cut short")
SLOW = UpstreamSlow("deadline passed")
HELD_BACK = UpstreamHeldBack(503, None, "")
EXPIRED = UpstreamRefused(401, 124, "Access token is expired.")
EXPIRED_TOO = UpstreamRefused(400, 124, "Access token is expired.")


def failed(failure: ShimError) -> Detail:
    """A row whose detail ended in this failure."""
    return Detail(failure=failure)


def test_every_row_that_has_its_detail_stands():
    """A page without trouble is whole."""
    assert PageEnd((None, None, None), None) == page_end([HAD, CACHED, HAD])


def test_a_page_without_rows_has_no_trouble():
    """Nothing asked, nothing stopped."""
    assert PageEnd((), None) == page_end([])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_missing_record_is_told_by_its_summary(place):
    """A 404 of one detail concerns that row alone, wherever it stands."""
    details = [HAD, HAD, HAD]
    details[place] = failed(GONE)
    end = page_end(details)
    assert (["missing"], None) == ([reason for reason in end.rows if reason], end.stop)


def test_missing_records_need_no_neighbours():
    """Even a page of nothing but 404s is told by its summaries."""
    assert PageEnd(("missing", "missing"), None) == page_end([failed(GONE), failed(GONE)])


@pytest.mark.parametrize("failure", [OUTAGE, BROKEN, UpstreamRefused(400, 300, "Validation Failed.")])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_detail_that_fails_alone_is_told_by_its_summary(place, failure):
    """While others are answered, one row's own failure takes no row away: neither the first nor the last."""
    details = [HAD, HAD, HAD]
    details[place] = failed(failure)
    end = page_end(details)
    assert (["failed"], None) == ([reason for reason in end.rows if reason], end.stop)


@pytest.mark.parametrize("failure", [OUTAGE, BROKEN])
def test_an_outage_ends_the_page_in_front_of_the_first_row_it_took(failure):
    """When nothing behind a row is answered, the page ends there."""
    assert PageEnd((None,), failure) == page_end([HAD, failed(failure), failed(failure), failed(failure)])


def test_an_outage_from_the_first_row_on_leaves_nothing():
    """No row stands when no detail at all could be had."""
    assert PageEnd((), OUTAGE) == page_end([failed(OUTAGE), failed(BROKEN)])


def test_a_lone_row_that_fails_is_an_outage():
    """Without a neighbour nobody can say that it is the row's own trouble."""
    assert PageEnd((), OUTAGE) == page_end([failed(OUTAGE)])


def test_a_cached_neighbour_says_nothing_of_upstream():
    """Rows that needed no call do not make an outage look like one row's own trouble."""
    assert PageEnd((None,), OUTAGE) == page_end([CACHED, failed(OUTAGE), CACHED, CACHED])


@pytest.mark.parametrize("failure", [OUTAGE, BROKEN])
def test_where_upstream_is_known_to_be_well_failures_are_the_rows_own(failure):
    """Somebody has asked: no neighbour is needed."""
    details = [CACHED, failed(failure), failed(failure)]
    assert PageEnd((None, "failed", "failed"), None) == page_end(details, is_upstream_well=True)


@pytest.mark.parametrize("failure", [TOO_FAST, SLOW, EXPIRED, HELD_BACK])
def test_a_limit_stops_a_page_also_where_upstream_is_well(failure):
    """It is the credential's or the moment's, never the row's."""
    assert PageEnd((None,), failure) == page_end([CACHED, failed(failure)], is_upstream_well=True)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ([], False),
        ([HAD], False),
        ([failed(OUTAGE)], True),
        ([failed(BROKEN), failed(GONE)], True),
        ([failed(OUTAGE), HAD], False),
        ([failed(OUTAGE), failed(TOO_FAST)], False),
        ([failed(OUTAGE), failed(SLOW)], False),
        ([failed(OUTAGE), failed(HELD_BACK)], False),
        ([failed(GONE)], False),
        ([failed(SCOPE_MISSING)], False),
    ],
)
def test_upstream_is_in_doubt_where_only_failures_speak_of_it(details, expected):
    """Where an answer shows that it is well, or the page has to end anyway, nobody need ask."""
    assert expected is is_doubtful(details)


@pytest.mark.parametrize("failure", [TOO_FAST, SLOW, EXPIRED, EXPIRED_TOO])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_limit_the_deadline_and_a_dead_credential_end_the_page(place, failure):
    """They are never one row's own: the page ends in front of that row whatever its neighbours have."""
    details = [HAD, HAD, HAD]
    details[place] = failed(failure)
    assert PageEnd((None,) * place, failure) == page_end(details)


def test_without_the_scope_every_row_is_told_by_its_summary():
    """A credential that may list but not look gets its whole page."""
    assert PageEnd(("scope", "scope"), None) == page_end([failed(SCOPE_MISSING), failed(SCOPE_MISSING)])


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (SCOPE_MISSING, True),
        (UpstreamRefused(401, 4711, ""), False),
        (UpstreamRefused(400, 300, ""), False),
        (BROKEN, False),
        (None, False),
    ],
)
def test_a_missing_scope_is_told_by_status_and_code(failure, expected):
    """Only 400/4711 means that the credential may not ask for a call."""
    assert expected is is_scope_missing(failure)


OUTCOMES = st.sampled_from([HAD, CACHED, *map(failed, (GONE, OUTAGE, BROKEN, SLOW, TOO_FAST, EXPIRED, SCOPE_MISSING))])


@given(st.lists(OUTCOMES, max_size=12))
def test_rows_stand_from_the_first_on_without_a_gap(details):
    """Whatever happens, the page is the longest run from the start, its stop is the failure of the next row."""
    end = page_end(details)
    following = details[len(end.rows) :]
    assert end.stop is (following[0].failure if following else None)
    assert [detail.failure is None for detail in details[: len(end.rows)]] == [reason is None for reason in end.rows]


@pytest.mark.parametrize("status", [400, 403, 405, 410])
def test_a_refusal_of_one_call_is_that_rows_own_even_alone(status: int) -> None:
    """A walk must get past a call that upstream lists and will not tell, also when it is the only row of its page."""
    assert PageEnd(("failed",), None) == page_end([Detail(failure=UpstreamRefused(status, 300, "Validation Failed."))])
