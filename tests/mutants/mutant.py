"""One change that breaks the translation on purpose, and where a change is put."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ASSEMBLE: Final = "adapters.translation.assemble"
FACTS: Final = "adapters.translation.facts"
LEGS: Final = "adapters.translation.legs"
VIEW: Final = "adapters.translation.view"
WALK: Final = "adapters.translation.walk"
WORDS: Final = "adapters.translation.words"
WORLD: Final = "adapters.translation.world"
READING: Final = "contracts.successor.reading"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change by its name.

    `changes` are the constants that get another value, `options` the rule options every case is run with; `hints` are
    words that a case which kills it probably holds. `is_heard` says that the reader is changed and must read anew.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    is_heard: bool = False


def in_modules(name: str, value: Any, *modules: str) -> dict[str, Any]:
    """The change of a constant, in every module that holds it by its own name."""
    return {f"{module}.{name}": value for module in modules}
