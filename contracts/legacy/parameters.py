"""The parameters of the two served operations, as data: what v1 published of them, and how tolerant it was.

What they do to an answer is known elsewhere; numbers and words that others need too stand here alone.
Source: Zoom's OpenAPI, operations accountCallLogs and getCallLogDetails; semantics 2 (ids), 6.1 (parameters).
"""

from dataclasses import dataclass
from typing import Final, Literal

from contracts.legacy.shapes import LARGEST_PAGE_SIZE, PATHS

DEFAULT_PAGE_SIZE: Final = 30

PATHS_NEVER_WRITTEN: Final = frozenset(
    "companyDirectory disconnected ivrMenu message monitor sipGroup takeover tollFreeBilling".split()
)
"""Words v1 filtered by and no row of this service has: asking for one gives an empty list, as it mostly did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter; `enum` is closed, `words` are the known values of an open text, `about` is for a reader."""

    name: str
    about: str
    where: Literal["query", "path"] = "query"
    type: Literal["string", "integer", "boolean"] = "string"
    enum: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    default: int | str | None = None
    maximum: int | None = None


ACCOUNT_CALL_LOGS_PARAMETERS: Final = (
    Parameter(
        name="page_size",
        type="integer",
        default=DEFAULT_PAGE_SIZE,
        maximum=LARGEST_PAGE_SIZE,
        about="Most rows of one page. More than the maximum counts as the maximum, anything but a positive whole "
        "number as the default.",
    ),
    Parameter(
        name="from",
        about="First moment asked for, in UTC: `2026-03-01`, `2026-03-01T08:00:00Z`, with fractions of a second, or "
        "with a blank in the middle. Without it the last 24 hours.",
    ),
    Parameter(
        name="to",
        about="Last moment asked for, in the forms of `from`; without it now. Alone it is ignored.",
    ),
    Parameter(
        name="type",
        words=("all", "missed"),
        about="`missed` leaves the inbound calls nobody took; any other value counts as `all`.",
    ),
    Parameter(
        name="next_page_token",
        about="The token of the page before; empty for the first page. Good for 15 minutes, for the same account, with "
        "the same filters or none.",
    ),
    Parameter(
        name="path",
        words=tuple(sorted(PATHS | PATHS_NEVER_WRITTEN)),
        about="Leaves the calls of one path. An unknown word is no filter.",
    ),
    Parameter(
        name="time_type",
        enum=("startTime", "endTime"),
        default="startTime",
        about="Which time of a call `from` and `to` are compared with. The key `timeType` is read too; an unknown "
        "value counts as the default.",
    ),
    Parameter(name="site_id", about="Leaves the calls of one site."),
    Parameter(
        name="charged_call_logs",
        type="boolean",
        about="`true` leaves the calls that cost something; letters of either case.",
    ),
)
"""Of the account's list; any other parameter is ignored."""

CALL_LOG_DETAILS_PARAMETERS: Final = (
    Parameter(
        name="callLogId",
        where="path",
        about="The `id` or the `call_id` of a row, or any other id of the same call, dated or bare.",
    ),
)
"""Of one call; any query parameter is ignored."""

ACCOUNT_ID: Final = Parameter(
    name="accountId",
    where="path",
    about="A sub-account, handed on to Zoom; `me` is the credential's own account.",
)
"""Of every operation under the account prefix."""
