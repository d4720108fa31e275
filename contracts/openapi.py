"""The legacy surface as an OpenAPI document, made from the shapes, the parameters and the error table.

Version 3.0.3: the version Zoom publishes in, read by every generator and gateway, 3.1 by the newer ones only, and
nothing here needs more. Knows what the two served operations are; how they are answered, and the wire, is elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pydantic import BaseModel

from contracts.cases import load
from contracts.codec import Json, readable
from contracts.legacy.errors import (
    CALL_LOG_MISSING,
    INVALID_TOKEN,
    PAGE_TOKEN_INVALID,
    VALIDATION_FAILED,
    LegacyError,
    envelope,
    standard_phrase,
)
from contracts.legacy.parameters import (
    ACCOUNT_CALL_LOGS_PARAMETERS,
    ACCOUNT_ID,
    CALL_LOG_DETAILS_PARAMETERS,
    Parameter,
)
from contracts.legacy.shapes import AccountCallLogs, CallLogDetails, ErrorEnvelope
from contracts.openapi_schemas import REFERENCE, WORDS, schemas

EXAMPLE: Final = "marketing_hotline"
"""The case whose replies are shown."""
PREFIX: Final = "/v2"
ACCOUNT_PREFIX: Final = f"{PREFIX}/accounts/{{accountId}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedOperation:
    """One operation as a legacy program knows it: Zoom's id, path below the prefixes, 200 and own errors."""

    id: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    shape: type[BaseModel]
    errors: tuple[LegacyError, ...]


SERVED: Final = (
    ServedOperation(
        id="accountCallLogs",
        path="/phone/call_logs",
        summary="The account's call logs, a page at a time",
        parameters=ACCOUNT_CALL_LOGS_PARAMETERS,
        shape=AccountCallLogs,
        errors=(VALIDATION_FAILED, PAGE_TOKEN_INVALID, INVALID_TOKEN),
    ),
    ServedOperation(
        id="getCallLogDetails",
        path="/phone/call_logs/{callLogId}",
        summary="One call with its parts",
        parameters=CALL_LOG_DETAILS_PARAMETERS,
        shape=CallLogDetails,
        errors=(INVALID_TOKEN, CALL_LOG_MISSING),
    ),
)

FAILURES: Final = tuple(
    LegacyError(status, status, standard_phrase(status), "") for status in (429, 500, 502, 503, 504)
)
"""What either operation may answer when neither the request nor v1 is the reason."""

HEADERS: Final = {
    "Deprecation": "Since when v1 is deprecated (RFC 9745).",
    "Sunset": "When v1 was to end (RFC 8594).",
    "Link": 'The successor\'s own path, `rel="successor-version"`.',
    "X-Request-Id": "The request's id in the service's log; the client's own when it sent a fitting one.",
}
"""Headers of every answer of a served operation, the errors too."""

INFO: Final = {
    "title": "Zoom Phone call logs (v1)",
    "version": "1",
    "description": "The retired call log API as this service answers it from Zoom's call history. Names, types and "
    "enums are Zoom's published ones; every difference is listed with its reason in `docs/contract.md`. A field that "
    "is not told is absent, never null. Times are UTC.",
}
SERVER: Final = {
    "url": "{scheme}://{host}:{port}",
    "description": "The port for legacy clients: SHIM_HOST and SHIM_PORT.",
    "variables": {
        "scheme": {"enum": ["http", "https"], "default": "http"},
        "host": {"default": "127.0.0.1"},
        "port": {"default": "8080"},
    },
}


def document() -> dict[str, Json]:
    """The whole OpenAPI document, the same each time."""
    return {
        "openapi": "3.0.3",
        "info": INFO,
        "servers": [SERVER],
        "security": [{"bearer": []}],
        "paths": dict(_paths()),
        "components": {
            "schemas": schemas([*(operation.shape for operation in SERVED), ErrorEnvelope]),
            "responses": {_name(row): _refusal([row]) for row in FAILURES},
            "headers": {name: {"description": about, "schema": {"type": "string"}} for name, about in HEADERS.items()},
            "examples": {operation.id: {"value": reply} for operation, reply in zip(SERVED, _replies(), strict=True)},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": _BEARER}},
        },
    }


_BEARER: Final = "The token the program always sent to Zoom, or a client key where the service has its own credentials."


def text() -> str:
    """The file `contracts/openapi.json`."""
    return readable(document())


def _paths() -> Iterator[tuple[str, Json]]:
    for operation in SERVED:
        yield PREFIX + operation.path, {"get": _operation(operation, operation.id, operation.parameters)}
    for operation in SERVED:
        parameters = (ACCOUNT_ID, *operation.parameters)
        yield ACCOUNT_PREFIX + operation.path, {"get": _operation(operation, f"{operation.id}OfAccount", parameters)}


def _operation(operation: ServedOperation, name: str, parameters: Iterable[Parameter]) -> Json:
    return {
        "operationId": name,
        "tags": ["Call logs"],
        "summary": operation.summary,
        "deprecated": True,
        "parameters": [_parameter(parameter) for parameter in parameters],
        "responses": dict(_responses(operation)),
    }


def _parameter(parameter: Parameter) -> Json:
    said = {
        "enum": list(parameter.enum),
        WORDS: list(parameter.words),
        "default": parameter.default,
        "maximum": parameter.maximum,
    }
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.about + _known(parameter.words),
        "schema": {"type": parameter.type, **{key: value for key, value in said.items() if value not in (None, [])}},
    }


def _known(words: Sequence[str]) -> str:
    return f" Known values: {', '.join(f'`{word}`' for word in words)}." if words else ""


def _responses(operation: ServedOperation) -> Iterator[tuple[str, Json]]:
    yield "200", _response("OK", operation.shape, {EXAMPLE: _reference("examples", operation.id)})
    for status, rows in groupby(operation.errors, key=lambda row: row.status):
        yield str(status), _refusal(list(rows))
    for row in FAILURES:
        yield str(row.status), _reference("responses", _name(row))
    yield "default", _response("Upstream's own error, relayed in the envelope", ErrorEnvelope, {})


def _refusal(rows: Sequence[LegacyError]) -> Json:
    examples = {f"code-{row.code}": {"value": envelope(row.code, row.message)} for row in rows}
    return _response(standard_phrase(rows[0].status), ErrorEnvelope, examples)


def _response(description: str, shape: type[BaseModel], examples: Json) -> Json:
    content = {"schema": {"$ref": REFERENCE.format(model=shape.__name__)}}
    return {
        "description": description,
        "headers": {name: _reference("headers", name) for name in HEADERS},
        "content": {"application/json": {**content, "examples": examples} if examples else content},
    }


def _replies() -> list[Json]:
    """What the example case is answered, in the order of the operations: it asks for the list first."""
    [case] = [case for case in load() if case.id == EXAMPLE]
    return [exchange.reply for exchange in case.exchanges[: len(SERVED)]]


def _name(row: LegacyError) -> str:
    return row.message.replace(" ", "")


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
