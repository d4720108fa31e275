"""Pass-through judged by the bytes that arrive on either side, over real sockets."""

import asyncio
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shim.listener import start_server
from shim.pass_through import PassThrough
from shim.pass_through_session import pass_through_session
from tests.edge.raw import (
    OK,
    PATIENCE,
    Message,
    RawClient,
    RawUpstream,
    exchange,
    reply,
    request,
    says,
    sized,
    until,
)

MEGABYTE = bytes(range(256)) * 4096


@pytest.mark.parametrize(
    "target",
    [
        b"/v2/users/me",
        b"/v2/meetings/%252Fab%253D%253D/recordings",
        b"/v2/a%2fb%2Fc%zz;p=1;q/'\"(x)",
        b"/v2/x?",
        b"/v2/x?a=1&a=2&b&=c&from=2026-03-01T00:00:00Z&q=%20+%2B",
        b"/v2/x?u=http://evil.example/../y?z",
        b"/v2/@evil.example:99/x",
        b"/v2//evil.example/x",
        b"/v2/",
        b"/oauth/token?grant_type=refresh_token",
    ],
)
async def test_the_target_arrives_byte_for_byte(upstream, forwarder, target):
    """Encodings, empty queries, quotes and odd characters reach Zoom as they were sent."""
    assert 200 == (await exchange(await forwarder(), request(target))).status
    assert [target] == [seen.target for seen in upstream.requests]


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#\\")


@settings(max_examples=60, deadline=None)
@given(
    path=st.text(VISIBLE.filter(lambda char: char not in ".%?"), max_size=30),
    query=st.text(VISIBLE, max_size=30),
    value=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30),
)
async def test_any_accepted_target_and_header_arrives_unchanged(path, query, value):
    """Whatever visible ASCII a client puts in path, query and a header value is what Zoom sees."""
    sent = request(f"/v2/{path}?{query}".encode(), b"X-Any: " + value.encode())
    async with RawUpstream() as upstream, pass_through_session(proxy=None) as session:
        way = PassThrough(api_url=f"{upstream.url}/v2", oauth_url=upstream.url, session=session)
        server = await start_server(lambda asked: way.forward(asked, asked.raw_path), host="127.0.0.1", port=0)
        await exchange(server.addresses[0][1], sent)
        await server.close(0)
    (seen,) = upstream.requests
    assert (f"/v2/{path}?{query}".encode(), [value.encode()]) == (seen.target, seen.all(b"x-any"))


@pytest.mark.parametrize(
    ("api_path", "target", "expected"),
    [
        ("/v2", b"/v2/x?y", b"/v2/x?y"),
        ("/v2/", b"/v2/x", b"/v2/x"),
        ("/gov/v2", b"/v2/x", b"/gov/v2/x"),
        ("", b"/v2/x", b"/x"),
        ("/gov/v2", b"/oauth/token", b"/oauth/token"),
    ],
)
async def test_the_prefix_becomes_the_path_of_the_api(upstream, forwarder, api_path, target, expected):
    """`/v2` stands for the API address's own path; `/oauth` stays as it is."""
    await exchange(await forwarder(api_path=api_path), request(target))
    assert expected == upstream.requests[0].target


async def test_oauth_goes_to_the_origin_of_the_token_endpoint(upstream, forwarder):
    """`/oauth/...` is asked of the token endpoint's host, and no other."""
    async with RawUpstream() as oauth:
        await exchange(await forwarder(oauth_url=f"{oauth.url}/oauth/token"), request(b"/oauth/revoke"))
    assert [b"/oauth/revoke"] == [seen.target for seen in oauth.requests]
    assert 0 == upstream.connections


@pytest.mark.parametrize(
    ("target", "status"),
    [(b"/v2/%2e%2e/x", 400), (b"/v2/a\xe9", 400), (b"/v2x/y", 404), (b"/v3/x", 404), (b"/v2", 404), (b"/oauth", 404)],
)
async def test_what_is_not_ours_reaches_nobody(upstream, forwarder, target, status):
    """A climbing target or a foreign path is refused before any socket is opened."""
    assert status == (await exchange(await forwarder(), request(target))).status
    assert 0 == upstream.connections


async def test_a_target_is_judged_again_before_the_socket(upstream, serve):
    """What the connection would have refused goes nowhere either when it is handed over from elsewhere."""
    async with pass_through_session(proxy=None) as session:
        way = PassThrough(api_url=f"{upstream.url}/v2", oauth_url=upstream.url, session=session)
        server = await serve(lambda asked: way.forward(asked, "/v2/../oauth"))
        assert 400 == (await exchange(server.addresses[0][1], request(b"/v2/x"))).status
    assert 0 == upstream.connections


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"QUERY"])
async def test_every_method_goes_through(upstream, forwarder, method):
    """The method reaches Zoom as sent."""
    await exchange(await forwarder(), request(b"/v2/x", method=method))
    assert method == upstream.requests[0].start.split()[0]


async def test_nothing_is_added_to_a_request(upstream, forwarder):
    """Headers keep order, spelling and repeats; only Host is ours."""
    sent = [
        b"Authorization: Bearer abc",
        b"x-forwarded-for: 192.0.2.1",
        b"X-Repeat: 1",
        b'Cookie: a=1; b="2"',
        b"x-repeat: 2",
        b"X-Forwarded-Proto: https",
        b"X-Text: caf\xc3\xa9",
        b"X-Empty:",
        b"X-Repeat: 3",
    ]
    await exchange(await forwarder(), request(b"/v2/x", *sent))
    (seen,) = upstream.requests
    assert (b"Host", f"127.0.0.1:{upstream.port}".encode()) == seen.headers[0]
    # Names that differ in case alone are the same name; the first spelling stands for all.
    expected = [line.replace(b"x-repeat", b"X-Repeat").replace(b"X-Empty:", b"X-Empty: ") for line in sent]
    assert sorted(expected) == sorted(name + b": " + value for name, value in seen.headers[1:])
    assert [b"1", b"2", b"3"] == seen.all(b"x-repeat")


async def test_hop_by_hop_headers_end_here(upstream, forwarder):
    """What concerns one connection, or is nominated by `Connection`, does not go up; the framing always does."""
    dropped = [
        b"Connection: keep-alive, X-Private, content-length",
        b"Connection: authorization",
        b"X-Private: 1",
        b"Authorization: Bearer abc",
        b"Keep-Alive: timeout=5",
        b"Proxy-Authorization: Basic abc",
        b"Proxy-Connection: keep-alive",
        b"TE: trailers",
        b"Trailer: X-End",
        b"Upgrade: websocket",
        b"HTTP2-Settings: abc",
        b"Expect: 100-continue",
    ]
    sent = request(b"/v2/x", *dropped, b"X-Kept: 1", sized(b"body"), method=b"POST", body=b"body")
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(sent)
        assert b"HTTP/1.1 100 Continue" == (await client.head()).start
        assert 200 == (await client.reply()).status
    (seen,) = upstream.requests
    assert [b"Host", b"X-Kept", b"Content-Length"] == [name for name, _value in seen.headers]
    assert b"body" == seen.body


async def test_nothing_is_added_to_a_reply(upstream, forwarder):
    """Headers, cookies and repeats come back as sent, without a banner or a type of ours or hop-by-hop ones."""
    kept = [
        b"server: ZOOM",
        b"Set-Cookie: a=1; Path=/; HttpOnly",
        b"set-cookie: b=2",
        b"x-zm-trackingid: v=2.0;rid=abc",
        b"Date: Tue, 10 Mar 2026 10:00:00 GMT",
        b"Content-Length: 4",
    ]
    dropped = [b"Connection: keep-alive, X-Private", b"X-Private: 1", b"Keep-Alive: timeout=5", b"Trailer: X-End"]
    upstream.answer = says(reply(*kept, *dropped, body=b"body"))
    got = await exchange(await forwarder(), request(b"/v2/x"))
    assert [line.replace(b"set-cookie", b"Set-Cookie") for line in kept] == [b": ".join(pair) for pair in got.headers]
    assert b"body" == got.body


async def test_no_cookie_is_kept(upstream, forwarder):
    """A cookie Zoom set for one client is not sent for the next."""
    upstream.answer = says(reply(b"Set-Cookie: a=1", b"Content-Length: 0"))
    port = await forwarder()
    await exchange(port, request(b"/v2/x"))
    await exchange(port, request(b"/v2/x"))
    assert [[], []] == [seen.all(b"cookie") for seen in upstream.requests]


async def test_the_reason_phrase_is_ours(upstream, forwarder):
    """A status keeps its number and gets its standard phrase."""
    upstream.answer = says(reply(b"Content-Length: 0", status=b"404 Evil Phrase"))
    assert b"HTTP/1.1 404 Not Found" == (await exchange(await forwarder(), request(b"/v2/x"))).start


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"Content-Length: 2", status=b"201 Created", body=b"{}"),
        reply(status=b"204 No Content"),
        reply(b"Content-Length: 99", status=b"304 Not Modified"),
        reply(b"Content-Length: 2", status=b"429 Slow", body=b"{}"),
        reply(b"Content-Length: 2", status=b"999 Odd", body=b"{}"),
    ],
    ids=["201", "204", "304", "429", "999"],
)
async def test_every_status_comes_back(upstream, forwarder, answer):
    """Statuses with a body and without, and unknown ones, leave the connection in step for the next reply."""
    upstream.answer = says(answer)
    async with await RawClient.connect(await forwarder()) as client:
        first, second = await client.ask(request(b"/v2/x")), await client.ask(request(b"/v2/y"))
    assert [int(answer[9:12])] * 2 == [first.status, second.status]


async def test_head_keeps_the_length_without_a_body(upstream, forwarder):
    """A HEAD reply announces the length it would have, and the connection goes on."""
    upstream.answer = says(reply(b"Content-Length: 1234"))
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", method=b"HEAD") * 2)
        replies = [await client.reply(to_head=True), await client.reply(to_head=True)]
    assert [[b"1234"], [b"1234"]] == [got.all(b"content-length") for got in replies]


async def test_interim_replies_are_skipped(upstream, forwarder):
    """1xx replies before the answer are not mistaken for it."""
    upstream.answer = says(reply(status=b"103 Early Hints"), reply(status=b"102 Processing"), OK)
    assert 200 == (await exchange(await forwarder(), request(b"/v2/x"))).status


@pytest.mark.parametrize("location", ["http://127.0.0.1:{}/stolen", "/v2/elsewhere"])
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent"])
async def test_a_redirect_is_the_clients_to_follow(upstream, forwarder, status, location):
    """A 3xx and its Location come back as they are; its target is not contacted."""
    async with RawUpstream() as canary:
        there = location.format(canary.port).encode()
        upstream.answer = says(reply(b"Location: " + there, b"Content-Length: 0", status=status))
        got = await exchange(await forwarder(), request(b"/v2/x", b"Authorization: Bearer abc"))
    assert (int(status[:3]), [there]) == (got.status, got.all(b"location"))
    assert (0, 1) == (canary.connections, len(upstream.requests))


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate"])
async def test_a_coded_reply_stays_coded(upstream, forwarder, coding):
    """A compressed body is handed on as it is, sound or not."""
    body = gzip.compress(b"x" * 1000)
    upstream.answer = says(reply(b"Content-Encoding: " + coding, sized(body), body=body))
    got = await exchange(await forwarder(), request(b"/v2/x", b"Accept-Encoding: " + coding))
    assert (body, [coding]) == (got.body, got.all(b"content-encoding"))
    assert [coding] == upstream.requests[0].all(b"accept-encoding")


async def test_a_coded_upload_stays_coded(upstream, forwarder):
    """A compressed request body is handed on as it is."""
    body = gzip.compress(b"x" * 1000)
    await exchange(
        await forwarder(), request(b"/v2/x", b"Content-Encoding: gzip", sized(body), method=b"PUT", body=body)
    )
    assert body == upstream.requests[0].body


async def test_an_upload_streams(upstream, forwarder):
    """The first half of a megabyte reaches Zoom before the client has sent the second; length and bytes stay."""
    half = len(MEGABYTE) // 2
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x", sized(MEGABYTE), method=b"PUT", body=MEGABYTE[:half]))
        await upstream.until(lambda: bool(upstream.requests) and len(upstream.requests[0].body) == half)
        await client.send(MEGABYTE[half:])
        assert 200 == (await client.reply()).status
    assert MEGABYTE == upstream.requests[0].body
    assert [] == upstream.requests[0].all(b"transfer-encoding")


@pytest.mark.parametrize("method", [b"GET", b"POST", b"DELETE"])
async def test_a_chunked_upload_stays_chunked(upstream, forwarder, method):
    """A body without a length goes up without one, whatever the method."""
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    await exchange(await forwarder(), request(b"/v2/x", b"Transfer-Encoding: chunked", method=method, body=body))
    (seen,) = upstream.requests
    assert (b"hello world", [b"chunked"], []) == (
        seen.body,
        seen.all(b"transfer-encoding"),
        seen.all(b"content-length"),
    )


@pytest.mark.parametrize("framing", [b"Content-Length: 1048576", b"Transfer-Encoding: chunked", b"Connection: close"])
async def test_a_download_streams(upstream, forwarder, framing):
    """The first half of a megabyte reaches the client before Zoom has sent the second, however it is framed."""
    half = len(MEGABYTE) // 2
    more = asyncio.Event()
    chunked = framing.startswith(b"Transfer")

    def piece(data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if chunked else data

    async def answer(_request: Message, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(framing) + piece(MEGABYTE[:half]))
        await more.wait()
        writer.write(piece(MEGABYTE[half:]) + (b"0\r\n\r\n" if chunked else b""))
        await writer.drain()
        writer.close()

    upstream.answer = answer
    async with await RawClient.connect(await forwarder()) as client:
        await client.send(request(b"/v2/x"))
        got = await client.head()
        reading = asyncio.ensure_future(client.wire.body(got))
        await until(lambda: len(got.body) >= half)
        more.set()
        async with asyncio.timeout(PATIENCE):
            await reading
    assert MEGABYTE == got.body


async def test_an_http_1_0_client_is_served(upstream, forwarder):
    """A body without a length goes to an HTTP/1.0 client unframed, ended by closing."""
    upstream.answer = says(reply(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"))
    got = await exchange(await forwarder(), request(b"/v2/x", version=b"1.0"))
    assert (b"HTTP/1.0 200 OK", b"hello", []) == (got.start, got.body, got.all(b"transfer-encoding"))


async def test_connections_to_zoom_are_used_again(upstream, forwarder):
    """Replies read to their end give their connection back."""
    port = await forwarder()
    for _turn in range(3):
        await exchange(port, request(b"/v2/x"))
    assert (3, 1) == (len(upstream.requests), upstream.connections)
