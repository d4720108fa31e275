"""A TCP pump between two sides that spoils what passes, with toxiproxy's toxics under their names.

Toxics may be put in and taken out while bytes flow. It knows bytes and time alone.
"""

import asyncio
import random
import socket
import struct
from dataclasses import dataclass, field
from typing import Final, Literal, Self

PIECE: Final = 65_536
Direction = Literal["upstream", "downstream"]


@dataclass(frozen=True, slots=True)
class Latency:
    """Every piece comes `seconds` later, by up to `jitter` more."""

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """No more than so many bytes a second."""

    bytes_a_second: float


@dataclass(frozen=True, slots=True)
class SlowClose:
    """The end of the stream comes `seconds` later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Timeout:
    """Nothing passes; the connection ends after `seconds`, or never when they are 0."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ResetPeer:
    """The connection is reset after `seconds`."""

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Slicer:
    """What passes is cut into pieces of `size` bytes, `seconds` apart."""

    size: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LimitData:
    """The connection ends once so many bytes have passed."""

    most: int


Toxic = Latency | Bandwidth | SlowClose | Timeout | ResetPeer | Slicer | LimitData


class _End(Exception):
    """The toxic ends the connection; `is_reset` says how."""

    def __init__(self, *, is_reset: bool) -> None:
        super().__init__()
        self.is_reset = is_reset


@dataclass(slots=True)
class Toxics:
    """A pump on a free loopback port to `target`. `is_down` refuses connections, as toxiproxy's `down` does."""

    target: int
    seed: int = 0
    port: int = 0
    connections: int = 0
    is_down: bool = False
    upstream: list[Toxic] = field(default_factory=list)
    downstream: list[Toxic] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} toxics")

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        """Takes every toxic out; connections already spoiled stay so."""
        self.upstream.clear()
        self.downstream.clear()
        self.is_down = False

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one that the library makes complains aloud when it is cancelled.
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.is_down:
                _reset(writer)
                return
            await self._pump(reader, writer)
        except OSError:
            pass  # one side is gone, so the other is let go
        finally:
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [
            asyncio.create_task(self._way("upstream", reader, far_writer)),
            asyncio.create_task(self._way("downstream", far_reader, writer)),
        ]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in done:
                if isinstance(end := way.exception(), _End) and end.is_reset:
                    _reset(writer)
                    _reset(far_writer)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()

    async def _way(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while piece := await reader.read(PIECE):
            toxics = list(self.upstream if direction == "upstream" else self.downstream)
            await self._hold_back(toxics, len(piece))
            room = min((toxic.most - passed for toxic in toxics if isinstance(toxic, LimitData)), default=len(piece))
            await _write(writer, piece[: max(0, room)], toxics)
            passed += len(piece)
            if room <= len(piece) and any(isinstance(toxic, LimitData) for toxic in toxics):
                raise _End(is_reset=False)
        for toxic in self.upstream if direction == "upstream" else self.downstream:
            if isinstance(toxic, SlowClose):
                await asyncio.sleep(toxic.seconds)
        if writer.can_write_eof():
            writer.write_eof()

    async def _hold_back(self, toxics: list[Toxic], size: int) -> None:
        for toxic in toxics:
            match toxic:
                case Latency(seconds=seconds, jitter=jitter):
                    await asyncio.sleep(seconds + self._chance.uniform(0, jitter))
                case Bandwidth(bytes_a_second=rate):
                    await asyncio.sleep(size / rate)
                case ResetPeer(seconds=seconds):
                    await asyncio.sleep(seconds)
                    raise _End(is_reset=True)
                case Timeout(seconds=seconds):
                    await (asyncio.sleep(seconds) if seconds else asyncio.Event().wait())
                    raise _End(is_reset=False)
                case _:
                    pass


async def _write(writer: asyncio.StreamWriter, piece: bytes, toxics: list[Toxic]) -> None:
    slicer = next((toxic for toxic in toxics if isinstance(toxic, Slicer)), None)
    size = slicer.size if slicer else PIECE
    for start in range(0, len(piece), size):
        writer.write(piece[start : start + size])
        await writer.drain()
        if slicer and slicer.seconds:
            await asyncio.sleep(slicer.seconds)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
