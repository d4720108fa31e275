"""The wait a 429 asks for, in every spelling seen, and what is not believed."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.retry_after import LONGEST_SECONDS, wait_seconds

DATE = "Tue, 10 Mar 2026 10:00:00 GMT"
MOMENT = datetime(2026, 3, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("1", 1.0, id="delta-seconds"),
        pytest.param(" 30 ", 30.0, id="blanks-around"),
        pytest.param("86400", 86_400.0, id="a-whole-day"),
        pytest.param("Tue, 10 Mar 2026 10:00:05 GMT", 5.0, id="http-date"),
        pytest.param("2026-03-10T12:00:00Z", 7_200.0, id="iso-as-zoom-sends-it"),
        pytest.param("2026-03-10T12:00:00.500Z", 7_200.5, id="iso-fraction"),
        pytest.param("2026-03-10T12:00:00+01:00", 3_600.0, id="iso-offset"),
        pytest.param("2026-03-10T12:00:00", 7_200.0, id="iso-without-offset-is-utc"),
        pytest.param("2026-03-11T00:00:00Z", 50_400.0, id="iso-midnight"),
    ],
)
def test_each_form_is_read(value, expected):
    """All three forms become seconds, the absolute ones counted from the answer's own Date."""
    assert expected == wait_seconds(value, DATE)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("0", id="zero"),
        pytest.param("-1", id="negative"),
        pytest.param("+1", id="signed"),
        pytest.param("1.5", id="fraction"),
        pytest.param("1e9", id="exponent"),
        pytest.param("NaN", id="nan"),
        pytest.param("inf", id="infinite"),
        pytest.param("86401", id="more-than-a-day"),
        pytest.param("1000000000", id="decades"),
        pytest.param("20260310", id="digits-that-look-like-a-date"),
        pytest.param("\u0661\u0662", id="digits-of-another-script"),
        pytest.param("1" * 4096, id="4-kb"),
        pytest.param("Tue, 10 Mar 2026 09:59:59 GMT", id="past-http-date"),
        pytest.param("2026-03-10T09:59:59Z", id="past-iso"),
        pytest.param("2026-03-12T10:00:00Z", id="iso-two-days-away"),
        pytest.param("2026-03-11", id="date-alone"),
        pytest.param("2026-13-99T99:99:99Z", id="no-such-time"),
        pytest.param("Tue, 99 Foo 2026 10:00:05 GMT", id="no-such-http-date"),
        pytest.param("Tue, 10 Mar 2026 10:00:05 -0500", id="http-date-elsewhere"),
    ],
)
def test_what_is_not_believed_counts_as_absent(value):
    """Garbage, nothing, the past and the far future are no wait at all."""
    assert wait_seconds(value, DATE) is None


@pytest.mark.parametrize("date", [None, "", "now", "2026-03-10T10:00:00Z", "Tue, 99 Foo 2026 10:00:00 GMT"])
def test_an_absolute_time_needs_the_date_of_its_answer(date):
    """Without a readable Date an absolute time means nothing, whatever our own clock says; seconds still do."""
    assert wait_seconds("2026-03-10T12:00:00Z", date) is None
    assert 7.0 == wait_seconds("7", date)


@given(
    skew=st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)),
    seconds=st.integers(1, int(LONGEST_SECONDS)),
    hours=st.integers(-23, 23),
)
def test_skew_between_the_hosts_cancels_out(skew, seconds, hours):
    """However wrong upstream's clock is, the wait is the difference of its own two times."""
    now = (MOMENT + skew).replace(microsecond=0)
    until = now + timedelta(seconds=seconds)
    date = format_datetime(now, usegmt=True)
    assert float(seconds) == wait_seconds(format_datetime(until, usegmt=True), date)
    assert float(seconds) == wait_seconds(until.astimezone(timezone(timedelta(hours=hours))).isoformat(), date)


_NEARLY = st.one_of(
    st.text(),
    st.from_regex(r"[0-9+\-.eE]{1,12}"),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.+Z-]{0,24}"),
    st.from_regex(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"),
)


@given(value=_NEARLY, date=st.one_of(st.just(DATE), _NEARLY))
def test_any_text_is_a_bounded_wait_or_none(value, date):
    """No header can make the parser raise, or answer with nothing, a negative or an endless wait."""
    wait = wait_seconds(value, date)
    assert wait is None or 0 < wait <= LONGEST_SECONDS
