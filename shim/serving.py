"""The life of the service process: start, serve, drain, end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from shim.settings import Settings
from shim.wiring import RunningShim, running
from shim.wrapping import Wrapping, as_made

WRITING: Final = 1.0
"""Seconds beyond the deadline that an answer under way gets to be written."""


async def serve(settings: Settings, *, wrap: Wrapping = as_made) -> int:
    """Serves until SIGTERM or SIGINT; the exit status.

    SIGTERM drains: probes and answers send clients elsewhere while the listener stays open for `SHIM_DRAIN` seconds,
    then requests under way finish. A terminal that closes asks for the same. SIGINT, or a second signal, does not wait.
    """
    log = structlog.get_logger()
    signals = _Signals()
    try:
        async with running(settings, wrap=wrap) as shim:
            signals.listen()  # first: whoever reads that it has started may send a signal at once
            _log_start(shim, settings)
            await signals.term.wait()
            log.info("shim.draining", seconds=settings.drain)
            shim.drain()
            if not await signals.hurry_within(settings.drain):
                await signals.unless_hurried(shim.close(settings.deadline + WRITING))
    except OSError as refused:
        log.critical("shim.not_started", error=type(refused).__name__, errno=refused.errno)
        return 1
    log.info("shim.stopped")
    return 0


class _Signals:
    """SIGTERM and SIGHUP ask to drain, SIGINT and any second signal to hurry."""

    def __init__(self) -> None:
        self.term = asyncio.Event()
        self._hurry = asyncio.Event()

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._asked, False)
        loop.add_signal_handler(signal.SIGHUP, self._asked, False)
        loop.add_signal_handler(signal.SIGINT, self._asked, True)

    def _asked(self, at_once: bool) -> None:  # noqa: FBT001 - called by the loop, never by us
        if at_once or self.term.is_set():
            self._hurry.set()
        self.term.set()

    async def hurry_within(self, seconds: float) -> bool:
        """Waits for `seconds`; True as soon as somebody is in a hurry."""
        try:
            async with asyncio.timeout(seconds):
                return await self._hurry.wait()
        except TimeoutError:
            return False

    async def unless_hurried(self, closing: Coroutine[Any, Any, None]) -> None:
        """Waits for the end of `closing`, or cuts it short as soon as somebody is in a hurry."""
        hurry, end = asyncio.ensure_future(self._hurry.wait()), asyncio.ensure_future(closing)
        await asyncio.wait({hurry, end}, return_when=asyncio.FIRST_COMPLETED)
        for task in (hurry, end):
            task.cancel()
        await asyncio.wait({hurry, end})
        if not end.cancelled():
            end.result()


def _log_start(shim: RunningShim, settings: Settings) -> None:
    log = structlog.get_logger()
    scheme = "https" if settings.tls_cert else "http"
    ops = shim.ops_server.addresses if shim.ops_server else ()
    log.info(
        "shim.started",
        addresses=[f"{scheme}://{host}:{port}" for host, port in shim.server.addresses],
        ops_addresses=[f"http://{host}:{port}" for host, port in ops],
        fidelity=settings.fidelity,
        profile=settings.profile,
        calls_as="app" if settings.is_app else "caller",
        pass_through=settings.pass_through,
    )
    if settings.lends_app:
        log.warning("pass_through.lends_credential", clients=sorted({key.name for key in settings.client_keys}))
    if settings.state_url.is_memory and not settings.token_keys:
        log.warning("page_tokens.end_with_process")
