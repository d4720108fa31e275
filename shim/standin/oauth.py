"""The token endpoint of a server-to-server OAuth app, and the tokens it gave out.

It knows the account-credentials grant and its refusals; it refuses to know what a token lets its bearer see.
"""

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from cachetools import FIFOCache

from shim.standin.faults import DEFAULT_SCOPES
from shim.standin.refusals import expired_token, no_such_client, no_such_grant, wrong_account

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path, no secret
TOKEN_SECONDS: Final = 3599
MOST_TOKENS: Final = 10_000
GRANT_TYPE: Final = "account_credentials"


@dataclass(frozen=True, slots=True)
class AppClient:
    """The app Zoom knows, and the scopes its tokens name."""

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = DEFAULT_SCOPES


class Tokens:
    """The tokens of one app; each lives an hour of the clock, less a second, unless all are revoked before."""

    def __init__(self, app: AppClient, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock
        self._ends: FIFOCache[str, datetime] = FIFOCache(MOST_TOKENS)

    def issue(self, authorization: str, fields: str, *, origin: str) -> Mapping[str, Any]:
        """The answer to a form or query by whoever shows `authorization`; raises Zoom's refusals."""
        asked = dict(parse_qsl(fields))
        if asked.get("grant_type") != GRANT_TYPE:
            raise no_such_grant()
        if _basic(authorization) != (self._app.client_id, self._app.client_secret):
            raise no_such_client()
        if asked.get("account_id") != self._app.account_id:
            raise wrong_account()
        token = secrets.token_urlsafe(32)
        self._ends[token] = self._clock() + timedelta(seconds=TOKEN_SECONDS)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(self._app.scopes),
            "api_url": origin,
        }

    def check(self, bearer: str) -> bool:
        """Whether the bearer was given out here; raises Zoom's refusal when it has ended since."""
        ends = self._ends.get(bearer)
        if ends is not None and ends <= self._clock():
            raise expired_token()
        return ends is not None

    def revoke(self) -> None:
        """Ends every token given out so far."""
        for token in self._ends:
            self._ends[token] = self._clock()


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return client_id, secret
