"""The life of a connection: its limits, failing handlers, draining and closing."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from shim.connection import Limits
from shim.listener import SETTLING, start_server
from tests.edge.envelope import assert_envelope
from tests.edge.raw import PATIENCE, RawClient, until

ASK = b"GET /v2/a HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST /v2/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    """A handler that answers at once."""
    return web.Response(text="hello")


class Gate:
    """A handler that waits until it is let go, and tells whether it was cancelled."""

    def __init__(self):
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers once let go."""
        self.entered.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return web.Response(text="late")

    async def wait(self, event: asyncio.Event) -> None:
        """Waits for one of the events; `TimeoutError` when it does not come."""
        async with asyncio.timeout(PATIENCE):
            await event.wait()


def port_of(server) -> int:
    """The port a server listens on."""
    return server.addresses[0][1]


@pytest.mark.parametrize("sent", [b"", b"GET /v2/a HT", ASK, ASK + b"GET"], ids=["silent", "begun", "kept", "second"])
async def test_a_connection_without_a_whole_head_is_closed(serve, sent):
    """A client that sends nothing, or never ends its head, is closed after the keep-alive time."""
    server = await serve(hello, Limits(keepalive_timeout=0.1))
    async with await RawClient.connect(port_of(server)) as client:
        await client.send(sent)
        assert (ASK in sent) is (b"hello" in await client.rest())


async def test_dripping_does_not_keep_a_connection(serve):
    """A client that sends its head byte by byte is closed all the same."""
    server = await serve(hello, Limits(keepalive_timeout=0.1))

    async def drip(client: RawClient) -> None:
        for byte in b"GET /v2/" + b"a" * 1000:
            await client.send(bytes([byte]))
            await asyncio.sleep(0.01)

    async with await RawClient.connect(port_of(server)) as client:
        dripping = asyncio.ensure_future(drip(client))
        assert b"" == await client.rest()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def test_an_unread_body_is_waited_for_only_a_while(serve):
    """After an answer that did not need the body, the connection closes when the body does not come."""
    server = await serve(hello, Limits(lingering_time=0.1))
    async with await RawClient.connect(port_of(server)) as client:
        assert 200 == (await client.ask(UPLOAD)).status
        assert b"" == await client.rest()


async def test_more_connections_than_allowed_are_closed_at_once(serve):
    """The connection above the cap is closed without a word, and one that goes gives its place free."""
    server = await serve(hello, Limits(connections=2))
    first = await RawClient.connect(port_of(server))
    async with first, await RawClient.connect(port_of(server)) as second:
        assert [200, 200] == [(await first.ask(ASK)).status, (await second.ask(ASK)).status]
        async with await RawClient.connect(port_of(server)) as third:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await third.ask(ASK)
        assert 200 == (await second.ask(ASK)).status
        await first.close()
        await until(lambda: server.connections == 1)
        async with await RawClient.connect(port_of(server)) as fourth:
            assert 200 == (await fourth.ask(ASK)).status


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the platform has no TCP_USER_TIMEOUT")
async def test_a_client_that_reads_nothing_is_dropped_by_the_kernel(serve):
    """Every connection carries the write timeout, in milliseconds."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        sock = request.transport.get_extra_info("socket")
        return web.Response(text=str(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)))

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        assert b"30000" == (await client.ask(ASK)).body


@pytest.mark.parametrize("error", [ValueError("secret"), TimeoutError("secret"), RecursionError("secret")])
async def test_a_failing_handler_is_a_500_without_its_text(serve, caplog, error):
    """An unexpected exception becomes the 500 envelope, closes, and is logged by its class alone."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        raise error

    server = await serve(handler)
    async with await RawClient.connect(port_of(server)) as client:
        with capture_logs() as events:
            reply = await client.ask(ASK)
            assert b"" == await client.rest()
    assert_envelope(500, "Internal Server Error", reply)
    assert [b"close"] == reply.all(b"connection")
    assert b"secret" not in reply.raw
    assert "secret" not in str(events)
    assert "secret" not in caplog.text
    assert [{"event": "handler.failed", "error": type(error).__name__, "log_level": "error"}] == events


@pytest.mark.parametrize("answer", [None, web.Response(headers={"X-A": "a\x01b"})], ids=["none", "unwritable"])
async def test_what_is_no_answer_is_a_500(serve, answer):
    """A handler that returns nothing, or a header that no one may write, is the 500 envelope."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return answer

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        assert_envelope(500, "Internal Server Error", await client.ask(ASK))
        assert b"" == await client.rest()


async def test_a_body_that_fails_while_written_is_cut_and_logged_by_class(serve, caplog):
    """An answer whose own body raises ends without its last chunk; its text reaches no log."""

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("secret")

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body())

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        with capture_logs() as events, pytest.raises(asyncio.IncompleteReadError):
            await client.ask(ASK)
    assert [{"event": "connection.failed", "error": "ValueError", "log_level": "error"}] == events
    assert "secret" not in caplog.text


async def test_garbage_behind_a_request_does_not_spoil_it(serve):
    """A whole request is served, body and all, before what follows it on the connection is refused."""
    entered, go = asyncio.Event(), asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        await go.wait()
        return web.Response(body=await request.read())

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        await client.send(UPLOAD + b"0123456789")
        await until(entered.is_set)
        await client.send(b"garbage\r\n\r\n")
        await asyncio.sleep(0.05)  # nothing announces that the garbage was looked at
        go.set()
        assert b"0123456789" == (await client.reply()).body
        assert_envelope(400, "Bad Request", await client.reply())


async def test_a_refused_request_is_logged_without_its_bytes(serve, caplog):
    """The parser's complaint, which quotes the request, reaches no log."""
    server = await serve(hello)
    async with await RawClient.connect(port_of(server)) as client:
        with capture_logs() as events:
            await client.ask(b"GET /v2/a HTTP/1.1\r\nHost: x\r\nsecret\r\n\r\n")
    assert [{"event": "request.refused", "status": 400, "error": "BadHttpMessage", "log_level": "info"}] == events
    assert "secret" not in caplog.text


async def test_a_raised_http_status_keeps_to_the_envelope(serve):
    """Aiohttp's own exceptions, which it would answer as plain text, are answered in the envelope."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        raise web.HTTPNotFound(text="secret")

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        assert_envelope(404, "Not Found", await client.ask(ASK))


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("then", ["raises", "answers again"])
async def test_an_answer_that_breaks_off_is_reset(serve, version, then):
    """Whatever a handler does after its answer began, but end it, resets the connection: no client sees an end."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"half")
        await began.wait()
        return web.Response(text="again") if then == "answers again" else json.loads("{")

    began = asyncio.Event()
    async with await RawClient.connect(port_of(await serve(handler))) as client:
        await client.send(b"GET /v2/a HTTP/" + version + b"\r\nHost: x\r\n\r\n")
        assert 200 == (await client.head()).status
        began.set()
        with pytest.raises(ConnectionResetError):
            await client.rest()


@pytest.mark.parametrize("part", [b"", b"half"])
async def test_a_body_that_breaks_off_is_nobodys_500(serve, part):
    """A handler that reads a body is cancelled when its client goes, and no failure is logged."""
    entered, gone = asyncio.Event(), asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        try:
            await request.read()
        finally:
            gone.set()
        return web.Response()

    server = await serve(handler)
    with capture_logs() as events:
        async with await RawClient.connect(port_of(server)) as client:
            await client.send(UPLOAD + part)
            await until(entered.is_set)
        await until(lambda: gone.is_set() and server.connections == 0)
    assert [] == events


async def test_a_handler_is_cancelled_when_its_client_goes(serve):
    """Nothing is worked on for a client that hung up."""
    gate = Gate()
    async with await RawClient.connect(port_of(await serve(gate))) as client:
        await client.send(ASK)
        await gate.wait(gate.entered)
    await gate.wait(gate.cancelled)


async def test_draining_closes_with_every_answer(serve):
    """After drain, an answer already under way and those on new connections say close, and are still given."""
    gate = Gate()
    server = await serve(gate)
    async with await RawClient.connect(port_of(server)) as early:
        await early.send(ASK)
        await gate.wait(gate.entered)
        server.drain()
        gate.go.set()
        async with await RawClient.connect(port_of(server)) as late:
            replies = [await early.reply(), await late.ask(ASK)]
            assert [b"", b""] == [await early.rest(), await late.rest()]
    assert [[b"close"], [b"close"]] == [reply.all(b"connection") for reply in replies]
    assert [b"late", b"late"] == [reply.body for reply in replies]


async def test_closing_lets_requests_finish(serve):
    """A request under way when the server closes is answered whole, however late; new connections are refused."""
    gate = Gate()
    server = await serve(gate)
    async with await RawClient.connect(port_of(server)) as client:
        await client.send(ASK)
        await gate.wait(gate.entered)
        closing = asyncio.ensure_future(server.close(PATIENCE))
        for _ in range(3):  # it looks once more who stands at the door
            await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await RawClient.connect(port_of(server))
        _, still_closing = await asyncio.wait({closing}, timeout=SETTLING)
        gate.go.set()
        assert (b"late", {closing}) == ((await client.reply()).body, still_closing)
        await closing


async def test_closing_lets_an_upload_finish(serve):
    """A body that is still coming when the server closes is read to its end."""
    entered = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        return web.Response(body=await request.read())

    server = await serve(handler)
    async with await RawClient.connect(port_of(server)) as client:
        await client.send(UPLOAD + b"first")
        async with asyncio.timeout(PATIENCE):
            await entered.wait()
        closing = asyncio.ensure_future(server.close(PATIENCE))
        await asyncio.sleep(0)
        assert b"firstother" == (await client.ask(b"other")).body
        await closing


async def test_closing_cuts_what_outlasts_its_grace(serve):
    """After the grace a handler is cancelled and its connection closed without an answer; idle ones close too."""
    gate = Gate()
    server = await serve(gate)
    async with await RawClient.connect(port_of(server)) as idle, await RawClient.connect(port_of(server)) as client:
        await client.send(ASK)
        await gate.wait(gate.entered)
        async with asyncio.timeout(1.5):  # less than aiohttp takes to give up by itself
            await server.close(0.05)
        assert gate.cancelled.is_set()
        assert [b"", b""] == [await client.rest(), await idle.rest()]
        assert 0 == server.connections


async def test_closing_twice_is_closing_once(serve):
    """A closed server may be closed again."""
    server = await serve(hello)
    await server.close(0)
    await server.close(0)


def test_refuses_to_start_on_the_python_parser():
    """Without aiohttp's C parser there is no server, and the text says what to do."""
    code = "import asyncio, shim.listener as c; asyncio.run(c.start_server(None, host='127.0.0.1', port=0))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 != run.returncode
    assert "RuntimeError: aiohttp runs on its pure-Python HTTP parser" in run.stderr


async def test_a_taken_port_is_an_error(serve):
    """A port in use raises `OSError`, which the caller reports."""
    server = await serve(hello)
    with pytest.raises(OSError, match="in use"):
        await start_server(hello, host="127.0.0.1", port=port_of(server))


async def test_who_stands_at_the_door_when_it_closes_is_served(serve):
    """To a client whose connection the kernel has made, the service is there: its request is answered, and new ones
    are not let in.
    """
    server = await serve(hello)
    with socket.create_connection(("127.0.0.1", port_of(server))) as client:  # not accepted yet: the loop had no turn
        client.sendall(ASK)
        closing = asyncio.ensure_future(server.close(PATIENCE))
        answer = await asyncio.to_thread(client.recv, 65536)
        await closing
    assert (True, True) == (answer.startswith(b"HTTP/1.1 200"), b"Connection: close" in answer)
    with pytest.raises(ConnectionRefusedError):
        await RawClient.connect(port_of(server))


async def test_who_is_halfway_through_the_door_when_it_closes_is_served(serve):
    """A client that was accepted in the very turn of the loop in which the listener closes is not dropped."""
    server = await serve(hello)
    with socket.create_connection(("127.0.0.1", port_of(server))) as client:
        client.sendall(ASK)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # accepted now; the task that makes its connection runs behind this one
        await server.close(PATIENCE)
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")


async def test_who_has_just_been_let_in_may_still_ask(serve):
    """A client gets a moment to bring its first request after the listener has closed."""
    server = await serve(hello)
    async with await RawClient.connect(port_of(server)) as client:
        await until(lambda: server.connections == 1)
        closing = asyncio.ensure_future(server.close(PATIENCE))
        await asyncio.sleep(0.05)
        assert 200 == (await client.ask(ASK)).status
        await closing


async def test_closing_does_not_wait_for_who_never_asks(serve):
    """A silent client holds nobody for longer than that moment."""
    server = await serve(hello)
    async with await RawClient.connect(port_of(server)) as silent:
        await until(lambda: server.connections == 1)
        async with asyncio.timeout(PATIENCE):
            await server.close(60)
        assert b"" == await silent.rest()


async def test_a_crowd_is_one_event_and_counted_each(serve):
    """A flood of connections fills no log."""
    turned_away: list[str] = []
    server = await serve(hello, Limits(connections=1), on_refusal=turned_away.append)
    with capture_logs() as events:
        async with await RawClient.connect(port_of(server)) as first:
            assert 200 == (await first.ask(ASK)).status
            for _ in range(5):
                async with await RawClient.connect(port_of(server)) as other:
                    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                        await other.ask(ASK)
    assert (5, ["connection.refused"]) == (len(turned_away), [event["event"] for event in events])


LEAKS = [
    asyncio.CancelledError("secret"),
    BaseExceptionGroup("secret", [asyncio.CancelledError()]),
    MemoryError("secret"),
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: type(leak).__name__)
async def test_what_is_no_exception_and_no_end_is_a_500(serve, caplog, leak):
    """A cancellation that nobody asked for, alone or in a group, is a failure as any other."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        raise leak

    async with await RawClient.connect(port_of(await serve(handler))) as client:
        with capture_logs() as events:
            reply = await client.ask(ASK)
    assert_envelope(500, "Internal Server Error", reply)
    assert (["handler.failed"], False) == ([event["event"] for event in events], "secret" in f"{events}{caplog.text}")
