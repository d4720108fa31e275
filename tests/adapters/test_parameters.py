"""v1's tolerance towards `page_size`, `from` and `to`."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import LegacyRefusal
from adapters.parameters import Window, page_size, window

NOW = datetime(2026, 3, 10, 9, 30, 15, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, 30),
        ("", 30),
        ("1", 1),
        ("30", 30),
        ("300", 300),
        ("301", 300),
        ("3001", 300),
        ("1000000000", 300),
        ("007", 7),
        ("+7", 7),
        ("0", 30),
        ("000", 30),
        ("-1", 30),
        ("1e2", 30),
        ("12.0", 30),
        ("ten", 30),
        ("1 0", 30),
        ("\u0663", 30),
        ("\uff11\uff10", 30),
        ("9" * 8000, 300),
    ],
)
def test_a_page_size_is_taken_clamped_or_the_default(text, expected):
    """A positive whole number counts, at most 300; whatever else it is, 30."""
    assert expected == page_size(text)


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00.123Z", "2026-03-01T08:00:00Z"),
        ("2026-03-01T08:00:00.123456789Z", "2026-03-01T08:00:00Z"),
        ("2026-03-01 08:00:00", "2026-03-01T08:00:00Z"),
        ("2026-03-01 08:00:00.5Z", "2026-03-01T08:00:00Z"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_every_form_v1_took_is_put_in_the_successors_and_echoed_as_it_came(text, upstream):
    """Dates and UTC times in their spellings; the client's own text comes back."""
    assert Window(upstream, upstream, text, text) == window(text, text, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2026-3-1",
        "2026-02-30",
        "9999-99-99",
        "0000-01-01",
        "20260301",
        "2026-03-01T24:00:01Z",
        "2026-03-01T08:00Z",
        "2026-03-01T08:00:00+02:00",
        "2026-03-01t08:00:00z",
        "03/01/2026",
        "yesterday",
        "1772352000",
        "2026-03-01\n",
        "2026-03-01\x00",
        "\uff12026-03-01",
        "2026-03-01T08:00:00.1234567890Z",
    ],
)
@pytest.mark.parametrize("sides", [("text", None), ("text", "good"), ("good", "text")])
def test_any_other_form_is_v1s_validation_error(text, sides):
    """On either side a text in no known form, or of no real day, is refused in v1's words."""
    given_texts = {"text": text, "good": "2026-03-01", None: None}
    with pytest.raises(LegacyRefusal) as refused:
        window(given_texts[sides[0]], given_texts[sides[1]], now=NOW)
    assert (400, 300, "Validation Failed.") == (refused.value.status, refused.value.code, refused.value.message)


@pytest.mark.parametrize("first", [None, ""])
@pytest.mark.parametrize("last", [None, "", "2026-03-05", "nonsense"])
def test_without_from_it_is_the_last_day_whatever_to_says(first, last):
    """`to` alone is ignored; the echo is the two UTC dates."""
    expected = Window("2026-03-09T09:30:15Z", "2026-03-10T09:30:15Z", "2026-03-09", "2026-03-10")
    assert expected == window(first, last, now=NOW)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-03-01", "2026-03-10"), ("2026-03-01T08:00:00Z", "2026-03-10T09:30:15Z")]
)
def test_without_to_it_ends_now_in_the_form_of_from(first, last):
    """A date is ended by today's date, a time by the present second; the echo is the date."""
    assert Window(first, last, first, "2026-03-10") == window(first, None, now=NOW)


def test_a_window_that_runs_backwards_is_left_to_upstream():
    """The service enforces no window of its own."""
    made = window("2026-03-09", "2026-03-01", now=NOW)
    assert ("2026-03-09", "2026-03-01") == (made.first, made.last)


def outcome(first: str, last: str) -> type:
    """What kind of thing becomes of these texts."""
    try:
        return type(window(first, last, now=NOW))
    except LegacyRefusal as refused:
        return type(refused)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_does_worse_than_being_refused(first, last):
    """Whatever a client sends is a window, or v1's refusal."""
    assert outcome(first, last) in {Window, LegacyRefusal}


@given(st.text(max_size=40))
def test_every_page_size_is_a_possible_one(text):
    """Between 1 and 300 for any text."""
    assert page_size(text) in range(1, 301)
