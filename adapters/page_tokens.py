"""Where a walk over pages stands, sealed so that a client can carry it and cannot read or change it.

It refuses to know what a position means to an operation, and tells nobody why a token is refused.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final, Literal

import msgspec

from adapters.errors import LegacyRefusal
from adapters.sealing import LONGEST, Seal, Unsealable
from contracts.legacy.errors import PAGE_TOKEN_INVALID

LIFE: Final = 900
"""Seconds a token is good for."""
CUT_OFF: Final = -1
PAGE_BEFORE: Final = -1
"""As `after_group`: the row last served stood on the upstream page before."""
_VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Position:
    """The next row to serve of a walk, and what its first page settled.

    `upstream_token` opens the upstream page the row is on ("": the first), `after_uuid` and `after_group` name the
    last row served of that page, or of the `PAGE_BEFORE` ("": none yet): newer calls push rows from one page to the
    next, and none may be told twice. `window_*` is what upstream is always asked for, `echo_*` what the
    client is told, verbatim. `total` is the total first told, `served` how many rows the walk has had.

    `gone` counts the rows of the upstream pages gone through and `pages` those pages; `mark` is the digest of the token
    that opened one of them, by which a circle is found. A walk found in one is `CUT_OFF`: no page follows.
    """

    upstream_token: str
    window_from: str
    window_to: str
    echo_from: str
    echo_to: str
    after_uuid: str
    after_group: int
    filters: tuple[tuple[str, str], ...]
    upstream_page_size: int
    total: int
    served: int
    gone: int = 0
    pages: int = 0
    mark: str = ""

    @property
    def is_within(self) -> bool:
        """Whether rows of this upstream page have been served."""
        return bool(self.after_uuid) and self.after_group != PAGE_BEFORE

    @property
    def is_cut_off(self) -> bool:
        """Whether upstream's pages went in a circle."""
        return self.pages == CUT_OFF


class _Sealed(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What stands inside a token: an array, so that no field name costs a character."""

    version: Literal[2]
    bound_to: bytes
    position: tuple[str, str, str, str, str, str, int, tuple[tuple[str, str], ...], int, int, int, int, int, str]


class PageTokens:
    """Seals positions with the first key and opens what any of the keys has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Takes Fernet keys; `ValueError` when there is none or one is no such key."""
        self._seal = Seal(keys)

    def seal(self, position: Position, *, bound_to: str, now: int) -> str:
        """The token of `position`, made at `now` (epoch seconds), good only for `bound_to` (path and account).

        Raises the refusal of `open` when the client's own values make it longer than any token may be: a walk
        that cannot be gone on with must not look finished.
        """
        token = self._seal.seal(_Sealed(_VERSION, _digest(bound_to), astuple(position)), now=now)
        if len(token) > LONGEST:
            raise _refusal()
        return token

    def open(self, token: str, *, bound_to: str, now: int) -> Position:
        """The position sealed in `token`; `LegacyRefusal` 400 for whatever is not a live token of `bound_to`."""
        try:
            inside = self._seal.open(token, _Sealed, life=LIFE, now=now)
        except Unsealable as broken:
            raise _refusal() from broken
        if not hmac.compare_digest(inside.bound_to, _digest(bound_to)):
            raise _refusal()
        return Position(*inside.position)


def _digest(bound_to: str) -> bytes:
    return hashlib.sha256(bound_to.encode("utf-8", "surrogatepass")).digest()[:12]


def _refusal() -> LegacyRefusal:
    return LegacyRefusal.of(PAGE_TOKEN_INVALID)
