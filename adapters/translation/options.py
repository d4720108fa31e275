"""The choices an operator may make where a customer's archive could contradict the evidence.

Each option is one row: its id, the answers it takes (the first is the default), and what stands behind the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Option:
    """One rule that can be turned: id, allowed values (default first), what it decides, the evidence."""

    id: str
    values: tuple[str, ...]
    decides: str
    evidence: str
    source: str


OPTIONS: Final = (
    Option(
        "missed_label",
        ("no_answer", "missed"),
        "the result of a call that rang out",
        "real rows and lifecycle events say `No Answer`; some documents say `Missed`",
        "semantics 4.1 row 7 O/A",
    ),
    Option(
        "unknown_result",
        ("closed", "pass"),
        "the result of a successor word nobody declared: v1's own vocabulary, or the word with its first letter large",
        "legacy programs switch on v1's words and none expects a new one",
        "semantics 4.1 row 16 A",
    ),
    Option(
        "container_answer",
        ("root", "own"),
        "the answer time of an answered queue, receptionist or shared line in log_details: the call's, or its own",
        "the guide's example shows the call's, earlier than the entry's own start",
        "semantics 5.5 D",
    ),
    Option(
        "split_transfers",
        ("on", "off"),
        "whether the part of a call after a transfer is a row of its own",
        "v1 kept separate records even after its successors merged them",
        "semantics 5.3 O",
    ),
    Option(
        "internal_calls",
        ("both", "outbound"),
        "whether a call between two extensions is two rows, as in call history, or the caller's alone",
        "no v1 sample was found; by analogy with call history",
        "semantics 10 no. 2 A",
    ),
    Option(
        "overflow_result",
        ("no_answer", "connected"),
        "the result of a queue that overflowed although a later leg of the call was answered",
        "the row speaks of its own leg, and that one was not answered",
        "semantics 10 no. 9 A",
    ),
    Option(
        "common_area_type",
        ("commonArea", "commonAreaPhone"),
        "how a common area is named as owner and in forward_to",
        "the last published schema says `commonArea`, older clients know `commonAreaPhone`",
        "semantics 10 no. 21 D",
    ),
    Option(
        "page_count",
        ("omit", "emit"),
        "whether the account list carries `page_count`",
        "it stands in the schema, but neither in the guide's example nor in real replies",
        "semantics 3.1 O",
    ),
    Option(
        "recording_status",
        ("omit", "both"),
        "whether recorded and unrecorded calls are asked for one after the other and merged, at twice the list calls",
        "the documented default would leave unrecorded calls out, which no observed answer confirms",
        "semantics 6.1 D/A",
    ),
)
"""All options, in the order they are documented."""


def _default(option_id: str) -> str:
    return next(option.values[0] for option in OPTIONS if option.id == option_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One answer for every option, defaults as evidence recommends."""

    missed_label: str = _default("missed_label")
    unknown_result: str = _default("unknown_result")
    container_answer: str = _default("container_answer")
    split_transfers: str = _default("split_transfers")
    internal_calls: str = _default("internal_calls")
    overflow_result: str = _default("overflow_result")
    common_area_type: str = _default("common_area_type")
    page_count: str = _default("page_count")
    recording_status: str = _default("recording_status")


def parse_options(chosen: Mapping[str, object]) -> Options:
    """The options of a parsed rules file; ValueError names every unknown id and every value an id does not take."""
    allowed = {option.id: option.values for option in OPTIONS}
    problems = [f"unknown rule id {name!r}" for name in chosen if name not in allowed]
    problems += [
        f"{name} takes {' or '.join(allowed[name])}, not {value!r}"
        for name, value in chosen.items()
        if name in allowed and value not in allowed[name]
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return Options(**{name: str(value) for name, value in chosen.items()})
