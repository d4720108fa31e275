"""`GET /phone/call_logs/{callLogId or callId}`: one call, with `log_details`.

Source: Zoom's OpenAPI, operation getCallLogDetails; semantics 2 (which ids are accepted), 3.2, 3.3.
"""

from adapters.errors import LegacyRefusal
from adapters.finished import FinishedCall, FinishedRecord
from adapters.identifiers import bare
from adapters.legacy_request import LegacyAnswer, LegacyRequest
from adapters.operations.service import Service
from adapters.ports import RememberedCall
from adapters.refusals import in_legacy_words
from contracts.legacy.errors import CALL_LOG_DETAILS, CALL_LOG_MISSING


async def call_log_details(request: LegacyRequest, service: Service) -> LegacyAnswer:
    """The details of a call that was served before, asked for in any form of its id.

    What is remembered only says where to look: the answer comes from upstream, with the caller's own credential.
    """
    known = await service.identities.find(request.partition, request.asked_id)
    if not known:
        raise LegacyRefusal.of(CALL_LOG_MISSING)
    # An id that is a row's own is that row's, even if it was once a mere log entry of another.
    asked = next((call for call in known if call.v1_id == bare(request.asked_id)), known[0])
    with in_legacy_words(CALL_LOG_DETAILS):
        record = await service.records.of_call(asked.history_uuid, request.caller, start_time=asked.start_time)
    return LegacyAnswer(_call(record, asked).details)


def _call(record: FinishedRecord, asked: RememberedCall) -> FinishedCall:
    """The part of the record that was served under the id; its first part if that one is no more."""
    if not record.calls:
        raise LegacyRefusal.of(CALL_LOG_MISSING)
    return next((call for call in record.calls if call.group == asked.group), record.calls[0])
