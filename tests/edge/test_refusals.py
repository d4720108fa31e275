"""What the connection refuses, asked over raw sockets: always the envelope, always closed, never an echo."""

import json

import pytest
from aiohttp import web

from shim.connection import Limits
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, RawClient

MARKER = b"evilmarker"


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    """A request's bytes."""
    return line + b"\r\n" + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def get(target: bytes) -> bytes:
    """A GET of a target."""
    return request(b"GET " + target + b" HTTP/1.1", b"Host: x")


def post(*headers: bytes, body: bytes = b"") -> bytes:
    """A POST with a marker in it."""
    return request(b"POST /v2/evilmarker HTTP/1.1", b"Host: x", *headers, body=body)


FAULTY = {
    "unknown method": request(b"EVILMARKER /v2/a HTTP/1.1", b"Host: x"),
    "no request at all": b"evilmarker\r\n\r\n",
    "tls on a plain port": b"\x16\x03\x01\x02\x00\x01\x00evilmarker\r\n\r\n",
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/0.9": b"GET /v2/evilmarker\r\n\r\n",
    "http/0.9 by a lost blank": request(b"GET /v2/evilmarkerHTTP/1.1", b"Host: x"),
    "http/1.2": request(b"GET /v2/evilmarker HTTP/1.2", b"Host: x"),
    "http/2.0": request(b"GET /v2/evilmarker HTTP/2.0", b"Host: x"),
    "no host": request(b"GET /v2/evilmarker HTTP/1.1"),
    "two hosts": post(b"Host: evilmarker"),
    "length and chunks": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"),
    "signed length": post(b"Content-Length: +5", body=b"hello"),
    "list of lengths": post(b"Content-Length: 5, 5", body=b"hello"),
    "unknown coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "no coding": post(b"Transfer-Encoding:"),
    "coding below the chunks": post(b"Transfer-Encoding: gzip, chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    "coding twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "coding behind a control": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "blank before the colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "folded header": post(b"X-A: b\r\n evilmarker"),
    "bare line feeds": b"GET /v2/a HTTP/1.1\nHost: evilmarker\n\n",
    "bare carriage return": post(b"X-A: evil\rmarker"),
    "nul in a header": post(b"X-A: evilmarker\x00"),
    "hexadecimal prefix in a chunk size": post(b"Transfer-Encoding: chunked", body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "overflowing chunk size": post(b"Transfer-Encoding: chunked", body=b"1" * 40 + b"\r\nhello"),
    "chunk closed by a line feed": post(b"Transfer-Encoding: chunked", body=b"5\nhello\r\n0\r\n\r\n"),
    "chunks in http/1.0": request(b"POST /v2/evilmarker HTTP/1.0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "absolute form": request(b"GET http://evilmarker:99/v2/a HTTP/1.1", b"Host: x"),
    "absolute form with a bad port": request(b"GET http://evilmarker:99999/v2/a HTTP/1.1", b"Host: x"),
    "authority form": request(b"CONNECT evilmarker:443 HTTP/1.1", b"Host: x"),
    "connect to a path": request(b"CONNECT /v2/evilmarker HTTP/1.1", b"Host: x"),
    "asterisk form": request(b"OPTIONS * HTTP/1.1", b"Host: x"),
    "no slash": request(b"GET v2/evilmarker HTTP/1.1", b"Host: x"),
    "user information": request(b"GET @evilmarker/v2/a HTTP/1.1", b"Host: x"),
    "dot segments": request(b"GET /v2/%2e%2e/evilmarker HTTP/1.1", b"Host: x"),
    "fragment": request(b"GET /v2/a#evilmarker HTTP/1.1", b"Host: x"),
    "no utf-8 in the target": request(b"GET /v2/evilmarker\xe9 HTTP/1.1", b"Host: x"),
}


def assert_refused(status: int, phrase: str, reply: Message) -> None:
    """The envelope of `status` and a closing connection, with nothing of the request in it."""
    assert_envelope(status, phrase, reply)
    assert [b"close"] == reply.all(b"connection")
    assert MARKER not in reply.raw.lower()


DEFAULTS = Limits()


@pytest.fixture
async def echo(serve):
    """A port whose handler answers the number of bytes it was sent."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=str(len(await request.read())))

    async def start(limits: Limits = DEFAULTS) -> int:
        return (await serve(handler, limits)).addresses[0][1]

    return start


@pytest.mark.parametrize("behind", [b"", request(b"GET /v2/second HTTP/1.1", b"Host: x")], ids=["alone", "followed"])
@pytest.mark.parametrize("sent", FAULTY.values(), ids=FAULTY.keys())
async def test_answers_a_faulty_request_in_the_envelope(echo, sent, behind):
    """A request that is not plain HTTP/1.0 or 1.1 in origin form is 400, and nothing sent behind it is served."""
    async with await RawClient.connect(await echo()) as client:
        await client.send(sent + behind)
        reply = await client.reply()
        assert_refused(400, "Bad Request", reply)
        assert reply.start.startswith(b"HTTP/1.")
        assert b"" == await client.rest()


async def test_a_body_that_breaks_under_a_reader_is_refused(echo):
    """A handler that waits for more of a body gets no more once its framing is broken, and the client is told."""
    async with await RawClient.connect(await echo()) as client:
        await client.send(post(b"Transfer-Encoding: chunked", b"Expect: 100-continue"))
        assert b"HTTP/1.1 100 Continue" == (await client.head()).start
        assert_refused(400, "Bad Request", await client.ask(b"5\r\nhello\r\nevilmarker\r\n"))
        assert b"" == await client.rest()


async def test_two_slashes_at_the_start_are_not_found(echo):
    """A target that could be read as a host is 404 in the envelope."""
    async with await RawClient.connect(await echo()) as client:
        assert_refused(404, "Not Found", await client.ask(request(b"GET //evilmarker/v2/a HTTP/1.1", b"Host: x")))
        assert b"" == await client.rest()


async def test_an_unknown_expectation_fails(echo):
    """`Expect` other than 100-continue is 417 in the envelope."""
    async with await RawClient.connect(await echo()) as client:
        assert_refused(417, "Expectation Failed", await client.ask(post(b"Expect: evilmarker")))
        assert b"" == await client.rest()


async def test_a_client_may_wait_for_continue(echo):
    """`Expect: 100-continue` is told to continue, and its body read."""
    async with await RawClient.connect(await echo()) as client:
        await client.send(post(b"Expect: 100-Continue", b"Content-Length: 5"))
        assert b"HTTP/1.1 100 Continue" == (await client.head()).start
        assert b"5" == (await client.ask(b"hello")).body


@pytest.mark.parametrize("expected", [b"100-continue", b"anything"])
async def test_http_1_0_expects_nothing(echo, expected):
    """An expectation of an HTTP/1.0 client is ignored, as RFC 9110 10.1.1 has it."""
    sent = request(b"POST /v2/a HTTP/1.0", b"Expect: " + expected, b"Content-Length: 5", body=b"hello")
    async with await RawClient.connect(await echo()) as client:
        assert b"5" == (await client.ask(sent)).body


@pytest.mark.parametrize(
    ("most", "too_much"),
    [
        (get(b"/" + b"a" * 8189), get(b"/" + b"a" * 8190)),
        (post(b"X-A: " + b"a" * 8187), post(b"X-A: " + b"a" * 8191)),
        (post(b"X" * 8180 + b": a"), post(b"X" * 8191 + b": a")),
        (post(*[b"X-A: a"] * 99), post(*[b"X-A: a"] * 100)),
    ],
    ids=["line", "value", "name", "count"],
)
async def test_a_head_has_limits(echo, most, too_much):
    """A target of 8,190 bytes, a name or value of as many and 100 fields are served (aiohttp counts a name together
    with the one before it); one more is 400.
    """
    port = await echo()
    async with await RawClient.connect(port) as client:
        assert 200 == (await client.ask(most)).status
    async with await RawClient.connect(port) as client:
        assert_refused(400, "Bad Request", await client.ask(too_much))
        assert b"" == await client.rest()


@pytest.mark.parametrize("cut", [20, 60, 100])
async def test_the_line_limit_holds_over_split_reads(echo, cut):
    """A target that comes in pieces is counted as a whole."""
    sent = request(b"GET /" + b"a" * 200 + b" HTTP/1.1", b"Host: x")
    async with await RawClient.connect(await echo(Limits(max_line_size=128))) as client:
        await client.send(sent[:cut])
        assert 400 == (await client.ask(sent[cut:])).status


async def test_a_body_read_whole_has_a_limit(echo):
    """A handler that reads a body whole gets 64 KiB at most; more is 413 in the envelope."""
    port = await echo()
    async with await RawClient.connect(port) as client:
        assert b"65536" == (await client.ask(post(b"Content-Length: 65536", body=b"a" * 65536))).body
    async with await RawClient.connect(port) as client:
        reply = await client.ask(post(b"Content-Length: 65537", body=b"a" * 65537))
        assert 413 == reply.status == json.loads(reply.body)["code"]
        assert [b"close"] == reply.all(b"connection")


async def test_a_coded_body_stays_coded(echo):
    """A request's body is never decompressed: no bomb can go off."""
    sent = post(b"Content-Encoding: gzip", b"Content-Length: 5", body=b"plain")
    async with await RawClient.connect(await echo()) as client:
        assert b"5" == (await client.ask(sent)).body


async def test_pipelined_requests_are_answered_in_order(echo):
    """Requests sent in one go are served one after the other on the connection."""
    async with await RawClient.connect(await echo()) as client:
        await client.send(post(b"Content-Length: 1", body=b"a") + post(b"Content-Length: 2", body=b"aa"))
        assert [b"1", b"2"] == [(await client.reply()).body, (await client.reply()).body]


async def test_an_answer_names_no_software(echo):
    """An answer of ours carries no Server banner."""
    async with await RawClient.connect(await echo()) as client:
        assert [] == (await client.ask(post())).all(b"server")
