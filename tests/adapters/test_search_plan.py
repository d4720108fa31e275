"""The order in which a call is looked for: finite, nothing twice, the likeliest first."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.search_plan import (
    AT_ONCE,
    MOST_DATES,
    MOST_MONTHS,
    Look,
    Probe,
    Window,
    named_day,
    next_round,
    search_plan,
)

UUID = "a297ae04-a875-4cfd-85ab-4adcead91edb"
TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)
DAYS = st.dates(date(2016, 1, 1), date(2099, 12, 31))
FIDELITIES = st.sampled_from(["exact", "summary"])
CALL_IDS = st.one_of(
    st.integers(10**17, 10**20 - 1).map(str),
    st.from_regex(r"0[0-9a-f]{8}[0-9a-f]{10}(_[0-9])?", fullmatch=True),
)
IDS = st.one_of(
    st.uuids().map(str),
    st.builds(lambda day, uuid: f"{day:%Y%m%d}-{uuid}", DAYS, st.uuids()),
    CALL_IDS,
    st.text(max_size=300),
)


def plan(asked_id: str, *, today: date = TODAY, fidelity="exact") -> tuple[Probe, ...]:
    """The plan for an id."""
    return search_plan(asked_id, today=today, fidelity=fidelity)


def call_id_of(day: date, suffix: str = "") -> str:
    """A call id that names a day."""
    return f"{int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) << 32 | 77}{suffix}"


def windows(asked_id: str, *, today: date = TODAY) -> list[Window]:
    """The list windows of a call id's plan."""
    return [probe.window for probe in plan(asked_id, today=today) if probe.window is not None]


def days_in(window: Window) -> list[date]:
    """Every day of a window."""
    return [window.first + number * DAY for number in range((window.last - window.first).days + 1)]


@given(asked_id=IDS, today=DAYS, fidelity=FIDELITIES)
def test_a_plan_is_finite_and_asks_nothing_twice(asked_id, today, fidelity):
    """No text makes more probes than a UUID, and no probe stands in a plan twice."""
    probes = plan(asked_id, today=today, fidelity=fidelity)
    assert len(probes) <= 2 * (1 + MOST_DATES)
    assert len(probes) == len(set(probes))


@given(asked_id=IDS, today=DAYS, fidelity=FIDELITIES)
def test_what_somebody_waits_for_comes_first(asked_id, today, fidelity):
    """Behind the first probe in the background all are."""
    urgency = [probe.is_background for probe in plan(asked_id, today=today, fidelity=fidelity)]
    assert sorted(urgency) == urgency
    assert urgency.count(False) <= 2


@given(asked_id=st.text(min_size=1, max_size=256).filter(lambda text: text.isprintable() and text.strip()))
def test_no_text_is_refused_for_its_form(asked_id):
    """Whatever could be an id is looked for."""
    assert (".." in asked_id) != bool(plan(asked_id))


@pytest.mark.parametrize(
    "garbage", ["", " ", "   ", "a\x00b", "a\nb", "\u200b", "..", "../x", "a..b", "x" * 257, "\ud800"]
)
def test_garbage_is_looked_for_nowhere(garbage):
    """Nothing, control characters, dots that climb and texts beyond 256 characters were never an id."""
    assert () == plan(garbage)


def test_the_longest_text_is_looked_for():
    """256 characters may still be an id."""
    assert plan("x" * 256)


def test_a_dated_id_is_taken_as_it_stands_then_under_the_days_around():
    """First as an element and as a call, then under the day before and after, at background pace."""
    assert (
        Probe(Look.ELEMENT, f"20260301-{UUID}", is_background=False),
        Probe(Look.HISTORY, f"20260301-{UUID}", is_background=False),
        Probe(Look.ELEMENT, f"20260228-{UUID}"),
        Probe(Look.ELEMENT, f"20260302-{UUID}"),
        Probe(Look.HISTORY, f"20260228-{UUID}"),
        Probe(Look.HISTORY, f"20260302-{UUID}"),
    ) == plan(f"20260301-{UUID}")


@pytest.mark.parametrize("digits", ["20261301", "00000000", "99999999", "99991231", "00010101"])
def test_a_date_without_neighbours_has_none(digits):
    """Eight digits that are no date, or the calendar's end, are taken as they stand alone."""
    assert [f"{digits}-{UUID}"] * 2 == [probe.id for probe in plan(f"{digits}-{UUID}")]


@given(today=DAYS)
def test_a_bare_id_is_tried_with_every_date_newest_first(today):
    """As it stands, then under 184 dates without a gap, today's first."""
    first, *dated = plan(UUID, today=today)
    assert Probe(Look.ELEMENT, UUID, is_background=False) == first
    assert {Look.ELEMENT} == {probe.look for probe in dated}
    dates = [datetime.strptime(probe.id.partition("-")[0], "%Y%m%d").replace(tzinfo=UTC).date() for probe in dated]
    assert (today, MOST_DATES) == (dates[0], len(dates))
    assert {DAY} == {newer - older for newer, older in pairwise(dates)}
    assert {UUID} == {probe.id.partition("-")[2] for probe in dated}


def test_ids_from_summaries_are_looked_for_where_such_are_served():
    """In summary fidelity each candidate is an element first, then a call."""
    probes = plan(UUID, fidelity="summary")
    assert [Look.ELEMENT, Look.HISTORY] * (1 + MOST_DATES) == [probe.look for probe in probes]
    assert [UUID, UUID, f"20260310-{UUID}", f"20260310-{UUID}", f"20260309-{UUID}"] == [p.id for p in probes[:5]]


def test_a_uuid_that_begins_like_a_date_is_bare():
    """Eight digits before the first dash are no date when only four groups follow."""
    assert f"20260310-20260301-{UUID[9:]}" == plan(f"20260301-{UUID[9:]}")[1].id


def test_a_call_id_is_looked_for_on_its_own_day_then_wider_and_wider():
    """Its own day at once, the days around, then month by month without the days already asked at a window's end."""
    own, *others = plan(call_id_of(date(2026, 3, 1)))
    assert Probe(Look.LIST, call_id_of(date(2026, 3, 1)), Window(date(2026, 3, 1), date(2026, 3, 1)), False) == own
    assert [
        Window(date(2026, 2, 28), date(2026, 3, 2)),
        Window(date(2026, 2, 11), date(2026, 3, 10)),
        Window(date(2026, 1, 11), date(2026, 2, 10)),
        Window(date(2025, 12, 11), date(2026, 1, 10)),
        Window(date(2025, 11, 11), date(2025, 12, 10)),
        Window(date(2025, 10, 11), date(2025, 11, 10)),
        Window(date(2025, 9, 11), date(2025, 10, 10)),
    ] == [probe.window for probe in others]
    assert {True} == {probe.is_background for probe in others}


def test_days_at_the_end_of_a_window_are_not_asked_again():
    """A window whose end was asked before is shorter."""
    assert [
        Window(TODAY, TODAY),
        Window(TODAY - DAY, TODAY),
        Window(date(2026, 2, 11), date(2026, 3, 8)),
    ] == windows(call_id_of(TODAY))[:3]


@pytest.mark.parametrize(
    ("window", "asked", "left"),
    [
        ((1, 31), None, (1, 31)),
        ((1, 31), (10, 12), (1, 31)),
        ((1, 31), (30, 31), (1, 29)),
        ((1, 31), (1, 2), (3, 31)),
        ((5, 6), (5, 6), None),
        ((5, 5), (4, 6), None),
        ((5, 9), (1, 4), (5, 9)),
    ],
)
def test_what_is_left_of_a_window(window, asked, left):
    """Days asked before are taken off its ends, and only there."""

    def january(first: int, last: int) -> Window:
        return Window(date(2026, 1, first), date(2026, 1, last))

    assert (left and january(*left)) == january(*window).without(asked and january(*asked))


@given(asked_id=CALL_IDS, today=DAYS)
def test_windows_are_months_that_reach_six_months_back(asked_id, today):
    """Each window lies within a month and the last six; together they leave no day out."""
    asked = windows(asked_id, today=today)
    days = {day for window in asked for day in days_in(window)}
    assert max(len(days_in(window)) for window in asked) <= 31
    assert max(days) == today
    assert len(days) == (max(days) - min(days)).days + 1
    assert 180 <= len(days) <= 185
    assert len(asked) <= MOST_MONTHS + 2


@given(today=DAYS, ago=st.integers(0, 180))
def test_the_own_day_is_the_first_window(today, ago):
    """A call id that names a day of the last months is looked for there, before anything else."""
    day = today - ago * DAY
    first = plan(call_id_of(day), today=today)[0]
    assert (Window(day, day), False) == (first.window, first.is_background)


@pytest.mark.parametrize("ago", [-1, 182])
def test_a_day_just_outside_the_six_months_is_looked_at_from_inside(ago):
    """A clock a day ahead, or a call a day too old, costs one window at that end."""
    first = plan(call_id_of(TODAY - ago * DAY))[0]
    (window, *_) = windows(call_id_of(TODAY - ago * DAY))
    assert (True, window.first) == (first.is_background, window.last)


@pytest.mark.parametrize("asked_id", ["696165649876346057", call_id_of(TODAY - 200 * DAY), "7", "anything at all"])
def test_without_a_day_of_its_own_only_months_are_asked(asked_id):
    """Made-up and old call ids go straight to the months, newest first, all in the background."""
    probes = plan(asked_id)
    assert [True] * MOST_MONTHS == [probe.is_background for probe in probes]
    assert Window(date(2026, 2, 11), TODAY) == probes[0].window


def test_the_suffix_of_a_transfer_is_not_asked_for():
    """List rows carry the call id without it."""
    assert plan(call_id_of(TODAY)) == plan(call_id_of(TODAY, suffix="_2"))


def test_the_end_of_a_month_is_the_end_of_a_month():
    """Months are counted back from its last day to shorter ones."""
    assert Window(date(2026, 3, 1), date(2026, 3, 31)) == windows("7", today=date(2026, 3, 31))[0]
    assert Window(date(2026, 2, 1), date(2026, 2, 28)) == windows("7", today=date(2026, 3, 31))[1]


def test_light_probes_go_a_few_at_a_time_and_lists_alone():
    """A round never mixes what somebody waits for with the background."""
    bare, called = plan(UUID), plan(call_id_of(TODAY))
    assert bare[:1] == next_round(bare)
    assert bare[1 : 1 + AT_ONCE] == next_round(bare[1:])
    assert bare[-1:] == next_round(bare[-1:])
    assert called[:1] == next_round(called)
    assert called[1:2] == next_round(called[1:])


@pytest.mark.parametrize(
    ("asked_id", "day"),
    [
        (f"20260301-{UUID}", date(2026, 3, 1)),
        (f"20261301-{UUID}", None),
        (UUID, None),
        (call_id_of(TODAY, suffix="_1"), TODAY),
        ("7", None),
    ],
)
def test_the_day_an_id_names(asked_id, day):
    """A date in front, or the start hidden in a call id."""
    assert day == named_day(asked_id)
