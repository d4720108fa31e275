"""Goals, what was measured against them, and the table that says so.

A bound is text that is judged as it is printed: `<= 0.5`, `>= 150`, `= 0`, `< 4.5`, each with a unit behind it if it
likes, or `printed` for a figure that has no goal. It refuses to know how anything is measured.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, isnan
from typing import Any, Final

PRINTED: Final = "printed"
_BOUND: Final = re.compile(r"(?P<sign><=|>=|<|>|=) (?P<number>-?[0-9][0-9,]*(?:\.[0-9]+)?)(?: .*)?")
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Goal:
    """What is promised: `id` as in the list of goals (G1), `what` in words, `bound` as text that can be judged.

    A figure that `is_timed` is told by a clock: whatever else the machine does weighs on it.
    """

    id: str
    what: str
    bound: str
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and whether it meets its bound; `note` says under which circumstances."""

    goal: str
    what: str
    value: float | str
    bound: str
    is_met: bool
    note: str = ""
    is_timed: bool = False

    def printed(self) -> "Figure":
        """The same, judged by nobody."""
        return replace(self, bound=PRINTED, is_met=True)


def measured(goal: Goal, value: float, note: str = "") -> Figure:
    """The figure of a goal, judged by its bound; a value that is no number meets none."""
    return Figure(goal.id, goal.what, value, goal.bound, meets(value, goal.bound), note, goal.is_timed)


def unmeasured(goal: Goal, why: str) -> Figure:
    """The figure of a goal that could not be measured: a miss."""
    return Figure(goal.id, goal.what, "-", goal.bound, is_met=False, note=why)


def meets(value: float, bound: str) -> bool:
    """Whether a value is within a bound; `ValueError` for a bound nobody can judge."""
    if bound == PRINTED:
        return True
    read = _BOUND.fullmatch(bound)
    if read is None:
        raise ValueError(f"no bound: {bound}")
    return not isnan(value) and _SIGNS[read["sign"]](value, float(read["number"].replace(",", "")))


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that `part` of all values do not exceed (nearest rank); NaN for none."""
    if not values:
        return float("nan")
    return sorted(values)[max(0, ceil(part * len(values)) - 1)]


def most_within(moments: Sequence[float], seconds: float = 1.0) -> int:
    """The most of these moments, in order, that fall within any span of so many seconds."""
    most, first = 0, 0
    for place, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


def table(figures: Sequence[Figure], reasons: Mapping[tuple[str, str], str]) -> str:
    """The Markdown table of all figures."""
    lines = ["| goal | figure | goal's bound | measured | met | note |", "|---|---|---|---|---|---|"]
    lines += [_line(figure, reasons.get((figure.goal, figure.what), "")) for figure in figures]
    return "\n".join(lines)


def missed(figures: Sequence[Figure], reasons: Mapping[tuple[str, str], str]) -> list[Figure]:
    """The figures beyond their bound for which no reason is recorded."""
    return [each for each in figures if not each.is_met and (each.goal, each.what) not in reasons]


def as_json(figures: Sequence[Figure], **about: Any) -> dict[str, Any]:
    """All figures as plain values, with what there is to say about the run."""
    return {**about, "figures": [asdict(figure) for figure in figures]}


def shown(value: float | str) -> str:
    """A value as a person reads it: whole numbers whole, others with three significant places."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _line(figure: Figure, reason: str) -> str:
    met = "-" if figure.bound == PRINTED else "yes" if figure.is_met else "no, with a reason" if reason else "**no**"
    note = "; ".join(filter(None, (figure.note, "" if figure.is_met else reason)))
    cells = (figure.goal, figure.what, figure.bound, shown(figure.value), met, note)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
