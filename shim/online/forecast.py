"""What the service will cost at Zoom, from a month's calls and the settings. Pure arithmetic, told in sentences."""

from collections.abc import Iterator
from math import ceil
from typing import Final

from adapters.ports import Category
from adapters.rate_budget import LIMITS, Limit
from shim.online.seen import DAYS, Totals
from shim.settings import Settings

PAGE: Final = 300
"""Rows of the largest page."""
PORTION: Final = 100
"""Call ids in one question to the charges report."""


def forecast(totals: Totals, settings: Settings) -> Iterator[str]:
    """Rows a day, seconds a page, share of the daily limit; nothing when no total was told."""
    rows = totals.most
    if not rows:
        return
    yield f"about {_plain(rows / DAYS)} rows a day: {rows:,} in {DAYS} days"
    yield _page(settings)
    yield _month(rows, totals, settings)


def _page(settings: Settings) -> str:
    if settings.fidelity == "summary":
        return "a page takes one call, whatever its size: SHIM_FIDELITY is summary"
    rate = _ours(settings, Category.LIGHT).second
    seconds = PAGE / rate
    told = (
        f"a page of {PAGE} rows not yet cached takes about {_plain(seconds)} s: {rate:,} detail calls a second are "
        f"{settings.rate_share:.0%} of the {settings.plan} plan's limit"
    )
    if seconds <= settings.deadline:
        return told
    return f"{told}; it is served in {_turns(settings)} parts, for SHIM_DEADLINE is {settings.deadline:g} s"


def _month(rows: int, totals: Totals, settings: Settings) -> str:
    pages = _pages(rows, totals, settings)
    charges = ceil(rows / PORTION) if settings.charges == "on" else 0
    calls = pages * _turns(settings) + charges
    allowed = _ours(settings, Category.HEAVY).day or 1
    also = f", {charges:,} of them to the charges report" if charges else ""
    return (
        f"reading {DAYS} days once in pages of {PAGE} takes {calls:,} heavy calls{also}: "
        f"{_percent(calls / allowed)} of the {allowed:,} this service may make a day"
    )


def _pages(rows: int, totals: Totals, settings: Settings) -> int:
    """Pages upstream: recorded and unrecorded calls are two lists where they must be asked for apart."""
    apart = settings.rules.options.recording_status == "both" or rows != totals.plain
    if apart and totals.recorded is not None and totals.unrecorded is not None:
        return ceil(totals.recorded / PAGE) + ceil(totals.unrecorded / PAGE)
    return ceil(rows / PAGE)


def _turns(settings: Settings) -> int:
    """Requests that a page of uncached rows takes; each of them asks for the upstream page."""
    if settings.fidelity == "summary":
        return 1
    return ceil(PAGE / max(1, int(_ours(settings, Category.LIGHT).second * settings.deadline)))


def _ours(settings: Settings, category: Category) -> Limit:
    return LIMITS[settings.plan][category].share_of(settings.rate_share)


def _percent(part: float) -> str:
    return "less than 0.1%" if part < 0.001 else f"{part:.1%}"


def _plain(figure: float) -> str:
    """A figure as people say it: whole from ten on, else to a tenth."""
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.1f}"
