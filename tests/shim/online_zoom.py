"""The Zoom that `check --online` is tried on, what the check tells of it, and the lines of one where all is well."""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.cases import World
from shim.online.lookups import LOOKUPS
from shim.online.report import Report, report
from shim.settings import load_settings
from shim.standin import AppClient, Standin
from tests.adapters.successor_bodies import record_body, row_body, user_body

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
BEARER = "synthetic-token"
SCOPES = tuple(lookup.scope for lookup in LOOKUPS)
APP = AppClient("account-1", "client-1", "app-secret-synthetic", scopes=SCOPES)
APP_SETTINGS = {
    "ZOOM_ACCOUNT_ID": "account-1",
    "ZOOM_CLIENT_ID": "client-1",
    "ZOOM_CLIENT_SECRET": "app-secret-synthetic",
    "SHIM_CLIENT_KEYS": f"billing:{'k' * 32}",
}
CHARGES_PATH = "/phone/reports/call_charges"
WELL = [
    "ok       Zoom's API",
    "ok       credential",
    "ok       list of calls",
    "ok       details of a call",
    "ok       users",
    "ok       a single user",
    "ok       call queues",
    "ok       auto receptionists",
    "ok       shared line groups",
    "ok       common areas",
    "ok       rooms",
    "ok       charges report (asked only for charged_call_logs=true)",
    "ok       a single call element",
    "ok       unrecorded calls: 6 listed, 2 recorded and 4 not",
]
FORECAST = [
    "forecast about 0.2 rows a day: 6 in 30 days",
    "forecast a page of 300 rows not yet cached takes about 9.4 s: 32 detail calls a second are 80% of the business "
    "plan's limit",
    "forecast reading 30 days once in pages of 300 takes 1 heavy calls: less than 0.1% of the 24,000 this service may "
    "make a day",
]


def calls(recorded: int, unrecorded: int) -> World:
    """Calls of the last month, some of them recorded, with their users."""
    statuses = ["recorded"] * recorded + ["non_recorded"] * unrecorded
    return World(
        call_history=[row_body(number, recording_status=status) for number, status in enumerate(statuses)],
        records=[record_body(number) for number in range(len(statuses))],
        directory={"users": [user_body(1)]},
    )


def zoom(world: World | None = None, **options: Any) -> Standin:
    """A Zoom that knows one bearer, at noon."""
    return Standin(world or calls(2, 4), **{"clock": lambda: NOW, "bearers": {BEARER: None}, **options})


async def check(server: Standin, bearer: str | None = BEARER, settings: Mapping[str, str] | None = None) -> Report:
    """What the check tells of a server, whose charges report has nothing to tell."""
    server.fail(CHARGES_PATH, status=200, body={"call_charges": []}, times=None)
    return await check_at(server.api_url, bearer, {"ZOOM_OAUTH_URL": server.oauth_url, **(settings or {})})


async def check_at(api_url: str, bearer: str | None = BEARER, settings: Mapping[str, str] | None = None) -> Report:
    """What the check tells of an address."""
    environ = {"ZOOM_API_URL": api_url, **(settings or {})}
    return await report(load_settings(environ), bearer=bearer, now=lambda: NOW)


def unlike_well(found: Report) -> list[str]:
    """The lines that differ from those of a Zoom where all is well, the forecast aside."""
    return [line for line in found.lines if line not in WELL and not line.startswith("forecast")]


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
