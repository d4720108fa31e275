"""The dotted names rules may use, taken from the shapes themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.legacy.shapes import AccountCallLog
from contracts.successor.shapes import CallElement, CallHistory

ELEMENT: Final = frozenset(CallElement.__struct_fields__)
HISTORY: Final = frozenset(CallHistory.__struct_fields__) - {"elements"}

LEG_SCOPE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"leg": ELEMENT, "talk": ELEMENT, "record": HISTORY, "first_record": HISTORY}
)
"""What a rule of a row or a log entry may read."""

HEADER_SCOPE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"row": frozenset(AccountCallLog.model_fields), "entries": frozenset({"log_details"})}
)
"""What a rule of the details header may read: the fields of the call's own row, and the entries made for it."""
