"""Who asks: a request's credential becomes a `Caller`, or v1's refusal.

Two ways: the bearer is the caller's own Zoom token, judged by Zoom alone; or it is a client key or a bearer traded for
one, judged here, and Zoom never sees it. Wrong bearers are not limited: one that has ended is everyday life and must be
answered 401 for its program to fetch the next one, it costs a hash and no call, and no key of 32 characters is guessed.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.errors import LegacyRefusal
from adapters.ports import Caller
from contracts.legacy.errors import INVALID_TOKEN
from shim.claims import account_claimed
from shim.client_bearers import ClientBearers
from shim.client_keys import Client, ClientKeys
from shim.presented import bearer_of

APP_BUDGET: Final = "app"
"""The one rate budget of all clients: to Zoom they are one app."""


class Callers(Protocol):
    """Tells who presents a credential."""

    def caller(self, authorization: str, *, account: str | None, deadline: float) -> Caller:
        """The caller behind an Authorization value ("": none), asking for `account` until `deadline`.

        Raises `LegacyRefusal` 401/124 when it is nobody.
        """


class BearersPassedOn:
    """Each caller's credential is its own and goes upstream as it came."""

    def caller(self, authorization: str, *, account: str | None, deadline: float) -> Caller:
        """See `Callers.caller`; only a missing credential is refused here.

        Zoom counts the calls of an account together, whoever makes them: bearers that say they are of one share its
        budget.
        """
        if not authorization:
            raise LegacyRefusal.of(INVALID_TOKEN)
        claimed = account_claimed(bearer_of(authorization))
        budget = "" if claimed is None else _key(None if account == claimed else account, f"account\0{claimed}")
        key, asker = _key(account, authorization), _key(None, authorization)
        return Caller(authorization, key, account, deadline, budget=budget, asker=asker)


@dataclass(frozen=True, slots=True)
class KeyHolders:
    """Callers are the clients of `SHIM_CLIENT_KEYS`; what they present ends here."""

    keys: ClientKeys
    bearers: ClientBearers

    def caller(self, authorization: str, *, account: str | None, deadline: float) -> Caller:
        """See `Callers.caller`; known by the client's name, so that nothing is lost while its key is changed."""
        token = bearer_of(authorization)
        client = self._holder(token) if token else None
        if client is None:
            raise LegacyRefusal.of(INVALID_TOKEN)
        key, asker = (_key(one, f"client\0{client.name}") for one in (account, None))
        return Caller("", key, account, deadline, budget=APP_BUDGET, asker=asker)

    def _holder(self, token: str) -> Client | None:
        return self.keys.holder(token) or self.bearers.holder(token)


def _key(account: str | None, credential: str) -> str:
    """One credential may speak for several accounts."""
    return hashlib.sha256(f"{account or ''}\0{credential}".encode(errors="surrogateescape")).hexdigest()
