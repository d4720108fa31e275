"""What a Redis that fails is called: the closed set of texts an operator reads in `/readyz`.

It refuses to know what to do about a trouble, and keeps no foreign exception's text: some quote what was sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis import exceptions


class RedisTrouble(Exception):
    """Redis cannot be used now; `reason` is one of a few fixed texts.

    `is_lasting` tells a trouble of the server from that of a single command.
    """

    def __init__(self, reason: str, *, is_lasting: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_lasting = is_lasting


UNREACHED: Final = "Redis does not answer"
SLOW: Final = "Redis answers too slowly"
STRANGER: Final = "Redis refuses the credentials"
FORBIDDEN: Final = "Redis forbids a command this service needs"
READ_ONLY: Final = "Redis cannot be written"
FULL: Final = "Redis is full"
LOADING: Final = "Redis is loading its data"
CLUSTERED: Final = "Redis is a cluster, which this service does not speak to"
NO_REDIS: Final = "what answers is no Redis"
ODD: Final = "Redis refuses a command"
CLOSED: Final = "the state has been closed"

_BY_TYPE: Final = (
    # The first that fits: the families of the library overlap.
    (exceptions.BusyLoadingError, LOADING),
    (exceptions.AuthenticationError, STRANGER),
    (exceptions.AuthenticationWrongNumberOfArgsError, STRANGER),
    (exceptions.AuthorizationError, FORBIDDEN),
    (exceptions.NoPermissionError, FORBIDDEN),
    (exceptions.ReadOnlyError, READ_ONLY),
    (exceptions.MasterDownError, READ_ONLY),
    (exceptions.OutOfMemoryError, FULL),
    (exceptions.ClusterError, CLUSTERED),
    (exceptions.ClusterCrossSlotError, CLUSTERED),
    (exceptions.TryAgainError, CLUSTERED),
    (exceptions.AskError, CLUSTERED),
    (exceptions.ResponseError, ODD),
    (exceptions.InvalidResponse, NO_REDIS),
    (ValueError, NO_REDIS),
)


@contextmanager
def named_troubles() -> Iterator[None]:
    """Raises a `RedisTrouble` from whatever the library or the network says."""
    try:
        yield
    except (exceptions.RedisError, OSError, ValueError) as error:  # the library's parser lets its ValueErrors through
        reason = next((reason for kind, reason in _BY_TYPE if isinstance(error, kind)), UNREACHED)
        raise RedisTrouble(reason, is_lasting=reason != ODD) from error
