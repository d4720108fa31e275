"""What Zoom published of the two served operations of v1: names, types, enums, bounds and errors, and no sentence.

One JSON file for each operation, named as Zoom names it. This file reads them; it judges nothing.
"""

from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.codec import Json


class Fact(BaseModel):
    """Something published; closed, and with nothing made up."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Value(Fact):
    """The type of a parameter or a field; `words` are the values its text names where the schema has no enum."""

    type: Literal["string", "integer", "boolean", "array", "object"]
    format: str | None = None
    enum: tuple[Json, ...] = ()
    words: tuple[str, ...] = ()
    default: Json = None
    maximum: int | None = None
    max_items: int | None = Field(default=None, alias="maxItems")
    deprecated: bool = False


class Argument(Value):
    """A parameter: a value with a place in the request."""

    where: Literal["query", "path"] = Field(alias="in")
    required: bool


class Error(Fact):
    """An error status; code and text where they are published."""

    status: int
    code: int | None = None
    message: str | None = None


class Surface(Fact):
    """One operation as a client knows it. Fields are dotted paths, `[]` behind the name of an array."""

    operation: str
    method: str
    path: str
    deprecated: bool
    parameters: dict[str, Argument]
    fields: dict[str, Value]
    required: tuple[str, ...]
    errors: tuple[Error, ...]


class Published(Surface):
    """A surface with where it was published."""

    source: str


def published() -> tuple[Published, ...]:
    """The facts of every operation, sorted by its name."""
    files = sorted((file for file in resources.files(__name__).iterdir() if file.name.endswith(".json")), key=str)
    return tuple(Published.model_validate_json(file.read_bytes()) for file in files)
