"""Replays a case without a server: its records through the reader and the translation, its replies reassembled.

Only what the operations add is done here by hand: the envelope of the list, and the choice of a call by its id.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import phonenumbers

from adapters.translation.assemble import LegacyCall, from_summary, translate
from adapters.translation.options import parse_options
from adapters.translation.world import Directory, DirectoryEntry, World
from contracts.cases import Case, Exchange, in_generation, list_body, record_body
from contracts.cases import World as Upstream
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
        place_of=lambda number: next((place for prefix, place in places.items() if number.startswith(prefix)), None),
        calling_codes=CALLING_CODES,
        profile=case.settings.profile,
    )


def spoken(case: Case, generation: str) -> Upstream:
    """The case's upstream in a generation, as somebody wrote it down where somebody did."""
    if generation == "v2" and case.world_v2 is not None:
        return case.world_v2
    return in_generation(case.world, generation)


def calls_of(case: Case, generation: str) -> Iterator[LegacyCall]:
    """Every old record of the case, in the order the list shows them."""
    upstream, world = spoken(case, generation), world_of(case)
    records = {
        record.call_history_uuid: record
        for record in (read_record(record_body(raw, generation)).value for raw in upstream.records)
    }
    for row in read_page(list_body(upstream.call_history, generation)).value.rows:
        yield from reversed(_calls(row, records.get(row.call_history_uuid), world, case.settings.fidelity))


def _calls(row: CallHistory, record: CallHistory | None, world: World, fidelity: str) -> tuple[LegacyCall, ...]:
    is_told = record is not None and record.elements and fidelity == "exact"
    return translate(record, world=world) if is_told else (from_summary(row, world=world),)


def reply(case: Case, exchange: Exchange, *, generation: str) -> dict[str, Any]:
    """What the service would answer to the exchange's request."""
    target = urlsplit(exchange.request)
    calls = list(calls_of(case, generation))
    if target.path.startswith(DETAILS):
        asked = target.path.removeprefix(DETAILS)
        details = _details(case, generation) if case.settings.fidelity == "summary" else calls
        return next(call.details for call in details if call.row["id"] == asked)
    query = parse_qs(target.query)
    rows = [call.row for call in calls if call.is_listed]
    envelope = {"next_page_token": ""}
    if case.settings.rules.get("page_count") == "emit":
        envelope["page_count"] = 1
    window = {"from": query["from"][0], "to": query["to"][0]}
    return {**envelope, "page_size": 30, "total_records": len(rows), **window, "call_logs": rows}


def _details(case: Case, generation: str) -> Iterator[LegacyCall]:
    exact, world = spoken(case, generation), world_of(case)
    for raw in exact.records:
        yield from translate(read_record(record_body(raw, generation)).value, world=world)
