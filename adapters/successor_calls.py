"""Every call this service makes of the successor, as values: path, rate category, query.

Source: Zoom's OpenAPI of July 2026 and its rate-limit labels (semantics 7). Nothing is sent from here.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from adapters.ports import Category, SuccessorCall

DIRECTORY_PAGE: Final = 100
SHARED_LINE_PAGE: Final = 300
CHARGES_PAGE: Final = 300
MOST_CHARGED_IDS: Final = 100
"""Call ids the charges report takes at once."""


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


def call_element(element_id: str) -> SuccessorCall:
    """One element, which names the call it belongs to; the older generation does not know this path."""
    return SuccessorCall("call_element", f"/phone/call_element/{_segment(element_id)}", Category.LIGHT)


def call_history_detail(element_id: str) -> SuccessorCall:
    """The same in the older generation."""
    return SuccessorCall("call_history_detail", f"/phone/call_history_detail/{_segment(element_id)}", Category.LIGHT)


def user_by_email(email: str) -> SuccessorCall:
    """One phone user, by e-mail address or id."""
    return SuccessorCall("phone_user", f"/phone/users/{_segment(email)}", Category.LIGHT, is_optional=True)


def directory_page(array: str, *, page_size: int, token: str) -> SuccessorCall:
    """One page of a directory, named as Zoom names its array and its path: `users`, `call_queues`, ..."""
    query = (("page_size", str(page_size)),)
    paged = (*query, ("next_page_token", token)) if token else query
    return SuccessorCall(array, f"/phone/{array}", Category.MEDIUM, paged, is_optional=True)


def call_charges(*, window: tuple[str, str], token: str, call_ids: Sequence[str] = ()) -> SuccessorCall:
    """One page of the charges report: of at most a hundred calls, or of all the window's that cost something.

    The ids are one text with commas between, unlike those of call history (semantics 3.7).
    """
    chosen = ("call_ids", ",".join(call_ids)) if call_ids else ("show_charges_only", "true")
    query = (("page_size", str(CHARGES_PAGE)), ("from", window[0]), ("to", window[1]), chosen)
    paged = (*query, ("next_page_token", token)) if token else query
    return SuccessorCall(
        "call_charges", "/phone/reports/call_charges", Category.HEAVY, paged, is_optional=bool(call_ids)
    )


def _segment(text: str) -> str:
    # Zoom wants ids that hold a slash encoded twice, so that a proxy's decoding leaves one encoding standing.
    return quote(quote(text, safe="") if "/" in text else text, safe="")
