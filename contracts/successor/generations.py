"""Where the two successor generations differ: a handful of array and id names, one column each.

A new generation is a new column. This file knows names only; what they mean is said in `shapes`.
Source: Zoom's OpenAPI of July 2026 (both columns stand side by side in one answer while Zoom migrates).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Generation(StrEnum):
    """A successor generation, named as Zoom's documentation numbers it."""

    V2 = "v2"
    V3 = "v3"


NEWEST_FIRST: Final = (Generation.V3, Generation.V2)


@dataclass(frozen=True, slots=True)
class Names:
    """One thing's name in every generation."""

    v2: str
    v3: str

    def of(self, generation: Generation) -> str:
        """The name `generation` uses."""
        return self.v3 if generation is Generation.V3 else self.v2


HISTORY_ROWS: Final = Names(v2="call_logs", v3="call_history")
"""The array of the account list."""
HISTORY_UUID: Final = Names(v2="id", v3="call_history_uuid")
"""The id of a row of that array, and of a record."""
RECORD_ELEMENTS: Final = Names(v2="call_path", v3="call_elements")
"""The array of one record's legs."""
ELEMENT_ID: Final = Names(v2="id", v3="call_element_id")
"""The id of a leg."""
ELEMENT_HISTORY: Final = Names(v2="call_path_id", v3="call_history_uuid")
"""The id of the call an element belongs to, where an element is answered alone."""

ALIASES: Final = (HISTORY_ROWS, HISTORY_UUID, RECORD_ELEMENTS, ELEMENT_ID)


def newest(holder: Mapping[str, Any], names: Names) -> Any:
    """The value of `names` in an answer of any generation: the newest one that says something, else None."""
    for generation in NEWEST_FIRST:
        value = holder.get(names.of(generation))
        if value not in (None, "", []):
            return value
    return None


def generation_of(holder: Mapping[str, Any], names: Names) -> Generation | None:
    """The newest generation whose name stands in `holder`; None when it has neither."""
    return next((generation for generation in NEWEST_FIRST if names.of(generation) in holder), None)
