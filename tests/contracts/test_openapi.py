"""The OpenAPI document: fresh, valid, whole, and true of what the cases promise and the service answers."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from adapters.operations.table import OPERATIONS
from contracts.cases import Case, load
from contracts.legacy.meanings import MEANINGS
from contracts.legacy.parameters import (
    ACCOUNT_CALL_LOGS_PARAMETERS,
    ACCOUNT_ID,
    CALL_LOG_DETAILS_PARAMETERS,
    DEFAULT_PAGE_SIZE,
)
from contracts.legacy.shapes import LARGEST_PAGE_SIZE, AccountCallLogs, CallLogDetails, ErrorEnvelope
from contracts.openapi import HEADERS, SERVED, document, text
from contracts.openapi_schemas import schemas
from tests.build.recipe import PROJECT
from tests.service.running import service
from tests.service.worlds import DAY, LIST, plain

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
CASES = load()
SHAPES = (AccountCallLogs, CallLogDetails, ErrorEnvelope)
HOTLINE = next(case for case in CASES if case.id == "marketing_hotline")
LISTED, TOLD = (exchange.reply for exchange in HOTLINE.exchanges[:2])


def faults(schema: str, body: Any) -> list[str]:
    """What a schema of the document, by its name, has against a body."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    return [f"{error.json_path}: {error.message}" for error in OAS30Validator(whole).iter_errors(body)]


def schema_of(request: str, status: int) -> str:
    """The schema an answer to a request has."""
    promised = "AccountCallLogs" if request.partition("?")[0].endswith("/call_logs") else "CallLogDetails"
    return {200: promised}.get(status, "ErrorEnvelope")


def reply_faults(case: Case) -> Iterator[str]:
    """What the schemas have against the replies of a case."""
    for exchange in case.exchanges:
        yield from (
            f"{case.id}: {fault}" for fault in faults(schema_of(exchange.request, exchange.status), exchange.reply)
        )


def operations() -> dict[str, Any]:
    """Every operation of the document by its path."""
    return {path: methods["get"] for path, methods in DOCUMENT["paths"].items()}


# The document


def test_the_file_is_fresh() -> None:
    """The packaged file is what the code says now."""
    assert text() == (resources.files("contracts") / "openapi.json").read_text()


def test_the_document_is_the_same_each_time() -> None:
    """Another process, whose sets have another order, writes the same."""
    program = "import sys; from contracts.openapi import text; sys.stdout.write(text())"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert text() == run.stdout


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.0, references, defaults and path parameters included."""
    assert "3.0.3" == DOCUMENT["openapi"]
    validate(DOCUMENT)


def test_it_speaks_of_what_is_served() -> None:
    """Ids, methods and paths are those of the table that requests are routed by, in both families of paths."""
    served = {(row.id, row.method, row.path) for row in OPERATIONS if row.handler is not None}
    assert served == {(row.id, "GET", row.path) for row in SERVED}
    paths = [row.path for row in SERVED]
    assert [f"/v2{path}" for path in paths] + [f"/v2/accounts/{{accountId}}{path}" for path in paths] == list(
        operations()
    )


def test_the_account_prefix_changes_nothing_else() -> None:
    """Under the prefix an operation has an id and a parameter more of its own, and is the same."""
    plain_ones, prefixed = list(operations().values())[:2], copy.deepcopy(list(operations().values())[2:])
    for operation in prefixed:
        operation["operationId"] = operation["operationId"].removesuffix("OfAccount")
        assert "accountId" == operation["parameters"].pop(0)["name"]
    assert plain_ones == prefixed


def test_a_bearer_is_asked_for_everywhere() -> None:
    """One scheme, for the whole document."""
    assert [{"bearer": []}] == DOCUMENT["security"]
    scheme = DOCUMENT["components"]["securitySchemes"]["bearer"]
    assert ("http", "bearer") == (scheme["type"], scheme["scheme"])


def test_any_other_error_is_the_envelope_too() -> None:
    """A status nobody lists is upstream's own, relayed."""
    others = [operation["responses"]["default"]["content"] for operation in operations().values()]
    assert [{"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}] * 4 == others


def test_no_field_is_nullable() -> None:
    """What is not told is absent: no null, no default and no invented title stands in a schema."""
    written = json.dumps(SCHEMAS)
    assert [] == [word for word in ("nullable", "anyOf", '"null"', '"title"', '"default"') if word in written]


def test_every_parameter_has_a_line_and_its_place() -> None:
    """Names are unique, paths name theirs, bounds are the ones that count."""
    names = [row.name for row in ACCOUNT_CALL_LOGS_PARAMETERS]
    assert len(names) == len(set(names))
    assert ["path", "path"] == [row.where for row in (*CALL_LOG_DETAILS_PARAMETERS, ACCOUNT_ID)]
    assert (DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE) == (30, 300)
    told = [given for operation in operations().values() for given in operation["parameters"]]
    assert [] == [given["name"] for given in told if not given["description"].endswith(".")]


# What is said of fields


def test_a_field_without_a_meaning_is_named() -> None:
    """Whoever adds a field says what it is."""
    without = {key: value for key, value in MEANINGS.items() if key != "hold_time"}
    with pytest.raises(TypeError, match=r"AccountCallLog\.hold_time has no meaning"):
        schemas(SHAPES, without)


def test_a_meaning_without_a_field_is_named() -> None:
    """Whoever drops a field drops its line."""
    with pytest.raises(TypeError, match="no field has the meaning of fax_number"):
        schemas(SHAPES, {**MEANINGS, "fax_number": "Nobody's."})


def test_the_nearer_meaning_counts() -> None:
    """A shape's own line for a field outweighs the field's."""
    described = {
        name: SCHEMAS[name]["properties"]["extension_number"]["description"] for name in ("Owner", "ForwardTo")
    }
    assert {"Owner": MEANINGS["extension_number"], "ForwardTo": MEANINGS["ForwardTo.extension_number"]} == described


# What the schemas judge


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_replies_of_the_cases_are_valid(case: Case) -> None:
    """Whatever a legacy program is promised has the published form."""
    assert [] == list(reply_faults(case))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("duration", "12"),
        ("duration", -1),
        ("caller_number_type", 3),
        ("callee_number_type", "1"),
        ("direction", "internal"),
        ("date_time", "2021-05-11T23:11:44"),
        ("owner", None),
        ("fax_number", "1"),
        ("owner", {"type": "zoomRoom"}),
        ("owner", {"extension_number": "150002"}),
        ("site", {"name": "Headquarters"}),
    ],
)
def test_a_row_of_another_form_is_refused(field: str, value: Any) -> None:
    """Null, another type, an unknown word, field or form of time: the schema says no."""
    row = {**LISTED["call_logs"][0], field: value}
    assert [] != faults("AccountCallLogs", {**LISTED, "call_logs": [row]})


@pytest.mark.parametrize("field", ["next_page_token", "page_size", "total_records", "from", "to", "call_logs"])
def test_a_page_lacks_nothing(field: str) -> None:
    """Every field of the envelope but the page count is required."""
    assert [] != faults("AccountCallLogs", {key: value for key, value in LISTED.items() if key != field})


@pytest.mark.parametrize("body", [{"code": "404", "message": ""}, {"code": 404}, {"message": "x"}, {}, []])
def test_an_error_is_the_envelope(body: Any) -> None:
    """A number and a text, both."""
    assert [] != faults("ErrorEnvelope", body)


def test_the_examples_are_the_cases_own() -> None:
    """What a reader is shown is what is tested."""
    examples = DOCUMENT["components"]["examples"]
    assert [LISTED, TOLD] == [examples[row.id]["value"] for row in SERVED]
    assert [[], []] == [faults(row.shape.__name__, examples[row.id]["value"]) for row in SERVED]


# What the service answers


@pytest.mark.parametrize(
    ("target", "authorization", "status"),
    [
        (DAY, "Bearer synthetic-token", 200),
        (f"{LIST}?from=yesterday", "Bearer synthetic-token", 400),
        (f"{DAY}&next_page_token=none-of-ours", "Bearer synthetic-token", 400),
        (DAY, None, 401),
        (f"{LIST}/0b1c6f0e-0000-4000-8000-000000000000", None, 401),
    ],
)
async def test_an_answer_is_as_documented(target: str, authorization: str | None, status: int) -> None:
    """Its status is listed, its body fits, its error is among the examples, its headers are named."""
    async with service(plain(1)) as asking:
        answer = await asking.get(target, authorization=authorization)
    operation = operations()["/v2/phone/call_logs" if "?" in target else "/v2/phone/call_logs/{callLogId}"]
    promised = operation["responses"][str(status)]
    [content] = promised["content"].values()
    shown = [example.get("value") for example in content["examples"].values()]
    assert status == answer.status
    assert [] == faults(content["schema"]["$ref"].rpartition("/")[2], answer.body)
    assert answer.body in shown or status == 200
    assert [] == [name for name in promised["headers"] if name not in answer.headers]
    assert set(HEADERS) == set(promised["headers"])
