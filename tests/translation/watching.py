"""Notes which fields a rule really looks at, by standing in for everything its view holds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from adapters.translation.rules import Derive, Rule, Table
from adapters.translation.view import DetailsView, LegView
from adapters.translation.walk import Group, Leg
from contracts.successor.shapes import CallElement, CallHistory

Read = frozenset[str]
"""One look at one field, under every dotted name it may be declared by."""


class _Watched:
    """Answers as `holder` does and notes every field asked for."""

    def __init__(self, holder: Any, prefixes: tuple[str, ...], reads: set[Read]) -> None:
        self._holder = holder
        self._prefixes = prefixes
        self._reads = reads

    def __getattr__(self, name: str) -> Any:
        self._reads.add(frozenset(f"{prefix}.{name}" for prefix in self._prefixes))
        return getattr(self._holder, name)


class _WatchedRow(Mapping[str, Any]):
    """A row that notes every field asked for."""

    def __init__(self, row: Mapping[str, Any], reads: set[Read]) -> None:
        self._row = row
        self._reads = reads

    def __getitem__(self, name: str) -> Any:
        self._reads.add(frozenset({f"row.{name}"}))
        return self._row[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def __len__(self) -> int:
        return len(self._row)


@dataclass(frozen=True)
class _WatchedLegView(LegView):
    first: CallHistory = field(kw_only=True)

    @property
    def first_record(self) -> CallHistory:
        return self.first


class _WatchedDetails:
    """A details view whose entries are noted as one field."""

    def __init__(self, view: DetailsView, reads: set[Read]) -> None:
        self.row = _WatchedRow(view.row, reads)
        self._view = view
        self._reads = reads

    @property
    def entries(self) -> list[dict[str, Any]]:
        self._reads.add(frozenset({"entries.log_details"}))
        return self._view.entries


def watched_elements(elements: Iterable[CallElement], reads: set[Read]) -> tuple[CallElement, ...]:
    """The same elements, noting in `reads` what is asked of them."""
    return tuple(cast("CallElement", _Watched(element, ("leg",), reads)) for element in elements)


def watched_group(group: Group, reads: set[Read]) -> Group:
    """The same group, noting in `reads` what is asked of its legs."""
    elements = watched_elements((leg.element for leg in group.legs), reads)
    legs = (replace(leg, element=element) for leg, element in zip(group.legs, elements, strict=True))
    return replace(group, legs=tuple(legs))


def _watched_leg_view(view: LegView, reads: set[Read]) -> LegView:
    def watched(leg: Leg) -> Leg:
        prefixes = ("leg", "talk") if leg.element is view.talk else ("leg",)
        return replace(leg, element=cast("CallElement", _Watched(leg.element, prefixes, reads)))

    def history(record: CallHistory, prefix: str) -> CallHistory:
        return cast("CallHistory", _Watched(record, (prefix,), reads))

    legs = {id(leg): watched(leg) for leg in view.group.legs}
    talk = next(legs[id(leg)] for leg in view.group.legs if leg.element is view.talk)
    return _WatchedLegView(
        position=legs[id(view.position)],
        talk=talk.element,
        group=Group(view.group.index, tuple(legs.values())),
        record=history(view.record, "record"),
        first=history(view.first_record, "first_record"),
        world=view.world,
        is_exact=view.is_exact,
    )


def _watched_view(view: Any, reads: set[Read]) -> Any:
    return _watched_leg_view(view, reads) if isinstance(view, LegView) else _WatchedDetails(view, reads)


def watched_table(table: Table[Any], reads: Mapping[str, set[Read]]) -> Table[Any]:
    """The same table, whose derived fields note in `reads` what they look at."""

    def noting(rule: Rule[Any], kind: Derive[Any]) -> Rule[Any]:
        def watch(view: Any) -> Any:
            return kind.by(_watched_view(view, reads[rule.field]))

        return replace(rule, kind=Derive(watch, kind.reads))

    return replace(
        table, rules=tuple(noting(rule, rule.kind) if isinstance(rule.kind, Derive) else rule for rule in table.rules)
    )
