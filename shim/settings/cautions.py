"""What works but may surprise: said by `check`, never a reason to refuse.

Asks the machine only what cannot change it.
"""

import os
import resource
from collections.abc import Iterator
from urllib.parse import urlsplit

from shim.settings.model import Settings

LEAST_OPEN_FILES = 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def cautions(settings: Settings) -> tuple[str, ...]:
    """Sentences an operator should read once, in the order of the settings."""
    return tuple(_cautions(settings))


def _cautions(settings: Settings) -> Iterator[str]:
    for name, url in (("ZOOM_API_URL", settings.api_url), ("ZOOM_OAUTH_URL", settings.oauth_url)):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            yield f"{name} is plain http: credentials travel unencrypted"
    if settings.number_locations.is_builtin:
        yield "SHIM_NUMBER_LOCATIONS is builtin: a place is that of the number's range, not of whoever called"
    if settings.lends_app:
        yield (
            "SHIM_PASS_THROUGH is app: EVERY CLIENT KEY MAY DO WHATEVER THE APP MAY, on every path and with every "
            "method; take scopes from the app that call logs do not need, or choose off"
        )
    yield from _about_state(settings)
    if settings.rate_share > 1:
        yield "SHIM_RATE_SHARE is above 1: Zoom will refuse what goes over its limits; only a stand-in will not"
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files != resource.RLIM_INFINITY and open_files < LEAST_OPEN_FILES:
        yield f"the limit of open files is {open_files}, below {LEAST_OPEN_FILES}: few clients fit; raise `ulimit -n`"


def _about_state(settings: Settings) -> Iterator[str]:
    path = settings.state_path
    if settings.state_url.is_redis:
        yield from _about_redis(settings)
    elif path is None:
        sealed = ", page tokens and traded bearers" if settings.is_app else " and page tokens"
        forgotten = "remembered ids" if settings.token_keys else f"remembered ids{sealed}"
        yield f"SHIM_STATE_URL is memory://: {forgotten} end with the process"
    elif not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        yield "SHIM_STATE_URL names a folder that cannot be written: ids will wait in bounded memory"
    elif path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        yield "SHIM_STATE_URL names what is no writable file: ids will wait in bounded memory"


def _about_redis(settings: Settings) -> Iterator[str]:
    parts = settings.state_url.redis
    is_elsewhere = parts.hostname not in _LOOPBACK
    if is_elsewhere and parts.scheme == "redis":
        yield "SHIM_STATE_URL is plain redis: its password and remembered ids travel unencrypted; name it by rediss://"
    if is_elsewhere and not parts.password:
        yield "SHIM_STATE_URL names no password: whoever reaches that Redis can change the ids clients are served"
    if not settings.token_keys:
        sealed = "page tokens and traded bearers" if settings.is_app else "page tokens and finished records"
        yield (
            f"SHIM_TOKEN_KEYS is not set: the key that seals {sealed} lies in Redis, open to whoever reads it, and a "
            "replica that starts while Redis is away seals with another one"
        )
