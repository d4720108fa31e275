"""The filters of the account list: what v1 took them to mean, what upstream is asked for, which rows stay.

The row after conversion is the truth; upstream is asked to leave out only what can be no row of the answer. Refuses to
know pages and how a row is made. Source: semantics 6.1.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from adapters.errors import LegacyRefusal
from adapters.finished import FinishedCall
from adapters.legacy_request import LegacyRequest
from contracts.legacy.errors import PAGE_TOKEN_INVALID
from contracts.legacy.parameters import PATHS_NEVER_WRITTEN
from contracts.legacy.shapes import PATHS

Filters = tuple[tuple[str, str], ...]
"""Filters as a page token holds them: name and value, only those that leave something out or move the window."""

CHARGED: Final = ("charged_call_logs", "true")
"""The filter that the charges report answers, not the row."""

MISSED: Final = frozenset({"No Answer", "Missed", "Rejected", "Busy", "Call Cancel", "Call Cancelled", "Voicemail"})
"""Results of an inbound call that v1 listed under `type=missed` (semantics 6.1 A, 10 no. 11)."""

_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "type": ("type",),
        "path": ("path",),
        "time_type": ("time_type", "timeType"),
        "site_id": ("site_id",),
        "charged_call_logs": ("charged_call_logs",),
    }
)
"""Every filter, with the names clients send it under: a popular one misspells the third (semantics 6.1 O)."""

_MEANINGS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "type": lambda value: value if value == "missed" else "",
        "path": lambda value: value if value in PATHS | PATHS_NEVER_WRITTEN else "",
        "time_type": lambda value: value if value == "endTime" else "",
        "site_id": lambda value: value,
        "charged_call_logs": lambda value: "true" if value.casefold() == "true" else "",
    }
)
"""A filter's value as it counts; the empty text is no filter, which every unknown value means."""

_UPSTREAM: Final[Mapping[tuple[str, str], Filters]] = MappingProxyType(
    {
        ("path", "voiceMail"): (("call_results", "voicemail"),),
        ("path", "pstn"): (("directions", "outbound"), ("connect_types", "external")),
        ("type", "missed"): (("directions", "inbound"),),
        ("time_type", "endTime"): (("time_type", "end_time"),),
    }
)
"""What upstream is told of a filter. Whether its other filters look at the first leg or at any is not known."""

_JUDGES: Final[Mapping[str, Callable[[FinishedCall, str], bool]]] = MappingProxyType(
    {
        "type": lambda call, _: call.result in MISSED and call.direction != "outbound",
        "path": lambda call, path: call.path == path,
        "site_id": lambda call, site: call.site_id == site,
    }
)
"""Whether a finished row stays; `charged_call_logs` is judged by the charges report, `time_type` by upstream."""


def asked_filters(request: LegacyRequest) -> Filters:
    """The filters a request asks for; unknown values and unknown parameters ask for nothing."""
    return tuple((name, value) for name, value in _told(request).items() if value)


def same_filters(kept: Filters, request: LegacyRequest) -> Filters:
    """The filters of a walk that goes on: `kept`, which whatever the request says of them must not contradict.

    Raises the refusal of a page token: it belongs to another list.
    """
    before = dict(kept)
    if any(before.get(name, "") != value for name, value in _told(request).items()):
        raise LegacyRefusal.of(PAGE_TOKEN_INVALID)
    return kept


def upstream_filters(filters: Filters) -> Filters:
    """The successor's parameters for `filters`."""
    return tuple(pair for one in filters for pair in _UPSTREAM.get(one, ()))


def leave_out(filters: Filters) -> bool:
    """Whether rows that upstream lists may fall out of the page."""
    return any(one[0] in _JUDGES or one == CHARGED for one in filters)


def are_vain(filters: Filters) -> bool:
    """Whether no row there is can pass: a word no row has, or an outgoing call that was missed."""
    asked = dict(filters)
    path = asked.get("path", "")
    return path in PATHS_NEVER_WRITTEN or (path == "pstn" and "type" in asked)


def keeping(filters: Filters) -> Callable[[FinishedCall], bool]:
    """The judge of finished rows under `filters`."""
    judges: Sequence[tuple[Callable[[FinishedCall, str], bool], str]] = [
        (_JUDGES[name], value) for name, value in filters if name in _JUDGES
    ]
    return lambda call: all(judge(call, value) for judge, value in judges)


def _told(request: LegacyRequest) -> dict[str, str]:
    """What a request says of each filter it names, as it counts."""
    said = {name: _first(request, spellings) for name, spellings in _SPELLINGS.items()}
    return {name: _MEANINGS[name](value) for name, value in said.items() if value}


def _first(request: LegacyRequest, spellings: tuple[str, ...]) -> str:
    """The first value sent under one of these names; an empty one is as good as none."""
    return next(filter(None, map(request.parameter, spellings)), "")
