"""`Retry-After` in its three forms, as a number of seconds to wait.

Knows the spellings and which of them to believe; refuses to know any clock of ours: absolute times count from
the answer's own `Date`, so skew between the hosts cancels out.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 86_400.0
"""The longest wait believed. Zoom's longest limit is a day's."""
UNSTATED_DAILY_WAIT_SECONDS = 60.0
"""How long a spent day is believed when Zoom does not say until when."""

_SECONDS = re.compile(r"[0-9]{1,6}")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}[0-9:.]{0,16}(?:Z|[+-][0-9]{2}:?[0-9]{2})?")


def wait_seconds(retry_after: str | None, date: str | None) -> float | None:
    """Seconds to wait by `Retry-After`, more than 0 and at most a day; None when it is absent or not to be believed.

    Daily limits carry an ISO 8601 time, not seconds (semantics 7). Zero, a moment already past and an absolute
    time beside no readable `Date` count as absent: the caller's own backoff is then the better guess.
    """
    value = (retry_after or "").strip()
    wait = float(value) if _SECONDS.fullmatch(value) else _seconds_between(date, value)
    return wait if wait is not None and 0 < wait <= LONGEST_SECONDS else None


def _seconds_between(date: str | None, until: str) -> float | None:
    start = _http_date((date or "").strip())
    end = _http_date(until) or _iso_time(until)
    return None if start is None or end is None else (end - start).total_seconds()


def _http_date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if _HTTP_DATE.fullmatch(value) else None
    except ValueError:
        return None


def _iso_time(value: str) -> datetime | None:
    """An ISO 8601 time; one without an offset is UTC, as all times of Zoom's API are."""
    try:
        parsed = datetime.fromisoformat(value) if _ISO_TIME.fullmatch(value) else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed is not None and parsed.tzinfo is None else parsed
