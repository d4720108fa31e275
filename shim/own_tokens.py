"""The service's own `POST /oauth/token`: a client key in, a bearer of an hour out.

For programs that can only fetch a token before they ask. The key comes as HTTP Basic `name:key` (also form-encoded
within, as RFC 6749 2.3.1 has it), else as `client_id` and `client_secret` in a form or a JSON object; never in the
query, which proxies log. Any grant type is taken, also none. It refuses to know Zoom: nothing is asked there.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, unquote_plus

import structlog
from aiohttp import hdrs, web

from contracts.codec import NotJson, decode, encode
from shim.answers import envelope, json_answer, refusal
from shim.client_bearers import LIFE, ClientBearers
from shim.client_keys import Client, ClientKeys
from shim.connection import wait_no_more
from shim.failure_limit import FailureLimit
from shim.presented import basic_of

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path
SCOPE: Final = "phone:read:admin phone_call_log:read:admin"
"""What every client is told it may do: the classic scopes of the app a call log program had (semantics 7, "Scopes")."""
BODY_TIME: Final = 5.0
"""Seconds in which a body must have come; its size is the listener's own limit for a body read whole, 64 KiB."""
_NOT_STORED: Final[Mapping[str, str]] = {hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"}
_WRONG: Final = encode({"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
"""Zoom's own words. Its OAuth clients read `error` and `reason` here and know no envelope; the status is the standard's
(RFC 6749 5.2), where Zoom answers 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTokens:
    """Trades keys; `failures` limits those who have none."""

    keys: ClientKeys
    bearers: ClientBearers
    failures: FailureLimit
    body_time: float = BODY_TIME

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """A bearer, or a refusal that is the same for a wrong name and a wrong key."""
        if request.method != hdrs.METH_POST:
            return envelope(405, headers={hdrs.ALLOW: hdrs.METH_POST})
        try:
            name, key = await self._credentials(request)
        except TimeoutError:
            wait_no_more(request)
            return refusal(408)
        except web.HTTPRequestEntityTooLarge:
            return refusal(413)
        except web.RequestPayloadError:
            return refusal(400)
        client = self._client(name, key)
        return self._refused(name, request.remote or "") if client is None else self._issued(client)

    async def _credentials(self, request: web.BaseRequest) -> tuple[str, str]:
        """Name and key as presented, empty where there are none; a body is read only when it may hold them."""
        authorization = request.headers.get(hdrs.AUTHORIZATION, "").strip()
        if authorization:
            return basic_of(authorization) or ("", "")
        async with asyncio.timeout(self.body_time):
            body = await request.read()
        told = _told(body, request.headers.get(hdrs.CONTENT_TYPE, ""))
        return _text(told.get("client_id")), _text(told.get("client_secret"))

    def _client(self, name: str, key: str) -> Client | None:
        """The client of that name and key, spelt as they are or form-encoded."""
        for spelt_name, spelt_key in ((name, key), (unquote_plus(name), unquote_plus(key))):
            client = self.keys.holder(spelt_key)
            if client is not None and client.name == spelt_name:
                return client
        return None

    def _issued(self, client: Client) -> web.Response:
        structlog.get_logger().info("client_token.issued", client=client.name)
        granted = {
            "access_token": self.bearers.issue(client),
            "token_type": "bearer",
            "expires_in": LIFE - 1,
            "scope": SCOPE,
        }
        return json_answer(encode(granted), headers=_NOT_STORED)

    def _refused(self, name: str, address: str) -> web.Response:
        wait = self.failures.count(address)
        if wait is not None:
            return envelope(429, headers={hdrs.RETRY_AFTER: str(wait), **_NOT_STORED})
        # An unknown name may be a key in the wrong place.
        known = {"client": name} if name in self.keys.names else {}
        structlog.get_logger().warning("client_token.refused", **known)
        return json_answer(
            _WRONG, status=401, headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="client keys"', **_NOT_STORED}
        )


def is_like_token_path(raw_path: str) -> bool:
    """Whether a path is the token endpoint's in some spelling: a key sent there by mistake must not go on to Zoom."""
    return re.sub(r"/+", "/", unquote(unquote(raw_path))).rstrip("/").casefold() == TOKEN_PATH


def _told(body: bytes, content_type: str) -> Mapping[str, Any]:
    """The fields of a JSON object when the body is said to be JSON, else of a form; of repeated ones the first."""
    if content_type.partition(";")[0].strip().lower() == "application/json":
        try:
            told = decode(body)
        except NotJson:
            return {}
        return told if isinstance(told, dict) else {}
    pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return dict(reversed(pairs))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
