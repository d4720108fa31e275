"""What the charges report makes of a finished row of the account's call logs: `charge`, `rate`, a better `call_type`.

A row joins a charge by call id and direction. A call that cost nothing gets neither `charge` nor `rate`, like one the
report does not name: the report spells that "0", v1's only example is an amount. Which charges there are is found out
elsewhere, and no row is altered. Source: semantics 3.7.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from adapters.identifiers import without_suffix
from adapters.translation.rules import Derive, Rule, Table
from contracts.legacy.shapes import AccountCallLog, CallType, LegacyShape, Text
from contracts.successor.charges import CallCharge

SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "USD": "$",
        "AUD": "A$",
        "BRL": "R$",
        "CAD": "CA$",
        "CNY": "CN¥",
        "EUR": "€",
        "GBP": "£",
        "HKD": "HK$",
        "ILS": "₪",
        "INR": "₹",
        "JPY": "¥",
        "KRW": "₩",
        "MXN": "MX$",
        "NZD": "NZ$",
        "PHP": "₱",
        "TWD": "NT$",
        "VND": "₫",
    }
)
"""Currency to the sign before its amounts in English (CLDR); of v1 only the dollar's is known (semantics 3.7 A)."""

CALL_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "voip": "voip",
        "local": "pstn",
        "tollfree": "tollfree",
        "international": "international",
        "callCenter": "contactCenter",
    }
)
"""The report's word to v1's; the row keeps its own where the report has another."""


@dataclass(frozen=True, slots=True)
class Charged:
    """What the rules below see."""

    charge: CallCharge


class ChargedFields(LegacyShape):
    """The fields of a row that the report has a say in, in the row's order."""

    call_type: CallType | None = None
    charge: Text | None = None
    rate: Text | None = None


def is_charged(charge: CallCharge) -> bool:
    """Whether the call cost anything."""
    return charge.total_charge is not None and Decimal(charge.total_charge) != 0


def _charge(view: Charged) -> str | None:
    charge = view.charge
    if not is_charged(charge):
        return None
    currency = (charge.currency or "").upper()
    return f"{SYMBOLS.get(currency, currency and f'{currency} ')}{charge.total_charge}"


def _rate(view: Charged) -> str | None:
    return view.charge.rate if is_charged(view.charge) else None


CHARGED_FIELDS: Final[Table[Charged]] = Table(
    shape=ChargedFields,
    scope={"charge": frozenset(CallCharge.__struct_fields__)},
    rules=(
        Rule(
            "call_type",
            Derive(lambda view: CALL_TYPES.get(view.charge.call_type or ""), ("charge.call_type",)),
            "semantics 3.7 D",
            in_guide=True,
            note="the row keeps its own where the report has no word of v1's",
        ),
        Rule(
            "charge",
            Derive(_charge, ("charge.total_charge", "charge.currency")),
            "semantics 3.7 D/A",
            note="`$0.0255`; another currency by its sign, one without a sign by its code: `CHF 0.0255`",
        ),
        Rule(
            "rate",
            Derive(_rate, ("charge.rate", "charge.total_charge")),
            "semantics 3.7 D",
            note="as the report spells it, without a sign; absent where nothing was charged",
        ),
    ),
)
"""What a charge makes of a row's fields."""

_PLACES: Final[Mapping[str, int]] = MappingProxyType(
    {name: place for place, name in enumerate(AccountCallLog.model_fields)}
)


def charge_of(row: Mapping[str, Any], charges: Iterable[CallCharge], *, group: int) -> CallCharge | None:
    """The charge that is this row's, None when there is none; `group` is the row's part of its call.

    Call ids are compared in full. Where that finds nothing, a call's first part is also told under its id without the
    suffix of a transfer; a later part is not, or the first one's charge would show twice. Of several charges the
    first that is more than nothing counts, else the first.
    """
    told = [one for one in charges if _allows(one, row)]
    call_id = row.get("call_id", "")
    ours = [one for one in told if one.call_id == call_id and (not group or _is_later_parts(one, row))]
    if not ours and not group:
        ours = [one for one in told if one.call_id == without_suffix(call_id)]
    return next(filter(is_charged, ours), next(iter(ours), None))


def _allows(charge: CallCharge, row: Mapping[str, Any]) -> bool:
    """Whether neither of the two says it is of the other direction."""
    return charge.direction is None or charge.direction == row.get("direction", charge.direction)


def _is_later_parts(charge: CallCharge, row: Mapping[str, Any]) -> bool:
    """Whether a charge under a later part's own call id is its own: by the suffix, else by not starting before it.

    A warm transfer's part has another id, but a merged record may show the first part's on all of them.
    """
    call_id: str = row["call_id"]
    began: str = row.get("date_time", "~")
    return call_id != without_suffix(call_id) or (charge.start_time or "") >= began


def priced(row: Mapping[str, Any], charge: CallCharge, *, profile: Literal["live", "docs"]) -> dict[str, Any]:
    """The row with what the report says of it, in v1's order; under profile `docs` only fields the guide shows."""
    told = CHARGED_FIELDS.apply(Charged(charge))
    shown = CHARGED_FIELDS.guide_fields() if profile == "docs" else told.keys()
    whole = {**row, **{field: value for field, value in told.items() if field in shown}}
    return dict(sorted(whole.items(), key=lambda field: _PLACES[field[0]]))
