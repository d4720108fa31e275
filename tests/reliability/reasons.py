"""Why a goal is missed, where it is known and accepted: (goal, figure) -> the reason, printed beside the figure.

A miss without a reason fails the run.
"""

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("G11", "sound requests that failed while Zoom was sound"): (
            "the half hour was measured beside other work (a load of 5 to 8 on two cores) with a deadline of 1.6 s, "
            "which some answers then passed; not measured again on a quiet machine"
        ),
        ("G17", "CPU seconds a request beyond a service without guards, %, median of pairs"): (
            "each call to Zoom has a task of its own, so that nobody who leaves takes it from others, and pays for a "
            "turn of the budget, a place on the wire and its count: a tenth of a millisecond a request"
        ),
        ("G14", "p99 / a single cold request"): (
            "clients of the app share no cache, so twenty cold ones ask for the same calls twenty times over the 50 "
            "connections to Zoom; with clients sharing what the app was told it was 1.7 to 2.0"
        ),
    }
)
