"""v1's own tolerance towards its parameters: what is accepted, clamped, ignored or refused.

Source: semantics 6.1.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.errors import LegacyRefusal
from contracts.legacy.errors import VALIDATION_FAILED
from contracts.legacy.parameters import DEFAULT_PAGE_SIZE
from contracts.legacy.shapes import LARGEST_PAGE_SIZE

DEFAULT_WINDOW: Final = timedelta(hours=24)

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z?", re.ASCII)
_POSITIVE: Final = re.compile(r"\+?0*([1-9]\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """The time asked for: as the successor takes it, and as v1 echoed it."""

    first: str
    last: str
    echo_from: str
    echo_to: str


def page_size(text: str | None) -> int:
    """The page size: 30 when absent or no positive whole number, at most 300."""
    number = _POSITIVE.fullmatch(text or "")
    # Four digits are more than the largest; Python refuses to read some thousand of them.
    return min(int(number[1][:4]), LARGEST_PAGE_SIZE) if number else DEFAULT_PAGE_SIZE


def window(first: str | None, last: str | None, *, now: datetime) -> Window:
    """The window between `from` and `to`, echoed verbatim; the last 24 hours without `from`.

    `now` is in UTC. A text in no form v1 accepted raises v1's "Validation Failed."; `to` without `from` is ignored.
    """
    if not first:
        start = now - DEFAULT_WINDOW
        return Window(_as_time(start), _as_time(now), _as_date(start), _as_date(now))
    start_text = _successors(first)
    write: Callable[[datetime], str] = _as_date if _DATE.fullmatch(start_text) else _as_time
    end_text = _successors(last) if last else write(now)
    return Window(start_text, end_text, first, last or _as_date(now))


def _as_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _successors(text: str) -> str:
    """The successor's form of a date or time v1 accepted."""
    time = _TIME.fullmatch(text)
    plain = f"{time[1]}T{time[2]}Z" if time else text
    if time is None and not _DATE.fullmatch(text):
        raise LegacyRefusal.of(VALIDATION_FAILED)
    try:
        datetime.fromisoformat(plain)
    except ValueError as impossible:
        raise LegacyRefusal.of(VALIDATION_FAILED) from impossible
    return plain
