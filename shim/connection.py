"""A client's connection: framing, limits, and the legacy envelope for what never reaches a handler.

The only subclasses of aiohttp, and of asyncio's TLS, stand here. Knows bytes, connections and their limits; refuses to
know routes, callers, Zoom, and how a port is opened (`shim.listener`). Routing is left to one handler, which must go by
`request.raw_path` alone: `url`, `host` and `path` are the client's invention. aiohttp's `aiohttp.server` logger writes
request bytes and exception texts; this module keeps away from it, yet it belongs silenced (`CRITICAL`) wherever logging
is configured.
"""

import asyncio
import socket
import ssl
import struct
from asyncio import sslproto
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import structlog
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import _ErrInfo

from shim.answers import refusal
from shim.boundary import is_an_end
from shim.raw_target import refusal_status

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Refused = Literal["connection", "request"]
"""What no handler ever sees: a client too many, or a request whose bytes or target are not to be believed."""

UNTYPED: Final = web.ResponseKey("untyped", bool)
"""Mark of an answer that must not be given a Content-Type when it has none."""

_REFUSED: Final = web.RequestKey("refused", int)
FLUSH: Final = 1.0
"""Seconds that an answer cut off at the end of all grace gets to leave."""
_ARRIVAL: Final = 0.01
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_log: Final[structlog.typing.FilteringBoundLogger] = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener grants its clients; sizes in bytes, times in seconds."""

    max_line_size: int = 8190
    max_field_size: int = 8190
    max_headers: int = 100
    max_read: int = 65536
    """Most that `request.read()` takes; streaming is not bounded."""
    read_bufsize: int = 65536
    connections: int = 4000
    backlog: int = 1024
    keepalive_timeout: float = 15
    """How long a connection may be without a whole request head: idle, silent or dripping."""
    lingering_time: float = 5
    write_timeout: float = 30
    handshake_timeout: float = 10


def limit_unread(sock: socket.socket, seconds: float) -> None:
    """Has the kernel drop the connection when the peer reads nothing for `seconds`, where the platform can."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def _refused(message: RawRequestMessage) -> int | None:
    """The status of a request that aiohttp would let through and we do not."""
    if message.version not in (HttpVersion10, HttpVersion11) or message.method == hdrs.METH_CONNECT:
        return 400
    if message.version == HttpVersion10 and hdrs.TRANSFER_ENCODING in message.headers:
        return 400  # RFC 9112 6.1: its framing is faulty
    if message.headers.get(hdrs.TRANSFER_ENCODING, "chunked").lower() != "chunked":
        return 400  # none, or one below the chunks, which nobody here takes off: it would go on as content
    if message.version == HttpVersion11 and message.headers.get(hdrs.EXPECT, "100-continue").lower() != "100-continue":
        return 417
    return refusal_status(message.path)


class _Request(web.BaseRequest):
    """A request whose answer learns as late as possible whether the connection goes on."""

    # aiohttp caches this one; draining may begin between two looks.
    @property
    def keep_alive(self) -> bool:
        """Whether the connection outlives the answer."""
        return not self._message.should_close and not cast(_Connection, self.protocol).draining

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Takes back what aiohttp adds of its own, just before the head is written."""
        # aiohttp puts in this very object; an upstream's equal text is another one and stays.
        if response.headers.get(hdrs.SERVER) is SERVER_SOFTWARE:
            del response.headers[hdrs.SERVER]
        if response.get(UNTYPED):
            response.headers.popall(hdrs.CONTENT_TYPE, None)


class _Connection(web.RequestHandler):
    """One client's connection; every refusal of the parser and every failure of a handler ends in `handle_error`."""

    __slots__ = ("_admitted", "_house")

    def __init__(self, house: "House", loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(
            house,
            loop=loop,
            max_line_size=limits.max_line_size,
            max_field_size=limits.max_field_size,
            max_headers=limits.max_headers,
            keepalive_timeout=limits.keepalive_timeout,
            lingering_time=limits.lingering_time,
            read_bufsize=limits.read_bufsize,
            tcp_keepalive=True,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type] # None is how it is switched off
        )
        self._house = house
        self._admitted = False

    @property
    def draining(self) -> bool:
        """Whether answers close their connection."""
        return self._house.draining

    @property
    def has_asked(self) -> bool:
        """Whether a request has come."""
        return self._request_count > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the client in, or closes at once when the house is full."""
        self._house.handshaking.discard(self)
        if self._house.is_full:
            self._house.turn_away()
            cast(asyncio.Transport, transport).abort()
            return
        self._admitted = True
        self._house.occupied += 1
        limit_unread(transport.get_extra_info("socket"), self._house.limits.write_timeout)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Gives the client's place free."""
        if self._admitted:
            self._admitted = False
            self._house.occupied -= 1
            self._house.is_crowded = False
        super().connection_lost(exc)

    def wait_no_more(self) -> None:
        """Ends with the answer, also when a body is still coming: aiohttp would give it `lingering_time` once more."""
        self._lingering_time = 0

    def data_received(self, data: bytes) -> None:
        """Wakes a handler whose body turned out broken: aiohttp would have it wait for the rest for ever."""
        super().data_received(data)
        broken = self._messages and isinstance(self._messages[-1][0], _ErrInfo)
        if broken and self._current_request is not None and not self._current_request.content.is_eof():
            self._current_request.content.set_exception(web.RequestPayloadError())

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - aiohttp's signature; what happened is told by `exc`
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; the text quotes the request
    ) -> web.StreamResponse:
        """The envelope for what the parser refused (400) or a handler raised (500); a reset once bytes are out."""
        error = type(exc).__name__ if exc else "TimeoutError"  # the one that aiohttp keeps for itself
        if request.writer.output_size > 0:
            _log.warning("answer.cut", error=error)
            self._reset()
            raise ConnectionError("the answer had begun")
        if isinstance(exc, HttpProcessingError):
            self._house.refuse(400, error=error)
            return refusal(400)
        _log.error("handler.failed", error=error)
        return refusal(500)

    def log_exception(self, *args: Any, **kw: Any) -> None:  # noqa: ARG002 - the texts are what is kept out
        """Names the class of what went wrong where aiohttp would write texts and request bytes."""
        _log.error("connection.failed", error=type(kw.get("exc_info")).__name__)

    def _reset(self) -> None:
        """Ends the connection so that no client takes what it got for the whole."""
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()


class Handshake(sslproto.SSLProtocol):
    """What `create_server` makes of `ssl`, but a client has a place, or is closed at once, before it says a word."""

    def __init__(self, house: "House", context: ssl.SSLContext) -> None:
        self._house = house
        self._client = house()
        super().__init__(
            asyncio.get_running_loop(),
            self._client,
            context,
            None,  # type: ignore[arg-type] # nobody waits for it
            server_side=True,
            ssl_handshake_timeout=house.limits.handshake_timeout,  # type: ignore[arg-type] # a float does
            ssl_shutdown_timeout=house.limits.lingering_time,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the handshake, or closes at once when the house is full."""
        if self._house.is_full:
            self._house.turn_away()
            cast(asyncio.Transport, transport).abort()
            return
        self._house.handshaking.add(self._client)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Gives the place free when the handshake came to nothing."""
        if self._client in self._house.handshaking:
            self._house.handshaking.discard(self._client)
            self._house.is_crowded = False
        super().connection_lost(exc)


def wait_no_more(request: web.BaseRequest) -> None:
    """Has the connection end with the answer, whose client was waited for long enough."""
    cast(_Connection, request.protocol).wait_no_more()


class House(web.Server):
    """All connections of one listener, and what stands between them and the handler."""

    def __init__(
        self, handler: Handler, limits: Limits, *, on_refusal: Callable[[Refused], None] = lambda _: None
    ) -> None:
        super().__init__(self._answer, request_factory=self._receive, handler_cancellation=True)
        self.limits = limits
        self.draining = False
        self.occupied = 0
        self.handshaking: set[_Connection] = set()
        self.is_crowded = False
        self._on_refusal = on_refusal
        self._handler = handler
        self._under_way: set[asyncio.Task[Any]] = set()

    def __call__(self) -> _Connection:
        """A connection with our limits: aiohttp's own falls back to none when a keyword is wrong."""
        return _Connection(self, self._loop, self.limits)

    @property
    def is_full(self) -> bool:
        """Whether no client fits any more, those in their handshake counted."""
        return self.occupied + len(self.handshaking) >= self.limits.connections

    def turn_away(self) -> None:
        """Tells of a client that does not fit: each is counted, and a crowd is one event."""
        self._on_refusal("connection")
        if not self.is_crowded:
            self.is_crowded = True
            _log.warning("connection.refused", connections=self.occupied + len(self.handshaking))

    def refuse(self, status: int, **why: str) -> None:
        """Tells of a request that no handler sees."""
        self._on_refusal("request")
        _log.info("request.refused", status=status, **why)

    async def settle(self, seconds: float) -> None:
        """Waits until whoever is connected has asked for something, `seconds` at the most."""
        await asyncio.sleep(0)  # what was accepted in this turn of the loop gets its connection first
        for _ in range(round(seconds / _ARRIVAL)):
            await asyncio.sleep(_ARRIVAL)  # what has come over a kept connection becomes a request
            if all(cast(_Connection, one).has_asked for one in self.connections):
                return

    async def finish(self, grace: float) -> None:
        """Waits `grace` seconds for requests under way, also new ones on kept connections, then cancels them."""
        loop = asyncio.get_running_loop()
        until = loop.time() + grace
        while self._under_way and loop.time() < until:
            await asyncio.wait(self._under_way, timeout=until - loop.time())
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FLUSH)

    def _receive(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """The request, already judged; a refused one is answered as HTTP/1.1, whatever it claimed to be."""
        status = _refused(message)
        if status is not None:
            message = message._replace(version=HttpVersion11)
        state: dict[web.RequestKey[Any] | str, Any] = {} if status is None else {_REFUSED: status}
        size = self.limits.max_read
        return _Request(message, payload, protocol, writer, task, self._loop, client_max_size=size, state=state)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The handler's answer, or the envelope in its place."""
        status = request.get(_REFUSED)
        if status is not None:
            self.refuse(status)
            return refusal(status)
        self._follow()
        if hdrs.EXPECT in request.headers and request.version == HttpVersion11:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # an interim reply is no beginning of the answer
        try:
            answer = await self._handler(request)
        except web.HTTPException as raised:
            answer = refusal(raised.status)
        except web.RequestPayloadError:
            answer = refusal(400)
        except BaseException as failure:
            if isinstance(failure, Exception) or is_an_end(failure):
                raise
            raise RuntimeError("neither an answer nor an end") from failure
        if request.writer.output_size > 0 and not answer.prepared:
            raise RuntimeError("a second answer after the first began")
        await answer.prepare(request)  # here, so that a header that cannot be written is a 500 too
        return answer

    def _follow(self) -> None:
        """Counts the running task as under way until its answer is written."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
