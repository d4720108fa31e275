"""What `/metrics` shows: declared names alone, labels of closed sets, and as many series after an attack as before."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from shim import metrics
from shim.metrics import METRICS, Metric
from tests.adapters.successor_bodies import uuid_of
from tests.edge.raw import RawClient, exchange, request, until
from tests.service.app_service import APP, BEARER, app_settings
from tests.service.running import Asking, service
from tests.service.test_probes import free_port
from tests.service.worlds import DAY, LIST, plain

MARKER = "zzMARKzz"
MOST_SERIES = 200
ONE = b"Authorization: Bearer one"
ATTACK = [
    *(f"/v2/phone/call_logs/{MARKER}{n}" for n in range(20)),
    *(f"/v2/{MARKER}/{n}" for n in range(20)),
    *(f"/{MARKER}{n}" for n in range(20)),
    *(f"{LIST}?{MARKER}{n}=1&from=nonsense" for n in range(10)),
    *(f"{DAY}&page_size={n}&type={MARKER}" for n in range(1, 10)),
    *(f"/v2/accounts/{MARKER}{n}/phone/call_logs" for n in range(5)),
    *(f"/oauth/{MARKER}{n}" for n in range(5)),
    "/oauth/token",
    "/healthz",
    "/readyz",
    "/metrics",
    "//evil",
    "/v2/../x",
]


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """The service with an ops port."""
    async with service(plain(1, 2, 3), settings={"SHIM_OPS_PORT": free_port()}) as running:
        yield running


async def scraped(asking: Asking) -> str:
    """What the ops port shows."""
    assert asking.shim.ops_server is not None
    return (await exchange(asking.shim.ops_server.addresses[0][1], request(b"/metrics"))).body.decode()


async def shown(asking: Asking) -> dict[str, float]:
    """Every series with its value."""
    lines = [line for line in (await scraped(asking)).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def ask(asking: Asking, target: str, *headers: bytes, method: bytes = b"GET") -> int:
    """One request to the main port."""
    sent = request(target.encode(), *headers, method=method)
    return (await exchange(asking.shim.server.addresses[0][1], sent, to_head=method == b"HEAD")).status


class TestSeries:
    """Their names and their number."""

    @pytest.mark.parametrize(
        ("settings", "zoom"),
        [({}, {}), (app_settings(SHIM_PASS_THROUGH="caller"), {"app": APP})],
        ids=["caller", "app"],
    )
    async def test_an_attack_makes_no_new_ones(self, settings, zoom):
        """Whatever is asked for, by whomever and however: at most two hundred, and no word of the requests in them."""
        async with service(plain(1, 2, 3), settings={"SHIM_OPS_PORT": free_port(), **settings}, **zoom) as asking:
            for credential in (ONE, f"Authorization: {BEARER}".encode(), f"Authorization: {MARKER}".encode()):
                for target in ATTACK:
                    await ask(asking, target, credential)
            for method in (b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"):
                await ask(asking, f"/v2/{MARKER}", ONE, method=method)
            text, series = await scraped(asking), await shown(asking)
        assert (True, False) == (len(series) <= MOST_SERIES, MARKER in text)

    async def test_only_declared_ones_are_shown(self, asking):
        """With their type, and those of the process."""
        await ask(asking, DAY, ONE)
        types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", await scraped(asking), re.MULTILINE))
        own = {name: kind for name, kind in types.items() if not name.startswith("process_")}
        declared = {metric.name: metric.kind for metric in METRICS}
        assert {} == {name: kind for name, kind in own.items() if declared.get(name) != kind}
        assert set(declared) - set(own) == {metrics.CREDENTIAL_HELD.name, metrics.REPLICAS.name}
        assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= set(types)

    @pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
    def test_names_follow_prometheus(self, metric):
        """A prefix, base units, `_total` for counters, and words behind each label."""
        assert re.fullmatch(r"shim_[a-z]+(_[a-z]+)*", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert (metric.kind == "histogram") == metric.name.endswith("_seconds")
        assert all(metric.labels.values())

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "shim_things", "kind": "counter"},
            {"name": "shim_things_total", "kind": "gauge"},
            {"name": "shim_things_seconds", "kind": "histogram"},
            {"name": "shim_things", "kind": "gauge", "buckets": (1.0,)},
        ],
    )
    def test_a_wrong_declaration_is_none(self, wrong):
        """It fails where it stands."""
        with pytest.raises(TypeError, match="shim_things"):
            Metric(meaning="Things.", **wrong)


class TestCounts:
    """What each of them counts."""

    async def test_pages_rows_and_the_cache(self, asking):
        """A whole page and an empty one; the second time its records are had from the cache."""
        for target in (DAY, DAY, f"{LIST}?from=2020-01-01&to=2020-01-02"):
            assert 200 == await ask(asking, target, ONE)
        series = await shown(asking)
        assert {
            'shim_pages_total{kind="whole"}': 2,
            'shim_pages_total{kind="empty"}': 1,
            "shim_rows_total": 6,
            'shim_cache_lookups_total{result="hit"}': 3,
            'shim_cache_lookups_total{result="miss"}': 3,
        } == {name: series[name] for name in series if name.startswith(("shim_pages", "shim_rows_t", "shim_cache_l"))}
        assert series["shim_cache_bytes"] > 1000

    async def test_a_short_page_and_its_limit(self, asking):
        """Zoom's 429 in the middle, its window and its category."""
        asking.zoom.fail(
            f"/phone/call_history/{uuid_of(2)}",
            status=429,
            times=None,
            headers={"X-RateLimit-Type": "Daily-limit", "Retry-After": "2026-12-31T00:00:00Z"},
        )
        assert 200 == await ask(asking, DAY, ONE)
        series = await shown(asking)
        assert (1, 1) == (
            series['shim_pages_total{kind="short"}'],
            series['shim_upstream_limits_met_total{category="light",window="day"}'],
        )

    async def test_searches(self, asking):
        """An id that nobody has."""
        assert 404 == await ask(asking, f"{LIST}/7e0e0000-0000-4000-8000-000000000000", ONE)
        assert 1 == (await shown(asking))['shim_searches_total{outcome="missing"}']

    async def test_calls_by_name_and_status(self, asking):
        """One list, three details, what the directory needs; every attempt has a time."""
        await ask(asking, DAY, ONE)
        series = await shown(asking)
        calls = {name: value for name, value in series.items() if name.startswith("shim_upstream_calls_total")}
        assert 1 == calls['shim_upstream_calls_total{call="call_history",status="2xx"}']
        assert 3 == calls['shim_upstream_calls_total{call="call_record",status="2xx"}']
        assert sum(calls.values()) == series["shim_upstream_call_seconds_count"]

    async def test_calls_that_are_shared(self, asking):
        """Two programs that ask for the same page at once cost one list call and three details."""
        gate = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=gate)
        both = [asyncio.create_task(ask(asking, DAY, ONE)) for _ in range(2)]
        await until(lambda: asking.shim.server.connections == 2)
        await until(lambda: len(asking.zoom.calls) > 0)
        gate.set()
        assert [200, 200] == await asyncio.gather(*both)
        assert (await shown(asking))["shim_upstream_joined_total"] >= 1

    async def test_pages_fetched_ahead(self, asking):
        """From the second page on, for a client that follows tokens; the last one has nothing behind it."""
        page = await asking.get(f"{DAY}&page_size=1")
        for _ in range(2):
            token = page.body["next_page_token"]
            page = await asking.get(f"{DAY}&page_size=1&next_page_token={token}")
        series = await shown(asking)
        names = ('shim_fetched_ahead_total{outcome="begun"}', 'shim_fetched_ahead_total{outcome="used"}')
        assert ("", [1, 1]) == (page.body["next_page_token"], [series[name] for name in names])

    async def test_what_is_under_way_and_connected(self, asking):
        """While it is, and no longer."""
        gate = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=gate, times=None)
        asked = asyncio.create_task(ask(asking, DAY, ONE))
        await until(lambda: len(asking.zoom.calls) > 0)
        during = await shown(asking)
        gate.set()
        await asked
        await until(lambda: asking.shim.server.connections == 0)
        after = await shown(asking)
        names = ('shim_requests_in_flight{room="operations"}', 'shim_connections_open{port="main"}')
        assert [(1, 0), (1, 0)] == [(during[name], after[name]) for name in names]

    async def test_what_runs_and_how_it_is(self, asking):
        """Version and choices; no trouble, nothing waiting; the loop is watched."""
        await until(lambda: b"shim_loop_lag_seconds_count 0.0" not in asking.shim.ops.meters.exposition())
        series = await shown(asking)
        assert 1 == series['shim_build_info{fidelity="exact",profile="live",version="0.1.0"}']
        assert (0, 0) == (series["shim_state_trouble"], series["shim_identities_waiting"])

    async def test_tasks(self, asking):
        """One that goes on is one more."""
        before = (await shown(asking))["shim_tasks"]
        task = asyncio.create_task(asyncio.sleep(60))
        assert before + 1 == (await shown(asking))["shim_tasks"]
        task.cancel()

    async def test_a_state_in_trouble(self, tmp_path):
        """And the calls whose ids wait for it."""
        (tmp_path / "state.db").mkdir()
        settings = {"SHIM_OPS_PORT": free_port(), "SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
        async with service(plain(1, 2, 3), settings=settings) as asking:
            await ask(asking, DAY, ONE)
            series = await shown(asking)
        assert (1, 3) == (series["shim_state_trouble"], series["shim_identities_waiting"])

    async def test_refusals_of_the_rooms(self, asking):
        """By room and limit."""
        gate = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=gate, times=None)
        flood = [asyncio.create_task(ask(asking, f"{DAY}&page_size={n}", ONE)) for n in range(1, 35)]
        await until(lambda: sum(task.done() for task in flood) == 2)
        gate.set()
        assert {200: 32, 429: 2} == Counter(await asyncio.gather(*flood))
        assert 2 == (await shown(asking))['shim_requests_crowded_total{limit="caller",room="operations"}']

    async def test_requests_nobody_sees(self, asking):
        """Of the parser and of the target's judge; none of them is an answered one."""
        for sent in (
            b"GET /v2/a HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            b"GET http://evil/ HTTP/1.1\r\n\r\n",
        ):
            assert 400 == (await exchange(asking.shim.server.addresses[0][1], sent)).status
        series = await shown(asking)
        assert 2 == series['shim_requests_refused_total{port="main"}']
        assert [] == [name for name in series if name.startswith("shim_requests_total")]

    async def test_a_request_that_is_cut_has_no_status(self, asking):
        """Its client left."""
        gate = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=gate, times=None)
        async with await RawClient.connect(asking.shim.server.addresses[0][1]) as client:
            await client.send(request(DAY.encode(), ONE))
            await until(lambda: len(asking.zoom.calls) > 0)
        await until(lambda: asking.shim.server.connections == 0)
        gate.set()
        assert 1 == (await shown(asking))['shim_requests_total{operation="accountCallLogs",status="none"}']
