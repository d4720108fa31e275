"""The mutants no case can kill, each with the reason why it changes nothing."""

from collections.abc import Mapping
from typing import Final

EQUIVALENT: Final[Mapping[str, str]] = {}
"""Name of the mutant to why it is the same translation."""
