"""`serve` and `demo` as processes: their events, signals and exit codes."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shim.standin import Standin
from tests.adapters.successor_bodies import id_of
from tests.edge.raw import Message, RawClient, exchange, request, until
from tests.service.app_service import APP, KEY, app_settings
from tests.service.running import environment
from tests.service.worlds import DAY, LIST, plain

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "zzSECRETzz"
BEARER = b"Authorization: Bearer " + SECRET.encode()
PATIENCE = 20.0


@dataclass
class Process:
    """A running command; `lines` is its output so far."""

    child: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of this name so far."""
        return [event for event in map(json.loads, self.lines) if event["event"] == name]

    async def event(self, name: str) -> dict[str, Any]:
        """The first event of this name, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while not self.events(name):
                line = await self._line()
                assert line, f"{name} never came: {self.lines}"
        return self.events(name)[0]

    async def ended(self) -> int:
        """Reads to the end; the exit code."""
        async with asyncio.timeout(PATIENCE):
            while await self._line():
                pass
            return await self.child.wait()

    async def _line(self) -> bytes:
        assert self.child.stdout is not None
        line = await self.child.stdout.readline()
        self.lines += [line.decode()] if line else []
        return line

    async def port(self) -> int:
        """The main port, once it listens."""
        (address,) = (await self.event("shim.started"))["addresses"]
        return int(address.rpartition(":")[2])


@asynccontextmanager
async def command(*arguments: str, environ: Mapping[str, str], folder: Path) -> AsyncIterator[Process]:
    """`python -m shim` with these variables alone; killed when the test leaves it running."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shim",
        *arguments,
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT), "PATH": os.defpath, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Process(child)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


@asynccontextmanager
async def served(folder: Path, **settings: str) -> AsyncIterator[tuple[Process, Standin, int]]:
    """`serve` in front of a stand-in, listening."""
    async with Standin(plain(1, 2)) as zoom:
        environ = environment(zoom.api_url, {"SHIM_LOG_LEVEL": "debug", **settings})
        async with command("serve", environ=environ, folder=folder) as process:
            yield process, zoom, await process.port()


async def ask(port: int, target: str) -> Message:
    """One legacy request."""
    return await exchange(port, request(target.encode(), BEARER))


async def test_serve_starts_serves_drains_and_ends(tmp_path):
    """SIGTERM: not ready, every answer closes its connection, requests are still served, then exit 0."""
    async with served(tmp_path, SHIM_DRAIN="1") as (process, _, port):
        before = await ask(port, DAY)
        process.child.send_signal(signal.SIGTERM)
        await process.event("shim.draining")
        ready, during = await ask(port, "/readyz"), await ask(port, DAY)
        code = await process.ended()
    assert ([200, 503, 200], 0) == ([answer.status for answer in (before, ready, during)], code)
    assert ([], [b"close"]) == (before.all(b"connection"), during.all(b"connection"))
    assert 1 == len(process.events("shim.stopped"))


async def test_a_request_under_way_is_finished_while_draining(tmp_path):
    """Its answer comes although the listener has closed."""
    async with served(tmp_path, SHIM_DRAIN="0") as (process, zoom, port):
        gate = asyncio.Event()
        zoom.fail("/phone/call_history", delay=gate)
        asked = asyncio.create_task(ask(port, DAY))
        await until(lambda: zoom.calls != [])
        process.child.send_signal(signal.SIGTERM)
        await until(lambda: not _listens(port))
        gate.set()
        answer = await asked
        code = await process.ended()
    assert (200, 2, 0) == (answer.status, json.loads(answer.body)["total_records"], code)


async def test_sigint_does_not_wait(tmp_path):
    """Ctrl-C ends the service although it would drain for minutes."""
    async with served(tmp_path, SHIM_DRAIN="300") as (process, _, _):
        process.child.send_signal(signal.SIGINT)
        assert 0 == await process.ended()


async def test_a_second_signal_hurries(tmp_path):
    """Whoever asks twice is not kept waiting."""
    async with served(tmp_path, SHIM_DRAIN="300") as (process, _, _):
        process.child.send_signal(signal.SIGTERM)
        await process.event("shim.draining")
        process.child.send_signal(signal.SIGTERM)
        assert 0 == await process.ended()


async def test_a_second_signal_hurries_also_while_requests_finish(tmp_path):
    """The listener has closed and a request is under way: it is cut, and the process ends with 0."""
    async with served(tmp_path, SHIM_DRAIN="0", SHIM_DEADLINE="60") as (process, zoom, port):
        zoom.fail("/phone/call_history", delay=asyncio.Event())
        asked = asyncio.create_task(ask(port, DAY))
        await until(lambda: zoom.calls != [])
        process.child.send_signal(signal.SIGTERM)
        await until(lambda: not _listens(port))
        process.child.send_signal(signal.SIGTERM)
        assert 0 == await process.ended()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asked
    assert 1 == len(process.events("shim.stopped"))


async def test_a_terminal_that_closes_drains(tmp_path):
    """It asks as SIGTERM does."""
    async with served(tmp_path, SHIM_DRAIN="0") as (process, _, _):
        process.child.send_signal(signal.SIGHUP)
        assert 0 == await process.ended()
    assert 1 == len(process.events("shim.draining"))


async def test_an_idle_connection_does_not_hold_the_process(tmp_path):
    """A client that keeps its connection open without asking is cut off."""
    async with served(tmp_path, SHIM_DRAIN="0") as (process, _, port), await RawClient.connect(port) as client:
        assert 200 == (await client.ask(request(b"/healthz"))).status
        process.child.send_signal(signal.SIGTERM)
        assert (0, b"") == (await process.ended(), await client.rest())


async def test_the_start_event_says_where_and_how(tmp_path):
    """Addresses of both ports and the choices that matter; memory:// is warned of."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ops = taken.getsockname()[1]
    async with served(tmp_path, SHIM_OPS_PORT=str(ops)) as (process, _, port):
        (event,) = process.events("shim.started")
        await process.event("page_tokens.end_with_process")
    assert [f"http://127.0.0.1:{port}"] == event["addresses"]
    assert [f"http://127.0.0.1:{ops}"] == event["ops_addresses"]
    assert ("exact", "live", "caller") == tuple(event[name] for name in ("fidelity", "profile", "pass_through"))
    assert "caller" == event["calls_as"]


async def test_lending_the_apps_credentials_is_a_warning(tmp_path):
    """At every start, with the names of those who may; the start event says whose credentials are used."""
    async with served(tmp_path, **app_settings(SHIM_PASS_THROUGH="app")) as (process, _, _):
        (started,) = process.events("shim.started")
        lending = await process.event("pass_through.lends_credential")
    assert ("app", "app") == (started["calls_as"], started["pass_through"])
    assert ("warning", ["alpha", "beta"]) == (lending["level"], lending["clients"])
    assert [] == [line for line in process.lines if KEY in line or APP.client_secret in line]


async def test_a_taken_port_is_said_in_one_line(tmp_path):
    """Exit 1 and no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = environment("http://127.0.0.1:9/v2", {"SHIM_PORT": str(taken.getsockname()[1])})
        async with command("serve", environ=environ, folder=tmp_path) as process:
            code = await process.ended()
    assert (1, ["shim.not_started"]) == (code, [json.loads(line)["event"] for line in process.lines])


async def test_every_request_is_one_event_without_secrets_ids_or_names(tmp_path):
    """Operation, status, cost and time; no bearer, path, query, id, number or name in any line of a debug log."""
    async with served(tmp_path) as (process, _, port):
        targets = [f"{DAY}&page_size=1", f"{LIST}/{id_of(1)}", f"/v2/users/me?access_token={SECRET}", f"/{SECRET}"]
        for target in targets:
            await ask(port, target)
        process.child.send_signal(signal.SIGINT)
        await process.ended()
    answered = process.events("request.answered")
    assert [
        ("accountCallLogs", 200, 3),
        ("getCallLogDetails", 200, 0),
        ("passThrough", 200, 0),
        ("other", 404, 0),
    ] == [(event["operation"], event["status"], event["upstream_calls"]) for event in answered]
    written = "".join(process.lines)
    traces = [SECRET, "/v2", "page_size", id_of(1), "+12025550143", "User 1", "u1@", "users/me"]
    assert [] == [text for text in traces if text in written]


async def test_a_failing_upstream_is_one_line_a_request(tmp_path):
    """Retries are counted, not written: an outage must not fill the log, and probes are no news."""
    settings = {"ZOOM_API_URL": "http://127.0.0.1:9/v2", "SHIM_LOG_LEVEL": "info"}
    async with served(tmp_path, **settings) as (process, _, port):
        for target in (DAY, "/healthz"):
            await ask(port, target)
        process.child.send_signal(signal.SIGINT)
        await process.ended()
    events = [json.loads(line)["event"] for line in process.lines]
    begins, ends = ["shim.started", "page_tokens.end_with_process"], ["shim.draining", "shim.stopped"]
    assert [*begins, "request.answered", *ends] == events


async def test_a_state_file_appears_where_it_was_asked_for(tmp_path):
    """Relative to the working directory; a restart finds the calls in it."""
    settings = {"SHIM_STATE_URL": "sqlite:///./state.db"}
    async with served(tmp_path, **settings) as (process, _, port):
        await ask(port, DAY)
        process.child.send_signal(signal.SIGINT)
        await process.ended()
    async with served(tmp_path, **settings) as (process, _, port):
        assert 200 == (await ask(port, f"{LIST}/{id_of(1)}")).status
    assert (tmp_path / "state.db").is_file()


async def test_demo_once_shows_the_guides_example(tmp_path):
    """List and details of the Marketing Hotline call with the lines to repeat them, exit 0, and nothing left behind."""
    async with command("demo", "--once", environ={}, folder=tmp_path) as process:
        code = await process.ended()
    shown = "".join(process.lines)
    assert (0, []) == (code, list(tmp_path.iterdir()))
    assert [] == [
        text
        for text in (
            "curl -s -H 'Authorization: Bearer demo'",
            "/v2/phone/call_logs?from=2021-05-11&to=2021-05-11",
            '"name": "Marketing Hotline"',
            '"call_logs": [',
            '"log_details": [',
        )
        if text not in shown
    ]
    assert "Traceback" not in shown


async def test_demo_serves_until_it_is_told_to_end(tmp_path):
    """The curl lines work while it runs; Ctrl-C ends it with 0."""
    async with command("demo", environ={}, folder=tmp_path) as process:
        async with asyncio.timeout(PATIENCE):
            while "Ctrl-C" not in (process.lines or [""])[-1]:
                assert await process._line()
        base = process.lines[0].partition(" at http://127.0.0.1:")[2].partition(",")[0]
        answer = await exchange(int(base), request(b"/v2/phone/call_logs", b"Authorization: Bearer demo"))
        process.child.send_signal(signal.SIGINT)
        code = await process.ended()
    assert (200, True, 0) == (answer.status, len(json.loads(answer.body)["call_logs"]) > 5, code)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
