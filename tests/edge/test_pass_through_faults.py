"""Pass-through when either side fails: who is told what, and what never happens twice."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from shim.listener import start_server
from shim.pass_through import PassThrough
from shim.pass_through_session import pass_through_session, proxy_for
from tests.edge.envelope import assert_envelope
from tests.edge.raw import RawClient, RawUpstream, exchange, is_silent, reply, request, says, says_and_closes, sized

TRANSFER = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("method", "body"),
    [(method, body) for method in (b"PUT", b"DELETE", b"PATCH", b"POST") for body in (b"", b"body")]
    + [(b"GET", b"body")],
)
@pytest.mark.parametrize("kept", [False, True], ids=["fresh connection", "kept connection"])
async def test_a_write_goes_out_once(upstream, forwarder, method, kept, body):
    """When Zoom's connection dies before the answer no write is sent again, for Zoom may have acted on it.

    Pins the private switch of aiohttp's retry.
    """
    port = await forwarder()
    for _turn in range(kept):
        await exchange(port, request(b"/v2/first"))
    upstream.answer = says_and_closes()
    sent = request(b"/v2/x", *[sized(body)] * bool(body), method=method, body=body)
    got = await exchange(port, sent)
    assert 502 == got.status
    assert [b"/v2/first"] * kept + [b"/v2/x"] == [seen.target for seen in upstream.requests]
    assert 1 == upstream.connections


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_a_read_survives_a_dead_connection(upstream, forwarder, method):
    """A read is sent a second time, and no more, when the connection dies before the answer."""
    port = await forwarder()
    await exchange(port, request(b"/v2/first"))
    upstream.answer = says_and_closes()
    got = await exchange(port, request(b"/v2/x", method=method), to_head=method == b"HEAD")
    assert 502 == got.status
    assert [b"/v2/first", b"/v2/x", b"/v2/x"] == [seen.target for seen in upstream.requests]


async def test_a_read_on_a_connection_closed_while_idle_is_answered(upstream, forwarder):
    """A kept connection that Zoom has closed meanwhile costs the client nothing."""
    port = await forwarder()
    upstream.answer = says_and_closes(reply(b"Content-Length: 2", body=b"{}"))
    answers = [await exchange(port, request(b"/v2/x")) for _turn in range(3)]
    assert [200, 200, 200] == [answer.status for answer in answers]


async def test_zoom_out_of_reach_is_a_502(upstream, forwarder):
    """A refused connection is 502 in the envelope, logged without the address."""
    port = await forwarder()
    await upstream.__aexit__(None, None, None)
    with capture_logs() as events:
        assert_envelope(502, "Bad Gateway", await exchange(port, request(b"/v2/x?access_token=secret")))
    assert ["pass_through.failed"] == [event["event"] for event in events]
    assert "secret" not in str(events)


async def test_a_silent_zoom_is_a_504(upstream, forwarder):
    """No first byte within the time of silence is 504 in the envelope."""
    upstream.answer = is_silent
    assert_envelope(504, "Gateway Timeout", await exchange(await forwarder(silence=0.1), request(b"/v2/x")))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"garbage\r\n\r\n",
        reply(b"Content-Length: 1", b"Content-Length: 2", body=b"{}"),
        reply(b"Content-Length: 2", TRANSFER, body=b"0\r\n\r\n"),
        reply(b"X-Long: " + b"a" * 9000),
        reply(*[b"X-A: a"] * 130),
        reply(b"X-Control: a\x01b", b"Content-Length: 0"),
        reply(b"X-Latin: caf\xe9", b"Content-Length: 0"),
        reply(b"Upgrade: websocket", b"Connection: upgrade", status=b"101 Switching Protocols"),
    ],
    ids=[
        "nothing",
        "half a head",
        "garbage",
        "two lengths",
        "length and chunks",
        "long",
        "many",
        "control",
        "latin",
        "101",
    ],
)
async def test_an_unusable_reply_is_a_502(upstream, forwarder, answer):
    """What is no reply, or one that cannot be written again, is 502 in the envelope."""
    upstream.answer = says_and_closes(answer)
    assert_envelope(502, "Bad Gateway", await exchange(await forwarder(), request(b"/v2/x")))


@pytest.mark.parametrize(
    "cut",
    [
        reply(sized(b"12345678"), body=b"1234"),
        reply(TRANSFER, body=b"8\r\n1234"),
        reply(TRANSFER, body=b"4\r\n1234\r\n"),
    ],
    ids=["in a body of known length", "in a chunk", "before the last chunk"],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_cut_reply_is_cut_for_the_client(upstream, forwarder, cut, version):
    """When Zoom's reply breaks off the client's connection is reset, so that it takes no half for the whole."""
    upstream.answer = says_and_closes(cut)
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", version=version))
        assert 200 == (await client.head()).status
        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_silence_in_the_middle_of_a_reply_cuts_it(upstream, forwarder):
    """A reply that stops coming is given up after the time of silence."""
    upstream.answer = says(reply(sized(b"12345678"), body=b"1234"))
    async with await RawClient.connect(await forwarder(silence=0.1)) as client:
        await client.send(request(b"/v2/x"))
        assert 200 == (await client.head()).status
        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_stray_bytes_after_a_reply_reach_nobody(upstream, forwarder):
    """What follows a whole reply is dropped with its connection; the next client gets its own answer."""
    upstream.answer = says(reply(sized(b"mine"), body=b"mine") + reply(sized(b"stray"), body=b"stray"))
    port = await forwarder()
    assert b"mine" == (await exchange(port, request(b"/v2/x"))).body
    upstream.answer = says(reply(sized(b"yours"), body=b"yours"))
    assert b"yours" == (await exchange(port, request(b"/v2/y"))).body


async def test_a_silent_upload_is_a_408(upstream, forwarder):
    """A client that stops sending its body is told so, and Zoom's connection is dropped without the end."""
    sent = request(b"/v2/x", sized(b"body"), method=b"PUT", body=b"bo")
    async with await RawClient.connect(await forwarder(silence=0.1)) as client:
        await client.send(sent)
        assert_envelope(408, "Request Timeout", await client.reply())
        assert b"" == await client.rest()
    await upstream.until(lambda: upstream.open == 0)
    assert [False] == [seen.whole for seen in upstream.requests]


async def test_a_broken_upload_is_a_400(upstream, forwarder):
    """A client whose chunks make no sense is told so, and what it sent is not ended at Zoom."""
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", TRANSFER, method=b"POST", body=b"4\r\nhalf\r\n"))
        await upstream.until(lambda: bool(upstream.requests) and upstream.requests[0].body == b"half")
        assert_envelope(400, "Bad Request", await client.ask(b"zz\r\n"))
        assert b"" == await client.rest()
    await upstream.until(lambda: upstream.open == 0)
    assert [False] == [seen.whole for seen in upstream.requests]


async def test_a_client_that_goes_while_sending_ends_nothing(upstream, forwarder):
    """An upload broken off by the client is broken off at Zoom, not ended."""
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", TRANSFER, method=b"POST", body=b"4\r\nhalf\r\n"))
        await upstream.until(lambda: bool(upstream.requests) and upstream.requests[0].body == b"half")
    await upstream.until(lambda: upstream.open == 0)
    assert [False] == [seen.whole for seen in upstream.requests]


async def test_a_client_that_goes_while_waiting_ends_the_call(upstream, forwarder):
    """Zoom's connection is closed when the client hangs up before the answer."""
    upstream.answer = is_silent
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x"))
        await upstream.until(lambda: len(upstream.requests) == 1)
    await upstream.until(lambda: upstream.open == 0)


async def test_a_client_that_goes_while_reading_ends_the_call(upstream, forwarder):
    """Zoom's connection is closed when the client hangs up in the middle of the answer."""
    upstream.answer = says(reply(sized(b"12345678"), body=b"1234"))
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x"))
        await client.head()
    await upstream.until(lambda: upstream.open == 0)


async def test_an_answer_may_come_before_the_upload_ends(upstream, forwarder):
    """A reply that does not wait for the body reaches the client at once."""
    upstream.early = True
    upstream.answer = says(reply(b"Content-Length: 0", status=b"413 Too Large"))
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", sized(b"body"), method=b"POST", body=b"bo"))
        assert 413 == (await client.head()).status


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the platform has no TCP_USER_TIMEOUT")
async def test_a_zoom_that_reads_nothing_is_dropped_by_the_kernel(upstream):
    """A connection to Zoom carries the time of silence, in milliseconds."""
    upstream.answer = says(reply(sized(b"12345678"), body=b"1234"))
    async with pass_through_session(proxy=None, silence=7) as session, session.get(upstream.url) as answer:
        assert answer.connection is not None
        assert answer.connection.transport is not None
        sock = answer.connection.transport.get_extra_info("socket")
        assert 7000 == sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment with proxies for both schemes, an exception, and a netrc with a password."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://plain.example.com:3128")
    monkeypatch.setenv("HTTPS_PROXY", "secure.example.com:3128")
    monkeypatch.setenv("no_proxy", "inside.example.com,.local.example.com,127.0.0.1:99")
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.zoom.us/v2", "http://secure.example.com:3128"),
        ("http://api.zoom.us/v2", "http://plain.example.com:3128"),
        ("https://inside.example.com/v2", None),
        ("https://a.local.example.com:8443/v2", None),
        ("http://127.0.0.1:99/v2", None),
        ("http://127.0.0.1:98/v2", "http://plain.example.com:3128"),
    ],
)
def test_the_environment_names_the_proxy(environment, url, proxy):
    """The scheme's proxy is taken unless NO_PROXY excepts the host."""
    assert proxy == proxy_for(url)


def test_no_proxy_named_is_none(environment):
    """Without a variable for the scheme there is no proxy."""
    environment.delenv("HTTPS_PROXY")
    assert proxy_for("https://api.zoom.us/v2") is None


async def test_only_the_given_proxy_is_used_and_netrc_never(environment, upstream):
    """The session asks the proxy handed to it, byte for byte; proxies and passwords around it mean nothing."""
    async with pass_through_session(proxy=upstream.url) as session:
        way = PassThrough(api_url="http://zoom.invalid/v2", oauth_url="http://zoom.invalid", session=session)
        server = await start_server(lambda asked: way.forward(asked, asked.raw_path), host="127.0.0.1", port=0)
        await exchange(server.addresses[0][1], request(b"/v2/a%2fb?", b"Authorization: Bearer abc"))
        await exchange(server.addresses[0][1], request(b"/v2/c"))
        await server.close(0)
    assert [b"http://zoom.invalid/v2/a%2fb?", b"http://zoom.invalid/v2/c"] == [
        seen.target for seen in upstream.requests
    ]
    assert [[b"Bearer abc"], []] == [seen.all(b"authorization") for seen in upstream.requests]


async def test_the_environment_is_not_asked_by_the_session(environment, upstream, forwarder):
    """A session without a proxy goes straight to Zoom, whatever the environment says."""
    assert 200 == (await exchange(await forwarder(), request(b"/v2/x"))).status
    assert [[]] == [seen.all(b"authorization") for seen in upstream.requests]


async def test_a_body_is_not_waited_for_when_zoom_is_gone(forwarder, upstream):
    """The 502 does not need the rest of the body."""
    port = await forwarder()
    await upstream.__aexit__(None, None, None)
    async with await RawClient.connect(port) as client:
        await client.send(request(b"/v2/x", sized(b"body"), method=b"POST", body=b"bo"))
        assert 502 == (await client.head()).status


def test_the_fake_upstream_counts_connections():
    """The count the other tests rely on moves with a connection that sends nothing."""

    async def connect() -> int:
        async with RawUpstream() as upstream, await RawClient.connect(upstream.port):
            await upstream.until(lambda: upstream.open == 1)
            return upstream.connections

    assert 1 == asyncio.run(connect())
