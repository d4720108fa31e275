"""Where a page of details ends: which rows stand, which are told by their summary, and what stops the rest.

Decides without asking anybody. A row whose own detail cannot be had is told by its summary; a limit, the deadline or
an outage ends the page in front of the first row it hit, so that rows stay in order and without a gap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from adapters.errors import ShimError, UpstreamBroken, UpstreamHeldBack, UpstreamRefused
from contracts.successor.shapes import CallHistory

SCOPE_MISSING: Final = 4711
Reason = Literal["missing", "scope", "failed"]


@dataclass(frozen=True, slots=True)
class Detail:
    """What became of one row's detail: its record, the failure there was instead, or neither when it needed none."""

    record: CallHistory | None = None
    failure: ShimError | None = None


@dataclass(frozen=True, slots=True)
class PageEnd:
    """For each row that stands: None for its detail, else why its summary must do. `stop` is what ended the page."""

    rows: tuple[Reason | None, ...]
    stop: ShimError | None


def page_end(details: Sequence[Detail], *, is_upstream_well: bool = False) -> PageEnd:
    """The longest run of rows that can be told, from the first one on.

    `is_upstream_well`: another call was answered after these had failed, so that no outage explains them.
    """
    rows: list[Reason | None] = []
    for place, detail in enumerate(details):
        if detail.failure is None:
            rows.append(None)
            continue
        # The last row has nobody behind it to tell its own trouble from an outage: the others speak for it.
        neighbours = details[place + 1 :] or details[:place]
        is_answering = is_upstream_well or any(neighbour.record is not None for neighbour in neighbours)
        reason = _reason(detail.failure, is_answering=is_answering)
        if reason is None:
            return PageEnd(tuple(rows), detail.failure)
        rows.append(reason)
    return PageEnd(tuple(rows), None)


def is_scope_missing(failure: ShimError | None) -> bool:
    """Whether the credential may list calls but not ask for one."""
    return isinstance(failure, UpstreamRefused) and (failure.status, failure.code) == (400, SCOPE_MISSING)


def is_doubtful(details: Iterable[Detail]) -> bool:
    """Whether only failures speak of upstream, as in an outage, and nothing else ends the page."""
    failures = [detail.failure for detail in details]
    is_outage = [failure is not None and _is_outage(failure) for failure in failures]
    is_own = [failure is not None and _reason(failure, is_answering=True) is not None for failure in failures]
    return any(is_outage) and all(is_own)


def _is_outage(failure: ShimError) -> bool:
    if isinstance(failure, UpstreamRefused):
        return failure.status >= 500 and not isinstance(failure, UpstreamHeldBack)
    return isinstance(failure, UpstreamBroken)


def _reason(failure: ShimError, *, is_answering: bool) -> Reason | None:
    """Why the row's summary must do; None when the failure is not this row's alone."""
    if is_scope_missing(failure):
        return "scope"
    if isinstance(failure, UpstreamHeldBack):
        return None
    if isinstance(failure, UpstreamRefused) and failure.status < 500:
        if failure.is_of_credential or failure.status == 429:
            return None
        return "missing" if failure.status == 404 else "failed"
    return "failed" if _is_outage(failure) and is_answering else None
