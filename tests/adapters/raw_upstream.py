"""An upstream that answers scripted bytes and counts what reaches its socket.

It knows nothing of HTTP beyond where a request's head ends, so it can be as wrong as a script wants: cut, silent,
dripping, talking too much. One `Play` answers one request; the last play answers all that follow.
"""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal, Self

End = Literal["keep", "close", "reset", "hang"]


@dataclass(frozen=True, slots=True)
class Play:
    """What one request is answered with: bytes to send and seconds to pause in between, then the connection's end.

    `keep` waits for the next request, `close` ends cleanly, `reset` sends an RST, `hang` says nothing more.
    """

    parts: tuple[bytes | float, ...]
    end: End = "keep"


def reply(status: int = 200, body: bytes = b"{}", *headers: str, reason: str = "Scripted") -> bytes:
    """A whole reply with its length."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def json_reply(status: int, value: Any, *headers: str) -> bytes:
    """A whole reply whose body is `value` as JSON."""
    return reply(status, json.dumps(value).encode(), "Content-Type: application/json", *headers)


class RawUpstream:
    """Use as `async with RawUpstream(bytes or Play, ...) as upstream`; `heads` and `bodies` are what it was asked."""

    def __init__(self, *script: bytes | Play) -> None:
        self.script = script
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def targets(self) -> list[str]:
        """The request targets that arrived, as sent."""
        return [head.split(b" ")[1].decode("latin-1") for head in self.heads]

    def header(self, name: str, *, request: int = -1) -> list[str]:
        """Every value of a header in one of the requests that arrived."""
        lines = self.heads[request].decode("latin-1").split("\r\n")[1:]
        pairs = [line.partition(":") for line in lines]
        return [value.strip() for spelled, _, value in pairs if spelled.lower() == name.lower()]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_next(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    async def _answer_next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        self.bodies.append(await reader.readexactly(int("".join(self.header("Content-Length")) or 0)))
        scripted = self.script[min(len(self.heads), len(self.script)) - 1]
        play = Play((scripted,)) if isinstance(scripted, bytes) else scripted
        for part in play.parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
        if play.end == "hang":
            await asyncio.Event().wait()
        if play.end == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return play.end == "keep"
