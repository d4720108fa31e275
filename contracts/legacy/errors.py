"""The errors of v1, as data: what the service itself says, and what an upstream error becomes.

An upstream error without a row is relayed as it came when it is an envelope; anything else becomes the envelope of
its status. Decided by status and code, never by a message's text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class LegacyError:
    """One error answer of v1: HTTP status, code and text of the envelope, and where it is written."""

    status: int
    code: int
    message: str
    source: str


INVALID_TOKEN: Final = LegacyError(401, 124, "Invalid access token.", "semantics 7 O")
CALL_LOG_MISSING: Final = LegacyError(404, 404, "Call Log does not exist.", "semantics 7 O/I")
PAGE_TOKEN_INVALID: Final = LegacyError(400, 400, "The next page token is invalid or expired.", "semantics 7 I")
VALIDATION_FAILED: Final = LegacyError(400, 300, "Validation Failed.", "semantics 7 D")

TOO_MANY: Final = LegacyError(
    429, 429, "You have reached the maximum per-second rate limit for this API. Try again later.", "semantics 7 D/O"
)
DAY_SPENT: Final = LegacyError(
    429,
    429,
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you "
    "can make another request.",
    "semantics 7 D/O",
)
OVERLOADED: Final = LegacyError(503, 503, "Service Unavailable", "semantics 7 A")

ACCOUNT_CALL_LOGS: Final = "account_call_logs"
CALL_LOG_DETAILS: Final = "call_log_details"
CALL_LOG_PAGE: Final = "call_log_page"
"""The second and later pages of the account list: the only new thing upstream is asked is a page token."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What an upstream error means to a legacy operation; `code` None stands for every code."""

    asked: str
    status: int
    code: int | None
    becomes: LegacyError


TRANSLATIONS: Final = (
    Translation(CALL_LOG_PAGE, 400, 300, PAGE_TOKEN_INVALID),
    Translation(CALL_LOG_PAGE, 400, 301, PAGE_TOKEN_INVALID),
    Translation(ACCOUNT_CALL_LOGS, 400, 301, VALIDATION_FAILED),
    Translation(CALL_LOG_DETAILS, 404, None, CALL_LOG_MISSING),
)
"""Upstream errors that v1 told in other words; first match wins."""


def legacy_error(asked: str, status: int, code: int | None) -> LegacyError | None:
    """v1's words for an upstream error; None when it has none of its own."""
    found = (
        row.becomes for row in TRANSLATIONS if (row.asked, row.status) == (asked, status) and row.code in (None, code)
    )
    return next(found, None)


def envelope(code: int, message: str) -> dict[str, Any]:
    """The body of every error answer."""
    return {"code": code, "message": message}


def standard_phrase(status: int) -> str:
    """The standard phrase of an HTTP status, never the one of the wire."""
    return _PHRASES.get(status, "Unknown Error")


def _phrases() -> Iterator[tuple[int, str]]:
    for status in HTTPStatus:
        yield status.value, status.phrase


_PHRASES: Final = dict(_phrases())
