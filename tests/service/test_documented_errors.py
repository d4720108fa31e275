"""Every error Zoom documents for the two operations, and every one seen of them: each can be met here."""

from typing import Any

import pytest

from contracts.published import published
from tests.adapters.successor_bodies import id_of
from tests.adapters.virtual_time import in_virtual_time
from tests.service.running import Asking, service
from tests.service.worlds import DAY, LIST, plain

LISTED, DETAILS = "accountCallLogs", "getCallLogDetails"
LISTS, RECORDS = "/phone/call_history", "/phone/call_history/"
PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
PER_DAY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you "
    "can make another request."
)
SCOPES = "Invalid access token, does not contain scopes:[phone:read:admin]."
TARGETS = {LISTED: DAY, DETAILS: f"{LIST}/{id_of(1)}"}
UPSTREAM: dict[tuple[str, int, int], str] = {
    (LISTED, 400, 300): "Validation Failed.",
    (LISTED, 400, 124): "Access token is expired.",
    (LISTED, 400, 2031): "Zoom Phone has not been enabled for this account.",
    (LISTED, 400, 4711): SCOPES,
    (LISTED, 401, 124): "Invalid access token.",
    (LISTED, 404, 2001): "Account does not exist.",
    (LISTED, 404, 3001): "Error retrieving call logs.",
    (LISTED, 429, 429): PER_SECOND,
    (DETAILS, 400, 300): "Validation Failed.",
    (DETAILS, 400, 4711): SCOPES,
    (DETAILS, 401, 124): "Access token is expired.",
    (DETAILS, 429, 429): PER_DAY,
}
"""Operation, status and code of an upstream error with its text; the legacy program gets the same."""


def said(answer: Any) -> tuple[int, Any]:
    """Status and envelope."""
    return answer.status, answer.body


@pytest.mark.parametrize(("operation", "status", "code"), sorted(UPSTREAM))
@in_virtual_time
async def test_what_upstream_says_in_v1s_words_is_passed_on(operation, status, code):
    """Status, code and text, in the envelope alone."""
    body = {"code": code, "message": UPSTREAM[operation, status, code]}
    async with service(plain(1)) as asking:
        await asking.get(DAY)
        path = LISTS if operation == LISTED else RECORDS
        asking.zoom.fail(path, status=status, body=body, times=None)
        answer = await asking.get(TARGETS[operation], authorization="Bearer another")
    assert (status, body) == said(answer)


def test_each_documented_error_is_among_them():
    """By operation and status, with code and text where Zoom documents them."""
    documented = {
        (one.operation, error.status, error.code or None, error.message or None)
        for one in published()
        for error in one.errors
    }
    met = {(operation, status, code, text) for (operation, status, code), text in UPSTREAM.items()}
    loosely = {(operation, status, None, None) for operation, status, _, _ in met}
    assert {LISTED, DETAILS} == {operation for operation, *_ in documented}
    assert documented <= met | loosely


async def _unknown_id(asking: Asking) -> Any:
    return await asking.get(f"{LIST}/20260310-{id_of(9)}")


async def _bad_window(asking: Asking) -> Any:
    return await asking.get(f"{LIST}?from=yesterday")


async def _bad_token(asking: Asking) -> Any:
    return await asking.get(f"{DAY}&next_page_token=BJLYC6PABbAHdjwSkGVQeeR6B1juwHqj3G2")


async def _no_credential(asking: Asking) -> Any:
    return await asking.get(DAY, authorization=None)


@pytest.mark.parametrize(
    ("asked", "status", "code", "message"),
    [
        (_unknown_id, 404, 404, "Call Log does not exist."),
        (_bad_window, 400, 300, "Validation Failed."),
        (_bad_token, 400, 400, "The next page token is invalid or expired."),
        (_no_credential, 401, 124, "Invalid access token."),
    ],
)
async def test_what_this_service_says_itself_is_v1s_own(asked, status, code, message):
    """An unknown call, a window of no form, a token of another list, no credential."""
    async with service(plain(1)) as asking:
        assert (status, {"code": code, "message": message}) == said(await asked(asking))
