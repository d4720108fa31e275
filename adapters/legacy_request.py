"""A legacy request and its answer as plain values: the last place where the old API's spelling is known as such.

Whoever listens on the wire makes the one and writes the other; nothing here knows how.
"""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import NO_HEADERS
from adapters.ports import Caller


@dataclass(frozen=True, slots=True)
class LegacyRequest:
    """One request for a retired resource.

    `query` keeps the order and repeats of the wire, decoded; `asked_id` is the id of the path, decoded once, or "".
    """

    caller: Caller
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    asked_id: str = field(default="", repr=False)

    @property
    def partition(self) -> str:
        """The account prefix under which ids are remembered, "" for none."""
        return self.caller.account or ""

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter, blanks around it removed; None when it is absent."""
        return next((value.strip() for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True)
class LegacyAnswer:
    """A 200: the JSON body, and the upstream headers worth passing on."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)


Answering = Coroutine[Any, Any, LegacyAnswer]
"""An answer in the making: nothing is asked before it is awaited, and whoever does not await it closes it."""
