"""The world a case's upstream plays, and its answers in each successor generation.

It knows where the generations' names stand in an answer; which names they are is said in `successor.generations`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.successor.generations import (
    ELEMENT_ID,
    HISTORY_ROWS,
    HISTORY_UUID,
    RECORD_ELEMENTS,
    Generation,
    Names,
    newest,
)

Spoken = Literal["v2", "v3", "both"]
"""What an upstream speaks: one generation, or both side by side as while Zoom migrates."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything the upstream of a case has.

    `call_history` holds summary rows, newest first; `records` the answers about one call each; `directory` one
    list per kind of extension, named as Zoom names the arrays; `charges` the rows of the charges report.
    """

    call_history: list[dict[str, Any]]
    records: list[dict[str, Any]]
    directory: dict[str, list[dict[str, Any]]]
    charges: list[dict[str, Any]] = field(default_factory=list)


def in_generation(world: World, generation: Spoken) -> World:
    """`world` with the ids named as `generation` names them; records keep their `call_elements` array."""
    return World(
        call_history=[_renamed(row, HISTORY_UUID, generation) for row in world.call_history],
        records=[_record(record, generation, RECORD_ELEMENTS.of(Generation.V3)) for record in world.records],
        directory=world.directory,
        charges=world.charges,
    )


def list_body(rows: Sequence[dict[str, Any]], generation: Spoken) -> dict[str, Any]:
    """The array or arrays of an account list answer; the paging keys are the server's."""
    renamed = [_renamed(row, HISTORY_UUID, generation) for row in rows]
    return dict.fromkeys(_names(HISTORY_ROWS, generation), renamed)


def record_body(record: dict[str, Any], generation: Spoken) -> dict[str, Any]:
    """The answer about one call as `generation` spells it, from a record of any generation."""
    return _record(record, generation, *_names(RECORD_ELEMENTS, generation))


def _record(record: dict[str, Any], generation: Spoken, *arrays: str) -> dict[str, Any]:
    elements = [_renamed(element, ELEMENT_ID, generation) for element in newest(record, RECORD_ELEMENTS) or ()]
    header = {key: value for key, value in record.items() if key not in (RECORD_ELEMENTS.v2, RECORD_ELEMENTS.v3)}
    return _renamed(header, HISTORY_UUID, generation) | dict.fromkeys(arrays, elements)


def _renamed(holder: dict[str, Any], names: Names, generation: Spoken) -> dict[str, Any]:
    spoken: dict[str, Any] = {}
    for key, value in holder.items():
        if key in (names.v2, names.v3):
            spoken |= dict.fromkeys(_names(names, generation), value)
        else:
            spoken[key] = value
    return spoken


def _names(names: Names, generation: Spoken) -> tuple[str, ...]:
    return (names.v3, names.v2) if generation == "both" else (names.of(Generation(generation)),)
