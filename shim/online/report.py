"""`check --online` as a whole: asks, judges, and has the lines ready; prints nothing.

Everything goes the way the service's own calls go: the same client, rate budget, proxy and credential.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from adapters.credentials import AppToken
from adapters.errors import OwnCredentialFailed
from adapters.exchange import api_session
from adapters.rate_budget import RateBudget
from adapters.zoom_api import ZoomApi
from shim.app_credential import app_token
from shim.online.findings import Finding, Standing, finding_of_app, finding_without_credential, findings
from shim.online.forecast import forecast
from shim.online.probes import SECONDS, Probes
from shim.pass_through_session import proxy_for
from shim.redaction import MASK, one_line
from shim.settings import Settings

_NOBODY: Final = "no-credential"
_WITHOUT: Final = Finding(
    Standing.UNKNOWN,
    "credential",
    "callers bring their own",
    "lend one with --bearer-file to check its scopes, unrecorded calls and the cost",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What to print, a line each, and whether the service can do its job."""

    lines: tuple[str, ...]
    is_well: bool


def _now() -> datetime:
    return datetime.now(UTC)


async def report(
    settings: Settings, *, bearer: str | None = None, now: Callable[[], datetime] = _now, seconds: float = SECONDS
) -> Report:
    """What Zoom says of these settings, and of `bearer` where the settings hold no credential of their own; then what
    a state says that replicas share.

    A question takes `seconds` at the most; no failure of Zoom's is raised.
    """
    clock = asyncio.get_running_loop().time
    async with AsyncExitStack() as stack:
        token = await stack.enter_async_context(app_token(settings))
        session = await stack.enter_async_context(api_session(proxy=proxy_for(settings.api_url)))
        budget = RateBudget(settings.plan, settings.rate_share, clock=clock)
        zoom = ZoomApi(session, api_url=settings.api_url, budget=budget, credential=token, clock=clock)
        probes = Probes(zoom, "" if token else f"Bearer {bearer or _NOBODY}", clock=clock, seconds=seconds)
        if token is not None:
            found, forecasts = await _of_app(token, probes, settings, now())
        elif bearer is None:
            found, forecasts = [finding_without_credential(await probes.ask_list(now())), _WITHOUT], []
        else:
            found, forecasts = await _of_all(probes, settings, now(), granted=None)
    found += await _of_state(settings)
    lines = [*map(str, found), *(f"{'forecast':<8} {sentence}" for sentence in forecasts)]
    return Report(
        lines=tuple(one_line(line.replace(bearer, MASK) if bearer else line) for line in lines),
        is_well=all(finding.standing is not Standing.FAILED for finding in found),
    )


async def _of_state(settings: Settings) -> list[Finding]:
    if not settings.state_url.is_redis:
        return []
    from shim.online.shared_state import finding_of_state  # noqa: PLC0415 - an optional package is behind it

    return [await finding_of_state(settings.state_url.url.get_secret_value())]


async def _of_app(
    token: AppToken, probes: Probes, settings: Settings, now: datetime
) -> tuple[list[Finding], Iterable[str]]:
    try:
        await token.fetch(deadline=probes.clock() + probes.seconds)
    except OwnCredentialFailed as failure:
        return [finding_of_app(failure)], ()
    found, forecasts = await _of_all(probes, settings, now, granted=token.granted_scopes or None)
    return [finding_of_app(None), *found], forecasts


async def _of_all(
    probes: Probes, settings: Settings, now: datetime, *, granted: frozenset[str] | None
) -> tuple[list[Finding], Iterable[str]]:
    seen = replace(await probes.ask_all(now), granted=granted)
    return list(findings(seen, settings)), forecast(seen.totals, settings)
