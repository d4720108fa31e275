"""The cases load, hang together, and a wrong file is refused by name and field."""

import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.cases import Case, CaseError, Exchange, World, in_generation, list_body, load, record_body
from contracts.compare import differences, order_differences
from contracts.legacy.shapes import AccountCallLogs, CallLogDetails

CASES = load()
FILES = sorted(
    (path for path in resources.files("contracts.cases").iterdir() if path.name.endswith(".json")),
    key=lambda path: path.name,
)
HOTLINE = next(case for case in CASES if case.id == "marketing_hotline")
LIST, DETAILS = "/v2/phone/call_logs?", "/v2/phone/call_logs/"
FULL_CASES = """ar_dial_by_extension blind_transfer blocked busy call_queue caller_abandons_queue direct_inbound_user
    forward_to_pstn internal_call marketing_hotline missed outbound_as_auto_receptionist outbound_call park_pickup
    queue_overflow rejected shared_line voicemail warm_transfer""".split()

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def asked(case: Case, start: str) -> list[Exchange]:
    """The exchanges of `case` whose request begins with `start`."""
    return [exchange for exchange in case.exchanges if exchange.request.startswith(start)]


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of pairs none of which has a key twice."""
    assert len(pairs) == len(dict(pairs)), pairs
    return dict(pairs)


def v3(world: World) -> Any:
    """What an upstream of the newest generation would say of `world`."""
    return [list_body(world.call_history, "v3"), [record_body(record, "v3") for record in world.records]]


# What the package holds


def test_every_file_is_a_case() -> None:
    """Every file loads, sorted by id and each id once."""
    assert [path.name.removesuffix(".json") for path in FILES] == [case.id for case in CASES]


def test_full_cases() -> None:
    """The cases that others vary are whole."""
    assert FULL_CASES == [json.loads(path.read_text())["id"] for path in FILES if '"like"' not in path.read_text()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_key_twice(path: Any) -> None:
    """No object of a case file has a key twice, of which readers would drop the first."""
    json.loads(path.read_text(), object_pairs_hook=unrepeated)


@each_case
def test_list_reply(case: Case) -> None:
    """A list reply echoes the window asked for, holds every row, and is v1's shape."""
    (exchange,) = asked(case, LIST)
    query = parse_qs(urlsplit(exchange.request).query)
    assert {"from": [exchange.reply["from"]], "to": [exchange.reply["to"]]} == query
    assert len(exchange.reply["call_logs"]) == exchange.reply["total_records"]
    AccountCallLogs.model_validate(exchange.reply)


@each_case
def test_details_reply(case: Case) -> None:
    """Details are asked for by the id of a row, carry it, and are v1's shape."""
    served = {row["id"] for row in asked(case, LIST)[0].reply["call_logs"]}
    for exchange in asked(case, DETAILS):
        assert exchange.request == DETAILS + exchange.reply["id"]
        assert exchange.reply["id"] in served
        CallLogDetails.model_validate(exchange.reply)


@each_case
def test_every_summary_has_its_record(case: Case) -> None:
    """The list and the records of a world name the same calls, in the same order."""
    assert [row["call_history_uuid"] for row in case.world.call_history] == [
        record["call_history_uuid"] for record in case.world.records
    ]


def test_loading_twice_shares_nothing() -> None:
    """What a caller does to a case stays with that caller."""
    load()[0].exchanges[0].reply.clear()
    assert differences([c.exchanges[0].reply for c in CASES], [c.exchanges[0].reply for c in load()]) == []


# Generations


def test_derived_v2_is_what_was_written() -> None:
    """The v2 data derived from v3 is the v2 data written by hand, key for key."""
    assert HOTLINE.world_v2 is not None
    derived = in_generation(HOTLINE.world, "v2")
    assert [] == order_differences(HOTLINE.world_v2.call_history, derived.call_history)
    assert [] == order_differences(HOTLINE.world_v2.records, [record_body(record, "v2") for record in derived.records])


@each_case
def test_there_and_back(case: Case) -> None:
    """A world told in v2's names or in both says the same when it is told in v3's again."""
    assert [] == order_differences(v3(case.world), v3(in_generation(case.world, "v2")))
    assert [] == differences(v3(case.world), v3(in_generation(case.world, "both")))


@pytest.mark.parametrize(
    ("generation", "arrays", "ids"),
    [
        ("v2", ["call_logs"], {"id"}),
        ("v3", ["call_history"], {"call_history_uuid"}),
        ("both", ["call_history", "call_logs"], {"id", "call_history_uuid"}),
    ],
)
def test_list_names(generation: Any, arrays: list[str], ids: set[str]) -> None:
    """A list answer has the arrays and ids of its generation and no others."""
    body = list_body(in_generation(HOTLINE.world, generation).call_history, generation)
    assert arrays == list(body)
    assert [ids] * len(arrays) == [{"id", "call_history_uuid"} & body[array][0].keys() for array in arrays]


@pytest.mark.parametrize(
    ("generation", "arrays", "ids"),
    [
        ("v2", {"call_path"}, {"id"}),
        ("v3", {"call_elements"}, {"call_element_id"}),
        ("both", {"call_elements", "call_path"}, {"id", "call_element_id"}),
    ],
)
def test_record_names(generation: Any, arrays: set[str], ids: set[str]) -> None:
    """An answer about one call has the arrays and ids of its generation and no others."""
    body = record_body(HOTLINE.world.records[0], generation)
    assert arrays == {"call_path", "call_elements"} & body.keys()
    assert [ids] * len(arrays) == [{"id", "call_element_id"} & body[array][0].keys() for array in sorted(arrays)]


def test_a_world_keeps_its_lists() -> None:
    """Told in another generation a world keeps the array of its records and its directory, and the first stays."""
    before = copy.deepcopy(HOTLINE.world)
    told = in_generation(HOTLINE.world, "v2")
    assert "call_elements" in told.records[0]
    assert HOTLINE.world.directory == told.directory
    assert before == HOTLINE.world


# Reading files

BASE: dict[str, Any] = {
    "id": "base",
    "why": "Something is protected.",
    "source": "semantics 0",
    "settings": {"rules": {"missed_label": "missed"}, "number_locations": {"+1202": "Washington, DC"}},
    "upstream": {"call_history": [{"call_history_uuid": "u", "note": {"a/b": 1}}], "records": [], "users": []},
    "upstream_v2": {"call_history": [{"id": "u"}], "records": []},
    "exchanges": [{"request": "/v2/phone/call_logs", "status": 200, "reply": {"rows": [1, 2, 3], "to": "x"}}],
}
VARIATION: dict[str, Any] = {"id": "varied", "why": "It varies.", "source": "semantics 0", "like": "base"}


def written(folder: Path, *contents: dict[str, Any]) -> Path:
    """A folder of case files named by their ids."""
    for content in contents:
        (folder / f"{content['id']}.json").write_text(json.dumps(content))
    return folder


def varied(folder: Path, **fields: Any) -> Case:
    """The case that a variation of `BASE` with `fields` stands for."""
    return load(written(folder, BASE, VARIATION | fields))[1]


def test_defaults(tmp_path: Path) -> None:
    """Settings, directory lists and v2 data that a file leaves out are the defaults."""
    (case,) = load(written(tmp_path, {k: v for k, v in BASE.items() if k not in ("settings", "upstream_v2")}))
    assert ("live", "exact", {}, {}) == (
        case.settings.profile,
        case.settings.fidelity,
        case.settings.rules,
        case.settings.number_locations,
    )
    assert case.world.directory["rooms"] == []
    assert case.world_v2 is None


def test_variation_edits(tmp_path: Path) -> None:
    """A variation puts and takes away by pointer, appends with a dash, and leaves its base alone."""
    case = varied(
        tmp_path,
        set={"/upstream/users/-": {"id": "n"}, "/upstream/call_history/0/note/a~1b": 2},
        unset=["/upstream/call_history/0/call_history_uuid"],
        expect={"/exchanges/0/reply/rows/1": 5, "/exchanges/0/status": 404},
        absent=["/exchanges/0/reply/rows/0", "/exchanges/0/reply/to"],
    )
    assert [{"note": {"a/b": 2}}] == case.world.call_history
    assert [{"id": "n"}] == case.world.directory["users"]
    assert (Exchange("/v2/phone/call_logs", 404, {"rows": [5, 3]}),) == case.exchanges
    assert BASE["exchanges"][0]["reply"] == load(tmp_path)[0].exchanges[0].reply


def test_variation_tells_its_own_story(tmp_path: Path) -> None:
    """A variation has its own id, reason and source, and does not inherit v2 data that would tell the base's story."""
    case = varied(tmp_path, why="Other.", source="semantics 1")
    assert ("varied", "Other.", "semantics 1", None) == (case.id, case.why, case.source, case.world_v2)


def test_variation_settings_are_merged(tmp_path: Path) -> None:
    """Settings of a variation are put over its base's, rule by rule."""
    case = varied(tmp_path, settings={"profile": "docs", "rules": {"unknown_result": "pass"}})
    assert {"missed_label": "missed", "unknown_result": "pass"} == case.settings.rules
    assert ("docs", {"+1202": "Washington, DC"}) == (case.settings.profile, case.settings.number_locations)


def test_variation_of_a_variation(tmp_path: Path) -> None:
    """A variation may start from a variation."""
    first = VARIATION | {"expect": {"/exchanges/0/reply/to": "y"}}
    second = VARIATION | {"id": "again", "like": "varied", "expect": {"/exchanges/0/reply/rows": []}}
    assert {"rows": [], "to": "y"} == load(written(tmp_path, BASE, first, second))[0].exchanges[0].reply


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"note": 1}, "base.json: note: Extra"),
        ({"why": ""}, "base.json: why: "),
        ({"settings": {"plan": "pro"}}, "base.json: settings.plan: Extra"),
        ({"settings": {"fidelity": "rough"}}, "base.json: settings.fidelity: Input"),
        ({"upstream": {"sites": []}}, "base.json: upstream: .*unknown key sites"),
        ({"upstream": {"users": [{"display_name": "n"}]}}, "base.json: upstream: .*unknown key display_name in users"),
        ({"upstream_v2": {"sites": []}}, "base.json: upstream_v2: .*unknown key sites"),
        ({"exchanges": []}, "base.json: exchanges: "),
        ({"exchanges": [{"request": "/v1/x", "status": 200, "reply": {}}]}, "base.json: exchanges.0.request: "),
        ({"exchanges": [{"request": "/v2/x", "status": True, "reply": {}}]}, "base.json: exchanges.0.status: "),
        ({"exchanges": [{"request": "/v2/x", "status": 200}]}, "base.json: exchanges.0.reply: Field required"),
        ({"exchanges": [BASE["exchanges"][0] | {"x": 1}]}, "base.json: exchanges.0.x: Extra"),
    ],
)
def test_wrong_case(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    """A wrong full case is refused with its file and field."""
    with pytest.raises(CaseError, match=message):
        load(written(tmp_path, BASE | fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"note": 1}, "varied.json: note: Extra"),
        ({"upstream": {}}, "varied.json: upstream: Extra"),
        ({"like": "nobody"}, "varied.json: like: nobody"),
        ({"like": "varied"}, "varied.json: like: varied"),
        ({"settings": {"plan": "pro"}}, "varied.json: settings.plan: Extra"),
        ({"set": {"/exchanges/0/status": 1}}, "varied.json: set: /exchanges/0/status does not point below"),
        ({"expect": {"/upstream/users": 1}}, "varied.json: expect: /upstream/users does not point below"),
        ({"unset": ["/exchanges/0"]}, "varied.json: unset: /exchanges/0 does not point below"),
        ({"absent": ["/upstream/users"]}, "varied.json: absent: /upstream/users does not point below"),
        ({"set": {"/upstream/users/0/id": 1}}, "varied.json: set: /upstream/users/0/id is outside"),
        ({"set": {"/upstream/users/x": 1}}, "varied.json: set: /upstream/users/x is outside"),
        ({"set": {"/upstream/call_history/0/no/id": 1}}, "varied.json: set: .*/no/id has no parent"),
        ({"set": {"/upstream/call_history/0/call_history_uuid/x": 1}}, "varied.json: set: .* has no parent"),
        ({"set": {"/upstream/call_history/0/call_history_uuid": "u"}}, "varied.json: set: .* this value already"),
        ({"expect": {"/exchanges/0/reply/rows/2": 3}}, "varied.json: expect: .* this value already"),
        ({"unset": ["/upstream/rooms"]}, "varied.json: unset: /upstream/rooms is not there"),
        ({"absent": ["/exchanges/0/reply/from"]}, "varied.json: absent: .*/from is not there"),
        ({"absent": ["/exchanges/0/reply/rows/3"]}, "varied.json: absent: .*/rows/3 is outside"),
        ({"absent": ["/exchanges/0/reply/rows/-"]}, "varied.json: absent: .*/rows/- is outside"),
        ({"absent": ["/exchanges/0"]}, "varied.json: exchanges: "),
    ],
)
def test_wrong_variation(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    """A wrong variation is refused with its file and the field or pointer."""
    with pytest.raises(CaseError, match=message):
        varied(tmp_path, **fields)


def test_true_is_not_one(tmp_path: Path) -> None:
    """Putting true where 1 stands is a change."""
    assert [True, 2, 3] == varied(tmp_path, expect={"/exchanges/0/reply/rows/0": True}).exchanges[0].reply["rows"]


def test_circle_of_variations(tmp_path: Path) -> None:
    """Variations that start from each other are refused."""
    with pytest.raises(CaseError, match=r"\.json: like: "):
        load(written(tmp_path, VARIATION | {"id": "a", "like": "b"}, VARIATION | {"id": "b", "like": "a"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "base.json: no JSON"),
        ("[]", "base.json: id: missing"),
        ("{}", "base.json: id: missing"),
        ('{"id": 1}', "base.json: id: missing"),
        ('{"id": "other"}', "base.json: id: other is not the file's name"),
    ],
)
def test_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    """A file that is no JSON object with its own name as id is refused by name."""
    (tmp_path / "base.json").write_text(text)
    with pytest.raises(CaseError, match=message):
        load(tmp_path)


def test_same_id_twice(tmp_path: Path) -> None:
    """Two files with one id are refused, and both are named."""
    written(tmp_path, BASE)
    (tmp_path / "copy.json").write_text(json.dumps(BASE))
    with pytest.raises(CaseError, match=r"copy\.json: id: base\.json has it already"):
        load(tmp_path)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Files that are no JSON by name are no cases."""
    (tmp_path / "notes.txt").write_text("{")
    assert () == load(tmp_path)
