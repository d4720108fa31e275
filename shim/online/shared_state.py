"""What `check --online` finds at a Redis the settings name: whether the service can use it, and whether it keeps ids.

Goes the service's own way to Redis, with the same patience. Nothing is imported from here unless the settings name one.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from redis.asyncio import Redis

from adapters.redis import troubles
from adapters.redis.link import RedisLink
from adapters.redis.troubles import RedisTrouble
from adapters.sharing import open_link
from shim.online.findings import Finding, Standing

SUBJECT: Final = "shared state"
ATTEMPTS: Final = 3
_KEEPS_ALL: Final = "noeviction"
_REMEDIES: Final = MappingProxyType(
    {
        troubles.UNREACHED: "check host and port in SHIM_STATE_URL, rediss:// where it speaks TLS, and what filters "
        "this machine's connections",
        troubles.NO_REDIS: "check host and port in SHIM_STATE_URL",
        troubles.SLOW: "name one that is closer: its answers must come within 50 ms",
        troubles.STRANGER: "check user and password in SHIM_STATE_URL",
        troubles.FORBIDDEN: "let its user run every command on keys that begin with shim:",
        troubles.ODD: "let its user run every command on keys that begin with shim:",
        troubles.READ_ONLY: "name the primary in SHIM_STATE_URL, not a copy",
        troubles.FULL: "give it more memory",
        troubles.LOADING: "try again later",
        troubles.CLUSTERED: "name a server that is no cluster",
    }
)


async def finding_of_state(url: str) -> Finding:
    """What there is at a `redis://` or `rediss://` address; never raises for what it does."""
    async with open_link(url, family="check") as link:
        if link is None:
            raise ValueError("no address of a Redis")
        for _ in range(ATTEMPTS - 1):
            if link.trouble() is not None:
                await link.try_again()
        return await _told(link)


async def _told(link: RedisLink) -> Finding:
    try:
        about = await link.run(_about)
    except RedisTrouble as trouble:
        await link.try_again()
        if link.trouble() is None:  # it lets itself be used, and not be asked about
            return Finding(Standing.OK, SUBJECT, "answers; its version and whether it keeps ids are not told")
        return Finding(Standing.FAILED, SUBJECT, trouble.reason, _REMEDIES.get(trouble.reason, ""))
    doubts = tuple(_doubts(about, await _snapshots(link)))
    seen = "; ".join((f"{_version(about)}, maxmemory-policy {about.get('maxmemory_policy')}", *(d for d, _ in doubts)))
    standing = Standing.MISSING if doubts else Standing.OK
    return Finding(standing, SUBJECT, seen, " and ".join(remedy for _, remedy in doubts))


def _doubts(about: Mapping[str, Any], snapshots: str | None) -> Iterator[tuple[str, str]]:
    """Each way in which ids once served may be forgotten, and what to do; all but the sealing key have an end, so that
    the volatile policies take them as well.
    """
    if about.get("maxmemory_policy", _KEEPS_ALL) != _KEEPS_ALL:
        yield "that may forget ids that were served", f"set maxmemory-policy to {_KEEPS_ALL}"
    if about.get("aof_enabled") == 0 and snapshots == "":
        yield "its restart forgets ids that were served", "set appendonly to yes"


def _version(about: Mapping[str, Any]) -> str:
    valkey = about.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {about.get('redis_version')}"


async def _about(redis: Redis) -> Mapping[str, Any]:
    told: Mapping[str, Any] = await redis.info()
    return told


async def _snapshots(link: RedisLink) -> str | None:
    """When Redis writes itself down, "" for never; None where it does not say, as many that are rented do not."""

    async def work(redis: Redis) -> Any:
        return await redis.config_get("save")

    try:
        told = await link.run(work)
    except RedisTrouble:
        return None
    return told.get("save") if isinstance(told, dict) else None
