"""A client by hand: any bytes out, what comes back as it came. Small, so that the driver leaves the machine alone.

Knows just enough of HTTP/1 to tell where an answer ends; repairs and repeats nothing.
"""

import asyncio
import contextlib
import json
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

BEARER: Final = "Bearer synthetic-token-of-the-run"
PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `headers` are pairs in their order with lower-case names, `seconds` from the first byte sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float
    raw: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header, "" without one."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def json(self) -> Any:
        """The body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)


class RawClient:
    """One connection to the service under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1") -> Self:
        """A fresh connection."""
        return cls(*await asyncio.open_connection(host, port, limit=1 << 22))

    async def send(self, data: bytes) -> None:
        """Puts the bytes on the wire."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, patience: float = PATIENCE, to_head: bool = False) -> Answer:
        """The next whole answer; `asyncio.IncompleteReadError`, `ConnectionError` or `TimeoutError` without one."""
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(patience):
            head = await self.reader.readuntil(b"\r\n\r\n")
            start, *lines = head[:-4].decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
            status = int(start.split(" ", 2)[1])
            body = b"" if to_head or status in {204, 304} else await self._body(dict(headers))
        seconds = asyncio.get_running_loop().time() - started
        return Answer(status, headers, body, seconds, head + body)

    async def get(
        self, target: str, *headers: tuple[str, str], bearer: str | None = BEARER, patience: float = PATIENCE
    ) -> Answer:
        """The answer to a GET with a bearer."""
        await self.send(request(target, *headers, bearer=bearer))
        return await self.answer(patience=patience)

    async def rest(self, *, patience: float = PATIENCE) -> bytes:
        """Everything until the service closes; `TimeoutError` when it does not."""
        async with asyncio.timeout(patience):
            return await self.reader.read()

    def reset(self) -> None:
        """Hangs up at once, with a reset."""
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def close(self) -> None:
        """Hangs up."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            return await self._chunks()
        if "content-length" in headers:
            return await self.reader.readexactly(int(headers["content-length"]))
        return await self.reader.read()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readuntil(b"\r\n")
        return body


def request(
    target: str, *headers: tuple[str, str], bearer: str | None = BEARER, method: str = "GET", body: bytes = b""
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: shim.example.com"]
    lines += [f"Authorization: {bearer}"] if bearer is not None else []
    lines += [f"Content-Length: {len(body)}"] if body or method not in {"GET", "HEAD", "DELETE"} else []
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def get(port: int, target: str, *headers: tuple[str, str], bearer: str | None = BEARER) -> Answer:
    """The answer to one GET on a connection of its own."""
    async with await RawClient.connect(port) as client:
        return await client.get(target, *headers, bearer=bearer)


class Pool:
    """Kept connections to one port, as many as are used at once; a connection whose request failed is thrown away.

    Without `keeps` every request has a connection of its own.
    """

    def __init__(self, port: int, *, keeps: bool = True) -> None:
        self._port = port
        self._keeps = keeps
        self._idle: list[RawClient] = []

    async def get(
        self, target: str, *headers: tuple[str, str], bearer: str | None = BEARER, patience: float = PATIENCE
    ) -> Answer:
        """The answer to a GET, timed from before the connection; cancelled or failed, its connection is reset."""
        started = asyncio.get_running_loop().time()
        client = self._idle.pop() if self._idle else await RawClient.connect(self._port)
        is_whole = False
        try:
            answer = await client.get(target, *headers, bearer=bearer, patience=patience)
            is_whole = self._keeps and answer.header("connection").lower() != "close"
        finally:
            if is_whole:
                self._idle.append(client)
            else:
                client.reset()
        seconds = asyncio.get_running_loop().time() - started
        return Answer(answer.status, answer.headers, answer.body, seconds, answer.raw)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._idle:
            await client.close()
