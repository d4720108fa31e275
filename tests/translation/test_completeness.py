"""A successor field that nobody accounts for stops the translation from being imported."""

from collections.abc import Mapping

import pytest

from adapters.translation import completeness
from adapters.translation.completeness import READ_OUTSIDE, check, check_same, read_by_rules
from adapters.translation.rules import WrongTable
from contracts.successor.shapes import UNREAD

SHAPES = {"element": frozenset({"call_id", "result", "caller_email"})}
READ = {"element": frozenset({"call_id", "result"})}
OUTSIDE = {"element": {"caller_email": "directory"}}
UNREAD_HERE = {"element": {"spam": "v1 had no such field"}}


def test_a_field_is_read_or_listed() -> None:
    """Fields read by a rule, read elsewhere, or listed as unread outside the shape are accounted for."""
    check(SHAPES, read=READ, outside=OUTSIDE, unread=UNREAD_HERE)


WRONG: Mapping[str, tuple[dict, str]] = {
    "neither used nor listed": (
        {"shapes": {"element": SHAPES["element"] | {"department"}}},
        "element.department: is neither read nor listed as unread",
    ),
    "listed as unused but used": (
        {"unread": {"element": {"result": "nobody needs it"}}},
        "element.result: is listed as unread and can be read",
    ),
    "read elsewhere but not there": (
        {"outside": {"element": {**OUTSIDE["element"], "colour": "cache"}}},
        "element.colour: is read elsewhere, but no shape has it",
    ),
    "read elsewhere and by a rule": (
        {"outside": {"element": {**OUTSIDE["element"], "call_id": "identity"}}},
        "element.call_id: is listed as read elsewhere, and a rule reads it",
    ),
}


@pytest.mark.parametrize(("changes", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration_names_the_field(changes: dict, problem: str) -> None:
    """Each kind of wrongness is an error with shape, field and trouble."""
    declared = {"shapes": SHAPES, "read": READ, "outside": OUTSIDE, "unread": UNREAD_HERE} | changes
    with pytest.raises(WrongTable) as refused:
        check(declared.pop("shapes"), **declared)
    assert problem == str(refused.value)


def test_a_list_row_lends_its_fields_to_a_leg() -> None:
    """What rules read of a leg they read of a call history too, as far as it has it, and never the other way round."""
    read = read_by_rules(("leg.call_id", "talk.recording_id", "record.international", "first_record.site_id"))
    assert {"call_id", "recording_id"} == read["element"]
    assert {"call_id", "international", "site_id"} == read["history"]


def test_two_lists_of_the_same_words_agree() -> None:
    """The order does not count."""
    check_same("words", ["busy", "answered"], ["answered", "busy"])


@pytest.mark.parametrize(("ours", "theirs"), [(["a", "b"], ["a"]), (["a"], ["a", "b"])])
def test_a_word_on_one_side_alone_is_named(ours: list[str], theirs: list[str]) -> None:
    """A result without a rule, a rule without a result, an option without a field: the error names it."""
    with pytest.raises(WrongTable) as refused:
        check_same("words apart", ours, theirs)
    assert "words apart: b" == str(refused.value)


def test_the_real_declarations_are_checked_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the module with a field taken off the list of those read elsewhere fails with its name."""
    source = completeness.__loader__.get_source(completeness.__name__)  # type: ignore[union-attr]
    broken = source.replace('"connect_type": "assemble: the option internal_calls",', "")
    assert source != broken
    with pytest.raises(WrongTable, match=r"history\.connect_type: is neither read nor listed as unread"):
        exec(compile(broken, "broken completeness", "exec"), {"__name__": "broken"})  # noqa: S102 - our own source


def test_nothing_unread_is_read_elsewhere() -> None:
    """The list of unread fields and the list of those read elsewhere have nothing in common."""
    assert set() == UNREAD.keys() & {field for fields in READ_OUTSIDE.values() for field in fields}
