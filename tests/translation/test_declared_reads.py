"""What the tables say they read is what they read: replayed over all cases with every look at a field noted."""

from collections import defaultdict
from typing import Any

import pytest

from adapters.translation import view, walk
from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.rules import Derive, Table
from adapters.translation.view import row_view
from adapters.translation.walk import groups_of
from contracts.cases import load
from contracts.compare import differences
from tests.mutants.altering import altered
from tests.translation.replay import answer, heard
from tests.translation.watching import Read, watched_elements, watched_group, watched_table

TABLES: dict[str, Table[Any]] = {"ACCOUNT_ROW": ACCOUNT_ROW, "DETAILS_HEADER": DETAILS_HEADER, "LOG_ENTRY": LOG_ENTRY}
STORIES = [heard(case, "v3") for case in load()]
DERIVED = [
    pytest.param(name, rule.field, frozenset(rule.kind.reads), id=f"{name}-{rule.field}")
    for name, table in TABLES.items()
    for rule in table.rules
    if isinstance(rule.kind, Derive)
]
Notes = dict[str, defaultdict[str, set[Read]]]


@pytest.fixture(scope="module")
def notes() -> Notes:
    """Every look the derived fields of every table take at a field, over all cases."""
    taken: Notes = {name: defaultdict(set) for name in TABLES}
    watched = {f"adapters.translation.assemble.{name}": watched_table(TABLES[name], taken[name]) for name in TABLES}
    with altered(watched):
        for story in STORIES:
            for exchange in story.case.exchanges:
                assert [] == differences(exchange.reply, answer(story, exchange))
    return taken


@pytest.mark.parametrize(("table", "field", "declared"), DERIVED)
def test_a_rule_reads_what_it_declares(notes: Notes, table: str, field: str, declared: frozenset[str]) -> None:
    """A derived field looks at no field it does not declare; any leg of the group is a `leg`."""
    assert [] == sorted(sorted(read) for read in notes[table][field] if not read & declared)


@pytest.mark.parametrize(("table", "field", "declared"), DERIVED)
def test_a_rule_declares_what_it_reads(notes: Notes, table: str, field: str, declared: frozenset[str]) -> None:
    """Every declared field is looked at in at least one case."""
    assert set() == declared - {name for read in notes[table][field] for name in read}


def test_the_walk_reads_what_it_declares() -> None:
    """Order, twins and groups look at exactly the declared fields."""
    reads: set[Read] = set()
    for story in STORIES:
        for record in story.records:
            groups_of(watched_elements(record.elements, reads), split_transfers=True)
    assert set(walk.READS) == {name for read in reads for name in read}


def test_the_choice_of_the_talk_reads_what_it_declares() -> None:
    """Whose figures a row shows is told by exactly the declared fields."""
    reads: set[Read] = set()
    for story in STORIES:
        for record in story.records:
            for group in groups_of(record.elements, split_transfers=True):
                row_view(watched_group(group, reads), record, world=story.world)
    assert set(view.READS) == {name for read in reads for name in read}
