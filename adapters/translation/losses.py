"""What v1 told and call history does not, where it is not a whole field: declared, so that the README can list it.

Whole fields that are lost stand in the tables of rules with their reasons.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing a legacy program may miss: what, what it gets instead, why, and where that is written."""

    what: str
    instead: str
    reason: str
    source: str


LOSSES: Final = (
    Loss(
        "`forward_to.extension_status`, `forward_to.extension_deleted_time`",
        "absent",
        "call history does not tell whether an extension is still there",
        "semantics 3.3 D",
    ),
    Loss(
        "`caller_location`, `callee_location`",
        "absent, or the place of the number's prefix or range, with `SHIM_NUMBER_LOCATIONS`",
        "no successor field tells where a number is at home",
        "semantics 3.1 D",
    ),
    Loss(
        "`owner.id`, `user_id`, `forward_to.id`",
        "absent without the directory scopes, and for former extensions",
        "call history names extension ids; the object ids v1 showed come from the directory",
        "semantics 2 D",
    ),
    Loss(
        "results `Wrong Number`, `International Disabled`, `Restricted Number`, `Internal Error`",
        "`Call failed`",
        "the successor has one word for all of them",
        "semantics 4.1 I",
    ),
    Loss(
        "results `Blocked by non-GAL`, `Blocked by info-Barriers`",
        "`Blocked`",
        "the successor has one word for all of them",
        "semantics 4.1 I",
    ),
    Loss(
        "results `Message`, `Recording Failure`, `Park`, `Parked`",
        "`Voicemail` or `Call connected`; the result of the leg itself",
        "the successor does not tell them apart, or it is unknown which row showed them",
        "semantics 4.1 A",
    ),
    Loss(
        "paths `ivrMenu`, `companyDirectory`, `disconnected`, `message`, `tollFreeBilling`, `sipGroup`",
        "the path of the leg as call history tells it, mostly `autoReceptionist` or `pstn`",
        "call elements do not tell them apart",
        "semantics 4.2 A",
    ),
    Loss(
        "rows charged outside a call (`tollFreeBilling`)",
        "no row",
        "they stand in no call history record",
        "semantics 1 A",
    ),
    Loss(
        "a supervisor's rows (`monitor`, `takeover`)",
        "no row in the account's list",
        "whether v1 listed them is unknown; call history marks them as entries of the call watched",
        "semantics 4.2 A",
    ),
    Loss(
        "`total_records` of a walk over several pages",
        "the upstream's number, raised when the rows served pass it",
        "one successor record can be two old ones or none; only reading all of them would tell",
        "semantics 10 no. 12 A",
    ),
    Loss(
        "with `SHIM_FIDELITY=summary`: the leg's own `id`, talk time, `recording_id`, `hold_time`, `waiting_time`, "
        "`client_code`, device addresses, results `Auto Recorded` and `Recorded`, path `forward`, rows of transferred "
        "legs, the user behind a masked outbound call",
        "the call's id and its overall times; absent otherwise",
        "they stand in the detail alone, which that fidelity does not ask for",
        "semantics 10 no. 27, 33 A",
    ),
)
"""Everything lost that is no whole field, in the order the README lists it."""
