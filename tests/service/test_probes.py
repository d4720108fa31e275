"""Probes and metrics: on which port, and what they say."""

import socket
from collections.abc import AsyncIterator

import pytest

from adapters.operations.table import OPERATIONS
from shim.wiring import RunningShim
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, exchange, request
from tests.service.running import Asking, in_front_of, service, shim_at
from tests.service.worlds import DAY, LIST, plain


def free_port() -> str:
    """A port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """The service with an ops port, in front of one call."""
    async with service(plain(1), settings={"SHIM_OPS_PORT": free_port()}) as running:
        yield running


def ports(shim: RunningShim) -> list[int]:
    """The main port and the ops port."""
    assert shim.ops_server is not None
    return [shim.server.addresses[0][1], shim.ops_server.addresses[0][1]]


async def ask(port: int, target: bytes, method: bytes = b"GET") -> Message:
    """One request to a port."""
    return await exchange(port, request(target, method=method), to_head=method == b"HEAD")


@pytest.mark.parametrize("target", [b"/healthz", b"/readyz", b"/healthz?x=1"])
async def test_probes_answer_on_both_ports_and_ask_nobody(asking, target):
    """No credential is needed and upstream is not touched."""
    answers = [await ask(port, target) for port in ports(asking.shim)]
    assert ([200, 200], []) == ([answer.status for answer in answers], asking.zoom.calls)
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"POST", 404), (b"DELETE", 404)])
async def test_probes_are_read_only(asking, method, status):
    """HEAD is as good as GET; nothing else is a probe."""
    assert [status] * 2 == [(await ask(port, b"/healthz", method)).status for port in ports(asking.shim)]


async def test_metrics_are_on_the_ops_port_alone(asking):
    """Prometheus' text form there, a 404 on the port that clients reach."""
    main, ops = ports(asking.shim)
    assert_envelope(404, "Not Found", await ask(main, b"/metrics"))
    answer = await ask(ops, b"/metrics")
    assert (200, [b"text/plain; version=0.0.4; charset=utf-8"]) == (answer.status, answer.all(b"content-type"))


@pytest.mark.parametrize("target", [DAY, "/v2/users/me", "/", "/metricsx"])
async def test_the_ops_port_serves_nothing_else(asking, target):
    """A legacy request there is a 404 and reaches nobody."""
    assert_envelope(404, "Not Found", await ask(ports(asking.shim)[1], target.encode()))
    assert [] == asking.zoom.calls


async def test_the_ops_port_may_be_off():
    """Probes remain on the main port."""
    async with service(plain(1)) as asking:
        assert asking.shim.ops_server is None
        assert 200 == (await ask(asking.shim.server.addresses[0][1], b"/readyz")).status


async def test_draining_is_said_to_probes_and_clients(asking):
    """Not ready and going away, yet alive and answering."""
    asking.shim.drain()
    main, _ = ports(asking.shim)
    ready, alive = await ask(main, b"/readyz"), await ask(main, b"/healthz")
    served = await exchange(main, request(DAY.encode(), b"Authorization: Bearer one"))
    assert (503, b'{"status":"draining"}', 200, 200) == (ready.status, ready.body, alive.status, served.status)
    assert [[b"close"]] * 3 == [answer.all(b"connection") for answer in (ready, alive, served)]


async def test_a_state_that_cannot_be_opened_is_said_and_stops_no_answer(tmp_path):
    """Requests are served with ids in memory while the probe tells why replicas should be preferred."""
    (tmp_path / "state.db").mkdir()
    async with service(plain(1), settings={"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}) as asking:
        ready, listed = await asking.get("/readyz"), await asking.get(DAY)
        details = await asking.get(f"{LIST}/{listed.body['call_logs'][0]['id']}")
    assert (503, False, 200, 200) == (
        ready.status,
        ready.body["status"] in ("ready", ""),
        listed.status,
        details.status,
    )
    assert str(tmp_path) not in ready.body["status"]


async def test_requests_are_counted_by_operation_and_status(asking):
    """Labels come from closed sets: no path, id or number of a request is one."""
    main, ops = ports(asking.shim)
    targets = [DAY, f"{LIST}/zzMARKzz", "/v2/zzMARKzz", "/zzMARKzz", "/healthz"]
    for target in targets:
        await exchange(main, request(target.encode(), b"Authorization: Bearer one"))
    counted = (await ask(ops, b"/metrics")).body.decode()
    lines = {line.rpartition(" ")[0] for line in counted.splitlines() if line.startswith("shim_requests_total")}
    assert {
        'shim_requests_total{operation="accountCallLogs",status="2xx"}',
        'shim_requests_total{operation="getCallLogDetails",status="404"}',
        'shim_requests_total{operation="probe",status="2xx"}',
        'shim_requests_total{operation="other",status="404"}',
        'shim_requests_total{operation="passThrough",status="404"}',
    } == lines
    assert ("zzMARKzz" in counted, {row.id for row in OPERATIONS} >= {"accountCallLogs"}) == (False, True)


async def test_an_upstream_that_is_not_there_stops_neither_start_nor_probes():
    """Nothing is asked before a client asks; then it is a 502, and the service stays up."""
    async with shim_at(f"http://127.0.0.1:{free_port()}/v2", {"SHIM_DEADLINE": "2"}) as shim:
        port = shim.server.addresses[0][1]
        answer = await exchange(port, request(DAY.encode(), b"Authorization: Bearer one"))
        assert_envelope(502, "Bad Gateway", answer)
        assert [200, 200] == [(await ask(port, probe)).status for probe in (b"/healthz", b"/readyz")]


async def test_a_taken_ops_port_leaves_nothing_open(asking):
    """A service that cannot have its ports does not start by half."""
    main, taken = free_port(), str(ports(asking.shim)[1])
    with pytest.raises(OSError, match="address already in use"):
        async with in_front_of(asking.zoom, {"SHIM_PORT": main, "SHIM_OPS_PORT": taken}):
            pass
    with pytest.raises(ConnectionRefusedError):
        await ask(int(main), b"/healthz")
