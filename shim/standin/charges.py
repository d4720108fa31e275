"""The charges report: what made-up calls cost, and the page of it that somebody asks for.

It knows the report's fields, filters and limits. It refuses to know paging.
Source: Zoom's OpenAPI of July 2026, operation GetCallChargesUsageReport; semantics 3.7.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from shim.standin.paging import Walk
from shim.standin.questions import asked_window
from shim.standin.refusals import validation_failed
from shim.standin.world import Account

MOST_IDS: Final = 100
DEFAULT_REACH: Final = timedelta(days=30)
RATES: Final = ("0.0205", "0.0255", "0.0312")
FREE_SHARE: Final = 0.3
"""Of the answered calls to the outside, how many a plan's minutes cover."""


def charges_walk(account: Account, query: Mapping[str, str], now: datetime, *, owner: object) -> Walk:
    """The charges `query` asks for, newest call first; refuses nonsense and too many ids as Zoom does."""
    only_charged = query.get("show_charges_only", "false")
    wanted = set(filter(None, query.get("call_ids", "").split(",")))
    if only_charged not in ("true", "false") or len(wanted) > MOST_IDS:
        raise validation_failed()
    first, last, window = asked_window(query, now, reach=DEFAULT_REACH)
    charges = (
        charge
        for charge in account.charges
        if first <= charge.get("start_time", "") <= last
        and (not wanted or charge["call_id"] in wanted)
        and (only_charged == "false" or Decimal(charge.get("total_charge", 0)))
    )
    return Walk(owner, tuple(charges), window)


def bill(rows: Iterable[Mapping[str, Any]], rng: Random) -> Iterator[dict[str, Any]]:
    """What the answered ones of these calls cost that were placed to the outside; some nothing."""
    for row in rows:
        if (row["direction"], row["connect_type"]) == ("outbound", "external") and row.get("answer_time"):
            yield _charge(row, rng)


def _charge(row: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    minutes = -(-int(row["duration"]) // 60)
    rate, is_free = rng.choice(RATES), rng.random() < FREE_SHARE
    date = row["start_time"][:10].replace("-", "")
    return {
        "charge_id": f"{date}-{UUID(int=rng.getrandbits(128), version=4)}",
        "call_id": row["call_id"],
        "direction": row["direction"],
        "caller_number": row.get("caller_ext_number", row.get("caller_did_number", "")),
        "callee_number": row["callee_did_number"],
        "call_type": "international" if row.get("international") else "local",
        "service_type": "call",
        "start_time": row["start_time"],
        "answer_time": row["answer_time"],
        "end_time": row["end_time"],
        "duration": minutes,
        "charge_mode": "per_min",
        "rate": rate,
        "currency": "USD",
        "total_charge": "0" if is_free else str(minutes * Decimal(rate)),
    }
