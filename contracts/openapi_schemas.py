"""The shapes of v1 as OpenAPI schemas: closed objects, absent or present but never null, with a line for a reader.

Knows pydantic's way to JSON Schema and nothing of paths and operations.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from contracts.codec import Json
from contracts.legacy.meanings import MEANINGS
from contracts.legacy.shapes import PATHS, RESULTS

REFERENCE: Final = "#/components/schemas/{model}"
WORDS: Final = "x-extensible-enum"
"""The key for the known values of a text that may say something else one day."""
VOCABULARIES: Final = {"path": PATHS, "result": RESULTS}


class _AbsentOrPresent(GenerateJsonSchema):
    """JSON Schema that has no null and no default: what is not told is absent."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schemas(shapes: Iterable[type[BaseModel]], meanings: Mapping[str, str] = MEANINGS) -> dict[str, dict[str, Json]]:
    """The schemas of `shapes` and all they hold, by name.

    A field without a meaning, and a meaning without a field, is a `TypeError` that names it.
    """
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(shape, "validation") for shape in shapes]
    _, whole = models_json_schema(asked, ref_template=REFERENCE, schema_generator=_AbsentOrPresent)
    found: dict[str, dict[str, Json]] = dict(sorted(whole["$defs"].items()))
    used = {key for name, schema in found.items() for key in _explain(name, schema, meanings)}
    if unused := sorted(meanings.keys() - used):
        raise TypeError(f"no field has the meaning of {', '.join(unused)}")
    return found


def _explain(name: str, schema: dict[str, Json], meanings: Mapping[str, str]) -> Iterator[str]:
    """Gives each field of a schema its meaning and its words; the keys of the meanings given."""
    del schema["title"]
    for field, told in schema["properties"].items():
        if "$ref" in told:  # the object explains itself, and 3.0 allows nothing beside a reference
            continue
        key = next((key for key in (f"{name}.{field}", field) if key in meanings), None)
        if key is None:
            raise TypeError(f"{name}.{field} has no meaning")
        del told["title"]
        told["description"] = meanings[key]
        if field in VOCABULARIES:
            told[WORDS] = sorted(VOCABULARIES[field])
        yield key
