"""A port that listens: opened over limits and TLS, drained and closed.

Refuses to know what a connection does with its bytes: `shim.connection` does.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Final

from aiohttp import http_parser

from shim.connection import FLUSH, Handler, House, Limits

_STATED: Final = Limits()


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a listener needs to speak TLS 1.2 or newer; raises `OSError` for files that are no such pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


class RunningServer:
    """A listener that serves; whoever started it closes it."""

    def __init__(self, house: House, listener: asyncio.Server) -> None:
        self._house = house
        self._listener = listener
        self.addresses: tuple[tuple[str, int], ...] = tuple(sock.getsockname()[:2] for sock in listener.sockets)

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
        self._listener.close()
        await asyncio.sleep(0)  # what was accepted in this turn of the loop gets its connection first
        await self._house.finish(grace)
        self._house.pre_shutdown()
        await self._house.shutdown(FLUSH)


async def start_server(
    handler: Handler,
    *,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None = None,
    limits: Limits = _STATED,
) -> RunningServer:
    """Serves `handler` on (`host`, `port`; 0 is any free port) until closed.

    A handler's own exception is answered 500, a `web.HTTPException` with its status, both in the envelope. The
    handler is cancelled when its client goes. An exception after the answer began resets the connection.
    """
    _require_c_parser()
    house = House(handler, limits)
    listener = await asyncio.get_running_loop().create_server(
        house,
        host,
        port,
        ssl=ssl_context,
        backlog=limits.backlog,
        ssl_handshake_timeout=limits.handshake_timeout if ssl_context else None,
    )
    return RunningServer(house, listener)


def _require_c_parser() -> None:
    """Raises `RuntimeError` when aiohttp fell back to its Python parser, which has smuggling holes of its own."""
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError(
            "aiohttp runs on its pure-Python HTTP parser, which is not safe to expose: "
            "install a wheel with C extensions and unset AIOHTTP_NO_EXTENSIONS"
        )
