"""Which requests are the service's own, which go to Zoom, which are refused; and the headers of its answers."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from adapters.operations.table import OPERATIONS
from shim.routing import decoded, find_route
from tests.adapters.successor_bodies import id_of
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, exchange, request
from tests.service.running import Asking, service
from tests.service.worlds import DAY, LIST, plain

BEARER = b"Authorization: Bearer one"


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """The service in front of one call."""
    async with service(plain(1)) as running:
        yield running


async def ask(asking: Asking, target: str, *headers: bytes, method: bytes = b"GET") -> Message:
    """One request by hand."""
    port = asking.shim.server.addresses[0][1]
    return await exchange(port, request(target.encode(), BEARER, *headers, method=method), to_head=method == b"HEAD")


class TestOwnPaths:
    """The two served operations, in both spellings of the account."""

    @pytest.mark.parametrize(
        ("path", "operation", "account", "asked"),
        [
            ("/v2/phone/call_logs", "accountCallLogs", None, ""),
            ("/v2/accounts/acct1/phone/call_logs", "accountCallLogs", "acct1", ""),
            ("/v2/accounts/me/phone/call_logs", "accountCallLogs", None, ""),
            ("/v2/phone/call_logs/a-b", "getCallLogDetails", None, "a-b"),
            ("/v2/phone/call_logs/a%2Fb", "getCallLogDetails", None, "a/b"),
            ("/v2/phone/call_logs/a%252Fb", "getCallLogDetails", None, "a%2Fb"),
            ("/v2/phone/call_logs/recordings", "getCallLogDetails", None, "recordings"),
            ("/v2/accounts/a%20b/phone/call_logs/7", "getCallLogDetails", "a%20b", "7"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_served_path_finds_its_operation(self, path, operation, account, asked, method):
        """The account stays as sent, the id is decoded once."""
        route = find_route(method, path)
        assert route is not None
        assert (operation, account, asked) == (route.operation.id, route.account, route.asked_id)

    @pytest.mark.parametrize("segment", ["%zz", "%f", "%ff", "%ed%a0%80"])
    def test_what_is_not_properly_encoded_stays_as_it_is(self, segment):
        """Such an id is nobody's, and no error."""
        assert segment == decoded(segment)

    @pytest.mark.parametrize("row", [row for row in OPERATIONS if row.handler is None], ids=lambda row: row.id)
    async def test_a_retired_operation_without_a_handler_goes_to_zoom(self, asking, row):
        """It stands in the table, and is passed through as it came."""
        target = "/v2" + re.sub(r"\{\w+\}", "x", row.path)
        await ask(asking, target, method=row.method.encode())
        assert [(row.method, target)] == [(call.method, call.path) for call in asking.zoom.calls]

    async def test_head_is_get_without_a_body(self, asking):
        """Status and headers are those of the page."""
        got = await asking.get(DAY)
        head = await ask(asking, DAY, method=b"HEAD")
        assert (200, b"") == (head.status, head.body)
        assert [got.headers["Content-Length"].encode()] == head.all(b"content-length")


class TestElsewhere:
    """What is not the service's own."""

    async def test_another_path_of_the_api_is_zooms_own_answer(self, asking):
        """Body and headers as Zoom sent them, none of ours added but the framing."""
        answer = await ask(asking, "/v2/users/me")
        assert (200, True, []) == (answer.status, b"Dana Whitfield" in answer.body, answer.all(b"deprecation"))
        assert 1 == asking.zoom.counts["get_me"]

    @pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"])
    @pytest.mark.parametrize("target", [LIST, f"{LIST}/{id_of(1)}"])
    async def test_another_method_on_a_served_path_goes_to_zoom(self, asking, method, target):
        """Only reading was retired here."""
        await ask(asking, target, method=method)
        assert [(method.decode(), target)] == [(call.method, call.path) for call in asking.zoom.calls]

    @pytest.mark.parametrize(
        "target",
        [
            "/v2/phone/call_logs/",
            "/v2/phone/call_logs//",
            "/v2/phone/call_logs/a/b",
            "/v2/phone//call_logs",
            "/v2/phone/Call_Logs",
            "/v2/phone/call_logsx",
            "/v2/phone/call%5Flogs",
            "/v2/phone/call_history",
            "/v2/accounts//phone/call_logs",
            "/v2/accounts/a/b/phone/call_logs",
            "/v2/phone/call_logs;x=1",
        ],
    )
    async def test_a_path_that_is_nearly_ours_is_zooms(self, asking, target):
        """It is passed through byte for byte: the raw path decides."""
        await ask(asking, target)
        assert [target] == [call.path for call in asking.zoom.calls]

    @pytest.mark.parametrize("target", ["/", "/v2", "/v1/phone/call_logs", "/V2/phone/call_logs", "/metrics", "/v2x/a"])
    async def test_a_path_outside_the_api_is_nowhere(self, asking, target):
        """404 in the envelope; metrics are not on this port."""
        assert_envelope(404, "Not Found", await ask(asking, target))
        assert [] == asking.zoom.calls

    @pytest.mark.parametrize("target", ["/v2/users/me", "/oauth/token", "/v2/phone/call_logs/", f"{LIST}/x/recordings"])
    async def test_with_pass_through_off_only_served_paths_answer(self, target):
        """Everything else of the API is a 403, and Zoom is not asked."""
        async with service(plain(1), settings={"SHIM_PASS_THROUGH": "off"}) as asking:
            assert_envelope(403, "Forbidden", await ask(asking, target))
            assert [] == asking.zoom.calls
            assert 200 == (await ask(asking, DAY)).status

    async def test_oauth_goes_to_the_token_endpoints_origin(self, asking):
        """The path as it came, outside the API."""
        await ask(asking, "/oauth/token?grant_type=refresh_token", method=b"POST")
        assert [("POST", "/oauth/token", "grant_type=refresh_token")] == asking.zoom.calls


class TestHeaders:
    """What answers carry beside their body."""

    @pytest.mark.parametrize(
        ("target", "status", "successor"),
        [
            (DAY, 200, "/v2/phone/call_history"),
            (f"{LIST}/{id_of(1)}", 404, "/v2/phone/call_history"),
            (f"{LIST}?from=nonsense", 400, "/v2/phone/call_history"),
            ("/v2/accounts/acct1/phone/call_logs", 200, "/v2/accounts/acct1/phone/call_history"),
            ("/v2/accounts/me/phone/call_logs", 200, "/v2/phone/call_history"),
        ],
    )
    async def test_every_answer_of_a_retired_operation_says_so(self, asking, target, status, successor):
        """When it was deprecated and switched off, and where its successor stands; errors too."""
        answer = await ask(asking, target)
        assert status == answer.status
        assert [b"@1750204800"] == answer.all(b"deprecation")
        assert [b"Sat, 30 May 2026 00:00:00 GMT"] == answer.all(b"sunset")
        assert [f'<{successor}>; rel="successor-version"'.encode()] == answer.all(b"link")

    def test_the_dates_are_those_they_stand_for(self):
        """18 June 2025, in the form RFC 9745 has it."""
        assert datetime(2025, 6, 18, tzinfo=UTC).timestamp() == 1750204800

    async def test_an_account_in_the_link_is_encoded(self, asking):
        """A character that could end the link does not."""
        answer = await ask(asking, "/v2/accounts/a>b/phone/call_logs")
        assert [b'</v2/accounts/a%3Eb/phone/call_history>; rel="successor-version"'] == answer.all(b"link")

    @pytest.mark.parametrize("sent", [b"a", b"Req-1.2_3", b"x" * 64])
    async def test_a_request_keeps_its_id(self, asking, sent):
        """What the client sent comes back."""
        answer = await ask(asking, DAY, b"X-Request-Id: " + sent)
        assert [sent] == answer.all(b"x-request-id")

    @pytest.mark.parametrize("sent", [b"", b"a b", b"a/b", b"\xc3\xa4", b"x" * 65, b"<script>"])
    async def test_another_id_is_replaced(self, asking, sent):
        """Only plain short ids come back: it stands in logs."""
        answer = await ask(asking, DAY, b"X-Request-Id: " + sent)
        assert [32] == [len(value) for value in answer.all(b"x-request-id")]

    async def test_every_request_has_an_id(self, asking):
        """Two requests, two ids; errors have one too."""
        answers = [await ask(asking, target) for target in (DAY, DAY, "/nowhere")]
        assert 3 == len({value for answer in answers for value in answer.all(b"x-request-id")})

    async def test_upstreams_tracking_id_and_rate_headers_come_through(self, asking):
        """Those of the list call, on the page."""
        answer = await ask(asking, DAY)
        assert [b"Heavy"] == answer.all(b"x-ratelimit-category")
        assert answer.all(b"x-zm-trackingid")[0].startswith(b"v=2.0;clid=")

    async def test_upstreams_headers_come_through_with_an_error(self, asking):
        """The tracking id is what Zoom's support asks for."""
        asking.zoom.fail("/phone/call_history", status=400, headers={"Set-Cookie": "a=b", "X-Other": "c"})
        answer = await ask(asking, DAY)
        assert (400, 1, []) == (
            answer.status,
            len(answer.all(b"x-zm-trackingid")),
            answer.all(b"set-cookie") + answer.all(b"x-other"),
        )
