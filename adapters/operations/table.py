"""Every retired operation, served or not, in one sorted table; the wire is routed by it and the README shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.legacy_request import Answering, LegacyRequest
from adapters.operations.account_call_logs import account_call_logs
from adapters.operations.call_log_details import call_log_details
from adapters.operations.service import Service

Handler = Callable[[LegacyRequest, Service], Answering]
"""Called, it judges the request's parameters and raises v1's own refusals; awaited, it answers. What may be refused in
between (too much under way) costs the others nothing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One retired operation: Zoom's own id of it, where it stood, who answers it, and what stands there now.

    Paths lie below `/v2` and below `/v2/accounts/{accountId}` alike; one without a handler is passed through.
    """

    id: str
    method: str
    path: str
    successor: str
    handler: Handler | None = None


OPERATIONS: Final = (
    Operation("accountCallLogs", "GET", "/phone/call_logs", "/phone/call_history", account_call_logs),
    Operation(
        "addClientCodeToCallLog",
        "PUT",
        "/phone/call_logs/{callLogId}/client_code",
        "/phone/call_history/{callLogId}/client_code",
    ),
    Operation(
        "deleteCallLog",
        "DELETE",
        "/phone/users/{userId}/call_logs/{callLogId}",
        "/phone/users/{userId}/call_history/{callLogId}",
    ),
    Operation(
        "getCallLogDetails",
        "GET",
        "/phone/call_logs/{callLogId}",
        "/phone/call_history/{callHistoryUuid}",
        call_log_details,
    ),
    Operation(
        "getPhoneRecordingsByCallIdOrCallLogId",
        "GET",
        "/phone/call_logs/{id}/recordings",
        "/phone/call_element/{callElementId}/recording",
    ),
    Operation(
        "getVoicemailDetailsByCallIdOrCallLogId",
        "GET",
        "/phone/users/{userId}/call_logs/{id}/voice_mail",
        "/phone/call_element/{callElementId}/voice_mail",
    ),
    Operation("phoneUserCallLogs", "GET", "/phone/users/{userId}/call_logs", "/phone/users/{userId}/call_history"),
    Operation(
        "syncUserCallLogs",
        "GET",
        "/phone/users/{userId}/call_logs/sync",
        "/phone/users/{userId}/call_history/sync",
    ),
)
"""Sorted by id, which is unique; both are checked at import."""

if list(OPERATIONS) != sorted({operation.id: operation for operation in OPERATIONS}.values(), key=lambda row: row.id):
    raise TypeError("operations are not sorted by a unique id")
