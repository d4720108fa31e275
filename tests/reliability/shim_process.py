"""The real service as a process of its own, `python -m shim serve`, and what it tells of itself from outside.

Its output goes to a file in the run's traces, where `secrets` looks for what must not be there.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.reliability.raw_client import get

PROJECT: Final = Path(__file__).resolve().parents[2]
SERVICE: Final = ("shim", "serve")
START: Final = 20.0
TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
BROKEN: Final = frozenset({"request.failed", "shim.crashed", "log.event_lost", "unreadable"})
"""Events that only a bug causes: the boundary caught something unnamed, or a line is no event at all."""
COMPLAINTS: Final = frozenset({"warning", "error", "critical"})
"""Levels at which a library complains; what it tells below them, it tells whoever debugs it."""


@dataclass(slots=True)
class ShimProcess:
    """A running service; `port` and `ops_port` are its listeners (0: off), `folder` holds `output` and its state."""

    child: asyncio.subprocess.Process
    folder: Path
    port: int = 0
    ops_port: int = 0

    @property
    def output(self) -> Path:
        """Everything it has written, both streams."""
        return self.folder / "output.log"

    def lines(self) -> list[str]:
        """Its output so far."""
        return self.output.read_text(errors="replace").splitlines()

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Its events so far, or those of one name; a line that is no JSON object is the event `unreadable`."""
        events = [_event(line) for line in self.lines()]
        return [event for event in events if name is None or event.get("event") == name]

    def troubles(self) -> list[str]:
        """Lines of its output that only a bug writes: tracebacks, unnamed failures, complaints of libraries."""
        return [
            json.dumps(event)[:400]
            for event in self.events()
            if event.get("event") in BROKEN or _is_complaint(event) or "Traceback" in json.dumps(event)
        ]

    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_bytes(self) -> int:
        """Resident memory now."""
        return int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1]) * PAGE

    def fds(self) -> int:
        """Open file descriptors now."""
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.child.returncode is None

    async def metrics(self) -> dict[str, float]:
        """Every series of /metrics by its whole name with labels; the text is kept among the traces."""
        text = (await get(self.ops_port, "/metrics", bearer=None)).body.decode()
        (self.folder / "metrics.txt").write_text(text)
        pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.child.send_signal(number)

    async def ended(self, patience: float = START) -> int:
        """Waits for the end of the process; its exit code."""
        async with asyncio.timeout(patience):
            return await self.child.wait()


def settings_for(upstream_url: str, **settings: str) -> dict[str, str]:
    """The variables of a service before an upstream: both ports free, no limit that matters, state in a file."""
    return {
        "SHIM_PORT": "0",
        "SHIM_OPS_PORT": str(_free_port()),
        "SHIM_STATE_URL": "sqlite:///./state.db",
        "SHIM_RATE_SHARE": "1000",
        "SHIM_DRAIN": "0",
        "ZOOM_API_URL": f"{upstream_url}/v2",
        "ZOOM_OAUTH_URL": f"{upstream_url}/oauth/token",
        **settings,
    }


@asynccontextmanager
async def shim_process(
    folder: Path, environ: Mapping[str, str], *, program: Sequence[str] = SERVICE
) -> AsyncIterator[ShimProcess]:
    """The service with these variables, listening; asked to end with the block, and killed when it does not."""
    shim = await started(folder, environ, program=program)
    try:
        yield shim
    finally:
        await ended_for_good(shim)


async def started(folder: Path, environ: Mapping[str, str], *, program: Sequence[str] = SERVICE) -> ShimProcess:
    """The service, once it listens; whoever starts it so ends it. `program` is what Python runs."""
    with (folder / "output.log").open("ab") as output:
        seen = output.tell()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *program),
            cwd=folder,
            env={"PYTHONPATH": str(PROJECT), "PATH": os.defpath, **environ},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    shim = ShimProcess(child, folder)
    async with asyncio.timeout(START):
        while (event := _start_event(shim, seen)) is None:
            if child.returncode is not None:
                raise RuntimeError(f"the service did not start: {shim.lines()[-3:]}")
            await asyncio.sleep(0.01)
    shim.port, shim.ops_port = _port(event["addresses"]), _port(event["ops_addresses"])
    return shim


async def ended_for_good(shim: ShimProcess) -> None:
    """Ends the process, gently first."""
    if shim.is_alive:
        shim.signal(signal.SIGINT)
        try:
            await shim.ended(5.0)
        except TimeoutError:
            shim.child.kill()
            await shim.child.wait()


def _start_event(shim: ShimProcess, seen: int) -> dict[str, Any] | None:
    fresh = shim.output.read_bytes()[seen:].decode(errors="replace").splitlines()
    return next((event for line in fresh if (event := _event(line)).get("event") == "shim.started"), None)


def _is_complaint(event: Mapping[str, Any]) -> bool:
    return event.get("event") == "library.message_logged" and event.get("level") in COMPLAINTS


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"event": "unreadable", "line": line}
    return event if isinstance(event, dict) else {"event": "unreadable", "line": line}


def _port(addresses: list[str]) -> int:
    return int(addresses[0].rpartition(":")[2]) if addresses else 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
