"""HTTP by hand over real sockets: a client that sends any bytes, and an upstream that records them and answers any.

Both know just enough of HTTP/1 to tell where a message ends. Neither judges, repairs or repeats anything.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 5.0
"""Seconds after which something that should have come counts as missing."""


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what nobody announces; `TimeoutError` when it does not come true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


@dataclass(slots=True)
class Message:
    """A request or a reply as it came: start line, header lines in order, body without its framing."""

    start: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    whole: bool = False
    """False while the body is still coming, and for ever when it was cut."""
    raw: bytes = b""
    """Every byte read for it, framing too."""

    @property
    def status(self) -> int:
        """The reply's status code."""
        return int(self.start.split()[1])

    @property
    def target(self) -> bytes:
        """The request's target, untouched."""
        return self.start.split(b" ")[1]

    def all(self, name: bytes) -> list[bytes]:
        """Every value of the header `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Wire:
    """The reading side of one connection; `progress` is called whenever bytes have come."""

    def __init__(self, reader: asyncio.StreamReader, progress: Callable[[], None] = lambda: None) -> None:
        self._reader = reader
        self._progress = progress

    async def head(self) -> Message:
        """The next message's head; `asyncio.IncompleteReadError` when the connection ends before."""
        raw = await self._reader.readuntil(b"\r\n\r\n")
        start, *lines = raw[:-4].split(b"\r\n")
        pairs = [line.split(b":", 1) for line in lines]
        return Message(start, [(key, value.strip()) for key, value in pairs], raw=raw)

    async def body(self, message: Message, *, bodiless: bool = False) -> None:
        """Reads the body into `message` as it comes, up to the end its head announces."""
        if bodiless:
            pass
        elif message.all(b"transfer-encoding"):
            await self._chunks(message)
        elif length := message.all(b"content-length"):
            await self._exactly(message, int(length[0]))
        elif message.start.startswith(b"HTTP/"):
            while piece := await self._reader.read(65536):
                self._take(message, piece, piece)
        message.whole = True
        self._progress()

    async def rest(self) -> bytes:
        """Everything until the other side closes; `ConnectionResetError` when it resets."""
        return await self._reader.read()

    async def _exactly(self, message: Message, length: int) -> None:
        while length:
            piece = await self._reader.read(min(length, 65536))
            if not piece:
                raise asyncio.IncompleteReadError(message.body, length)
            length -= len(piece)
            self._take(message, piece, piece)

    async def _chunks(self, message: Message) -> None:
        while True:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            data = await self._reader.readexactly(size + 2)
            self._take(message, data[:-2], line + data)
            if size == 0:
                return

    def _take(self, message: Message, body: bytes, raw: bytes) -> None:
        message.body += body
        message.raw += raw
        self._progress()


class RawClient:
    """One connection to a server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.wire = Wire(reader)
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> Self:
        """A fresh connection to a loopback port."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))

    async def send(self, data: bytes) -> None:
        """Puts the bytes on the wire."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self) -> Message:
        """The next reply's head."""
        async with asyncio.timeout(PATIENCE):
            return await self.wire.head()

    async def reply(self, *, to_head: bool = False) -> Message:
        """The next reply, whole; `asyncio.IncompleteReadError` or `ConnectionResetError` when it is cut."""
        async with asyncio.timeout(PATIENCE):
            message = await self.wire.head()
            await self.wire.body(message, bodiless=to_head or message.status in {204, 304})
        return message

    async def ask(self, data: bytes) -> Message:
        """The reply to one request."""
        await self.send(data)
        return await self.reply()

    async def rest(self) -> bytes:
        """What still comes before the server closes; `TimeoutError` when it does not close."""
        async with asyncio.timeout(PATIENCE):
            return await self.wire.rest()

    async def close(self) -> None:
        """Hangs up."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # the other side was quicker
            await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def exchange(port: int, sent: bytes, *, to_head: bool = False) -> Message:
    """The reply to one request on a connection of its own."""
    async with await RawClient.connect(port) as client:
        await client.send(sent)
        return await client.reply(to_head=to_head)


def request(
    target: bytes, *headers: bytes, method: bytes = b"GET", body: bytes = b"", version: bytes = b"1.1"
) -> bytes:
    """A request's bytes."""
    lines = [method + b" " + target + b" HTTP/" + version, b"Host: shim.example.com", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def reply(*headers: bytes, status: bytes = b"200 OK", body: bytes = b"") -> bytes:
    """A reply's bytes."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers]) + b"\r\n\r\n" + body


def sized(body: bytes) -> bytes:
    """The length header of a body."""
    return b"Content-Length: %d" % len(body)


Answer = Callable[[Message, asyncio.StreamWriter], Awaitable[None]]
"""What an upstream does about a request whose body has come; closing the writer ends the connection."""


def says(*pieces: bytes) -> Answer:
    """Writes the pieces one by one and keeps the connection."""

    async def answer(_request: Message, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def says_and_closes(*pieces: bytes) -> Answer:
    """Writes the pieces and closes: with none, dies without an answer."""

    async def answer(request: Message, writer: asyncio.StreamWriter) -> None:
        await says(*pieces)(request, writer)
        writer.close()

    return answer


async def is_silent(_request: Message, _writer: asyncio.StreamWriter) -> None:
    """Never answers, and hears when the other side hangs up."""


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class RawUpstream:
    """A server on a free loopback port. `answer` may be changed at any time; `early` answers before the body came."""

    answer: Answer = field(default_factory=lambda: says(OK))
    early: bool = False
    requests: list[Message] = field(default_factory=list)
    connections: int = 0
    """Counted at the socket, used or not."""
    open: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _turns: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for turn in set(self._turns):
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for something to have come, or a connection to have gone; `TimeoutError` when it does not happen."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._turns.add(task)
        self.connections += 1
        self.open += 1
        wire = Wire(reader, self._tell)
        try:
            while not writer.is_closing():
                await self._turn(wire, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up
        finally:
            self._turns.discard(task)
            self.open -= 1
            self._tell()
            writer.close()

    async def _turn(self, wire: Wire, writer: asyncio.StreamWriter) -> None:
        request = await wire.head()
        self.requests.append(request)
        self._tell()
        if self.early:
            await self.answer(request, writer)
        await wire.body(request)
        if not self.early:
            await self.answer(request, writer)

    def _tell(self) -> None:
        """Wakes whoever waits for a change."""
        turn = asyncio.ensure_future(self._wake())
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
