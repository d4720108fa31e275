"""A plain TCP balancer: each connection goes to the next replica in turn, byte for byte.

It knows connections alone: which request of a client's meets which replica is as much chance as behind a real one.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

PIECE: Final = 65_536


@dataclass(slots=True)
class Balancer:
    """A listener on a free loopback port before the ports of the replicas."""

    targets: Sequence[int]
    port: int = 0
    connections: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = self.targets[self.connections % len(self.targets)]
        self.connections += 1
        # A task of our own: one that the library makes complains aloud when it is cancelled.
        task = asyncio.create_task(_joined(reader, writer, target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    """Passes on what either side says, until both have ended."""
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(_passed(reader, far_writer), _passed(far_reader, writer))
        finally:
            far_writer.close()
    except OSError:
        pass  # one side is gone, so the other is let go
    finally:
        writer.close()


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
