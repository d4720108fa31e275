"""What Zoom's answers and aiohttp's exceptions mean in our own family of errors.

The edge where foreign failures end: it knows aiohttp's exceptions, Zoom's error envelope and which reply headers
travel on; it refuses to know when to ask again. No text of a foreign exception is kept: their `repr` carries the
bearer (`ClientResponseError`), their `str` the URL with its query. For the same reason a caller raises what it
gets from here *after* its except clause: `from None` hides the foreign exception but leaves it in `__context__`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDictProxy

from adapters.errors import UpstreamBroken, UpstreamRefused
from adapters.retry_after import wait_seconds
from contracts import codec

_LONGEST_HEADER = 512


class NoObject(UpstreamBroken):
    """A 2xx whose body is no JSON object; a body cut without a length looks like this, so one more try may help."""


class Unwanted(UpstreamBroken):
    """A redirect, a status outside 2xx, 4xx and 5xx, or too much of an answer: asking again changes nothing."""


class Throttled(UpstreamRefused):
    """A 429 off the wire. `wait` is what Zoom asks for in seconds, if it says; `daily`: the day's allowance is gone."""

    def __init__(self, refused: UpstreamRefused, *, wait: float | None, daily: bool) -> None:
        super().__init__(refused.status, refused.code, refused.message, headers=refused.headers)
        self.wait = wait
        self.daily = daily


REASONS: Mapping[type[Exception], str] = MappingProxyType(
    {
        aiohttp.ConnectionTimeoutError: "not reached",
        aiohttp.ServerTimeoutError: "silent",
        aiohttp.ClientConnectorDNSError: "host not found",
        aiohttp.ClientProxyConnectionError: "proxy not reached",
        aiohttp.ClientConnectorCertificateError: "certificate not trusted",
        aiohttp.ClientSSLError: "no TLS",
        aiohttp.ClientConnectorError: "not reached",
        aiohttp.ClientPayloadError: "cut short",
        aiohttp.ServerDisconnectedError: "cut short",
        aiohttp.ClientHttpProxyError: "refused by the proxy",
        aiohttp.ClientResponseError: "malformed",
        HttpProcessingError: "malformed",
        aiohttp.ClientError: "connection failed",
        TimeoutError: "silent",
        OSError: "connection failed",
    }
)
"""Every foreign failure of a call, the narrower class first, with the word our own error carries."""

FOREIGN = tuple(REASONS)


def broken(failure: Exception) -> UpstreamBroken:
    """Our error for one of `FOREIGN`, carrying a fixed word and nothing of the failure itself."""
    return UpstreamBroken(next(reason for kind, reason in REASONS.items() if isinstance(failure, kind)))


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object in `body`, or None when it holds anything else."""
    try:
        value = codec.decode(body)
    except codec.NotJson:
        return None
    return value if isinstance(value, dict) else None


def refusal(status: int, headers: CIMultiDictProxy[str], body: bytes) -> UpstreamRefused:
    """The error an answer of 400 and more stands for."""
    code, message = _envelope(body)
    refused = UpstreamRefused(status, code, message, headers=passed_on(headers))
    if status != 429:
        return refused
    wait = wait_seconds(headers.get("Retry-After"), headers.get("Date"))
    return Throttled(refused, wait=wait, daily=headers.get("X-RateLimit-Type", "").casefold() == "daily-limit")


def passed_on(headers: CIMultiDictProxy[str]) -> Mapping[str, str]:
    """The tracking id, the rate headers and `Retry-After`, by lower-case name, the first of each.

    Values with control or non-ASCII characters or of unlikely length are left out, and so is what `Connection`
    names: that was meant for the next hop alone.
    """
    hop = {name.strip().lower() for line in headers.getall("Connection", ()) for name in line.split(",")}
    kept: dict[str, str] = {}
    for spelled, value in headers.items():
        name = spelled.lower()
        if _travels(name) and name not in hop and _is_plain(value):
            kept.setdefault(name, value)
    return MappingProxyType(kept)


def _travels(name: str) -> bool:
    return name in {"x-zm-trackingid", "retry-after"} or name.startswith("x-ratelimit-")


def _is_plain(value: str) -> bool:
    return len(value) <= _LONGEST_HEADER and value.isascii() and value.isprintable()


def _envelope(body: bytes) -> tuple[int | None, str]:
    """Zoom's `{code: int, message: str}`; (None, "") for a body of any other shape. `true` is no code."""
    parsed = json_object(body) or {}
    code, message = parsed.get("code"), parsed.get("message")
    if type(code) is int and isinstance(message, str):
        return code, message
    return None, ""
