"""Compares the generated surface with what Zoom published: every difference is declared with a reason, or a finding.

An entry of the table that no longer differs is a finding too. Knows which facts count: names, types, formats, enums,
defaults, bounds, deprecation, errors, and whether a field is ever sent; not a word of any description.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.cases import Case, load
from contracts.codec import Json
from contracts.differences import DIFFERENCES, Difference
from contracts.generated_surface import DETAILS, LIST, sent, surfaces
from contracts.openapi import document
from contracts.published import Error, Surface, Value, published

ABSENT: Final = "absent"
_FACTS: Final = ("type", "format", "default", "maximum", "max_items", "deprecated", "where", "required")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place where an operation differs: what differs, as published and here."""

    operation: str
    place: str
    what: str
    published: str
    here: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.place}: {self.what}: published {self.published}, here {self.here}"


def findings() -> Iterator[str]:
    """What is wrong between the published facts, the generated surface and the declared differences."""
    yield from contradictions(document(), load(), DIFFERENCES)


def contradictions(
    generated: Mapping[str, Json], cases: Iterable[Case], declared: Iterable[Difference]
) -> Iterator[str]:
    """The same of any OpenAPI document, cases and table."""
    shown = sent(cases)
    ours = {surface.operation: surface for surface in surfaces(generated)}
    theirs = {surface.operation: surface for surface in published()}
    for operation in sorted(ours.keys() ^ theirs.keys()):
        yield f"{operation}: stands on one side only"
    found = (
        finding
        for operation in sorted(ours.keys() & theirs.keys())
        for finding in compared(theirs[operation], ours[operation], shown[operation])
    )
    yield from judged(found, declared)


def judged(found: Iterable[Finding], declared: Iterable[Difference]) -> Iterator[str]:
    """One line for each finding nobody declared, and for each declaration that found nothing."""
    known = {finding for difference in declared for finding in _announced(difference)}
    met = set(found)
    yield from (f"{finding}: no difference is declared" for finding in sorted(met - known))
    yield from (f"{finding}: declared, yet it is not so" for finding in sorted(known - met))


def compared(theirs: Surface, ours: Surface, shown: Collection[str]) -> Iterator[Finding]:
    """Every difference of one operation; `shown` are the fields that replies hold."""
    for place, what, before, now in _differences(theirs, ours, shown):
        yield Finding(ours.operation, place, what, _text(before), _text(now))


Differing = tuple[str, str, Json, Json]
"""Place, what differs, as published, here."""


def _differences(theirs: Surface, ours: Surface, shown: Collection[str]) -> Iterator[Differing]:
    for what in ("method", "path", "deprecated"):
        if getattr(theirs, what) != getattr(ours, what):
            yield "operation", what, getattr(theirs, what), getattr(ours, what)
    yield from _values(_arguments(theirs), _arguments(ours))
    yield from _values(theirs.fields, ours.fields)
    for place in sorted({*theirs.required} ^ {*ours.required}):
        yield place, "always sent", place in theirs.required, place in ours.required
    for place in sorted(ours.fields.keys() - {*shown}):
        yield place, "ever sent", True, False
    yield from _errors(theirs.errors, ours.errors)


def _arguments(surface: Surface) -> dict[str, Value]:
    return {f"parameter {name}": argument for name, argument in surface.parameters.items()}


def _values(theirs: Mapping[str, Value], ours: Mapping[str, Value]) -> Iterator[Differing]:
    for place in sorted(theirs.keys() | ours.keys()):
        before, now = theirs.get(place), ours.get(place)
        if before is None or now is None:
            yield place, "name", before and before.type, now and now.type
        else:
            yield from ((place, *difference) for difference in _facts(before, now))


def _facts(before: Value, now: Value) -> Iterator[tuple[str, Json, Json]]:
    for fact in _FACTS:
        told, ours = getattr(before, fact, None), getattr(now, fact, None)
        if (type(told), told) != (type(ours), ours):
            yield fact, told, ours
    if bool(before.enum) != bool(now.enum):
        yield "enum", "closed" if before.enum else "open", "closed" if now.enum else "open"
    told, ours = before.enum or before.words, now.enum or now.words
    if set(told) != set(ours) and (told or now.enum):
        yield "values", _only(told, ours), _only(ours, told)


def _only(some: Iterable[Json], others: Collection[Json]) -> str | None:
    return ", ".join(sorted(str(value) for value in some if value not in others)) or None


def _errors(theirs: Iterable[Error], ours: Iterable[Error]) -> Iterator[Differing]:
    """Errors that the other side lacks; a status published without a code stands for all of that status."""
    whole = {error.status for error in theirs if error.code is None}
    told = {_name(error): error.message for error in theirs if error.code is not None}
    said = {_name(error): error.message for error in ours if error.status not in whole}
    for name in sorted(told.keys() | said.keys()):
        if told.get(name) != said.get(name):
            yield name, "message", told.get(name), said.get(name)
    for status in sorted(whole - {error.status for error in ours}):
        yield f"error {status}", "status", status, None


def _name(error: Error) -> str:
    return f"error {error.status}, code {error.code}"


def _text(value: Json) -> str:
    if value is None:
        return ABSENT
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _announced(difference: Difference) -> Iterator[Finding]:
    for operation, places in ((LIST, difference.in_list), (DETAILS, difference.in_details)):
        for place in places:
            yield Finding(operation, place, difference.what, difference.published, difference.here)
