"""What the charges report says of a call: one shape, and the reader of a page.

A call has no row, one, or several: each direction and each leg that was billed has its own. The reader is as tolerant
as that of call history; a row that is no row or has no call id is passed over and told, since nothing could be joined
with it. This file refuses to know what a charge does to a row of v1.
Source: Zoom's OpenAPI of July 2026, operation GetCallChargesUsageReport; its change note of 31 August 2026 for the
owner's fields, the countries and the result; a public export script that tells charges apart by `charge_id`, else
`call_id`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec

from contracts.successor.reading import Amount, Fields, Reading, Unknown, Unreadable, fields_of, read_fields
from contracts.successor.shapes import VALUES


class CallCharge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of `call_charges`; amounts are as the report spells them, absent, empty and null are None.

    `rate` is billed by `charge_mode`, mostly a minute; `currency` is an ISO code.
    """

    call_id: str
    direction: str | None = None
    call_type: str | None = None
    start_time: str | None = None
    rate: Amount | None = None
    currency: str | None = None
    total_charge: Amount | None = None


@dataclass(frozen=True, slots=True)
class ChargesPage:
    """One page of the report, rows in the order they came; `next_page_token` is "" at the end."""

    rows: tuple[CallCharge, ...]
    next_page_token: str
    total_records: int | None


CALL_TYPES: Final = frozenset({"voip", "local", "tollfree", "international", "callCenter"})

_HISTORY_SAYS: Final = "call history tells it, of the leg that the row speaks of"
_NO_V1_FIELD: Final = "v1 had no such field"

UNREAD_IN_CHARGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "charge_id": _NO_V1_FIELD,
        "call_log_id": "deprecated, and the call id is a row's too",
        "caller_number": _HISTORY_SAYS,
        "caller_number_iso_code": _HISTORY_SAYS,
        "caller_number_country_code": _HISTORY_SAYS,
        "caller_billing_number": _NO_V1_FIELD,
        "caller_billing_number_type": _NO_V1_FIELD,
        "callee_number": _HISTORY_SAYS,
        "callee_number_iso_code": _HISTORY_SAYS,
        "callee_number_country_code": _HISTORY_SAYS,
        "callee_billing_number": _NO_V1_FIELD,
        "callee_billing_number_type": _NO_V1_FIELD,
        "service_type": _NO_V1_FIELD,
        "calling_party_name": _HISTORY_SAYS,
        "cost_center": _HISTORY_SAYS,
        "employee_id": _NO_V1_FIELD,
        "department": _HISTORY_SAYS,
        "answer_time": _HISTORY_SAYS,
        "end_time": _HISTORY_SAYS,
        "duration": "whole minutes, where v1 showed seconds",
        "charge_mode": _NO_V1_FIELD,
        "billing_number": _NO_V1_FIELD,
        "forward_number_billing": _NO_V1_FIELD,
        "owner_type": _HISTORY_SAYS,
        "owner_extension_id": _HISTORY_SAYS,
        "owner_name": _HISTORY_SAYS,
        "owner_extension_number": _HISTORY_SAYS,
        "result": _HISTORY_SAYS,
    }
)
"""Fields of the report no rule reads, each with the reason."""

_SHAPE: Final = "charge"
_CHARGE: Final = fields_of(
    _SHAPE,
    CallCharge,
    UNREAD_IN_CHARGES,
    words={"call_type": CALL_TYPES, "direction": VALUES["direction"]},
)
_ENVELOPE: Final = Fields(
    "charges",
    {"next_page_token": str, "total_records": int},
    frozenset("next_page_token page_count page_size total_records from to call_charges".split()),
    {},
)


def read_charges(body: Mapping[str, Any]) -> Reading[ChargesPage]:
    """One page of the charges report; `Unreadable` when it has no array of charges."""
    unknown: set[Unknown] = set()
    listed = body.get("call_charges")
    if not isinstance(listed, list):
        raise Unreadable("a charges report without charges")
    envelope = dict(read_fields(body, _ENVELOPE, unknown))
    page = ChargesPage(
        rows=tuple(_charges(listed, unknown)),
        next_page_token=envelope.get("next_page_token", ""),
        total_records=envelope.get("total_records"),
    )
    return Reading(page, frozenset(unknown))


def _charges(listed: list[Any], unknown: set[Unknown]) -> Iterator[CallCharge]:
    for raw in listed:
        values = dict(read_fields(raw, _CHARGE, unknown)) if isinstance(raw, dict) else {}
        if "call_id" in values:
            yield CallCharge(**values)
        else:
            unknown.add(Unknown(_SHAPE, "call_id" if isinstance(raw, dict) else ""))
