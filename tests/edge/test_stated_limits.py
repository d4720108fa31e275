"""Every limit the service states, seen through the socket with its default value: a misspelt keyword must not pass.

Times are told by a loop whose clock jumps; the sockets are real.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from adapters.exchange import api_session
from shim.connection import Limits
from shim.listener import KEPT_FREE, LEAST_CLIENTS, clients_that_fit, start_server, tls_context
from shim.pass_through_session import pass_through_session
from shim.unneeded_body import LARGEST, drop_body
from tests.adapters.virtual_time import in_virtual_time
from tests.edge.raw import RawClient, RawUpstream, is_silent, reply, request, says, sized, until
from tests.shim.certificates import write_certificate

ASK = request(b"/v2/a")
DRIP = 0.5
NAME = "shim.example.com"


async def hello(asked: web.BaseRequest) -> web.StreamResponse:
    """Answers at once, without a look at the body."""
    return web.Response(text="hello")


async def echo(asked: web.BaseRequest) -> web.StreamResponse:
    """Answers the number of bytes it was sent."""
    return web.Response(text=str(len(await asked.read())))


async def drops(asked: web.BaseRequest) -> web.StreamResponse:
    """Drops the body and answers what came of it."""
    return web.Response(status=await drop_body(asked) or 200)


@asynccontextmanager
async def serving(handler, **more) -> AsyncIterator[int]:
    """The port of a server with every limit as stated."""
    server = await start_server(handler, host="127.0.0.1", port=0, **more)
    yield server.addresses[0][1]
    await server.close(0)


async def drip(client: RawClient, byte: bytes) -> None:
    """Sends a byte every half second for as long as anybody takes it."""
    with suppress(ConnectionError):
        while True:
            await client.send(byte)
            await asyncio.sleep(DRIP)


async def seconds_until_closed(client: RawClient, dripping: bytes = b"") -> float:
    """How long the server lets a connection be."""
    loop = asyncio.get_running_loop()
    start, sender = loop.time(), asyncio.ensure_future(drip(client, dripping))
    with suppress(ConnectionError):
        await client.wire.rest()
    sender.cancel()
    return loop.time() - start


class TestHead:
    """Until a request's head is there."""

    @pytest.mark.parametrize("before", [[], [200]], ids=["fresh", "kept"])
    @pytest.mark.parametrize(("begun", "dripping"), [(b"", b""), (b"GET /", b"a")], ids=["silent", "dripping"])
    @in_virtual_time
    async def test_fifteen_seconds(self, before, begun, dripping):
        """For a new connection and for one that has asked before, silent or not."""
        async with serving(hello) as port, await RawClient.connect(port) as client:
            assert before == [(await client.ask(ASK)).status for _ in before]
            await client.send(begun)
            assert 15 <= await seconds_until_closed(client, dripping) < 16

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (request(b"/" + b"a" * 8189), 200),
            (request(b"/" + b"a" * 8190), 400),
            (request(b"/a", b"X-A: " + b"a" * 8187), 200),
            (request(b"/a", b"X-A: " + b"a" * 8191), 400),
            (request(b"/a", *[b"X-A: a"] * 99), 200),
            (request(b"/a", *[b"X-A: a"] * 100), 400),
        ],
        ids=["target", "longer target", "field", "longer field", "100 fields", "101 fields"],
    )
    async def test_sizes(self, sent, status):
        """Of a target, of a field, and their number."""
        async with serving(hello) as port, await RawClient.connect(port) as client:
            assert status == (await client.ask(sent)).status

    @pytest.mark.parametrize("trailers", [200, 5000])
    async def test_trailers_are_counted_too(self, trailers):
        """What is beyond a hundred is no request that a handler answers."""
        body = b"1\r\na\r\n0\r\n" + b"X-A: a\r\n" * trailers + b"\r\n"
        sent = request(b"/v2/a", b"Transfer-Encoding: chunked", method=b"POST", body=body)
        async with serving(echo) as port, await RawClient.connect(port) as client:
            assert 400 == (await client.ask(sent)).status


class TestBody:
    """Of a request."""

    @in_virtual_time
    async def test_five_seconds_for_one_that_is_not_needed(self):
        """Answered before, the connection is closed when the rest does not come."""
        async with serving(hello) as port, await RawClient.connect(port) as client:
            await client.ask(request(b"/v2/a", sized(b"1234567890"), method=b"POST"))
            assert 5 <= await seconds_until_closed(client) < 6

    @in_virtual_time
    async def test_five_seconds_for_one_that_drips(self):
        """Where an answer waits for it, that is 408, and nobody waits on."""
        async with serving(drops) as port, await RawClient.connect(port) as client:
            await client.send(request(b"/v2/a", sized(b"a" * 1000), method=b"POST"))
            loop = asyncio.get_running_loop()
            start, dripping = loop.time(), asyncio.ensure_future(drip(client, b"a"))
            status = (await client.wire.head()).status
            with suppress(ConnectionError):
                await client.wire.rest()
            dripping.cancel()
            assert (408, True) == (status, 5 <= loop.time() - start < 6)

    @pytest.mark.parametrize(("size", "status"), [(LARGEST, 200), (LARGEST + 1, 413)])
    @pytest.mark.parametrize("handler", [drops, echo])
    @pytest.mark.parametrize(
        ("header", "frame"),
        [(b"Content-Length: %d", b"%s"), (b"Transfer-Encoding: chunked\r\nX-Size: %d", b"10001\r\n%s\r\n0\r\n\r\n")],
        ids=["sized", "chunked"],
    )
    async def test_sixty_four_kib(self, size, status, handler, header, frame):
        """Dropped or read whole, announced or not."""
        body = (frame % (b"a" * size)).replace(b"10001\r\n", b"%x\r\n" % size)
        sent = request(b"/v2/a", header % size, method=b"POST", body=body)
        async with serving(handler) as port, await RawClient.connect(port) as client:
            assert status == (await client.ask(sent)).status

    async def test_one_announced_too_large_is_not_waited_for(self):
        """Its length is enough."""
        async with serving(drops) as port, await RawClient.connect(port) as client:
            assert 413 == (await client.ask(request(b"/v2/a", b"Content-Length: 65537", method=b"POST"))).status

    async def test_a_broken_one_is_400(self):
        """Also where nobody wants it."""
        sent = request(b"/v2/a", b"Transfer-Encoding: chunked", method=b"POST", body=b"1\r\na\r\nzz\r\n")
        async with serving(drops) as port, await RawClient.connect(port) as client:
            assert 400 == (await client.ask(sent)).status

    async def test_coded_ones_stay_as_they_are(self):
        """Nothing is unfolded."""
        coded = b"\x1f\x8b\x08\x00"
        sent = request(b"/v2/a", b"Content-Encoding: gzip", sized(coded), method=b"POST", body=coded)
        async with serving(echo) as port, await RawClient.connect(port) as client:
            assert b"4" == (await client.ask(sent)).body


class TestConnection:
    """Of a client."""

    @pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the platform has no TCP_USER_TIMEOUT")
    async def test_thirty_seconds_for_who_reads_nothing_and_a_look_whether_he_lives(self):
        """Seen where the kernel keeps them."""
        seen: list[int] = []

        async def look(asked: web.BaseRequest) -> web.StreamResponse:
            assert asked.transport is not None
            sock = asked.transport.get_extra_info("socket")
            seen.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            seen.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            return web.Response()

        async with serving(look) as port, await RawClient.connect(port) as client:
            await client.ask(ASK)
        assert [30_000, 1] == seen

    @pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells how many may stand at the door")
    async def test_a_thousand_may_stand_at_the_door(self):
        """What the kernel was told to keep, or the most it keeps for anybody."""
        server = await start_server(hello, host="127.0.0.1", port=0)
        told = server._server.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        await server.close(0)
        with open("/proc/sys/net/core/somaxconn") as most:  # noqa: ASYNC230 - a file of the kernel's own
            assert min(1024, int(most.read())) == struct.unpack_from("I", told, 28)[0]

    @pytest.mark.parametrize(
        ("open_files", "clients"), [(10**6, 4000), (4320, 4000), (4319, 3999), (1024, 704), (300, 16), (0, 16)]
    )
    def test_clients_never_take_the_last_descriptors(self, open_files, clients):
        """What Zoom, the state and the listeners need is kept free; a few clients fit in any case."""
        assert (clients, 320, 16) == (clients_that_fit(open_files), KEPT_FREE, LEAST_CLIENTS)
        assert 4000 == Limits().connections


class TestTls:
    """Before the handshake and behind it."""

    @pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["silent", "begun"])
    @in_virtual_time
    async def test_ten_seconds_for_a_handshake(self, sent, tmp_path):
        """Whoever does not finish it is closed to."""
        context = tls_context(*write_certificate(tmp_path, name=NAME))
        async with serving(hello, ssl_context=context) as port, await RawClient.connect(port) as client:
            await client.send(sent)
            assert 10 <= await seconds_until_closed(client) < 11

    @in_virtual_time
    async def test_five_seconds_for_a_farewell(self, tmp_path):
        """A client that hears nothing is gone so soon after it was closed to, and its place is free."""
        context = tls_context(*write_certificate(tmp_path, name=NAME))
        server = await start_server(hello, host="127.0.0.1", port=0, ssl_context=context)
        loop = asyncio.get_running_loop()
        client = _Deaf()
        await loop.create_connection(lambda: client, "127.0.0.1", server.addresses[0][1])
        await _until(lambda: server.connections == 1)
        start = loop.time()
        await _until(lambda: server.connections == 0)
        assert 20 <= loop.time() - start < 22
        client.transport.abort()
        await server.close(0)


class _Deaf(asyncio.Protocol):
    """A client that makes a handshake and then hears nothing more."""

    def __init__(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing)
        self._is_secure = False
        self.transport = asyncio.Transport()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Goes on with it, and no further."""
        self._incoming.write(data)
        self._go_on()

    def _go_on(self) -> None:
        with suppress(ssl.SSLWantReadError):
            self._session.do_handshake()
        self.transport.write(self._outgoing.read())


async def _until(condition) -> None:
    """Waits in the loop's time, a tenth of a second at a time."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.1)


SESSIONS = {
    "api": (lambda: api_session(proxy=None), 50, 10),
    "token": (lambda: api_session(proxy=None, connections=2), 2, 10),
    "pass-through": (lambda: pass_through_session(proxy=None), 200, 30),
}
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"


@pytest.mark.parametrize(("make", "most", "silence"), SESSIONS.values(), ids=SESSIONS.keys())
class TestUpstream:
    """Towards Zoom."""

    async def test_connections_are_bounded_apart(self, make, most, silence):
        """One more waits, and opens none."""
        async with RawUpstream(answer=is_silent) as zoom, make() as session:
            asking = [asyncio.create_task(_ask(session, zoom)) for _ in range(most + 3)]
            await until(lambda: len(zoom.requests) == most)
            assert (most, most) == (zoom.open, zoom.connections)
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)

    @pytest.mark.parametrize("answer", [is_silent, says(HALF)], ids=["at all", "half way"])
    @in_virtual_time
    async def test_silence_ends(self, make, most, silence, answer):
        """Before a reply and in the middle of one."""
        start = asyncio.get_running_loop().time()
        async with RawUpstream(answer=answer) as zoom, make() as session:
            with pytest.raises(TimeoutError):
                await _ask(session, zoom)
        assert silence <= asyncio.get_running_loop().time() - start < silence + 1

    @pytest.mark.parametrize("headers", [[b"X-A: " + b"a" * 8191], [b"X-A: a"] * 129], ids=["long", "many"])
    async def test_heads_are_bounded(self, make, most, silence, headers):
        """A field beyond 8190 bytes and a 129th one are no reply."""
        async with RawUpstream(answer=says(reply(*headers, b"Content-Length: 0"))) as zoom, make() as session:
            with pytest.raises(ClientError):
                await _ask(session, zoom)

    async def test_idle_connections_are_given_up_before_zoom_does(self, make, most, silence):
        """After fifteen seconds; aiohttp counts them by a clock that no test can move, so this looks at its figure."""
        async with make() as session:
            assert 15 == session.connector._keepalive_timeout

    async def test_no_cookie_is_kept(self, make, most, silence):
        """Not even for the same host."""
        async with RawUpstream(answer=says(reply(b"Set-Cookie: a=b", b"Content-Length: 0"))) as zoom, make() as session:
            await _ask(session, zoom)
            await _ask(session, zoom)
            assert [[], []] == [seen.all(b"cookie") for seen in zoom.requests]

    async def test_no_time_is_set_for_a_whole_answer(self, make, most, silence):
        """The deadline of a request bounds it, a download has none; a connection has three seconds to be made."""
        async with make() as session:
            stated = ClientTimeout(total=None, connect=3, sock_connect=3, sock_read=silence)
            assert (stated, False) == (session.timeout, session.trust_env)


async def _ask(session: ClientSession, zoom: RawUpstream) -> bytes:
    async with session.get(f"{zoom.url}/v2/x", allow_redirects=False) as answer:
        return await answer.read()
