"""The four kinds of rule a legacy field can have, and the table that holds one for each.

A table checks itself when it is made: a field without a rule or with two, a rule naming no field of either shape, a
loss or a constant without a reason, a missing source. The error names the field. What the rules say is written in the
tables; this file refuses to know any field.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

View_contra = TypeVar("View_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Copy:
    """The first of `sources` that says something, unchanged; a source is a dotted name such as `leg.call_id`."""

    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Derive(Generic[View_contra]):
    """What `by` makes of the view; `reads` names every field it looks at, None leaves the field out."""

    by: Callable[[View_contra], Any]
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value, for a reason."""

    value: str | int | bool
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The successor no longer tells it: the field is absent, for a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[View_contra]):
    """How one legacy field comes about.

    `source` names the section of the mapping and its standing: D documented, O observed, I inferred, A ambiguous.
    `in_guide` marks the fields of the guide's example, all that profile `docs` lets through; `note` says in a few words
    what the rule does where its kind alone does not.
    """

    field: str
    kind: Copy | Derive[View_contra] | Constant | Lost
    source: str
    in_guide: bool = False
    note: str = ""


class WrongTable(TypeError):
    """A table of rules that must not be used; the text names the field."""


_SOURCE_WORDS: Final = ("semantics ",)
_STANDINGS: Final = frozenset("DOIA")


def _names(rule: Rule[Any]) -> tuple[str, ...]:
    match rule.kind:
        case Copy(sources):
            return sources
        case Derive(reads=reads):
            return reads
    return ()


def _problems_of(rule: Rule[Any], scope: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for name in _names(rule):
        prefix, _, field = name.partition(".")
        if field not in scope.get(prefix, frozenset()):
            yield f"reads {name}, which no shape has"
    match rule.kind:
        case Copy(sources=()) | Derive(reads=()):
            yield "reads nothing"
        case Constant(reason="") | Lost(reason=""):
            yield "gives no reason"
    if not rule.source.startswith(_SOURCE_WORDS) or not set(rule.source.split()[-1]) <= _STANDINGS | {"/"}:
        yield f"has the source {rule.source!r}, not a section with its standing"


def _order_problems(fields: Sequence[str], shape: type[BaseModel]) -> Iterator[str]:
    declared = [field.alias or name for name, field in shape.model_fields.items()]
    for name in declared:
        if fields.count(name) != 1:
            yield f"{name}: has {fields.count(name)} rules"
    for name in fields:
        if name not in declared:
            yield f"{name}: is no field of {shape.__name__}"
    if sorted(fields) == sorted(declared) and list(fields) != declared:
        out_of_place = next(ours for ours, theirs in zip(fields, declared, strict=True) if ours != theirs)
        yield f"{out_of_place}: stands out of {shape.__name__}'s order"


@dataclass(frozen=True, slots=True)
class Table(Generic[View_contra]):
    """One rule for every field of a legacy shape, in the shape's order.

    `scope` holds what the view offers: prefix of a dotted name to the fields behind it. `WrongTable` lists everything
    wrong with the table at once.
    """

    shape: type[BaseModel]
    scope: Mapping[str, frozenset[str]]
    rules: tuple[Rule[View_contra], ...]

    def __post_init__(self) -> None:
        problems = [f"{rule.field}: {problem}" for rule in self.rules for problem in _problems_of(rule, self.scope)]
        problems += _order_problems([rule.field for rule in self.rules], self.shape)
        if problems:
            raise WrongTable("; ".join(problems))

    def apply(self, view: View_contra) -> dict[str, Any]:
        """The legacy object: every field whose rule says something, in order; the view is not altered."""
        answer = {}
        for rule in self.rules:
            value = _value(rule.kind, view)
            if value is not None:
                answer[rule.field] = value
        return answer

    def guide_fields(self) -> frozenset[str]:
        """The fields profile `docs` lets through."""
        return frozenset(rule.field for rule in self.rules if rule.in_guide)

    def reads(self) -> frozenset[str]:
        """Every dotted name some rule reads."""
        return frozenset(name for rule in self.rules for name in _names(rule))

    def with_rule(self, rule: Rule[View_contra]) -> "Table[View_contra]":
        """The same table with another rule for one field."""
        return replace(self, rules=tuple(rule if old.field == rule.field else old for old in self.rules))


def _value(kind: Copy | Derive[View_contra] | Constant | Lost, view: View_contra) -> Any:
    match kind:
        case Copy(sources):
            for source in sources:
                prefix, _, field = source.partition(".")
                value = _field(getattr(view, prefix), field)
                if value is not None:
                    return value
            return None
        case Derive(by=by):
            return by(view)
        case Constant(value=value):
            return value
    return None


def _field(holder: object, field: str) -> Any:
    return holder.get(field) if isinstance(holder, Mapping) else getattr(holder, field)
