"""A table of rules that is wrong cannot be made, and says which field is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.rules import Constant, Copy, Derive, Lost, Rule, Table, WrongTable
from contracts.legacy.shapes import AccountCallLog, CallLogDetails, LogDetail

SOURCE = "semantics 3.1 D"


class Shape(BaseModel):
    """A legacy shape of four fields, one under an alias."""

    id: str
    name: str
    from_: str = Field(alias="from")
    rate: str


RULES: tuple[Rule[Any], ...] = (
    Rule("id", Copy(("leg.id", "record.id")), SOURCE, in_guide=True),
    Rule("name", Derive(lambda view: view.leg["name"].title(), ("leg.name",)), "semantics 3.1 D/I"),
    Rule("from", Constant("here", "it is always here"), "semantics 3.1 O"),
    Rule("rate", Lost("nobody tells it"), "semantics 3.1 A"),
)
SCOPE = {"leg": frozenset({"id", "name"}), "record": frozenset({"id"})}


def table(*rules: Rule[Any]) -> Table[Any]:
    """A table of `rules` for the shape of these tests."""
    return Table(shape=Shape, scope=SCOPE, rules=rules)


def with_rule(field: str, **changes: Any) -> Callable[[], Table[Any]]:
    """Makes the table with one rule changed."""
    return lambda: table(*(replace(rule, **changes) if rule.field == field else rule for rule in RULES))


@dataclass(frozen=True)
class View:
    """What the rules of these tests see."""

    leg: Mapping[str, Any]
    record: Mapping[str, Any]


def test_a_table_that_is_right_tells_every_field_it_can() -> None:
    """Copies take the first source that speaks, derived and constant fields stand in order, lost ones are absent."""
    answer = table(*RULES).apply(View({"id": None, "name": "nadia"}, {"id": "7"}))
    assert [("id", "7"), ("name", "Nadia"), ("from", "here")] == list(answer.items())


def test_a_table_knows_what_it_reads_and_what_the_guide_shows() -> None:
    """Every dotted name some rule reads, and the fields of the guide's example."""
    assert {"leg.id", "record.id", "leg.name"} == table(*RULES).reads()
    assert {"id"} == table(*RULES).guide_fields()


WRONG = {
    "without a rule": (lambda: table(*RULES[1:]), "id: has 0 rules"),
    "with two rules": (lambda: table(RULES[0], *RULES), "id: has 2 rules"),
    "no field of the shape": (
        lambda: table(*RULES, Rule("colour", Lost("never seen"), SOURCE)),
        "colour: is no field of Shape",
    ),
    "out of order": (lambda: table(RULES[1], RULES[0], *RULES[2:]), "name: stands out of Shape's order"),
    "copy of an unknown field": (
        with_rule("id", kind=Copy(("leg.colour",))),
        "id: reads leg.colour, which no shape has",
    ),
    "copy of an unknown holder": (with_rule("id", kind=Copy(("queue.id",))), "id: reads queue.id, which no shape has"),
    "derived from an unknown field": (
        with_rule("name", kind=Derive(lambda view: None, ("leg.name", "record.name"))),
        "name: reads record.name, which no shape has",
    ),
    "copy of nothing": (with_rule("id", kind=Copy(())), "id: reads nothing"),
    "derived from nothing": (with_rule("name", kind=Derive(lambda view: "a", ())), "name: reads nothing"),
    "loss without a reason": (with_rule("rate", kind=Lost("")), "rate: gives no reason"),
    "constant without a reason": (with_rule("from", kind=Constant("here", "")), "from: gives no reason"),
    "source of another book": (
        with_rule("id", source="somewhere 3.1 D"),
        "id: has the source 'somewhere 3.1 D', not a section with its standing",
    ),
    "source without a standing": (
        with_rule("id", source="semantics 3.1"),
        "id: has the source 'semantics 3.1', not a section with its standing",
    ),
}


@pytest.mark.parametrize(("make", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_table_names_the_field(make: Callable[[], Table[Any]], problem: str) -> None:
    """Each kind of wrongness stops the table from being made, with the field and the trouble in the text."""
    with pytest.raises(WrongTable) as refused:
        make()
    assert problem == str(refused.value)


def test_everything_wrong_is_told_at_once() -> None:
    """A table with several troubles names them all."""
    with pytest.raises(WrongTable, match="id: reads nothing; rate: gives no reason; name: has 0 rules"):
        table(replace(RULES[0], kind=Copy(())), RULES[2], replace(RULES[3], kind=Lost("")))


@pytest.mark.parametrize(
    ("real", "shape"),
    [(ACCOUNT_ROW, AccountCallLog), (DETAILS_HEADER, CallLogDetails), (LOG_ENTRY, LogDetail)],
    ids=["account_row", "details_header", "log_entry"],
)
def test_a_real_table_cannot_lose_a_rule(real: Table[Any], shape: type[BaseModel]) -> None:
    """The real tables answer for v1's shapes: without its last rule none of them can be made."""
    assert shape is real.shape
    with pytest.raises(WrongTable, match=f"{real.rules[-1].field}: has 0 rules"):
        replace(real, rules=real.rules[:-1])
