"""One token of the app for all replicas: whoever needs one first fetches it, the others wait for that one.

Wraps the token endpoint. Knows who fetches and how long the others wait; refuses to know where the token is kept. While
that place is away every replica fetches for itself: a token too many is better than none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Final, Protocol

from adapters.rate_budget import Clock
from adapters.token_endpoint import Grant, Grants

LOCKED_FOR: Final = 5.0
"""Seconds after which a replica that fetches is taken for dead, and the next one fetches."""
LOOK: Final = 0.05
"""Seconds between two looks for what another replica fetches."""


class Claim(Enum):
    """Who fetches, where there is no token to be had."""

    OURS = auto()
    THEIRS = auto()
    AWAY = auto()
    """Nobody can tell."""


class TokenStore(Protocol):
    """Where replicas of one app keep the token they share. Never raises: what cannot be kept is not."""

    async def claim(self, other_than: str, *, seconds: float) -> Grant | Claim:
        """The token kept, unless it is that of `other_than` or about to end; else who fetches for these seconds.

        Atomic over all replicas: of those who ask at once for a new one, one gets `Claim.OURS`.
        """

    async def keep(self, grant: Grant) -> None:
        """Keeps a token as long as it lives, in place of any other."""

    async def release(self) -> None:
        """Ends this replica's own claim."""


class SharedGrants:
    """`Grants` that all replicas share by a `store`. `clock` is the running loop's own."""

    def __init__(
        self,
        endpoint: Grants,
        store: TokenStore,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._clock = clock
        self._sleep = sleep

    async def grant(self, *, deadline: float, other_than: str = "") -> Grant:
        """See `Grants.grant`; asks the endpoint only where no other replica has such a token or fetches it."""
        while (claim := await self._store.claim(other_than, seconds=LOCKED_FOR)) is Claim.THEIRS:
            if self._clock() + LOOK >= deadline:
                break  # the endpoint tells in its own words that there is no time
            await self._sleep(LOOK)
        if isinstance(claim, Grant):
            return claim
        try:
            grant = await self._endpoint.grant(deadline=deadline, other_than=other_than)
            await self._store.keep(grant)
        finally:
            if claim is Claim.OURS:
                await self._store.release()
        return grant
