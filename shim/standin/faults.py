"""What a test makes go wrong: scripted faults in their order, and scopes taken away.

It refuses to know what would have been answered.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.codec import encode
from shim.standin.refusals import missing_scopes, of_status

DEFAULT_SCOPES = ("phone:read:admin",)


@dataclass(slots=True)
class Fault:
    """One scripted fault: what it answers (nothing of its own without a status) and what it waits for first."""

    path_prefix: str
    status: int | None
    body: Mapping[str, Any] | bytes | None
    times: int | None
    headers: Mapping[str, str]
    delay: asyncio.Event | Awaitable[object] | None

    async def wait(self) -> None:
        """Returns when the test lets the request go on."""
        if isinstance(self.delay, asyncio.Event):
            await self.delay.wait()
        elif self.delay is not None:
            await self.delay

    def content(self) -> bytes:
        """The body to send: the given one, else the envelope that goes with the status."""
        if isinstance(self.body, bytes):
            return self.body
        return encode(self.body if self.body is not None else of_status(self.status or 500))


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults still to come; each request takes the first that fits its path."""

    _script: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Puts a fault at the end of the script."""
        self._script.append(fault)

    def forget(self) -> None:
        """Ends all that are still to come."""
        self._script.clear()

    def take(self, path: str) -> Fault | None:
        """The next fault for `path`, one time of it used up."""
        fault = next((fault for fault in self._script if path.startswith(fault.path_prefix)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._script.remove(fault)
        return fault


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes taken away, by path prefix, for everybody or for one bearer."""

    _missing: list[tuple[str, str | None, tuple[str, ...]]] = field(default_factory=list)

    def revoke(self, path_prefix: str, scopes: tuple[str, ...], bearer: str | None) -> None:
        """From now on `bearer` (or everybody) lacks `scopes` below `path_prefix`."""
        self._missing.append((path_prefix, bearer, scopes))

    def check(self, path: str, bearer: str) -> None:
        """Refuses a request whose scope was taken away."""
        for prefix, whose, scopes in self._missing:
            if path.startswith(prefix) and whose in (None, bearer):
                raise missing_scopes(scopes)
