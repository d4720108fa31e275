"""The command line as an operator meets it: real processes, their exit codes and what they say."""

import contextlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from shim.health_probe import ask_health
from tests.shim.certificates import write_certificate

PROJECT = Path(__file__).resolve().parents[2]
IPV6 = socket.has_ipv6 and Path("/proc/net/if_inet6").exists() and "00000001" in Path("/proc/net/if_inet6").read_text()
STAND_IN = """
import sys, types
service = types.ModuleType("shim.{module}")
{body}
sys.modules["shim.{module}"] = service
from shim.cli import main
main()
"""


def run(*arguments: str, environ: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command, in `folder`, with no other variables than these."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT), "PATH": os.defpath, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def shim(tmp_path):
    """Runs `python -m shim` in an empty folder; variables are keywords."""
    return lambda *arguments, **environ: run("-m", "shim", *arguments, environ=environ, folder=tmp_path)


@pytest.fixture
def shim_around(tmp_path):
    """Runs a command whose service is a stand-in of a few lines; variables are keywords."""

    def run_it(module: str, body: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return run("-c", STAND_IN.format(module=module, body=body), *arguments, environ=environ, folder=tmp_path)

    return run_it


class TestCheck:
    """`check`: are the settings good?"""

    def test_good_settings_are_shown_by_their_differences(self, shim):
        """Exit 0, one line with what differs from the defaults, nothing else."""
        done = shim("check", SHIM_PORT="9000")
        assert (done.returncode, done.stdout, done.stderr) == (0, "ok Settings(SHIM_PORT=9000)\n", "")

    def test_bad_settings_are_listed_one_a_line_each_with_its_remedy(self, shim):
        """Exit 2 and every problem at once, on standard error."""
        done = shim("check", SHIM_PORT="http", SHIM_PLAM="pro", ZOOM_API_URL="api.zoom.us")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            "SHIM_PLAM is unknown: did you mean SHIM_PLAN?",
            "SHIM_PORT should be a valid integer, unable to parse string as an integer: "
            "give a whole number from 0 to 65535",
            "ZOOM_API_URL is no http or https address with a host: "
            "give an http or https address with a host, and without credentials, query or fragment",
        ]

    def test_what_may_surprise_is_a_warning(self, shim):
        """Doubtful choices are said and change no exit code."""
        done = shim("check", SHIM_STATE_URL="memory://")
        assert done.returncode == 0
        assert done.stderr == (
            "warning: SHIM_STATE_URL is memory://: remembered ids and page tokens end with the process\n"
        )

    def test_no_key_is_shown(self, shim):
        """Keys are masked in what `check` prints."""
        key = Fernet.generate_key().decode()
        done = shim("check", SHIM_TOKEN_KEYS=key)
        assert (done.returncode, "SHIM_TOKEN_KEYS=" in done.stdout, key in done.stdout) == (0, True, False)

    def test_a_name_that_breaks_lines_stays_on_its_own(self, shim):
        """A variable's name cannot forge a line of the answer."""
        done = shim("check", **{"SHIM_X\nok \x1b[32mSettings()": "1"})
        assert done.stderr == ("SHIM_X\\nok \\x1b[32mSettings() is unknown: remove it; this version has no such name\n")

    @pytest.mark.parametrize("command", ["check", "serve", "health"])
    def test_the_env_file_may_be_named_on_every_command(self, shim, tmp_path, command):
        """`--env-file` is read by each command that needs settings."""
        (tmp_path / "env").write_text("SHIM_PORT=none\n", encoding="utf-8")
        done = shim(command, "--env-file", "env")
        assert (done.returncode == 0, done.stderr.startswith("SHIM_PORT ")) == (False, True)

    def test_the_version_is_the_packages(self, shim):
        """`--version` names the program and its version."""
        done = shim("--version")
        assert (done.returncode, done.stdout.split()[0]) == (0, "zoom-call-log-shim")

    def test_checking_leaves_the_folder_as_it_was(self, shim, tmp_path):
        """No state file is made by looking."""
        shim("check")
        assert list(tmp_path.iterdir()) == []


class TestServe:
    """`serve`: refuses bad settings, else runs the service to its end."""

    def test_bad_settings_stop_it_before_it_starts(self, shim):
        """Exit 2 with every problem, nothing on standard output."""
        done = shim("serve", SHIM_PORT="http", SHIM_DEADLINE="0")
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 2)

    def test_the_services_own_end_is_the_exit_code(self, shim_around):
        """The service gets the settings; what it returns is what the process exits with."""
        body = "async def serve(settings): return settings.port\nservice.serve = serve"
        assert shim_around("serving", body, "serve", SHIM_PORT="7").returncode == 7

    def test_logs_are_configured_before_the_service_starts(self, shim_around):
        """The first event is already in the chosen format, on standard output."""
        body = (
            "async def serve(settings):\n"
            "    import structlog\n"
            "    structlog.get_logger().info('shim.started', port=settings.port)\n"
            "    return 0\n"
            "service.serve = serve"
        )
        done = shim_around("serving", body, "serve")
        assert (json.loads(done.stdout)["event"], json.loads(done.stdout)["port"]) == ("shim.started", 8080)

    def test_a_crash_is_one_line_without_its_text(self, shim_around):
        """An unforeseen failure ends the process with 1 and shows no traceback."""
        body = "async def serve(settings): raise RuntimeError('Bearer abc')\nservice.serve = serve"
        done = shim_around("serving", body, "serve")
        line = json.loads(done.stdout)
        assert (done.returncode, line["event"], line["failure"]) == (1, "shim.crashed", ["RuntimeError"])
        assert ("abc" in done.stdout, done.stderr) == (False, "")


class TestDemo:
    """`demo`: the worked example."""

    @pytest.mark.parametrize(
        ("arguments", "seen"), [((), "False 0"), (("--once",), "True 0"), (("--port", "8090"), "False 8090")]
    )
    def test_the_example_gets_its_choices(self, shim_around, arguments, seen):
        """By default it keeps serving on a free port; both can be chosen."""
        body = "async def demo(*, once, port):\n    print(once, port)\n    return 0\nservice.demo = demo"
        done = shim_around("demo", body, "demo", *arguments)
        assert (done.returncode, done.stdout) == (0, f"{seen}\n")

    def test_ctrl_c_is_a_good_end(self, shim_around):
        """Who leaves the demo with Ctrl-C has seen no failure."""
        body = (
            "import asyncio, os, signal\n"
            # A shell that runs the tests in the background has the signal ignored, and children inherit that.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "async def demo(*, once, port):\n"
            "    os.kill(os.getpid(), signal.SIGINT)\n"
            "    await asyncio.Event().wait()\n"
            "service.demo = demo"
        )
        done = shim_around("demo", body, "demo")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class _Service(http.server.BaseHTTPRequestHandler):
    """Answers every path but `/healthz` with 404, that one with its server's status."""

    def do_GET(self) -> None:
        """One answer without a body."""
        status: HTTPStatus = self.server.status  # type: ignore[attr-defined]  # set in `serving` below
        self.send_response({"/healthz": status}.get(self.path, HTTPStatus.NOT_FOUND))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serving(
    status: HTTPStatus, context: ssl.SSLContext | None = None, family: socket.AddressFamily = socket.AF_INET
) -> Iterator[int]:
    """A service on a free loopback port, over TLS when a context is given."""
    kind = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": family})
    with kind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), _Service) as server:
        server.status = status
        server.socket = context.wrap_socket(server.socket, server_side=True) if context else server.socket
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A loopback listener that answers nothing by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


class TestHealth:
    """`health`: is the running service alive?"""

    @pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
    def test_a_service_that_is_well_is_exit_0(self, shim, host):
        """A listener on every interface is asked on this host's own address."""
        with serving(HTTPStatus.OK) as port:
            done = shim("health", SHIM_HOST=host, SHIM_PORT=str(port))
        assert (done.returncode, done.stderr) == (0, "well: status 200\n")

    @pytest.mark.skipif(not IPV6, reason="this host has no IPv6 loopback")
    def test_every_ipv6_interface_is_asked_on_the_ipv6_loopback(self):
        """`::` is an address to listen on, not one to call."""
        with serving(HTTPStatus.OK, family=socket.AF_INET6) as port:
            assert ask_health("::", port, tls=False).well

    def test_another_answer_is_exit_1(self, shim):
        """Any status but 200 is not well."""
        with serving(HTTPStatus.SERVICE_UNAVAILABLE) as port:
            done = shim("health", SHIM_PORT=str(port))
        assert (done.returncode, done.stderr) == (1, "not well: status 503\n")

    def test_nobody_there_is_exit_1(self, shim):
        """A refused connection is not well."""
        with listening() as listener:
            port = listener.getsockname()[1]
        done = shim("health", SHIM_PORT=str(port))
        assert (done.returncode, done.stderr) == (1, "not well: no connection\n")

    def test_a_port_that_was_left_open_cannot_be_asked(self, shim):
        """With SHIM_PORT 0 the probe says why it cannot know."""
        done = shim("health", SHIM_PORT="0")
        assert (done.returncode, done.stderr.startswith("SHIM_PORT is 0")) == (1, True)

    def test_bad_settings_are_exit_1(self, shim):
        """The probe knows two answers only."""
        assert shim("health", SHIM_PORT="none").returncode == 1

    def test_a_certificate_for_another_name_is_no_illness(self, shim, tmp_path):
        """The certificate is made out to the clients' name, not to the loopback address the probe asks."""
        certificate, key = write_certificate(tmp_path, name="api.example.com")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with serving(HTTPStatus.OK, context) as port:
            done = shim("health", SHIM_PORT=str(port), SHIM_TLS_CERT=str(certificate), SHIM_TLS_KEY=str(key))
        assert (done.returncode, done.stderr) == (0, "well: status 200\n")

    def test_silence_ends_at_the_limit(self):
        """A service that accepts and says nothing is not well."""
        with listening() as listener:
            health = ask_health("127.0.0.1", listener.getsockname()[1], tls=False, limit=0.05)
        assert (health.well, health.seen) == (False, "no answer in time")

    def test_what_is_no_http_is_not_well(self):
        """Bytes that are no HTTP answer are told apart from no answer."""
        with listening() as listener:
            thread = threading.Thread(target=_answer_nonsense, args=(listener,))
            thread.start()
            health = ask_health("127.0.0.1", listener.getsockname()[1], tls=False)
            thread.join()
        assert (health.well, health.seen) == (False, "no HTTP answer")


def _answer_nonsense(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"hello\r\n\r\n")
