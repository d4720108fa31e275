"""Zoom's published facts beside the generated surface: every difference is declared, and nothing else is."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.__main__ import main
from contracts.cases import load
from contracts.differences import DIFFERENCES, Difference
from contracts.generated_surface import sent, surfaces
from contracts.legacy.parameters import ACCOUNT_CALL_LOGS_PARAMETERS
from contracts.legacy.shapes import PATHS, RESULTS
from contracts.openapi import SERVED, document
from contracts.published import Published, published
from contracts.published_check import contradictions, findings
from tests.build.citations import broken_sources
from tests.build.recipe import PROJECT

CASES = load()
DOCUMENT = document()
FILES = sorted(
    (file for file in resources.files("contracts.published").iterdir() if file.name.endswith(".json")), key=str
)
GONE = object()
"""Stands for a key that is taken away."""
LIST, DETAILS = "/paths/~1v2~1phone~1call_logs/get", "/paths/~1v2~1phone~1call_logs~1{callLogId}/get"
ROW, HEADER, OWNER = (
    f"/components/schemas/{name}/properties" for name in ("AccountCallLog", "CallLogDetails", "Owner")
)
UNDECLARED, STALE = "no difference is declared", "declared, yet it is not so"


def altered(pointer: str, value: Any) -> dict[str, Any]:
    """The generated document with the value of one RFC 6901 pointer changed, or taken away."""
    whole = copy.deepcopy(DOCUMENT)
    *above, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    place: Any = whole
    for step in above:
        place = place[int(step) if isinstance(place, list) else step]
    place.pop(last, None)
    place.update({} if value is GONE else {last: value})
    return whole


def said(generated: Any, *, cases: Any = CASES, declared: Any = DIFFERENCES) -> list[str]:
    """What the check says of a document."""
    return list(contradictions(generated, cases, declared))


def strings(value: Any) -> Iterator[str]:
    """Every text of a JSON value, the keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


# As it stands


def test_nothing_is_undeclared_and_nothing_declared_in_vain() -> None:
    """The surface is the published one but for the table's differences."""
    assert [] == list(findings())


def test_the_kit_reports_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m contracts verify` judges the contract with the cases."""
    assert 0 == main(["verify"])
    assert f"{len(CASES)} cases, 0 findings\n" == capsys.readouterr().out


def test_the_kit_refuses_a_fact_that_is_not_met(tmp_path: Path) -> None:
    """A published type that the surface does not have ends it with 1, and is named."""
    shutil.copytree(PROJECT / "contracts", tmp_path / "contracts", ignore=shutil.ignore_patterns("__pycache__"))
    facts = tmp_path / "contracts" / "published" / "getCallLogDetails.json"
    facts.write_text(facts.read_text().replace('"duration": {"type": "integer"}', '"duration": {"type": "string"}'))
    verify = [sys.executable, "-m", "contracts", "verify"]
    run = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 1 == run.returncode
    assert f"getCallLogDetails: duration: type: published string, here integer: {UNDECLARED}\n" in run.stdout


@pytest.mark.parametrize("place", range(len(DIFFERENCES)), ids=lambda place: f"{place}-{DIFFERENCES[place].what}")
def test_every_entry_is_needed(place: int) -> None:
    """Without it each of its places is a finding."""
    without = [*DIFFERENCES[:place], *DIFFERENCES[place + 1 :]]
    places = [*DIFFERENCES[place].in_list, *DIFFERENCES[place].in_details]
    found = said(DOCUMENT, declared=without)
    assert len(places) == len(found)
    assert [] == [line for line in found if not line.endswith(UNDECLARED)]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.what)
def test_every_entry_has_a_reason_and_evidence(difference: Difference) -> None:
    """A line for a reader and a section that stands in docs/semantics.md."""
    assert difference.reason
    assert [] == broken_sources(difference.source)


# What is caught


@pytest.mark.parametrize(
    ("pointer", "value", "place", "what"),
    [
        (f"{OWNER}/type/enum", ["user", "callQueue"], "call_logs[].owner.type", "values"),
        (f"{ROW}/call_type/enum", ["voip", "pstn", "tollfree", "international"], "call_logs[].call_type", "values"),
        (f"{ROW}/call_type/enum", GONE, "call_logs[].call_type", "enum"),
        (f"{ROW}/caller_number_type/enum", ["1", "2"], "call_logs[].caller_number_type", "values"),
        (f"{ROW}/result/x-extensible-enum", ["Answered"], "call_logs[].result", "values"),
        (f"{ROW}/duration/type", "string", "call_logs[].duration", "type"),
        (f"{ROW}/answer_start_time/format", GONE, "call_logs[].answer_start_time", "format"),
        (f"{OWNER}/extension_number/format", "int32", "call_logs[].owner.extension_number", "format"),
        (f"{OWNER}/name", GONE, "call_logs[].owner.name", "name"),
        (f"{OWNER}/title", {"type": "string"}, "call_logs[].owner.title", "name"),
        (f"{HEADER}/has_recording/deprecated", GONE, "has_recording", "deprecated"),
        ("/components/schemas/AccountCallLogs/properties/call_logs/maxItems", 100, "call_logs", "max_items"),
        ("/components/schemas/AccountCallLogs/required", ["call_logs"], "next_page_token", "always sent"),
        (f"{LIST}/deprecated", False, "operation", "deprecated"),
        (f"{LIST}/parameters/0/name", "pagesize", "parameter page_size", "name"),
        (f"{LIST}/parameters/0/name", "pagesize", "parameter pagesize", "name"),
        (f"{LIST}/parameters/0/schema/default", 100, "parameter page_size", "default"),
        (f"{LIST}/parameters/0/schema/default", "30", "parameter page_size", "default"),
        (f"{LIST}/parameters/0/schema/default", 30.0, "parameter page_size", "default"),
        (f"{LIST}/parameters/0/schema/maximum", 1000, "parameter page_size", "maximum"),
        (f"{LIST}/parameters/0/schema/type", "string", "parameter page_size", "type"),
        (f"{LIST}/parameters/0/required", True, "parameter page_size", "required"),
        (f"{LIST}/parameters/0/in", "path", "parameter page_size", "where"),
        (f"{LIST}/parameters/5/schema/x-extensible-enum", ["pstn"], "parameter path", "values"),
        (f"{LIST}/parameters/6/schema/enum", ["startTime"], "parameter time_type", "values"),
        (f"{DETAILS}/responses/404", GONE, "error 404, code 404", "message"),
        ("/components/responses/TooManyRequests/content/application~1json/examples", {}, "error 429", "status"),
    ],
)
def test_a_change_of_the_surface_is_seen(pointer: str, value: Any, place: str, what: str) -> None:
    """A dropped word, another type, a new name, a lost bound: each is named by place and kind."""
    found = said(altered(pointer, value))
    assert [] != [line for line in found if f": {place}: {what}: " in line]


def test_a_finding_says_both_sides() -> None:
    """The line tells what was published and what there is."""
    found = said(altered(f"{ROW}/duration/type", "string"))
    expected = "accountCallLogs: call_logs[].duration: type: published integer, here string"
    assert [f"{expected}: {UNDECLARED}"] == found


def test_a_renamed_field_is_one_gone_and_one_new() -> None:
    """Both names are told."""
    generated = altered(f"{OWNER}/name", GONE)
    generated["components"]["schemas"]["Owner"]["properties"]["title"] = {"type": "string"}
    found = [line for line in said(generated) if ": name: " in line]
    assert [
        f"accountCallLogs: call_logs[].owner.name: name: published string, here absent: {UNDECLARED}",
        f"accountCallLogs: call_logs[].owner.title: name: published absent, here string: {UNDECLARED}",
    ] == found


def test_a_declared_difference_covers_its_own_values_alone() -> None:
    """One more word lost where words are lost already is news."""
    words = [word for word in sorted(RESULTS) if word != "Busy"]
    found = said(altered(f"{ROW}/result/x-extensible-enum", words))
    assert [STALE, UNDECLARED] == sorted(line.rpartition(": ")[2] for line in found)
    assert "published Blocked by info-Barriers, Blocked by non-GAL, Busy, Call Cancelled" in found[0]


@pytest.mark.parametrize(
    "stale",
    [
        replace(DIFFERENCES[0], published="date-time"),
        replace(DIFFERENCES[0], in_list=(), in_details=DIFFERENCES[0].in_list),
        replace(DIFFERENCES[0], what="type"),
        replace(DIFFERENCES[0], in_list=("parameter till",)),
    ],
    ids=["other value", "other operation", "other kind", "no such place"],
)
def test_a_difference_that_is_none_is_refused(stale: Difference) -> None:
    """An entry that finds nothing, at even one of its places, is told."""
    found = said(DOCUMENT, declared=[*DIFFERENCES, stale])
    assert [] != found
    assert [] == [line for line in found if not line.endswith(STALE)]


def test_a_field_no_reply_shows_is_told() -> None:
    """What the schema has and the cases never show is a promise nobody keeps."""
    shown = [case for case in CASES if case.id == "marketing_hotline"]
    found = said(DOCUMENT, cases=shown)
    assert f"accountCallLogs: call_logs[].hold_time: ever sent: published yes, here no: {UNDECLARED}" in found


def test_an_operation_on_one_side_is_told() -> None:
    """A published operation that is not served, or the other way round."""
    generated = altered(LIST.removesuffix("/get"), GONE)
    assert ["accountCallLogs: stands on one side only"] == [line for line in said(generated) if "one side" in line]


def test_only_replies_without_options_show_a_field() -> None:
    """What an option brings is not what a legacy program gets."""
    assert any(case.settings.rules.get("page_count") == "emit" for case in CASES)
    assert "page_count" not in sent(CASES)["accountCallLogs"]


# The facts


def test_the_facts_are_of_what_is_served() -> None:
    """One file for each served operation, named as Zoom names it."""
    assert [row.id for row in SERVED] == [facts.operation for facts in published()]
    assert [f"{row.id}.json" for row in SERVED] == [file.name for file in FILES]
    assert {"Zoom's OpenAPI of the phone API, July 2026"} == {facts.source for facts in published()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_facts_are_no_sentences(file: Any) -> None:
    """Names and words of the wire; no text of Zoom's is kept."""
    told = json.loads(file.read_text())
    texts = [*strings(told["parameters"]), *strings(told["fields"]), told["operation"], told["path"]]
    assert [] == [text for text in texts if len(text.split()) > 4 or text.endswith(".") or "<" in text]


@pytest.mark.parametrize("key", ["description", "example", "summary"])
def test_the_facts_are_closed(key: str) -> None:
    """Nothing else can be written into them."""
    told = json.loads(FILES[0].read_text())
    with pytest.raises(ValidationError, match=key):
        Published.model_validate_json(json.dumps({**told, key: "Some text."}))


def test_every_word_written_was_published() -> None:
    """Results and paths are v1's own."""
    listed = published()[0]
    assert set() == RESULTS - {*listed.fields["call_logs[].result"].words}
    assert set() == PATHS - {*listed.parameters["path"].words}


def test_the_parameters_stand_in_the_published_order() -> None:
    """A reader finds them where Zoom's page had them."""
    assert list(published()[0].parameters) == [row.name for row in ACCOUNT_CALL_LOGS_PARAMETERS]
    assert list(published()[0].parameters) == list(surfaces(DOCUMENT)[0].parameters)
