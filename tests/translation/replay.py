"""Replays a case without a server: its records through the reader and the translation, its replies reassembled.

Only what the operations add is done here by hand: the envelope of the list, and the choice of a call by its id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import phonenumbers

from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.options import parse_options
from adapters.translation.world import Directory, DirectoryEntry, World
from contracts.cases import Case, Exchange, in_generation, list_body, record_body
from contracts.cases import World as Upstream
from contracts.cases.worlds import Spoken
from contracts.successor.reading import read_page, read_record
from contracts.successor.shapes import CallHistory

DETAILS = "/v2/phone/call_logs/"
CALLING_CODES = {
    region: str(code) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items() for region in regions
}


def _directory(upstream: Upstream) -> Directory:
    entries = [
        (kind, entry, DirectoryEntry(entry["id"], entry.get("name") or entry.get("display_name")))
        for kind, listed in upstream.directory.items()
        for entry in listed
    ]
    return Directory(
        by_extension_id={entry["extension_id"]: found for _, entry, found in entries if "extension_id" in entry},
        by_number={entry["extension_number"]: found for kind, entry, found in entries if kind != "common_areas"},
        common_areas={entry["extension_number"]: found for kind, entry, found in entries if kind == "common_areas"},
    )


def world_of(case: Case) -> World:
    """What the case's settings and directory tell the translation."""
    places = case.settings.number_locations
    return World(
        options=parse_options(case.settings.rules),
        directory=_directory(case.world),
        place_of=lambda number: places.get(max(filter(number.startswith, places), key=len, default="")),
        calling_codes=CALLING_CODES,
        profile=case.settings.profile,
    )


def spoken(case: Case, generation: Spoken) -> Upstream:
    """The case's upstream in a generation, as somebody wrote it down where somebody did."""
    if generation == "v2" and case.world_v2 is not None:
        return case.world_v2
    return in_generation(case.world, generation)


@dataclass(frozen=True, slots=True)
class Heard:
    """A case's upstream in one generation after the reader: what the translation starts from."""

    case: Case
    world: World
    rows: tuple[CallHistory, ...]
    records: tuple[CallHistory, ...]


def heard(case: Case, generation: Spoken) -> Heard:
    """The case as the reader understands it when upstream speaks `generation`."""
    upstream = spoken(case, generation)
    return Heard(
        case=case,
        world=world_of(case),
        rows=read_page(list_body(upstream.call_history, generation)).value.rows,
        records=tuple(read_record(record_body(raw, generation)).value for raw in upstream.records),
    )


def _listed(story: Heard) -> Iterator[LegacyCall]:
    records = {record.call_history_uuid: record for record in story.records}
    for row in story.rows:
        record = records.get(row.call_history_uuid)
        if record is not None and record.elements and story.case.settings.fidelity == "exact":
            yield from reversed(translate(record, world=story.world))
        else:
            yield from_summary(row, world=story.world)


def _details(story: Heard, asked: str) -> dict[str, Any]:
    exact = {
        (call.history_uuid, call.group): call
        for record in story.records
        for call in translate(record, world=story.world)
    }
    served = next(call for call in _listed(story) if call.row["id"] == asked)
    return exact[served.history_uuid, served.group].under(asked).details


def answer(story: Heard, exchange: Exchange) -> dict[str, Any]:
    """What the service would answer to the exchange's request."""
    target = urlsplit(exchange.request)
    if target.path.startswith(DETAILS):
        return _details(story, target.path.removeprefix(DETAILS))
    query = parse_qs(target.query)
    rows = [call.row for call in _listed(story) if call.is_listed]
    envelope: dict[str, Any] = {"next_page_token": ""}
    if story.world.options.page_count == "emit":
        envelope["page_count"] = 1
    window = {"from": query["from"][0], "to": query["to"][0]}
    return {**envelope, "page_size": 30, "total_records": len(rows), **window, "call_logs": rows}


def reply(case: Case, exchange: Exchange, *, generation: Spoken) -> dict[str, Any]:
    """What the service would answer to the exchange's request when upstream speaks `generation`."""
    return answer(heard(case, generation), exchange)
