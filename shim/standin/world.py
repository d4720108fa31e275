"""An account's calls, charges and directory as Zoom holds them.

A world may speak either generation; kept, and answered from here, are the newest names. This file knows which row,
record and element belong together and keeps the newest call first. It refuses to know who asks and how an answer is
spelt.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contracts.cases import World, in_generation

Entry = dict[str, Any]


class Account:
    """One account: grows when calls arrive, never changes what was already handed out."""

    def __init__(self, world: World) -> None:
        self._rows: list[Entry] = []
        self._records: dict[str, Entry] = {}
        self._elements: dict[str, Entry] = {}
        self._directory: Mapping[str, Sequence[Entry]] = {"sites": _sites(world), **world.directory}
        self.charges: Sequence[Entry] = newest_first(world.charges)
        newest_names = in_generation(world, "v3")
        self._rows = newest_first(newest_names.call_history)
        for record in newest_names.records:
            self._keep(record)

    @property
    def rows(self) -> Sequence[Entry]:
        """The summary rows, newest first."""
        return self._rows

    def record(self, uuid: str) -> Entry | None:
        """The record with this history uuid."""
        return self._records.get(uuid)

    def element(self, key: str) -> Entry | None:
        """The element with this id, with the `call_history_uuid` of its record."""
        return self._elements.get(key)

    def listed(self, kind: str) -> Sequence[Entry]:
        """The directory's entries of one kind, named as Zoom names the array."""
        return self._directory.get(kind, ())

    def add(self, row: Entry, record: Entry | None) -> None:
        """Takes in a call; one with a known history uuid replaces what was known of it."""
        arrived = in_generation(World([row], [] if record is None else [record], {}), "v3")
        (row,) = arrived.call_history
        uuid = row["call_history_uuid"]
        self._rows = newest_first([*(known for known in self._rows if known["call_history_uuid"] != uuid), row])
        for each in arrived.records:
            self._keep(each)

    def _keep(self, record: Entry) -> None:
        uuid = record["call_history_uuid"]
        self._records[uuid] = record
        for element in record.get("call_elements", ()):
            if "call_element_id" in element:
                self._elements[element["call_element_id"]] = {**element, "call_history_uuid": uuid}


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Rows, records or charges by their start, the newest first; those of one second keep their order."""
    return sorted(entries, key=lambda entry: str(entry.get("start_time", "")), reverse=True)


def merged(*worlds: World) -> World:
    """One world with the calls and the directories of all, each directory entry once."""
    kinds = {kind for world in worlds for kind in world.directory} | {"sites"}
    return World(
        call_history=newest_first(row for world in worlds for row in world.call_history),
        records=newest_first(record for world in worlds for record in world.records),
        directory={kind: _once(entry for world in worlds for entry in _kind(world, kind)) for kind in sorted(kinds)},
        charges=newest_first(charge for world in worlds for charge in world.charges),
    )


def subset(world: World, keep: Callable[[Entry], bool]) -> World:
    """The calls of `world` whose summary row `keep` accepts, with what they cost and the whole directory."""
    rows = [row for row in world.call_history if keep(row)]
    call_ids = {row.get("call_id") for row in rows}
    uuids = {row["call_history_uuid"] for row in rows}
    records = [record for record in world.records if record["call_history_uuid"] in uuids]
    charges = [charge for charge in world.charges if charge["call_id"] in call_ids]
    return World(call_history=rows, records=records, directory=world.directory, charges=charges)


def _kind(world: World, kind: str) -> Sequence[Entry]:
    entries = world.directory.get(kind, [])
    return entries or (_sites(world) if kind == "sites" else entries)


def _sites(world: World) -> list[Entry]:
    named = {row["site_id"]: row.get("site_name", "") for row in world.call_history if row.get("site_id")}
    return [{"id": site, "name": name} for site, name in named.items()]


def _once(entries: Iterable[Entry]) -> list[Entry]:
    return list({entry["id"]: entry for entry in entries}.values())
