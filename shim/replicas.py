"""What this process shares with other replicas of it, where the settings name a Redis, and who counts as a replica.

The one place that knows which settings make two processes alike. Refuses to know what is done with what is shared.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.finished import Shelf
from adapters.sealing import Seal
from adapters.shared_token import SharedGrants, TokenStore
from adapters.shared_windows import SharedWindows
from adapters.sharing import open_link
from adapters.token_endpoint import Grants
from shim.own_version import own_version
from shim.settings import Settings

if TYPE_CHECKING:
    from adapters.redis.link import RedisLink


@dataclass(frozen=True, slots=True)
class Sharing:
    """The roles that replicas play together; each is None where there is only this process."""

    windows: SharedWindows | None = None
    tokens: TokenStore | None = None
    shelf: Shelf | None = None

    def grants(self, endpoint: Grants) -> Grants:
        """Where this process gets tokens: from the endpoint, or together with the others."""
        if self.tokens is None:
            return endpoint
        return SharedGrants(endpoint, self.tokens, clock=asyncio.get_running_loop().time)


@asynccontextmanager
async def link_of(settings: Settings) -> "AsyncIterator[RedisLink | None]":
    """The link to the Redis the settings name; None where they name none."""
    async with open_link(settings.state_url.url.get_secret_value(), family=_limited_alike(settings)) as link:
        yield link


@asynccontextmanager
async def open_sharing(
    settings: Settings, link: "RedisLink | None", *, token_keys: Sequence[str]
) -> AsyncIterator[Sharing]:
    """What is shared over `link`, which is borrowed; sealed with `token_keys`, unless the app's secret does better."""
    if link is None:
        yield Sharing()
        return
    from adapters.redis.shelf import RedisShelf  # noqa: PLC0415 - an optional package is behind these three
    from adapters.redis.token_store import RedisTokenStore  # noqa: PLC0415
    from adapters.redis.windows import RedisWindows  # noqa: PLC0415

    seal, clock = Seal(_sealing_keys(settings, token_keys)), asyncio.get_running_loop().time
    async with AsyncExitStack() as stack:
        shelf = RedisShelf(link, family=_finished_alike(settings), seal=seal)
        stack.push_async_callback(shelf.aclose)
        yield Sharing(
            windows=RedisWindows(link, family=_limited_alike(settings)),
            tokens=RedisTokenStore(link, family=_limited_alike(settings), seal=seal, clock=clock),
            shelf=shelf,
        )


def _sealing_keys(settings: Settings, token_keys: Sequence[str]) -> Sequence[str]:
    """The operator's keys, else one made of the app's secret, which does not lie beside what it seals."""
    secret = settings.zoom_client_secret
    if settings.token_keys or secret is None:
        return token_keys
    made = HKDF(SHA256(), length=32, salt=None, info=b"zoom-call-log-shim: what replicas share")
    return [base64.urlsafe_b64encode(made.derive(secret.get_secret_value().encode())).decode("ascii")]


def _limited_alike(settings: Settings) -> str:
    """Names those who are one caller to Zoom: the same API, the same app."""
    return _hashed(settings.api_url, settings.oauth_url, settings.zoom_account_id, settings.zoom_client_id)


def _finished_alike(settings: Settings) -> str:
    """Names those who make the same old record of a call: the same API, version and choices."""
    places = settings.number_locations
    return _hashed(
        settings.api_url,
        own_version(),
        settings.profile,
        settings.rules.options,
        places.is_builtin,
        sorted(places.places.items()),
    )


def _hashed(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:16]
