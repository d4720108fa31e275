"""Where a call is looked for whose id was never served: probes in their order, made from the id's text and the date.

Every plan is finite and asks nothing twice. It refuses to know how a probe is made, what it answers and what it costs
beyond this: whether somebody should wait for it, and how many may be asked side by side.
Source: semantics 2 (rules for unknown ids, start time inside a call id), 6 (windows of a month, six months back).
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final, Literal

from adapters.identifiers import Form, bare, form_of, start_of, without_suffix

Fidelity = Literal["exact", "summary"]

LONGEST_ID: Final = 256
"""Characters of the longest id that is worth a search; ids have at most 45."""
MOST_DATES: Final = 184
"""Days in the longest six months: how far back a UUID is tried with a date."""
MOST_MONTHS: Final = 6
"""How far back the account list answers, a month at a time."""
AT_ONCE: Final = 4
"""Light probes side by side: enough to use a background share of ten calls a second at the usual round trip."""

_DAY: Final = timedelta(days=1)


class Look(StrEnum):
    """What an id is taken for: an element's, a call's, or the call id that list rows carry."""

    ELEMENT = "element"
    HISTORY = "history"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the account list, first and last included."""

    first: date
    last: date

    def without(self, asked: "Window | None") -> "Window | None":
        """The window less the days at its ends that were asked before; None when nothing is left."""
        if asked is None:
            return self
        first = asked.last + _DAY if asked.first <= self.first <= asked.last else self.first
        last = asked.first - _DAY if asked.first <= self.last <= asked.last else self.last
        return Window(first, last) if first <= last else None


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: is there an element, a call, or a list row with this id, the latter within `window`.

    A probe in the background leaves most of the rate budget to others.
    """

    look: Look
    id: str
    window: Window | None = None
    is_background: bool = True


def search_plan(asked_id: str, *, today: date, fidelity: Fidelity) -> tuple[Probe, ...]:
    """The probes for an id, the likeliest first; none for a text that no id of a call ever was.

    `today` is the UTC date. Ids that only list rows from summaries carried are looked for when `fidelity` makes such
    rows.
    """
    if not _is_searchable(asked_id):
        return ()
    match form_of(asked_id):
        case Form.DATED:
            return tuple(_dated(asked_id))
        case Form.BARE:
            return tuple(_bare(asked_id, today, fidelity))
        case Form.CALL_ID:
            return tuple(_call_id(asked_id, today))


def next_round(pending: Sequence[Probe]) -> Sequence[Probe]:
    """The probes to ask side by side now: a few light ones of one urgency, or a single list, which is dear."""
    first, *_ = pending
    most = 1 if first.look is Look.LIST else AT_ONCE
    return tuple(takewhile(lambda probe: probe.is_background == first.is_background, pending[:most]))


def named_day(asked_id: str) -> date | None:
    """The UTC day an id tells of itself, if it does."""
    match form_of(asked_id):
        case Form.DATED:
            return _date(asked_id[:8])
        case Form.BARE:
            return None
        case Form.CALL_ID:
            start = start_of(asked_id)
            return start.date() if start else None


def _is_searchable(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST_ID and text.isprintable() and ".." not in text


def _dated(asked_id: str) -> Iterator[Probe]:
    """The id as it stands, then under the days around: its date may have been told in another time zone."""
    for look in (Look.ELEMENT, Look.HISTORY):
        yield Probe(look, asked_id, is_background=False)
    day = _date(asked_id[:8])
    if day is None or not date.min < day < date.max:
        return
    for look in (Look.ELEMENT, Look.HISTORY):
        for neighbour in (day - _DAY, day + _DAY):
            yield Probe(look, _under(neighbour, bare(asked_id)))


def _bare(asked_id: str, today: date, fidelity: Fidelity) -> Iterator[Probe]:
    """The id as it stands, for the older generation sends undated ones, then under every date, newest first."""
    looks = (Look.ELEMENT,) if fidelity == "exact" else (Look.ELEMENT, Look.HISTORY)
    for look in looks:
        yield Probe(look, asked_id, is_background=False)
    for ago in range(MOST_DATES):
        for look in looks:
            yield Probe(look, _under(today - ago * _DAY, asked_id))


def _call_id(asked_id: str, today: date) -> Iterator[Probe]:
    """The day the id names, the days around it, then month by month; the suffix of a transfer stands in no list row."""
    call_id = without_suffix(asked_id)
    own, near = _own_windows(named_day(asked_id), today)
    if own is not None:
        yield Probe(Look.LIST, call_id, own, is_background=False)
    if near is not None:
        yield Probe(Look.LIST, call_id, near)
    for months in range(MOST_MONTHS):
        month = Window(_months_before(today, months + 1) + _DAY, _months_before(today, months))
        rest = month.without(near)
        if rest is not None:
            yield Probe(Look.LIST, call_id, rest)


def _own_windows(day: date | None, today: date) -> tuple[Window | None, Window | None]:
    """The day itself, and that day with one on each side; None for what lies outside the last six months.

    The wider window holds the day once more: without it two calls would be needed for the days around.
    """
    earliest = _months_before(today, MOST_MONTHS)
    if day is None or not earliest - _DAY <= day <= today + _DAY:
        return None, None
    own = Window(day, day) if earliest <= day <= today else None
    return own, Window(max(earliest, day - _DAY), min(today, day + _DAY))


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _under(day: date, uuid: str) -> str:
    return f"{day.isoformat().replace('-', '')}-{uuid}"


def _date(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None
