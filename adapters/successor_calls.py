"""Every call this service makes of the successor, as values: path, rate category, query.

Source: Zoom's OpenAPI of July 2026 and its rate-limit labels (semantics 7). Nothing is sent from here.
"""

from typing import Final
from urllib.parse import quote

from adapters.ports import Category, SuccessorCall

DIRECTORY_PAGE: Final = 100
SHARED_LINE_PAGE: Final = 300


def call_history(
    *, window: tuple[str, str], page_size: int, token: str, filters: tuple[tuple[str, str], ...] = ()
) -> SuccessorCall:
    """One page of the account's call history; `window` is `from` and `to` in Zoom's forms."""
    query = (("page_size", str(page_size)), ("from", window[0]), ("to", window[1]), *filters)
    paged = (*query, ("next_page_token", token)) if token else query
    return SuccessorCall("call_history", "/phone/call_history", Category.HEAVY, paged)


def call_record(history_uuid: str) -> SuccessorCall:
    """One call with its elements."""
    return SuccessorCall("call_record", f"/phone/call_history/{_segment(history_uuid)}", Category.LIGHT)


def user_by_email(email: str) -> SuccessorCall:
    """One phone user, by e-mail address or id."""
    return SuccessorCall("phone_user", f"/phone/users/{_segment(email)}", Category.LIGHT)


def directory_page(array: str, *, page_size: int, token: str) -> SuccessorCall:
    """One page of a directory, named as Zoom names its array and its path: `users`, `call_queues`, ..."""
    query = (("page_size", str(page_size)),)
    paged = (*query, ("next_page_token", token)) if token else query
    return SuccessorCall(array, f"/phone/{array}", Category.MEDIUM, paged)


def _segment(text: str) -> str:
    # Zoom wants ids that hold a slash encoded twice, so that a proxy's decoding leaves one encoding standing.
    return quote(quote(text, safe="") if "/" in text else text, safe="")
