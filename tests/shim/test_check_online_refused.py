"""`check --online` where Zoom says no, says nothing, or is not Zoom; and whose credential it shows."""

import asyncio
import ssl
from io import BytesIO

import pytest

from contracts.cases import World
from shim.online.bearer import LONGEST, read_bearer
from shim.online.report import Report, report
from shim.settings import load_settings
from shim.standin import AppClient
from tests.adapters.raw_upstream import RawUpstream, reply
from tests.adapters.virtual_time import in_virtual_time
from tests.shim.certificates import write_certificate
from tests.shim.online_zoom import (
    APP,
    APP_SETTINGS,
    BEARER,
    FORECAST,
    NOW,
    SCOPES,
    WELL,
    check,
    check_at,
    free_port,
    unlike_well,
    zoom,
)


class TestRefusedOrGone:
    """Zoom says no, says nothing, or is not Zoom."""

    async def test_a_credential_that_is_refused_ends_the_check(self):
        """One call, two lines."""
        async with zoom() as server:
            found = await check(server, "expired-synthetic-token")
            asked = len(server.calls)
        assert (False, 1) == (found.is_well, asked)
        assert found.lines == (
            "ok       Zoom's API",
            "failed   credential: Zoom says 401/124 Invalid access token; give a token that has not expired",
        )

    async def test_nobody_there_is_said_with_where_to_look(self):
        """A closed port."""
        found = await check_at(f"http://127.0.0.1:{free_port()}/v2")
        assert not found.is_well
        assert found.lines == (
            "failed   Zoom's API: not reached; check ZOOM_API_URL, HTTPS_PROXY and what filters this machine's "
            "connections",
        )

    async def test_a_proxy_that_is_not_there_is_told_from_zoom(self, monkeypatch):
        """The way out is broken, not the address."""
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        found = await check_at("http://zoom.example.com/v2")
        assert found.lines == (
            "failed   Zoom's API: proxy not reached; check HTTPS_PROXY, or name the host of ZOOM_API_URL in NO_PROXY",
        )

    async def test_a_proxy_that_refuses_is_told_from_zoom(self, monkeypatch):
        """The proxy lets nobody through to that host."""
        async with RawUpstream(reply(403)) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            found = await check_at("https://zoom.example.com/v2")
        assert found.lines == (
            "failed   Zoom's API: refused by the proxy; have the proxy of HTTPS_PROXY let the host of ZOOM_API_URL "
            "through",
        )

    async def test_a_certificate_of_an_unknown_authority_is_told(self, tmp_path):
        """Something between signs for itself; no credential was sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*write_certificate(tmp_path, name="zoom.example.com"))
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        async with server:
            found = await check_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2")
        assert found.lines == (
            "failed   Zoom's API: certificate not trusted; name the authority that signs for ZOOM_API_URL here in "
            "SSL_CERT_FILE",
        )

    async def test_a_server_without_tls_is_told(self):
        """An https address of a plain port."""
        async with zoom() as server:
            found = await check_at(server.api_url.replace("http://", "https://"))
        assert found.lines[0].startswith("failed   Zoom's API: no TLS; check scheme and port of ZOOM_API_URL")

    @pytest.mark.parametrize(
        ("status", "body", "seen"),
        [
            (200, b"<html>Sign in</html>", "no JSON object"),
            (200, b'{"ok": true}', "answers with no list of calls"),
            (404, b"<html>", "answered 404 without Zoom's envelope"),
            (302, b"", "status 302"),
        ],
    )
    async def test_another_server_is_not_taken_for_zoom(self, status, body, seen):
        """A page to sign in on, another service, a wrong path."""
        async with zoom() as server:
            server.fail("/phone/call_history", status=status, body=body, times=None)
            found = await check(server)
        assert found.lines == (
            f"failed   Zoom's API: {seen}; check ZOOM_API_URL and HTTPS_PROXY: what answers there is not Zoom",
        )

    @in_virtual_time
    async def test_a_silent_zoom_is_given_up_at_the_deadline(self):
        """Ten seconds for the first question, and no other is asked."""
        async with zoom() as server:
            server.latency = 3600.0
            clock = asyncio.get_running_loop().time
            started = clock()
            found = await check(server)
            assert (10, False) == (round(clock() - started), found.is_well)
        assert found.lines[0].startswith("failed   Zoom's API: ")

    @in_virtual_time
    async def test_silent_look_ups_hold_nothing_up(self):
        """They stay open together after ten seconds, the others are told."""
        async with zoom() as server:
            server.fail("/phone/rooms", times=None, delay=asyncio.Event())
            server.fail("/phone/call_queues", times=None, delay=asyncio.Event())
            clock = asyncio.get_running_loop().time
            started = clock()
            found = await check(server)
            assert (10, True) == (round(clock() - started), found.is_well)
        assert ["unknown  call queues", "unknown  rooms"] == [line.partition(":")[0] for line in unlike_well(found)]

    async def test_what_zoom_says_is_one_line_without_the_token(self):
        """A hostile message forges no line and gives nothing away."""
        message = f"no\nok       rooms\x1b[2J {BEARER}"
        async with zoom() as server:
            server.fail("/phone/rooms", status=400, body={"code": 300, "message": message}, times=None)
            found = await check(server)
        assert unlike_well(found) == [
            "unknown  rooms: Zoom says 400/300 no\\nok       rooms\\x1b[2J [redacted]; look that code up in Zoom's "
            "documentation"
        ]


class TestWithoutCredential:
    """Callers bring their own, and none was lent."""

    async def test_reaching_zoom_is_proved_by_its_refusal(self):
        """One call, and what else could be checked."""
        async with zoom() as server:
            found = await check(server, None)
            asked = len(server.calls)
        assert found.lines == (
            "ok       Zoom's API",
            "unknown  credential: callers bring their own; lend one with --bearer-file to check its scopes, unrecorded "
            "calls and the cost",
        )
        assert (True, 1) == (found.is_well, asked)

    async def test_who_takes_any_bearer_is_not_zoom(self):
        """A made-up token is accepted."""
        async with zoom(bearers=None) as server:
            found = await check(server, None)
        assert (False, True) == (found.is_well, "a bearer nobody gave out is accepted" in found.lines[0])


class TestApp:
    """Server-to-server: the service has a credential of its own."""

    async def test_the_apps_own_token_is_checked(self):
        """One token is fetched; all look-ups are made with it."""
        async with zoom(bearers=None, app=APP) as server:
            found = await check(server, None, APP_SETTINGS)
            tokens = server.token_requests
        assert Report(("ok       the app's token", *WELL, *FORECAST), is_well=True) == found
        assert 1 == tokens

    async def test_scopes_named_with_the_token_tell_what_could_not_be_tried(self):
        """An account without calls: granted details are well, others missing."""
        lesser = AppClient(APP.account_id, APP.client_id, APP.client_secret, scopes=SCOPES[:2])
        async with zoom(World([], [], {}), bearers=None, app=lesser) as server:
            found = await check(server, None, APP_SETTINGS)
        assert [line.partition(";")[0] for line in unlike_well(found)[1:]] == [
            "ok       details of a call: granted",
            "missing  a single user: the ids of users are left out of answers that speak of a few users only",
            "ok       a single call element: granted",
            "unknown  unrecorded calls: no call in 30 days",
        ]

    @pytest.mark.parametrize(
        ("changed", "line"),
        [
            (
                {"ZOOM_CLIENT_SECRET": "another"},
                "failed   the app's token: invalid_client; check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET",
            ),
            (
                {"ZOOM_ACCOUNT_ID": "account-2"},
                "failed   the app's token: invalid_request; check ZOOM_ACCOUNT_ID, and that the app is activated",
            ),
        ],
    )
    async def test_no_token_is_told_with_the_setting_to_look_at(self, changed, line):
        """Nothing else is asked; the secret is not shown."""
        async with zoom(bearers=None, app=APP) as server:
            found = await check(server, None, {**APP_SETTINGS, **changed})
        assert Report((line,), is_well=False) == found

    async def test_a_token_endpoint_that_is_not_there_is_told(self):
        """The other address is the one to look at."""
        address = f"http://127.0.0.1:{free_port()}/oauth/token"
        async with zoom(bearers=None, app=APP) as server:
            found = await check(server, None, {**APP_SETTINGS, "ZOOM_OAUTH_URL": address})
        (line,) = found.lines
        assert line.startswith("failed   the app's token: not reached; check ZOOM_OAUTH_URL, HTTPS_PROXY and ")
        assert not found.is_well

    async def test_a_token_the_api_does_not_take_is_told(self):
        """Token endpoint and API are not of one Zoom."""
        async with zoom(bearers=None, app=APP) as server:
            server.fail("/phone/", status=401, times=None)
            found = await report(
                load_settings({"ZOOM_API_URL": server.api_url, "ZOOM_OAUTH_URL": server.oauth_url, **APP_SETTINGS}),
                now=lambda: NOW,
            )
        assert found.lines == (
            "ok       the app's token",
            "ok       Zoom's API",
            "failed   credential: the app's token: refused; check that ZOOM_OAUTH_URL and ZOOM_API_URL are of the same "
            "Zoom",
        )
        assert not found.is_well


class TestBearerFile:
    """The token that is lent."""

    @pytest.mark.parametrize("content", [b"abc.def-_~+/=", b" abc.def-_~+/=\r\n", b"Bearer abc.def-_~+/=\n"])
    def test_a_token_is_read_with_or_without_its_scheme(self, content):
        """Blanks around it are nothing."""
        assert "abc.def-_~+/=" == read_bearer(BytesIO(content))

    @pytest.mark.parametrize(
        "content", [b"", b"\n", b"Bearer ", b"two words", b"a\nb", b"\xff\xfe", b"x" * (LONGEST + 1)]
    )
    def test_what_is_no_token_is_refused_unread(self, content):
        """No header could carry it; the message does not repeat it."""
        with pytest.raises(ValueError, match=r"\Aholds no bearer token\Z"):
            read_bearer(BytesIO(content))
