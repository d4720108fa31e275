"""`SHIM_PASS_THROUGH` of a service with an app's credentials: who may reach Zoom, with what, and what never travels."""

from urllib.parse import quote

import pytest

from contracts.codec import decode
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, RawUpstream, exchange, reply, request, says, sized
from tests.service.app_service import (
    APPS_TOKEN,
    BEARER,
    KEY,
    OTHER_KEY,
    TOKEN,
    app_settings,
    basic,
    watched,
)
from tests.service.running import shim_at
from tests.service.worlds import DAY

ELSEWHERE = "/v2/users/me"
OWN = b"Authorization: Bearer callers-own-token-of-zoom"
PATHS = [
    ELSEWHERE,
    "/v2/phone/call_logs/",
    "/v2/phone/Call_Logs",
    "/v2/phone/call_logs;x=1",
    "/oauth/revoke",
]
METHODS = [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"HEAD", b"TRACE"]


def mode(choice: str) -> dict[str, str]:
    """The settings of a service with this choice."""
    return dict(app_settings(SHIM_PASS_THROUGH=choice))


async def ask(port: int, target: str, *headers: bytes, method: bytes = b"GET", body: bytes = b"") -> Message:
    """One request by hand."""
    sized_body = (sized(body),) if body else ()
    sent = request(target.encode(), *headers, *sized_body, method=method, body=body)
    return await exchange(port, sent, to_head=method == b"HEAD")


async def traded(port: int) -> str:
    """A bearer of the service's own."""
    head = "Authorization: " + basic("alpha", KEY)["Authorization"]
    return str(decode((await ask(port, TOKEN, head.encode(), method=b"POST")).body)["access_token"])


def passed(upstream: RawUpstream) -> list[Message]:
    """What upstream saw beside requests for the app's token."""
    return [seen for seen in upstream.requests if seen.target != TOKEN.encode()]


class TestOff:
    """The default beside an app's credentials."""

    @pytest.mark.parametrize("path", PATHS)
    async def test_nothing_passes_whoever_asks(self, path):
        """403 for every method and credential, and no contact; the operations are served."""
        async with watched(app_settings()) as (upstream, port):
            for method in METHODS:
                for credential in (OWN, f"Authorization: {BEARER}".encode(), b"X: none"):
                    assert 403 == (await ask(port, path, credential, method=method)).status
            assert_envelope(403, "Forbidden", await ask(port, path))
            assert [] == upstream.requests

    async def test_climbing_is_refused_before(self):
        """Framing and target are judged first."""
        async with watched(app_settings()) as (_, port):
            assert 400 == (await ask(port, "/v2/x/../y")).status


class TestCaller:
    """Callers bring a token of Zoom's for other paths."""

    @pytest.mark.parametrize("target", [f"{ELSEWHERE}?a=%41&b", "/oauth/revoke?token=x"])
    async def test_a_callers_own_bearer_goes_as_it_came(self, target):
        """Byte for byte, and nothing of the app's with it."""
        async with watched(mode("caller")) as (upstream, port):
            assert 200 == (await ask(port, target, OWN, b"X-Mark: 1")).status
        (seen,) = upstream.requests
        assert (target.encode(), [OWN.partition(b": ")[2]]) == (seen.target, seen.all(b"authorization"))

    @pytest.mark.parametrize(
        "headers",
        [
            [f"Authorization: Bearer {KEY}"],
            [f"Authorization: bearer  {OTHER_KEY}"],
            [f"authorization: {KEY}"],
            [f"Authorization: Basic {KEY}"],
            ["Authorization: " + basic("alpha", KEY)["Authorization"]],
            ["Authorization: " + basic(KEY, "x")["Authorization"]],
            ["Authorization: Bearer other", f"Authorization: Bearer {KEY}"],
            ["Authorization: Bearer other", f"X-Api-Key: {KEY}"],
            ["Authorization: Bearer other", f"Cookie: a=b; token={KEY}"],
            ["Connection: x-key", f"X-Key: {KEY}"],
        ],
    )
    @pytest.mark.parametrize("path", [ELSEWHERE, "/oauth/revoke"])
    async def test_a_client_key_in_a_header_stays_here(self, headers, path):
        """403 and no contact, in whichever header and spelling."""
        async with watched(mode("caller")) as (upstream, port):
            assert_envelope(403, "Forbidden", await ask(port, path, *map(str.encode, headers)))
            assert [] == upstream.requests

    @pytest.mark.parametrize("key", [KEY, OTHER_KEY])
    @pytest.mark.parametrize("spell", [str, quote, lambda key: "".join(f"%{ord(one):02x}" for one in key)])
    @pytest.mark.parametrize("target", ["/v2/users?access_token={}", "/v2/users?a=1&key={}&b=2", "/v2/{}/users"])
    async def test_a_client_key_in_the_target_stays_here(self, key, spell, target):
        """Also beside a bearer of the caller's own."""
        async with watched(mode("caller")) as (upstream, port):
            assert 403 == (await ask(port, target.format(spell(key).replace("/", "%2F")), OWN)).status
            assert [] == upstream.requests

    @pytest.mark.parametrize("place", ["Authorization: Bearer {}", "X-Token: a {} b", "Cookie: {}"])
    async def test_a_bearer_of_ours_stays_here(self, place):
        """In any header, and in the target."""
        async with watched(mode("caller")) as (upstream, port):
            bearer = await traded(port)
            assert 403 == (await ask(port, ELSEWHERE, place.format(bearer).encode())).status
            assert 403 == (await ask(port, f"{ELSEWHERE}?access_token={bearer}", OWN)).status
            assert [] == upstream.requests

    async def test_a_text_that_only_looks_like_one_passes(self):
        """Somebody else's sealed token, and most of a key."""
        texts = [b"Authorization: Bearer gAAAA" + b"x" * 100, f"X-Key: {KEY[:-1]}".encode()]
        async with watched(mode("caller")) as (upstream, port):
            assert [200, 200] == [(await ask(port, ELSEWHERE, text)).status for text in texts]
        assert 2 == len(upstream.requests)

    async def test_operations_want_a_key_all_the_same(self):
        """A token of Zoom's is nobody there."""
        async with watched(mode("caller")) as (_, port):
            assert 401 == (await ask(port, DAY, OWN)).status


class TestApp:
    """Every client is lent the app's credentials."""

    @pytest.mark.parametrize("target", [f"{ELSEWHERE}?a=%41&b", "/v2/phone/call_logs/", "/oauth/x"])
    @pytest.mark.parametrize("method", [b"GET", b"DELETE", b"POST"])
    async def test_the_apps_token_takes_the_place_of_the_callers(self, target, method):
        """It alone, and everything else as it came."""
        async with watched(mode("app")) as (upstream, port):
            bearer = (f"Authorization: Bearer {await traded(port)}").encode()
            for shown in (f"Authorization: {BEARER}".encode(), bearer):
                assert 200 == (await ask(port, target, shown, b"X-Mark: 1", method=method, body=b"body")).status
        assert [target.encode()] * 2 == [seen.target for seen in passed(upstream)]
        for seen in passed(upstream):
            assert [b"Bearer " + APPS_TOKEN] == seen.all(b"authorization")
            assert ([b"1"], b"body", False) == (seen.all(b"x-mark"), seen.body, KEY.encode() in seen.raw)

    @pytest.mark.parametrize("headers", [[], [OWN], [b"Authorization: Basic YTpi"], [f"Authorization: {KEY}".encode()]])
    @pytest.mark.parametrize("method", [b"GET", b"POST", b"TRACE"])
    async def test_a_caller_that_is_nobody_is_401(self, headers, method):
        """In v1's words, without contact: not even for a token."""
        async with watched(mode("app")) as (upstream, port):
            answer = await ask(port, ELSEWHERE, *headers, method=method)
        assert (401, {"code": 124, "message": "Invalid access token."}) == (answer.status, decode(answer.body))
        assert [] == upstream.requests

    @pytest.mark.parametrize(
        ("target", "headers"),
        [
            (f"{ELSEWHERE}?access_token={KEY}", []),
            (f"{ELSEWHERE}?access_token={KEY}", [f"Authorization: {BEARER}"]),
            (f"{ELSEWHERE}?access_token=%61{KEY[1:]}", [f"Authorization: {BEARER}"]),
            (f"/v2/{KEY}", [f"Authorization: {BEARER}"]),
            (ELSEWHERE, [f"Authorization: {BEARER}", f"X-Api-Key: {KEY}"]),
        ],
    )
    async def test_a_key_beside_the_header_stays_here(self, target, headers):
        """A query cannot be given another one; 403 and no contact."""
        async with watched(mode("app")) as (upstream, port):
            assert 403 == (await ask(port, target, *map(str.encode, headers))).status
            assert [] == upstream.requests

    async def test_every_authorization_header_is_taken_away(self):
        """The first one says who asks; none of them travels."""
        async with watched(mode("app")) as (upstream, port):
            await ask(port, ELSEWHERE, f"Authorization: {BEARER}".encode(), f"AUTHORIZATION: {KEY}".encode(), OWN)
        assert [[b"Bearer " + APPS_TOKEN]] == [seen.all(b"authorization") for seen in passed(upstream)]

    async def test_a_trace_would_bring_the_apps_token_back(self):
        """So it does not go."""
        async with watched(mode("app")) as (upstream, port):
            answer = await ask(port, ELSEWHERE, f"Authorization: {BEARER}".encode(), method=b"TRACE")
            assert (403, []) == (answer.status, upstream.requests)

    async def test_without_a_token_of_the_app_it_is_503(self):
        """And the request does not go out bare."""
        async with (
            RawUpstream(answer=says(reply(sized(b""), status=b"400 Bad Request"))) as upstream,
            shim_at(f"{upstream.url}/v2", mode("app")) as shim,
        ):
            port = shim.server.addresses[0][1]
            assert_envelope(503, "Service Unavailable", await ask(port, ELSEWHERE, f"Authorization: {BEARER}".encode()))
            assert [] == passed(upstream)

    async def test_a_401_to_the_app_is_503(self):
        """It is not the client's credential that Zoom refuses, so it must not fetch another one."""
        async with watched(mode("app")) as (upstream, port):
            bearer = f"Authorization: {BEARER}".encode()
            assert 200 == (await ask(port, ELSEWHERE, bearer)).status
            upstream.answer = says(reply(sized(b"{}"), status=b"401 Unauthorized", body=b"{}"))
            assert_envelope(503, "Service Unavailable", await ask(port, ELSEWHERE, bearer))


@pytest.mark.parametrize("choice", ["off", "caller", "app"])
@pytest.mark.parametrize("spelt", [f"{TOKEN}/", "/oauth/%74oken", "/oauth//token", "/OAuth/Token"])
async def test_what_looks_like_the_token_endpoint_is_refused(choice, spelt):
    """A program that misspells it sends its key there: neither answered nor passed on, however it is meant."""
    form = f"grant_type=client_credentials&client_id=alpha&client_secret={KEY}".encode()
    async with watched(mode(choice)) as (upstream, port):
        answers = [await ask(port, spelt, OWN, body=form, method=b"POST"), await ask(port, spelt, OWN)]
        assert {403, 404} >= {answer.status for answer in answers}
        assert [] == passed(upstream)
