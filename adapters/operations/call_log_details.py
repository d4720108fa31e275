"""`GET /phone/call_logs/{callLogId or callId}`: one call, with `log_details`.

Source: Zoom's OpenAPI, operation getCallLogDetails; semantics 2 (which ids are accepted), 3.2, 3.3.
"""

from collections.abc import Sequence

from adapters.errors import LegacyRefusal
from adapters.finished import FinishedCall, FinishedRecord
from adapters.identifiers import Form, bare, form_of
from adapters.legacy_request import LegacyAnswer, LegacyRequest
from adapters.operations.service import Service
from adapters.ports import RememberedCall, ServedCall
from adapters.refusals import in_legacy_words
from contracts.codec import decode
from contracts.legacy.errors import CALL_LOG_DETAILS, CALL_LOG_MISSING
from contracts.successor.shapes import CallHistory


async def call_log_details(request: LegacyRequest, service: Service) -> LegacyAnswer:
    """The details of a call, asked for in any form of its id.

    What is remembered only says where to look: the answer comes from upstream, with the caller's own credential. A
    call that was never served is looked for, and remembered from then on.
    """
    known = await service.identities.find(request.partition, request.asked_id)
    with in_legacy_words(CALL_LOG_DETAILS):
        if known:
            asked = _asked(known, request)
            record = await service.records.of_call(asked.history_uuid, request.caller, start_time=asked.start_time)
            return LegacyAnswer(_call(record, asked).details)
        found = await service.search.find(request.asked_id, request.caller)
        return LegacyAnswer(await _found(found, request, service))


def _asked(known: Sequence[RememberedCall], request: LegacyRequest) -> RememberedCall:
    """An id that is a row's own is that row's, even if it was once a mere log entry of another."""
    return next((call for call in known if call.v1_id == bare(request.asked_id)), known[0])


def _call(record: FinishedRecord, asked: RememberedCall) -> FinishedCall:
    """The part of the record that was served under the id; its first part if that one is no more."""
    if not record.calls:
        raise LegacyRefusal.of(CALL_LOG_MISSING)
    return next((call for call in record.calls if call.group == asked.group), record.calls[0])


async def _found(found: Sequence[CallHistory], request: LegacyRequest, service: Service) -> bytes:
    """The details of the call among `found` that has the id; all of them are remembered, under this id too."""
    records = []
    for call in found:
        await _keep_own_id(call, request, service)
        record = await service.records.of_call(call.call_history_uuid, request.caller, start_time=call.start_time or "")
        records += [record] if record.calls else []
    if not records:
        raise LegacyRefusal.of(CALL_LOG_MISSING)
    known = await service.identities.find(request.partition, request.asked_id)
    if known:
        asked = _asked(known, request)
        told = next((record for record in records if record.history_uuid == asked.history_uuid), records[0])
        return _call(told, asked).details
    first = records[0].calls[0]
    await _remember_as(records[0].history_uuid, first, request, service)
    return first.details


async def _keep_own_id(call: CallHistory, request: LegacyRequest, service: Service) -> None:
    """Pins the id of a row that was told from its summary, before the record's elements propose another one."""
    if form_of(request.asked_id) is not Form.BARE or bare(call.call_history_uuid) != request.asked_id:
        return
    served = ServedCall(
        history_uuid=call.call_history_uuid,
        group=0,
        proposed_id=request.asked_id,
        element_id="",
        call_id=call.call_id or "",
        start_time=call.start_time or "",
        direction=call.direction or "",
    )
    await service.identities.pin(request.partition, [served])


async def _remember_as(history_uuid: str, call: FinishedCall, request: LegacyRequest, service: Service) -> None:
    """Adds the id asked for to a call's names: an element's that v1 showed neither as a row nor as an entry."""
    row = decode(call.row)
    served = ServedCall(
        history_uuid=history_uuid,
        group=call.group,
        proposed_id=call.v1_id,
        element_id="",
        call_id=call.call_id,
        start_time=row.get("date_time", ""),
        direction=row.get("direction", ""),
        entries=(bare(request.asked_id),),
    )
    await service.identities.pin(request.partition, [served])
