"""The bearers this service gives for client keys: sealed, so that nothing is stored and every replica knows them.

A bearer holds the client's name, the digest of the key it was traded for, and when. Taking that key out of
`SHIM_CLIENT_KEYS` ends it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import msgspec

from adapters.sealing import Seal, Unsealable
from shim.client_keys import Client, ClientKeys

LIFE: Final = 3600
"""Seconds a bearer is good for."""
_END_OF_TIME: Final = 2**40
"""A second so late that nothing sealed is from its future."""


class _Sealed(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What stands inside a bearer; page tokens begin otherwise."""

    kind: Literal["client bearer"]
    client: str
    key: bytes


class ClientBearers:
    """Makes bearers and knows them again; `now` is the UTC time."""

    def __init__(self, seal: Seal, keys: ClientKeys, *, now: Callable[[], datetime]) -> None:
        self._seal = seal
        self._keys = keys
        self._now = now

    def issue(self, client: Client) -> str:
        """A new bearer for the key `client` presented."""
        return self._seal.seal(_Sealed("client bearer", client.name, client.digest), now=self._second())

    def holder(self, bearer: str) -> Client | None:
        """The client a live bearer was given to, while its key is good under that name."""
        sealed = self._opened(bearer, life=LIFE, now=self._second())
        client = self._keys.traded_by(sealed.key) if sealed is not None else None
        return client if sealed is not None and client is not None and client.name == sealed.client else None

    def is_ours(self, text: str) -> bool:
        """Whether this is a bearer of ours, live or not, whatever the clock says."""
        return self._opened(text, life=_END_OF_TIME, now=_END_OF_TIME) is not None

    def _opened(self, bearer: str, *, life: int, now: int) -> _Sealed | None:
        try:
            return self._seal.open(bearer, _Sealed, life=life, now=now)
        except Unsealable:
            return None

    def _second(self) -> int:
        return int(self._now().timestamp())
