"""The history checker: every row a walk was served against what upstream holds.

Knows what each call must look like, from upstream's own record by the pure translation, exactly or from its summary.
It refuses to know how rows were fetched; it cannot be told to overlook anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import phonenumbers

from adapters.translation.assemble import from_summary, translate
from adapters.translation.world import Directory, DirectoryEntry
from adapters.translation.world import World as Knowledge
from contracts.cases import World, list_body, record_body
from contracts.successor.reading import read_page, read_record

Row: TypeAlias = Mapping[str, Any]
Told: TypeAlias = Literal["exact", "summary", "idless"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the list: which part of which call, in the order rows must come, with its exact content."""

    place: int
    history_uuid: str
    group: int
    v1_id: str
    exact: Row
    summary: Row | None
    summary_id: str

    def told_by(self, row: Row) -> Told | None:
        """How a row tells this part of a call, its id aside; None when it tells something else.

        `exact`, by its `summary`, or `idless`: either of the two without some object ids of the directory.
        """
        told = _without_id(row)
        if told == self.exact:
            return "exact"
        if self.summary is not None and told == self.summary:
            return "summary"
        is_idless = any(_is_without_ids(told, whole) for whole in (self.exact, self.summary) if whole is not None)
        return "idless" if is_idless else None


@dataclass(slots=True)
class Verdict:
    """What is wrong with what was served; the ids of each trouble.

    `summaries` and `idless` are no lies but less than the whole truth, and counted apart: whoever judges says how many
    there may be.
    """

    rows: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    repinned: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    idless: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any((self.lost, self.doubled, self.reordered, self.altered, self.foreign, self.repinned))

    def troubles(self) -> str:
        """The counts of what is wrong, in words."""
        kinds = ("lost", "doubled", "reordered", "altered", "foreign", "repinned")
        return ", ".join(f"{len(getattr(self, kind))} {kind}" for kind in kinds if getattr(self, kind))


class Truth:
    """The list as it must be served for a world, newest call first, the parts of a call from its last to its first."""

    def __init__(self, world: World) -> None:
        knowledge = Knowledge(directory=_directory(world), calling_codes=_calling_codes())
        records = {
            record.call_history_uuid: record
            for record in (read_record(record_body(raw, "v3")).value for raw in world.records)
        }
        self.slots: list[Slot] = []
        for row in read_page(list_body(world.call_history, "v3")).value.rows:
            record = records.get(row.call_history_uuid)
            summary = from_summary(row, world=knowledge)
            calls = translate(record, world=knowledge) if record is not None and record.elements else (summary,)
            for call in reversed(calls):
                self._add(call.history_uuid, call.group, call.row, summary.row)
        self._by_id: dict[str, list[Slot]] = defaultdict(list)
        for slot in self.slots:
            for v1_id in {slot.v1_id, slot.summary_id} - {""}:
                self._by_id[v1_id].append(slot)

    def _add(self, history_uuid: str, group: int, row: Row, summary: Row) -> None:
        is_first = group == 0
        self.slots.append(
            Slot(
                place=len(self.slots),
                history_uuid=history_uuid,
                group=group,
                v1_id=row["id"],
                exact=_without_id(row),
                summary=_without_id(summary) if is_first else None,
                summary_id=summary["id"] if is_first else "",
            )
        )

    def check(self, rows: Sequence[Row], *, is_whole: bool = True) -> Verdict:
        """The verdict on one walk's rows, in the order served; `is_whole`: it came to its end, so all must be there."""
        verdict = Verdict(rows=len(rows))
        served = [(slot, row) for row in rows if (slot := self._slot(row, verdict)) is not None]
        for slot, row in served:
            self._judge(slot, row, verdict)
        places: dict[int, str] = {}
        for slot, row in served:
            if slot.place in places:
                verdict.doubled.append(row["id"])
            places.setdefault(slot.place, row["id"])
        verdict.reordered += [places[later] for earlier, later in pairwise(places) if later < earlier]
        if is_whole:
            # A call told by its summary is one row: its other parts are not lost but unknown.
            summed = {slot.history_uuid for slot, row in served if row["id"] in verdict.summaries}
            unserved = [slot for slot in self.slots if slot.place not in places]
            verdict.lost += [slot.v1_id for slot in unserved if slot.history_uuid not in summed]
        return verdict

    def check_ids(self, walks: Iterable[Sequence[Row]]) -> list[str]:
        """The ids of calls that were served under more than one, over several walks of one state."""
        ids: dict[int, set[str]] = defaultdict(set)
        for rows in walks:
            for row in rows:
                slot = self._slot(row, Verdict())
                if slot is not None:
                    ids[slot.place].add(row["id"])
        return [self.slots[place].v1_id for place, known in ids.items() if len(known) > 1]

    def _slot(self, row: Row, verdict: Verdict) -> Slot | None:
        slots = self._by_id.get(str(row.get("id")), [])
        if not slots:
            verdict.foreign.append(str(row.get("id")))
            return None
        # A summary's id may be the id of another part of the same call: the part that the row tells is meant.
        return next((slot for slot in slots if slot.told_by(row)), slots[0])

    def _judge(self, slot: Slot, row: Row, verdict: Verdict) -> None:
        match slot.told_by(row):
            case None:
                verdict.altered.append(row["id"])
            case "summary":
                verdict.summaries.append(row["id"])
            case "idless":
                verdict.idless.append(row["id"])


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


def _is_without_ids(told: Row, whole: Row) -> bool:
    """Whether all that `told` lacks of `whole` are object ids."""
    return all(_lacks_id(name, told.get(name), whole.get(name)) for name in {*told, *whole})


def _lacks_id(name: str, told: Any, whole: Any) -> bool:
    if told == whole:
        return True
    if name == "user_id":
        return told is None
    if name in {"owner", "forward_to"} and isinstance(told, dict) and isinstance(whole, dict):
        return told == {key: value for key, value in whole.items() if key != "id"}
    return False


def _directory(world: World) -> Directory:
    entries = [
        (kind, entry, DirectoryEntry(entry["id"], entry.get("name") or entry.get("display_name")))
        for kind, listed in world.directory.items()
        for entry in listed
    ]
    return Directory(
        by_extension_id={entry["extension_id"]: found for _, entry, found in entries if "extension_id" in entry},
        common_areas={
            entry["extension_number"]: found
            for kind, entry, found in entries
            if kind == "common_areas" and "extension_number" in entry
        },
    )


def _calling_codes() -> Mapping[str, str]:
    pairs = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    return {region: str(code) for code, regions in pairs for region in regions}
