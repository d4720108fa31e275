"""The generated OpenAPI document in the form the published facts have, and what the cases show of it.

Knows OpenAPI well enough to walk our own document; it compares nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from contracts.cases import Case
from contracts.codec import Json, encode
from contracts.openapi import PREFIX, SERVED
from contracts.openapi_schemas import WORDS
from contracts.published import Surface

_KEPT: Final = {"type", "format", "enum", "default", "maximum", "maxItems", "deprecated"}
LIST, DETAILS = (operation.id for operation in SERVED)


def surfaces(document: Mapping[str, Json]) -> tuple[Surface, ...]:
    """Every operation of the document outside the account prefix, in its order."""
    return tuple(
        _surface(document, path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not path.startswith(f"{PREFIX}/accounts/")
    )


def sent(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """The fields that replies to cases without options hold, by operation."""
    found: dict[str, set[str]] = {LIST: set(), DETAILS: set()}
    for exchange in (exchange for case in cases if not case.settings.rules for exchange in case.exchanges):
        if exchange.status == 200:
            is_list = exchange.request.partition("?")[0].endswith(SERVED[0].path)
            found[LIST if is_list else DETAILS].update(_places(exchange.reply, ""))
    return {operation: frozenset(places) for operation, places in found.items()}


def _surface(document: Mapping[str, Json], path: str, method: str, operation: Json) -> Surface:
    [success] = operation["responses"]["200"]["content"].values()
    walked = list(_fields(document, success["schema"], ""))
    told = {
        "operation": operation["operationId"],
        "method": method,
        "path": path.removeprefix(PREFIX),
        "deprecated": operation["deprecated"],
        "parameters": {given["name"]: _argument(given) for given in operation["parameters"]},
        "fields": {place: value for place, value, _ in walked},
        "required": [place for place, _, is_required in walked if is_required],
        "errors": list(_errors(document, operation["responses"])),
    }
    return Surface.model_validate_json(encode(told))


def _argument(given: Json) -> Json:
    return {**_value(given["schema"]), "in": given["in"], "required": given["required"]}


def _value(schema: Json) -> Json:
    kept = {key: value for key, value in schema.items() if key in _KEPT}
    return {**kept, "words": schema[WORDS]} if WORDS in schema else kept


def _fields(document: Mapping[str, Json], schema: Json, place: str) -> Iterator[tuple[str, Json, bool]]:
    """Every field below an object's schema: its place, its value, and whether it is always there."""
    whole = _resolved(document, schema)
    for name, inner in whole["properties"].items():
        told = _resolved(document, inner)
        at = f"{place}.{name}" if place else name
        yield at, _value(told), name in whole.get("required", ())
        if told["type"] == "object":
            yield from _fields(document, told, at)
        elif told["type"] == "array":
            yield from _fields(document, told["items"], f"{at}[]")


def _errors(document: Mapping[str, Json], responses: Json) -> Iterator[Json]:
    for status in sorted(responses.keys() - {"200", "default"}):
        [content] = _resolved(document, responses[status])["content"].values()
        for example in content["examples"].values():
            yield {"status": int(status), **example["value"]}


def _resolved(document: Mapping[str, Json], told: Json) -> Any:
    if "$ref" not in told:
        return told
    found: Any = document
    for step in told["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def _places(value: Json, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            at = f"{place}.{name}" if place else name
            yield at
            yield from _places(inner, at)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner, f"{place}[]")
