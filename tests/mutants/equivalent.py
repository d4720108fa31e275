"""The mutants no case can kill, each with the reason why it changes nothing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_OWN_TALK: Final = "the talk of a log entry is its own leg"
_EVENTS: Final = "a leg has one event"
_TYPES: Final = "a callee has one type"
_ASKED: Final = "the list is asked by it; the translation never looks at it"

EQUIVALENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LOG_ENTRY date_time: leg.start_time -> talk.start_time": _OWN_TALK,
        "LOG_ENTRY device_private_ip: leg.device_private_ip -> talk.device_private_ip": _OWN_TALK,
        "LOG_ENTRY device_public_ip: leg.device_public_ip -> talk.device_public_ip": _OWN_TALK,
        "LOG_ENTRY recording_id: leg.recording_id -> talk.recording_id": _OWN_TALK,
        "PATHS row 0 parkPickup: behind parkTimeout": _EVENTS,
        "PATHS row 7 extension: behind forward": "an outbound leg to a number outside is pstn before either",
        "PATHS row 8 forward: behind sharedLines": _EVENTS,
        "PATHS row 9 sharedLines: behind autoReceptionist": _TYPES,
        "PATHS row 10 autoReceptionist: behind callQueue": _TYPES,
        "PATHS row 11 callQueue: behind sharedLineGroup": _TYPES,
        "PATHS row 12 sharedLineGroup: behind commonAreaPhone": _TYPES,
        "option recording_status: always omit": _ASKED,
        "option recording_status: always both": _ASKED,
    }
)
"""Name of the mutant to why it is the same translation."""
