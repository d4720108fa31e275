"""A client that sends at its own pace, whatever the answers do: open loop, so that a stall counts for all it delays.

Latency runs from the moment a request was due, not from when it went out (coordinated omission). Connections are kept
and used again, the one just used first; one that the server closed while idle is left without an attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    head: bytes
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether it says that its connection ends."""
        return b"\r\nconnection: close" in self.head.lower()


class Cut(Exception):
    """The connection ended before the answer did."""


class Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self.sent_anything = False
        self._seen = bytearray()
        self._answer: asyncio.Future[Reply] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collects an answer; bytes nobody asked for are the server's last words."""
        self._seen += data
        if self._answer is not None and not self._answer.done() and (reply := whole(bytes(self._seen))):
            self._seen.clear()
            self._answer.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails what is waited for."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Cut(f"after {len(self._seen)} bytes"))

    async def ask(self, data: bytes) -> Reply:
        """The answer to one request; raises `Cut`."""
        if not self.is_open or self._transport is None:
            raise Cut("never sent")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return await self._answer

    def close(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.close()


def whole(data: bytes) -> Reply | None:
    """The answer that `data` holds, once it is whole; one without a length ends with its head."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    lower = head.lower()
    status = int(head[9:12])
    if b"\r\ntransfer-encoding: chunked" in lower:
        return Reply(status, head, body) if body.endswith(b"0\r\n\r\n") else None
    _, named, length = lower.partition(b"\r\ncontent-length:")
    wanted = int(length.partition(b"\r\n")[0]) if named else 0
    return Reply(status, head, body[:wanted]) if len(body) >= wanted else None


@dataclass(slots=True)
class Lines:
    """Kept connections to one port."""

    port: int
    _idle: list[Line] = field(default_factory=list)

    async def ask(self, data: bytes, *, anew: bool = False) -> Reply:
        """The answer to one request, on a kept connection or on one of its own; raises `Cut` or `OSError`."""
        line = await self._line(anew=anew)
        try:
            reply = await line.ask(data)
        except BaseException:
            line.close()
            raise
        if anew or reply.closes:
            line.close()
        else:
            self._idle.append(line)
        return reply

    async def _line(self, *, anew: bool) -> Line:
        while self._idle and not anew:
            line = self._idle.pop()
            if line.is_open:
                return line
        _, made = await asyncio.get_running_loop().create_connection(Line, HOST, self.port)
        return made

    def close(self) -> None:
        """Hangs up everywhere."""
        while self._idle:
            self._idle.pop().close()


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of a run: what kind it was, when it was due, seconds to its answer, status (0 without an answer)."""

    kind: str
    due: float
    seconds: float
    status: int
    closes: bool = False
    failure: str = ""


Ask = Callable[[], Awaitable[Reply]]


async def at_pace(requests: Iterable[tuple[str, Ask]], *, rate: float) -> list[Sample]:
    """Starts `rate` requests a second, each when it is due, and waits for all of them."""
    loop = asyncio.get_running_loop()
    start, under_way = loop.time(), []
    for number, (kind, ask) in enumerate(requests):
        due = start + number / rate
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        under_way.append(asyncio.create_task(_sampled(kind, ask, due)))
    return list(await asyncio.gather(*under_way))


async def _sampled(kind: str, ask: Ask, due: float) -> Sample:
    clock = asyncio.get_running_loop().time
    try:
        reply = await ask()
    except (Cut, OSError) as failure:
        return Sample(kind, due, clock() - due, 0, failure=f"{type(failure).__name__}: {failure}")
    return Sample(kind, due, clock() - due, reply.status, reply.closes)
