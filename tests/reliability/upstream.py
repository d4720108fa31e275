"""An upstream on raw streams that answers as Zoom does, spoils answers as told, and counts at the socket.

Whatever arrives is counted before anything is decided, also what aiohttp's client would send twice without a word.
It refuses to know the service under test.
"""

import asyncio
import random
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final, Literal, Self

from tests.reliability.zoom_answers import JSON, Reply, Request

MOST_ARRIVALS: Final = 400_000
OUTAGE: Final = b'{"code":503,"message":"Service Unavailable"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """How one answer is spoiled; what is left out stays true.

    `raw` replaces every byte of it, `alter` the body; `before` and `stray` stand around it. `delay` seconds pass before
    the first byte; with a `drip` that many seconds between pieces of `piece` bytes. After `cut` bytes (from the end
    when negative) the connection ends: closed, reset, or left open for good (`hang`).
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    alter: Callable[[bytes], bytes] | None = None
    raw: bytes | None = None
    framing: Literal["length", "chunked", "none"] = "length"
    delay: float = 0.0
    drip: float = 0.0
    piece: int = 1
    cut: int | None = None
    before: bytes = b""
    stray: bytes = b""
    endless: bytes = b""
    end: Literal["keep", "close", "reset", "hang"] = "keep"


@dataclass(slots=True)
class Rule:
    """A play for requests that fit; `times` of them in all (None: every one), or `each` for every target apart."""

    fits: Callable[[Request], bool]
    play: Play
    times: int | None = 1
    skip: int = 0
    each: int | None = None
    taken: int = 0
    _by_target: Counter[str] = field(default_factory=Counter)

    def takes(self, request: Request) -> bool:
        """Whether this request is spoiled; counts it when it is."""
        if (self.times is not None and self.taken >= self.times) or not self.fits(request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.each is not None and self._by_target[request.target] >= self.each:
            return False
        self._by_target[request.target] += 1
        self.taken += 1
        return True


@dataclass(slots=True)
class FakeUpstream:
    """A server on a free loopback port. `answer` is the truth; everything else may be changed while it runs.

    `error_rate` is the part of all API requests answered 503 instead, by the seed's own chance; `is_out` answers all
    so; `latency` is a delay before every answer.
    """

    answer: Callable[[Request], Reply]
    seed: int = 0
    port: int = 0
    is_out: bool = False
    error_rate: float = 0.0
    error_prefix: str = "/phone/"
    latency: float = 0.0
    connections: int = 0
    open: int = 0
    requests: int = 0
    by_name: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    by_path: Counter[str] = field(default_factory=Counter)
    by_second: Counter[int] = field(default_factory=Counter)
    arrivals: deque[Request] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))
    rules: list[Rule] = field(default_factory=list)
    _chance: random.Random = field(init=False)
    _server: asyncio.Server | None = None
    _turns: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} errors")

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=1 << 20, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for turn in set(self._turns):
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def now() -> float:
        """The moment by which arrivals are told."""
        return asyncio.get_running_loop().time()

    def chance(self, what: str) -> random.Random:
        """Chance of this upstream's seed."""
        return random.Random(f"{self.seed} {what}")

    def spoil(
        self,
        where: str | Callable[[Request], bool],
        play: Play,
        *,
        times: int | None = 1,
        skip: int = 0,
        each: int | None = None,
    ) -> Rule:
        """Spoils the answers to requests whose path below `/v2` begins with `where`, or which it accepts."""
        fits = (lambda request: request.path.startswith(where)) if isinstance(where, str) else where
        rule = Rule(fits, play, times, skip, each)
        self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Every answer is true again, from now on."""
        self.rules.clear()
        self.is_out, self.error_rate, self.latency = False, 0.0, 0.0

    def forget(self) -> None:
        """Sets every count back."""
        self.requests = self.connections = 0
        for counts in (self.by_name, self.by_status, self.by_path, self.by_second):
            counts.clear()
        self.arrivals.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one that the library makes complains aloud when it is cancelled.
        task = asyncio.create_task(self._serve(reader, writer))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while await self._turn(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # the client left, or said what is no HTTP: nothing to answer
        finally:
            self.open -= 1
            writer.close()

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        request = Request(asyncio.get_running_loop().time(), method, target, headers, head=head)
        self._count(request)
        if length := int(headers.get("content-length", "0")):
            request = replace(request, body=await reader.readexactly(length))
        reply, play = self.answer(request), self._play(request)
        self.by_name[reply.name] += 1
        self.by_status[play.status or reply.status] += 1
        return await _perform(reader, writer, _spoiled(reply, play), play)

    def _count(self, request: Request) -> None:
        self.requests += 1
        self.by_path[request.path] += 1
        self.by_second[int(request.at)] += 1
        self.arrivals.append(request)

    def _play(self, request: Request) -> Play:
        for rule in self.rules:
            if rule.takes(request):
                return rule.play
        is_api = request.path.startswith(self.error_prefix)
        if is_api and (self.is_out or (self.error_rate and self._chance.random() < self.error_rate)):
            return Play(status=503, body=OUTAGE, delay=self.latency)
        return Play(delay=self.latency)


def _spoiled(reply: Reply, play: Play) -> bytes:
    """The bytes of the whole answer as the play wants them."""
    if play.raw is not None:
        return play.raw
    body = reply.body if play.body is None else play.body
    if play.alter is not None:
        body = play.alter(body)
    status = play.status or reply.status
    # A header of the play replaces the true one of that name.
    named = {name.lower() for name, _ in play.headers}
    own = reply.headers if play.status is None else JSON
    headers = [*(pair for pair in own if pair[0].lower() not in named), *play.headers]
    if play.framing == "length":
        headers.append(("Content-Length", str(len(body))))
    elif play.framing == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in _pieces(body, 512)) + b"0\r\n\r\n"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers)]
    return play.before + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body + play.stray


async def _perform(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes, play: Play) -> bool:
    """Sends an answer as the play wants it; whether the connection may be used again."""
    if play.delay:
        await asyncio.sleep(play.delay)
    data = data if play.cut is None else data[: play.cut]
    for part in _pieces(data, play.piece) if play.drip else (data,):
        writer.write(part)
        await writer.drain()
        if play.drip:
            await asyncio.sleep(play.drip)
    while play.endless:
        writer.write(play.endless)
        await writer.drain()
    if play.end == "hang":
        await reader.read()  # until the client gives up
        return False
    if play.end == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    return play.cut is None and play.end == "keep" and play.framing != "none"


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]
