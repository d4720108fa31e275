"""Who may call a server-to-server service: the clients of `SHIM_CLIENT_KEYS`.

Tells a key from a guess in a time that does not say how near the guess came. Refuses to know HTTP.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from shim.settings import ClientKey


@dataclass(frozen=True, slots=True)
class Client:
    """A client by the name it has here; `digest` is that of the key it presented, or traded for a bearer."""

    name: str
    digest: bytes = field(repr=False)


class ClientKeys:
    """The keys that are good now. A name may have several."""

    def __init__(self, keys: Iterable[ClientKey]) -> None:
        told = [(key.name, key.key.get_secret_value()) for key in keys]
        self._clients = tuple(Client(name, _digest(key)) for name, key in told)
        self._keys = frozenset(key for _, key in told)
        self._lengths = frozenset(len(key) for _, key in told)
        self.names = frozenset(name for name, _ in told)

    def holder(self, key: str) -> Client | None:
        """The client whose key this is; all keys are compared, whether or not one has matched."""
        return self.traded_by(_digest(key))

    def traded_by(self, digest: bytes) -> Client | None:
        """The client whose key has this digest, when it is still good."""
        found = None
        for client in self._clients:
            if hmac.compare_digest(client.digest, digest):
                found = client
        return found

    def stand_in(self, text: str) -> bool:
        """Whether a key stands anywhere in `text`.

        A plain search would stop at the first wrong character, and so tell a patient client how far it has guessed. A
        set goes by a hash of the whole word under a secret of this process.
        """
        return any(
            text[start : start + length] in self._keys
            for length in self._lengths
            for start in range(len(text) - length + 1)
        )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
