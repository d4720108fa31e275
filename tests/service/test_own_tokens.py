"""The service's own `/oauth/token`: what it takes, what it gives, and what it says to everybody else."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sealing import Seal
from contracts.codec import decode
from shim.client_bearers import ClientBearers
from shim.client_keys import ClientKeys
from shim.connection import Limits
from shim.failure_limit import FailureLimit
from shim.listener import start_server
from shim.own_tokens import OwnTokens
from shim.settings import load_settings
from tests.adapters.fake_ports import Clock
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, RawClient, exchange, request, sized
from tests.service.app_service import (
    BEARER,
    KEY,
    OTHER_KEY,
    REFUSED,
    SEALING_KEY,
    TOKEN,
    app_service,
    app_settings,
    basic,
    post,
)
from tests.service.running import Asking
from tests.service.worlds import DAY, plain

FORM = b"Content-Type: application/x-www-form-urlencoded"
LARGEST = 64 * 1024


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """A service with an app's credentials."""
    async with app_service(plain(1)) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
async def port(clock) -> AsyncIterator[int]:
    """The endpoint alone, impatient with bodies, on a listener of its own."""
    keys = ClientKeys(load_settings(dict(app_settings())).client_keys)
    bearers = ClientBearers(Seal([SEALING_KEY]), keys, now=lambda: datetime.now(UTC))
    tokens = OwnTokens(keys=keys, bearers=bearers, failures=FailureLimit(clock=clock), body_time=0.05)
    server = await start_server(tokens.answer, host="127.0.0.1", port=0, limits=Limits(lingering_time=0.1))
    yield server.addresses[0][1]
    await server.close(0)


def header(name: str, key: str) -> bytes:
    """HTTP Basic as a raw header."""
    return b"Authorization: " + basic(name, key)["Authorization"].encode()


async def posted(port: int, *headers: bytes, body: bytes = b"", target: str = TOKEN) -> Message:
    """A POST by hand, its body announced."""
    return await exchange(port, request(target.encode(), *headers, sized(body), method=b"POST", body=body))


def shown(reply: Message) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """All of a reply that is the service's choice."""
    return reply.body, [pair for pair in reply.headers if pair[0].lower() != b"date"]


def is_refused(reply: Message) -> bool:
    """Whether this is the fixed refusal."""
    return REFUSED == (reply.status, decode(reply.body))


class TestIssued:
    """Right credentials."""

    @pytest.mark.parametrize(
        ("target", "sent"),
        [
            (TOKEN, {"data": {"grant_type": "account_credentials", "account_id": "any"}}),
            (f"{TOKEN}?grant_type=account_credentials&account_id=any", {}),
            (TOKEN, {"data": {"grant_type": "client_credentials"}}),
            (TOKEN, {"data": {"grant_type": "refresh_token", "refresh_token": "x"}}),
            (TOKEN, {"data": b"grant_type=a&grant_type=b"}),
            (TOKEN, {"json": {"grant_type": "account_credentials"}}),
            (TOKEN, {"data": b"\xff\x00{", "headers": {"Content-Type": "application/json"}}),
            (TOKEN, {}),
        ],
    )
    async def test_basic_is_enough_whatever_is_asked_for(self, asking, target, sent):
        """Any grant type, in body or query, or none."""
        headers = {**basic("alpha", KEY), **sent.pop("headers", {})}
        answer = await post(asking, target, headers=headers, **sent)
        got = answer.body
        assert (200, "bearer", 3599) == (answer.status, got["token_type"], got["expires_in"])
        assert 200 == (await asking.get(DAY, authorization=f"Bearer {got['access_token']}")).status

    async def test_the_answer_is_zooms_without_its_address(self, asking):
        """A client would follow `api_url` past this service; nobody may store the answer; Zoom is not asked."""
        answer = await post(asking, headers=basic("beta", OTHER_KEY))
        assert ["access_token", "token_type", "expires_in", "scope"] == list(answer.body)
        assert "phone:read:admin phone_call_log:read:admin" == answer.body["scope"]
        assert ("no-store", "no-cache") == (answer.headers["Cache-Control"], answer.headers["Pragma"])
        assert ("application/json;charset=UTF-8", []) == (answer.headers["Content-Type"], asking.zoom.calls)

    @pytest.mark.parametrize("name", ["alpha", "beta"])
    @pytest.mark.parametrize("way", ["data", "json"])
    async def test_the_credentials_may_stand_in_the_body(self, asking, name, way):
        """As `client_id` and `client_secret` of a form or a JSON object."""
        key = {"alpha": KEY, "beta": OTHER_KEY}[name]
        sent: dict[str, Any] = {way: {"client_id": name, "client_secret": key, "grant_type": "x"}}
        assert 200 == (await post(asking, **sent)).status

    async def test_a_form_needs_no_content_type(self, asking):
        """Scripts leave it out; the first of repeated fields counts."""
        body = f"client_id=alpha&client_secret={KEY}&client_id=beta&client_secret=x".encode()
        assert 200 == (await posted(asking.shim.server.addresses[0][1], body=body)).status

    @pytest.mark.parametrize("spelt", [OTHER_KEY, quote_plus(OTHER_KEY)])
    async def test_basic_takes_a_key_with_colons_and_signs(self, asking, spelt):
        """As it is, or form-encoded first as the standard has it."""
        assert 200 == (await post(asking, headers=basic("beta", spelt))).status

    async def test_each_trade_is_another_bearer(self, asking):
        """All of them are good."""
        bearers = {(await post(asking, headers=basic("alpha", KEY))).body["access_token"] for _ in range(2)}
        assert 2 == len(bearers)

    async def test_the_listener_of_the_ops_has_no_such_endpoint(self):
        """It is below the main port alone."""
        async with app_service(plain(1), settings=app_settings(SHIM_OPS_PORT="0")) as asking:
            ops = await start_server(asking.shim.ops.handle, host="127.0.0.1", port=0)
            reply = await posted(ops.addresses[0][1], header("alpha", KEY))
            await ops.close(0)
        assert_envelope(404, "Not Found", reply)


class TestRefused:
    """Everything else."""

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Basic"},
            {"Authorization": "Basic !!!!"},
            {"Authorization": BEARER},
            {"Authorization": f"Basic {KEY}"},
            {"Authorization": "Basic " + base64.b64encode(KEY.encode()).decode()},
            {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode()},
            {"Authorization": "Basic " + "QUFB" * 1500},
            basic("", ""),
            basic("alpha", ""),
            basic("", KEY),
            basic("alpha", OTHER_KEY),
            basic("beta", KEY),
            basic("gamma", KEY),
            basic("gamma", "x" * 40),
            basic("alpha", KEY[:-1]),
            basic("alpha", KEY + "\0"),
            basic("ALPHA", KEY),
        ],
    )
    async def test_one_refusal_for_all(self, port, headers):
        """The same bytes for an unknown name, a wrong key and what is no credential."""
        replies = [
            await posted(port, *(f"{name}: {value}".encode() for name, value in sent.items()))
            for sent in (headers, basic("nobody", "nothing"))
        ]
        assert (True, shown(replies[1])) == (is_refused(replies[0]), shown(replies[0]))
        assert [b'Basic realm="client keys"'] == replies[0].all(b"www-authenticate")
        assert [b"no-store"] == replies[0].all(b"cache-control")

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", FORM),
            (f"client_id=alpha&client_secret={KEY}x".encode(), FORM),
            (f"client_id=alpha&client_secret={KEY}".encode(), b"Content-Type: application/json"),
            (f'{{"client_id": "alpha", "client_secret": ["{KEY}"]}}'.encode(), b"Content-Type: application/json"),
            (f'["alpha", "{KEY}"]'.encode(), b"Content-Type: application/json; charset=utf-8"),
            (b"[" * 5000, b"Content-Type: APPLICATION/JSON"),
            (b"\xff\xfe%zz&&&=", FORM),
            (b"a=&" * 20000, FORM),
        ],
    )
    async def test_a_body_without_credentials_is_refused_alike(self, port, body, content_type):
        """Broken, of another type, or just wrong."""
        assert is_refused(await posted(port, content_type, body=body))

    @pytest.mark.parametrize("query", [f"client_id=alpha&client_secret={KEY}", f"access_token={KEY}"])
    async def test_a_key_in_the_query_counts_for_nothing(self, port, query):
        """Queries stand in the logs of every proxy."""
        assert is_refused(await posted(port, target=f"{TOKEN}?{query}"))

    @pytest.mark.parametrize("shown", [header("alpha", "wrong"), b"Authorization: Basic !", b"Authorization: Bearer x"])
    async def test_the_header_counts_before_the_body(self, port, shown):
        """A wrong one is not made good by a right form."""
        body = f"client_id=alpha&client_secret={KEY}".encode()
        assert is_refused(await posted(port, shown, FORM, body=body))

    @pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"])
    async def test_only_post_is_allowed(self, asking, method):
        """405 in the envelope, also with good credentials; Zoom is not asked."""
        sent = request(TOKEN.encode(), header("alpha", KEY), method=method)
        reply = await exchange(asking.shim.server.addresses[0][1], sent, to_head=method == b"HEAD")
        assert (405, [b"POST"], []) == (reply.status, reply.all(b"allow"), asking.zoom.calls)

    async def test_a_wrong_method_is_told_in_the_envelope(self, port):
        """As every refusal of HTTP's own."""
        assert_envelope(405, "Method Not Allowed", await exchange(port, request(TOKEN.encode())))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(credential=st.binary(max_size=300), body=st.binary(max_size=300), is_json=st.booleans())
    async def test_no_bytes_break_it(self, port, clock, credential, body, is_json):
        """Whatever stands in header and body, the answer is the refusal."""
        clock.now += 61
        coded = b"Authorization: Basic " + base64.b64encode(credential)
        kind = [FORM, b"Content-Type: application/json"][is_json]
        assert [True, True] == [is_refused(await posted(port, *sent, body=body)) for sent in ([coded], [kind])]


class TestBodies:
    """Bodies that are too much, or never end."""

    async def test_the_largest_body_is_read(self, port):
        """64 KiB hold every form there is."""
        body = f"client_id=alpha&client_secret={KEY}&more=".encode().ljust(LARGEST, b"x")
        assert 200 == (await posted(port, FORM, body=body)).status

    async def test_a_larger_one_is_413(self, port):
        """The connection ends with it."""
        body = f"client_id=alpha&client_secret={KEY}&more=".encode().ljust(LARGEST + 1, b"x")
        reply = await posted(port, FORM, body=body)
        assert_envelope(413, json.loads(reply.body)["message"], reply)
        assert [b"close"] == reply.all(b"connection")

    async def test_a_body_that_does_not_come_is_408(self, port):
        """Its time is limited; the connection ends with it."""
        async with await RawClient.connect(port) as client:
            reply = await client.ask(request(TOKEN.encode(), b"Content-Length: 10", method=b"POST", body=b"client"))
            assert b"" == await client.rest()
        assert_envelope(408, "Request Timeout", reply)

    async def test_a_broken_body_is_400(self, asking):
        """Chunks that are none."""
        async with await RawClient.connect(asking.shim.server.addresses[0][1]) as client:
            head = (b"Transfer-Encoding: chunked", b"Expect: 100-continue")
            await client.send(request(TOKEN.encode(), *head, method=b"POST"))
            assert 100 == (await client.head()).status
            await client.send(b"4\r\nclie\r\nzz\r\n")
            assert_envelope(400, "Bad Request", await client.reply())

    async def test_basic_does_not_wait_for_a_body(self, port):
        """Nothing in it could change the answer."""
        async with await RawClient.connect(port) as client:
            sent = request(TOKEN.encode(), header("alpha", KEY), b"Content-Length: 10", method=b"POST", body=b"grant")
            assert 200 == (await client.ask(sent)).status


class TestLimit:
    """Who is wrong again and again."""

    async def test_after_ten_failures_the_address_is_told_to_wait(self, port, clock):
        """In the envelope, with the seconds left; a minute later it is refused as at first."""
        statuses = [(await posted(port, header("alpha", "wrong"))).status for _ in range(10)]
        clock.now += 20
        limited = await posted(port, header("alpha", "wrong"))
        clock.now += 40
        again = await posted(port, header("alpha", "wrong"))
        assert ({401}, [b"40"], True) == (set(statuses), limited.all(b"retry-after"), is_refused(again))
        assert_envelope(429, "Too Many Requests", limited)

    async def test_who_is_right_is_let_in_all_the_same(self, port):
        """Clients behind one address do not shut each other out."""
        for _ in range(12):
            await posted(port, header("alpha", "wrong"))
        assert [200, 429, 200] == [(await posted(port, header("alpha", key))).status for key in (KEY, f"{KEY}x", KEY)]


class TestLogs:
    """What is written down of a trade."""

    @pytest.mark.parametrize(
        ("name", "key", "told"),
        [
            ("alpha", KEY, ["client_token.issued", "client=alpha"]),
            ("alpha", "wrong" * 9, ["client_token.refused", "client=alpha"]),
            (KEY, "alpha", ["client_token.refused"]),
        ],
    )
    async def test_a_trade_is_one_event_without_secrets(self, asking, capsys, name, key, told):
        """The client by its name, when it is one; neither key nor bearer, nor a key in the name's place."""
        answer = await post(asking, headers=basic(name, key))
        written = "".join(capsys.readouterr())
        assert [True] * len(told) == [word in written for word in told]
        secrets = (KEY, "wrong" * 9, answer.body.get("access_token", KEY))
        assert [False] * 3 == [secret in written for secret in secrets]
        assert 1 == written.count("client_token.")

    async def test_the_request_is_counted_under_its_own_name(self, asking):
        """Not as one that passed through."""
        await post(asking, headers=basic("alpha", KEY))
        assert b'shim_requests_total{operation="ownToken",status="2xx"} 1.0' in asking.shim.ops.meters.exposition()
