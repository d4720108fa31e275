"""What the service asks of Zoom, the scope that brings it, and what is missing without it: one table.

Scopes are those Zoom's OpenAPI names for each operation: the granular one, which is what to add to an app, and the
classic ones that grant as much (semantics 2 and 7). Refuses to know how a call is made.
"""

from dataclasses import dataclass
from typing import Final

_ALL: Final = ("phone:read:admin",)
_LOGS: Final = (*_ALL, "phone_call_log:read:admin")
_IDS: Final = "owner.id and forward_to.id are left out"


@dataclass(frozen=True, slots=True)
class LookUp:
    """One thing the service asks for.

    `name` is that of the `SuccessorCall`, `subject` and `without` are words for people; without a look-up that
    `is_needed` the service cannot do its job.
    """

    name: str
    subject: str
    scope: str
    without: str
    classic: tuple[str, ...] = _ALL
    is_needed: bool = False

    def is_granted_by(self, scopes: frozenset[str]) -> bool:
        """Whether a credential with these scopes may ask."""
        return not scopes.isdisjoint((self.scope, *self.classic))


CALLS: Final = LookUp(
    "call_history",
    "list of calls",
    "phone:read:list_call_logs:admin",
    "no call log can be listed",
    classic=_LOGS,
    is_needed=True,
)
DETAILS: Final = LookUp(
    "call_record",
    "details of a call",
    "phone:read:call_log:admin",
    "there are no details, and rows are told by their summary",
    classic=_LOGS,
    is_needed=True,
)
USERS: Final = LookUp("users", "users", "phone:read:list_users:admin", f"user_id is left out, and for users {_IDS}")
ONE_USER: Final = LookUp(
    "phone_user",
    "a single user",
    "phone:read:user:admin",
    "the ids of users are left out of answers that speak of a few users only",
)
DIRECTORIES: Final = (
    USERS,
    *(
        LookUp(name, subject, f"phone:read:{scope}:admin", f"for {subject} {_IDS}")
        for name, subject, scope in (
            ("call_queues", "call queues", "list_call_queues"),
            ("auto_receptionists", "auto receptionists", "list_auto_receptionists"),
            ("shared_line_groups", "shared line groups", "list_shared_line_groups"),
            ("common_areas", "common areas", "common_area"),  # Zoom names no scope of its own for their list
            ("rooms", "rooms", "list_rooms"),
        )
    ),
)
"""Every directory that object ids come from."""
CHARGES: Final = LookUp(
    "call_charges",
    "charges report",
    "phone:read:call_charges:admin",
    "charge and rate are left out, and charged_call_logs=true fails",
)
ELEMENT: Final = LookUp(
    "call_element",
    "a single call element",
    "phone:read:call_log:admin",
    "details by an id that this service has never served are not found",
    classic=("phone_call_log:read:admin", "phone_call_log:read", "phone:read"),
)

LOOKUPS: Final = (CALLS, DETAILS, USERS, ONE_USER, *DIRECTORIES[1:], CHARGES, ELEMENT)
"""All of them, in the order they are told."""
