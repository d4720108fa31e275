"""What an account list is asked for: the window, the filters, and which calls match.

Filters look at the summary row only, except the voicemail and keyword filters, which Zoom describes as looking at
the whole call. This file refuses to know paging and spelling.
Source: Zoom's OpenAPI of July 2026, operation accountCallHistory; semantics 6.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from multidict import MultiMapping

from shim.standin.refusals import validation_failed
from shim.standin.world import Account

DEFAULT_REACH: Final = timedelta(hours=24)
FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "directions": ("direction",),
    "connect_types": ("connect_type",),
    "number_types": ("caller_number_type", "callee_number_type"),
    "call_types": ("call_type",),
    "extension_types": ("caller_ext_type", "callee_ext_type"),
    "call_results": ("call_result",),
    "group_ids": ("group_id",),
    "site_ids": ("site_id",),
    "department": ("department",),
    "cost_center": ("cost_center",),
    "recording_status": ("recording_status",),
    "call_ids": ("call_id",),
}
"""Parameter -> the row's keys of which one must hold a wanted value. Arrays repeat the parameter."""

CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "directions": frozenset({"inbound", "outbound"}),
    "connect_types": frozenset({"internal", "external"}),
    "call_types": frozenset({"general", "emergency"}),
    "recording_status": frozenset({"recorded", "non_recorded"}),
    "time_type": frozenset({"start_time", "end_time"}),
    "with_voicemail": frozenset({"true", "false"}),
}
"""Parameters that refuse any other value."""

SEARCHED: Final = tuple(
    f"{side}_{attribute}"
    for side in ("caller", "callee", "operator")
    for attribute in ("name", "ext_number", "did_number", "email")
)
"""Where a keyword is looked for, besides the call id."""


@dataclass(frozen=True, slots=True)
class Question:
    """A list's filters, checked; `window` is what the answer echoes, `first` and `last` what it means."""

    window: Mapping[str, str]
    time_key: str
    first: str
    last: str
    wanted: tuple[tuple[tuple[str, ...], frozenset[str]], ...]
    keyword: str
    with_voicemail: bool | None


def read_question(query: MultiMapping[str], now: datetime) -> Question:
    """The question `query` asks at `now`; refuses nonsense as Zoom does."""
    for parameter, values in CLOSED.items():
        if not values.issuperset(query.getall(parameter, ())):
            raise validation_failed()
    first, last, window = asked_window(query, now, reach=DEFAULT_REACH)
    asked = ((keys, frozenset(query.getall(name, ()))) for name, keys in FILTERS.items())
    voicemail = query.get("with_voicemail")
    return Question(
        window=window,
        time_key=query.get("time_type", "start_time"),
        first=first,
        last=last,
        wanted=tuple((keys, values) for keys, values in asked if values),
        keyword=query.get("keyword", "").casefold(),
        with_voicemail=None if voicemail is None else voicemail == "true",
    )


def matching(account: Account, question: Question) -> tuple[dict[str, Any], ...]:
    """The rows that answer the question, newest first."""
    return tuple(row for row in account.rows if _matches(row, account, question))


def _matches(row: Mapping[str, Any], account: Account, question: Question) -> bool:
    if not question.first <= str(row.get(question.time_key) or "") <= question.last:
        return False
    if not all(any(row.get(key) in values for key in keys) for keys, values in question.wanted):
        return False
    if question.keyword and not any(question.keyword in text for text in _texts(row, account)):
        return False
    return question.with_voicemail is None or question.with_voicemail == _has_voicemail(row, account)


def _texts(row: Mapping[str, Any], account: Account) -> Iterator[str]:
    for entry in (row, *_elements(row, account)):
        yield str(entry.get("call_id", "")).casefold()
        yield from (str(entry[key]).casefold() for key in SEARCHED if key in entry)


def _has_voicemail(row: Mapping[str, Any], account: Account) -> bool:
    return any(element.get("voicemail_id") for element in _elements(row, account))


def _elements(row: Mapping[str, Any], account: Account) -> list[dict[str, Any]]:
    record = account.record(row["call_history_uuid"])
    elements: list[dict[str, Any]] = record.get("call_elements", []) if record else []
    return elements


def asked_window(query: Mapping[str, str], now: datetime, *, reach: timedelta) -> tuple[str, str, Mapping[str, str]]:
    """First and last moment as text that sorts like time, and the echo; without a start as long as `reach`, to now."""
    start, end = query.get("from", ""), query.get("to", "")
    if not start:
        start_moment, end = now - reach, ""
    else:
        start_moment = _moment(start)
    end_moment = _moment(end, last=True) if end else now
    if end_moment < start_moment:
        raise validation_failed()
    window = {"from": start or f"{start_moment:%Y-%m-%d}", "to": end or f"{end_moment:%Y-%m-%d}"}
    return f"{start_moment:%Y-%m-%dT%H:%M:%SZ}", f"{end_moment:%Y-%m-%dT%H:%M:%SZ}", window


def _moment(text: str, *, last: bool = False) -> datetime:
    """The moment a date or UTC date-time means, a date's `last` second when it ends a window."""
    for form, length in (("%Y-%m-%d", 10), ("%Y-%m-%dT%H:%M:%SZ", 20)):
        if len(text) == length:
            try:
                moment = datetime.strptime(text, form).replace(tzinfo=UTC)
            except ValueError as nonsense:
                raise validation_failed() from nonsense
            return moment + timedelta(days=1, seconds=-1) if last and length == 10 else moment
    raise validation_failed()
