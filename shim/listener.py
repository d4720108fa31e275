"""A port that listens: opened over limits and TLS, drained and closed.

Refuses to know what a connection does with its bytes: `shim.connection` does.
"""

import asyncio
import resource
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from aiohttp import http_parser

from shim.connection import FLUSH, Handler, Handshake, House, Limits, Refused

SETTLING: Final = 0.25
"""Seconds that a client gets, once connected, to bring a first request although the listener has closed."""
LEAST_CLIENTS: Final = 16
KEPT_FREE: Final = 320
"""Descriptors that clients never get: 252 connections to Zoom, and some for the state, the log and the listeners."""
OPS_CLIENTS: Final = 64
"""Scrapers and probes, never clients."""
_STATED: Final = Limits()


def open_files() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def clients_that_fit(open_files: int) -> int:
    """How many clients to let in where a process may have so many files open: never all, or nothing else would work."""
    return max(LEAST_CLIENTS, min(_STATED.connections, open_files - KEPT_FREE))


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a listener needs to speak TLS 1.2 or newer; raises `OSError` for files that are no such pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


class RunningServer:
    """A port that serves; whoever started it closes it."""

    def __init__(self, house: House, server: asyncio.Server, tls: Mapping[str, Any]) -> None:
        self._house = house
        self._server = server
        self._tls = tls
        self.addresses: tuple[tuple[str, int], ...] = tuple(sock.getsockname()[:2] for sock in server.sockets)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self._house.occupied

    def drain(self) -> None:
        """Goes on serving, but every answer from now on, those under way too, says `Connection: close`."""
        self._house.draining = True

    async def close(self, grace: float) -> None:
        """Stops listening, lets requests under way finish for `grace` seconds, cuts the rest. Idempotent."""
        self.drain()
        if self._server.is_serving():
            await self._stop_listening()
        await self._house.settle(min(grace, SETTLING))
        await self._house.finish(grace)
        self._house.pre_shutdown()
        await self._house.shutdown(FLUSH)

    async def _stop_listening(self) -> None:
        """Lets in who stands at the door, then closes it: by what they see they are connected, and they have asked."""
        loop = asyncio.get_running_loop()
        doors = [sock.dup() for sock in self._server.sockets]
        for sock in self._server.sockets:
            loop.remove_reader(sock.fileno())
        # Whom asyncio has accepted, but not yet made a connection of, it would drop without a word in closing.
        await asyncio.sleep(0)
        self._server.close()  # it accepts no more, while the doors are still open
        arrived = [client for door in doors for client in _accepted(door)]
        for door in doors:
            door.close()
        joining = (loop.connect_accepted_socket(self._house, client, **self._tls) for client in arrived)
        await asyncio.gather(*joining, return_exceptions=True)


def _accepted(door: socket.socket) -> Iterator[socket.socket]:
    """The clients whose connection the kernel has made already."""
    with suppress(OSError):  # BlockingIOError behind the last one; one that has gone again ends it as well
        while True:
            client, _ = door.accept()
            client.setblocking(False)
            yield client


async def start_server(
    handler: Handler,
    *,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None = None,
    limits: Limits = _STATED,
    on_refusal: Callable[[Refused], None] = lambda _: None,
) -> RunningServer:
    """Serves `handler` on (`host`, `port`; 0 is any free port) until closed; `on_refusal` is told of what it refuses.

    A handler's own exception is answered 500, a `web.HTTPException` with its status, both in the envelope. The
    handler is cancelled when its client goes. An exception after the answer began resets the connection.
    """
    _require_c_parser()
    house = House(handler, limits, on_refusal=on_refusal)
    tls: dict[str, Any] = {}
    if ssl_context is not None:
        tls = {
            "ssl": ssl_context,
            "ssl_handshake_timeout": limits.handshake_timeout,
            "ssl_shutdown_timeout": limits.lingering_time,
        }

    def client() -> asyncio.BaseProtocol:
        return house() if ssl_context is None else Handshake(house, ssl_context)

    server = await asyncio.get_running_loop().create_server(client, host, port, backlog=limits.backlog)
    return RunningServer(house, server, tls)


def _require_c_parser() -> None:
    """Raises `RuntimeError` when aiohttp fell back to its Python parser, which has smuggling holes of its own."""
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError(
            "aiohttp runs on its pure-Python HTTP parser, which is not safe to expose: "
            "install a wheel with C extensions and unset AIOHTTP_NO_EXTENSIONS"
        )
