"""Accounts whose every text says whose it is: two strangers, and one whose people see a part of another's calls.

Knows which words may stand in whose answers; refuses to know requests.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.cases import World
from shim.standin.world import merged
from tests.reliability.worlds import company

MARKS: Final = {"alone": b"zzALONEzz", "shared": b"zzSHAREDzz", "other": b"zzOTHERzz"}
"""Part of the calls -> the word in its texts."""
SEES: Final[Mapping[str, frozenset[str]]] = {
    "whole": frozenset({"alone", "shared"}),
    "part": frozenset({"shared"}),
    "stranger": frozenset({"other"}),
}
"""Tenant -> the parts it may see."""
_PLAIN: Final = re.compile(r"[a-z]+_name|name|department|cost_center|[a-z]+_email|email")
_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One account, what its bearers see, and what must never reach it: words, and ids of calls and of their parts."""

    name: str
    world: World
    foreign_marks: tuple[bytes, ...]
    foreign_ids: frozenset[bytes]

    def is_foreign(self, told: bytes) -> bool:
        """Whether an answer holds anything of others."""
        if any(mark in told for mark in self.foreign_marks):
            return True
        return not self.foreign_ids.isdisjoint(_UUID.findall(told))


def tenants(seed: int, calls: int) -> list[Tenant]:
    """All three, with so many calls in each part."""
    parts = {part: _marked(company(seed + place, calls), part) for place, part in enumerate(MARKS)}
    ids = {part: frozenset(_ids(world)) for part, world in parts.items()}
    return [
        Tenant(
            name,
            merged(*(parts[part] for part in sorted(seen))),
            tuple(mark for part, mark in MARKS.items() if part not in seen),
            frozenset().union(*(ids[part] for part in parts if part not in seen)),
        )
        for name, seen in SEES.items()
    ]


def _ids(world: World) -> Iterable[bytes]:
    for record in world.records:
        texts = [record["call_history_uuid"], *(part["call_element_id"] for part in record["call_elements"])]
        yield from (found for text in texts for found in _UUID.findall(text.encode()))


def _marked(world: World, part: str) -> World:
    mark = MARKS[part].decode()
    return World(
        **{name: _written(getattr(world, name), mark) for name in ("call_history", "records", "directory", "charges")}
    )


def _written(value: Any, mark: str, name: str = "") -> Any:
    """The same with the mark in every text that is a name of something."""
    match value:
        case dict():
            return {key: _written(each, mark, key) for key, each in value.items()}
        case list():
            return [_written(each, mark, name) for each in value]
        case str() if _PLAIN.fullmatch(name):
            return f"{mark}.{value}" if "@" in value else f"{value} {mark}"
    return value
