"""Mutants of the three tables: every rule dropped, pointed at a neighbour, exchanged for one that tells alike."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, get_args

import msgspec
from pydantic.fields import FieldInfo

from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.rules import Constant, Copy, Derive, Lost, Rule, Table
from contracts.cases import Case
from contracts.legacy.shapes import AccountCallLog
from contracts.successor.shapes import TIMES, CallElement, CallHistory
from tests.mutants.mutant import ASSEMBLE, Mutant

TABLES: Final[Mapping[str, Table[Any]]] = {
    "ACCOUNT_ROW": ACCOUNT_ROW,
    "DETAILS_HEADER": DETAILS_HEADER,
    "LOG_ENTRY": LOG_ENTRY,
}


def _successor_kinds(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {
        field.name: "time" if field.name in TIMES else str(field.type)
        for field in msgspec.structs.fields(shape)
        if field.name != "elements"
    }


def _legacy_kind(field: FieldInfo) -> str:
    said = (get_args(field.annotation) or (field.annotation,))[0]
    return "int" if "int" in str(said) else "str" if "str" in str(said) else str(said)


_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "leg": _successor_kinds(CallElement),
    "talk": _successor_kinds(CallElement),
    "record": _successor_kinds(CallHistory),
    "first_record": _successor_kinds(CallHistory),
    "row": {name: _legacy_kind(field) for name, field in AccountCallLog.model_fields.items()},
}
_HOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "leg": ("talk", "record"),
    "talk": ("leg",),
    "record": ("first_record", "leg"),
}
"""Who else may hold a field of the same name."""


def _neighbours(source: str) -> Iterator[str]:
    prefix, _, field = source.partition(".")
    for other, kind in _KINDS[prefix].items():
        if other != field and kind == _KINDS[prefix][field]:
            yield f"{prefix}.{other}"
    for holder in _HOLDERS.get(prefix, ()):
        if field in _KINDS[holder]:
            yield f"{holder}.{field}"


def _other_copies(copy: Copy) -> Iterator[tuple[str, Copy]]:
    for place, source in enumerate(copy.sources):
        rest = copy.sources[:place] + copy.sources[place + 1 :]
        if rest:
            yield f"without {source}", Copy(rest)
        for other in _neighbours(source):
            if other not in copy.sources:
                yield f"{source} -> {other}", Copy((*copy.sources[:place], other, *copy.sources[place + 1 :]))
    if len(copy.sources) > 1:
        yield "sources turned round", Copy(copy.sources[::-1])


def _objects(cases: Iterable[Case], table: str) -> Iterator[Mapping[str, Any]]:
    for case in cases:
        for exchange in case.exchanges:
            if "call_logs" in exchange.reply:
                yield from exchange.reply["call_logs"] if table == "ACCOUNT_ROW" else ()
            elif table == "DETAILS_HEADER":
                yield exchange.reply
            elif table == "LOG_ENTRY":
                yield from exchange.reply["log_details"]


def _outputs(cases: Iterable[Case], table: str) -> Mapping[str, frozenset[type]]:
    kinds: dict[str, set[type]] = defaultdict(set)
    for answer in _objects(cases, table):
        for field, value in answer.items():
            kinds[field].add(type(value))
    return {field: frozenset(types) for field, types in kinds.items()}


def _other_kinds(rule: Rule[Any], table: Table[Any], outputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    match rule.kind:
        case Copy() as copy:
            yield from _other_copies(copy)
        case Derive(by=by):
            for other in table.rules:
                alike = outputs.get(other.field) == outputs.get(rule.field)
                if isinstance(other.kind, Derive) and other.kind.by is not by and alike:
                    yield f"as {other.field}", other.kind
        case Constant(value=value):
            yield "another constant", Constant(f"not {value}", "altered")
    if isinstance(rule.kind, Lost):
        yield "found again", Constant("found", "altered")
    else:
        yield "dropped", Lost("altered")


def _altered_rules(table: Table[Any], outputs: Mapping[str, Any]) -> Iterator[tuple[str, Rule[Any]]]:
    for rule in table.rules:
        for change, kind in _other_kinds(rule, table, outputs):
            yield f"{rule.field}: {change}", replace(rule, kind=kind)
        if not isinstance(rule.kind, Lost):
            yield (
                f"{rule.field}: {'not ' if rule.in_guide else ''}in the guide",
                replace(rule, in_guide=not rule.in_guide),
            )


def rule_mutants(cases: Iterable[Case]) -> Iterator[Mutant]:
    """Every change of one rule of one table; `cases` tell which fields hold values of the same kind."""
    told = tuple(cases)
    for name, table in TABLES.items():
        for change, rule in _altered_rules(table, _outputs(told, name)):
            yield Mutant(f"{name} {change}", {f"{ASSEMBLE}.{name}": table.with_rule(rule)}, hints=(f'"{rule.field}"',))
