"""What a legacy program is told when upstream fails and there is nothing to serve."""

from typing import Any

import pytest

from tests.adapters.successor_bodies import id_of, row_body, uuid_of
from tests.adapters.virtual_time import in_virtual_time
from tests.service.running import service
from tests.service.worlds import DAY, LIST, plain

ATTEMPTS = 6
"""How often a call that may succeed later is made."""
TWO = plain(1, 2)
FIRST = f"{LIST}/{id_of(1)}"
DETAIL = f"/phone/call_history/{uuid_of(1)}"

LISTED_ERRORS: list[tuple[int, Any, tuple[int, str]]] = [
    (400, {"code": 300, "message": "Validation Failed."}, (300, "Validation Failed.")),
    (400, {"code": 301, "message": "Invalid request param."}, (300, "Validation Failed.")),
    (401, {"code": 124, "message": "Access token is expired."}, (124, "Access token is expired.")),
    (400, {"code": 124, "message": "Access token is expired."}, (124, "Access token is expired.")),
    (400, {"code": 4711, "message": "Invalid access token."}, (4711, "Invalid access token.")),
    (404, {"code": 3001, "message": "Error retrieving call logs."}, (3001, "Error retrieving call logs.")),
    (400, {"code": 2031, "message": "Zoom Phone has not been enabled."}, (2031, "Zoom Phone has not been enabled.")),
    (500, b"<html>oops</html>", (500, "Internal Server Error")),
    (503, b"", (503, "Service Unavailable")),
    (403, {"code": "300", "message": "text"}, (403, "Forbidden")),
    (404, {"code": True, "message": "text"}, (404, "Not Found")),
    (400, b"[]", (400, "Bad Request")),
]


@pytest.mark.parametrize(("status", "body", "expected"), LISTED_ERRORS)
@in_virtual_time
async def test_an_error_of_the_list_is_relayed(status, body, expected):
    """An envelope as it came, or v1's words for it; any other body as the status and its standard phrase."""
    async with service(TWO) as asking:
        asking.zoom.fail("/phone/call_history", status=status, body=body, times=ATTEMPTS)
        answer = await asking.get(DAY)
    assert (status, {"code": expected[0], "message": expected[1]}) == (answer.status, answer.body)
    assert answer.headers["x-zm-trackingid"].startswith("v=2.0")


@pytest.mark.parametrize(("status", "phrase"), [(500, "Internal Server Error"), (503, "Service Unavailable")])
@in_virtual_time
async def test_an_outage_of_all_details_is_upstreams_error(status, phrase):
    """No row could be told, so the page is the failure."""
    async with service(TWO) as asking:
        asking.zoom.fail("/phone/call_history/", status=status, body=b"<html>", times=None)
        answer = await asking.get(DAY)
    assert (status, {"code": status, "message": phrase}) == (answer.status, answer.body)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"<html>", b'{"call_history": 7}', b'{"call_history": [{}]}', b'{"call_history"']
)
@in_virtual_time
async def test_a_list_nobody_can_read_is_a_502(body):
    """A 200 that is no list is a broken upstream."""
    async with service(TWO) as asking:
        asking.zoom.fail("/phone/call_history", status=200, body=body, times=2)
        answer = await asking.get(DAY)
    assert (502, {"code": 502, "message": "Bad Gateway"}) == (answer.status, answer.body)


@in_virtual_time
async def test_a_redirect_is_not_followed():
    """It is no answer."""
    async with service(TWO) as asking:
        asking.zoom.fail("/phone/call_history", status=302, headers={"Location": "/v2/users/me"}, body=b"")
        answer = await asking.get(DAY)
        assert (502, 0) == (answer.status, asking.zoom.counts["get_me"])


@in_virtual_time
async def test_details_that_upstream_no_longer_has_are_the_same_404():
    """Whatever code upstream's 404 carries."""
    async with service(TWO) as asking:
        await asking.get(DAY)
        asking.zoom.fail(DETAIL, status=404, body={"code": 301, "message": "Call history not found."})
        answer = await asking.get(FIRST, authorization="Bearer another")
    assert (404, {"code": 404, "message": "Call Log does not exist."}) == (answer.status, answer.body)


@pytest.mark.parametrize(("status", "code"), [(401, 124), (400, 4711), (500, 500), (429, 429)])
@in_virtual_time
async def test_other_errors_of_details_are_relayed(status, code):
    """In upstream's own envelope."""
    async with service(TWO) as asking:
        await asking.get(DAY)
        body = {"code": code, "message": "As it came."}
        asking.zoom.fail(DETAIL, status=status, body=body, times=None, headers={"Retry-After": "3600"})
        answer = await asking.get(FIRST, authorization="Bearer another")
    assert (status, body) == (answer.status, answer.body)


@in_virtual_time
async def test_a_record_that_has_become_empty_is_a_404():
    """A call of which nothing but a supervisor's part is left has no old record."""
    async with service(TWO) as asking:
        await asking.get(DAY)
        body = {**row_body(1), "call_elements": [{"event": "monitor", "call_element_id": "20260310-x"}]}
        asking.zoom.fail(DETAIL, status=200, body=body)
        answer = await asking.get(FIRST, authorization="Bearer another")
    assert (404, 404) == (answer.status, answer.body["code"])
