"""The demo: an embedded stand-in for Zoom with the shim in front of it, and the guide's worked example asked for.

Knows what is shown; the two servers are the real ones.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import click
import msgspec

from shim import logs
from shim.settings import NumberLocations, Settings, load_settings
from shim.standin import Standin, demo_world
from shim.wiring import running

BEARER: Final = "demo"
EXAMPLE_DAY: Final = "2021-05-11"
CHOSEN: Final = ("SHIM_PROFILE", "SHIM_FIDELITY", "SHIM_RULES", "SHIM_LOG_LEVEL")
"""Settings the demo takes from the environment; all others are its own."""
PLACES: Final = {"+1669555": "San Jose, CA"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request of the worked example, and what a person should see in it."""

    title: str
    target: str


async def demo(*, once: bool, port: int) -> int:
    """Shows the worked example over real sockets, then serves until SIGINT or SIGTERM; the exit status."""
    now = datetime.now(UTC)
    async with Standin(demo_world(now)) as zoom:
        settings = _settings(zoom.api_url, port)
        logs.configure(format="console", level=settings.log_level)
        async with running(settings) as shim, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            host, taken = shim.server.addresses[0]
            base = f"http://{host}:{taken}"
            _say(f"zoom-call-log-shim at {base}, in front of a stand-in for Zoom at {zoom.api_url}\n")
            await _show_example(client, base)
            for line in _more(base, now):
                _say(line)
            if not once:
                await _until_signal()
    return 0


def _settings(api_url: str, port: int) -> Settings:
    chosen = {name: os.environ[name] for name in CHOSEN if name in os.environ}
    settings = load_settings(
        {
            "SHIM_PROFILE": "docs",
            "SHIM_LOG_LEVEL": "warning",
            **chosen,
            "SHIM_PORT": str(port),
            "SHIM_OPS_PORT": "0",
            "SHIM_STATE_URL": "memory://",
            "SHIM_RATE_SHARE": "1000",
            "ZOOM_API_URL": api_url,
            "ZOOM_OAUTH_URL": f"{api_url}/oauth/token",
        }
    )
    return settings.model_copy(update={"number_locations": NumberLocations(places=PLACES)})


async def _show_example(client: aiohttp.ClientSession, base: str) -> None:
    """The list of the example's day, then the details of its call; raises when the service does not answer them."""
    listed = await _show(
        client, base, _Asked("The day's calls", f"/v2/phone/call_logs?from={EXAMPLE_DAY}&to={EXAMPLE_DAY}")
    )
    v1_id = listed["call_logs"][0]["id"]
    await _show(client, base, _Asked("The same call with its log_details", f"/v2/phone/call_logs/{v1_id}"))


async def _show(client: aiohttp.ClientSession, base: str, asked: _Asked) -> dict[str, Any]:
    url = f"{base}{asked.target}"
    _say(f"# {asked.title}\n{_curl(url)}")
    async with client.get(url, headers={"Authorization": f"Bearer {BEARER}"}, raise_for_status=True) as response:
        body = await response.read()
    _say(msgspec.json.format(body, indent=2).decode() + "\n")
    answer: dict[str, Any] = msgspec.json.decode(body)
    return answer


def _more(base: str, now: datetime) -> Iterator[str]:
    first, last = (now - timedelta(days=7)).date(), now.date()
    yield "# Every family of call, moved to the last days, in pages of five"
    yield _curl(f"{base}/v2/phone/call_logs?from={first}&to={last}&page_size=5")
    yield "# Any other path goes through to Zoom untouched"
    yield _curl(f"{base}/v2/users/me")
    yield "\nFields are those of the guide; SHIM_PROFILE=live shows all that real replies carried. Ctrl-C ends."


def _curl(url: str) -> str:
    return f"curl -s -H 'Authorization: Bearer {BEARER}' '{url}'"


async def _until_signal() -> None:
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


def _say(text: str) -> None:
    click.echo(text)
