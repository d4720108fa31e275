"""The machinery behind `python -m tests.mutants`: it kills what is broken, spares what is not, and puts things back."""

from dataclasses import replace

import pytest

from adapters.translation import words
from adapters.translation.rules import Lost
from contracts.cases import load
from tests.mutants.altering import altered
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.killing import Court
from tests.mutants.mutant import Mutant
from tests.mutants.rule_mutants import TABLES, rule_mutants
from tests.mutants.verdict import Verdict
from tests.mutants.word_mutants import LOOKUPS, SETS, word_mutants

CASES = load()
MUTANTS = (*rule_mutants(CASES), *word_mutants())
SAMPLE = [mutant for mutant in MUTANTS[::60] if mutant.name not in EQUIVALENT]


@pytest.fixture(scope="module")
def court() -> Court:
    """Every case, ready to speak."""
    return Court(CASES)


def test_the_cases_are_right_before_anything_is_broken(court: Court) -> None:
    """No mutant is judged by a case that fails by itself."""
    assert [] == court.wrong_cases


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda mutant: mutant.name)
def test_a_sample_of_mutants_is_killed(court: Court, mutant: Mutant) -> None:
    """One mutant in sixty, of every kind, fails at least one case."""
    assert court.killer_of(mutant) is not None


@pytest.mark.parametrize("name", EQUIVALENT)
def test_an_equivalent_mutant_is_one_and_survives(court: Court, name: str) -> None:
    """What is declared equivalent exists and fails no case."""
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    assert court.killer_of(mutant) is None


def test_what_changes_nothing_survives(court: Court) -> None:
    """A mutant that is the translation itself fails no case, also when everything is read anew."""
    assert court.killer_of(Mutant("nothing")) is None
    assert court.killer_of(Mutant("nothing, read anew", is_heard=True)) is None


def test_names_are_told_apart() -> None:
    """No two mutants share a name."""
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})


def test_every_rule_and_every_word_has_mutants() -> None:
    """Each field of the three tables, each entry of a look-up and each member of a set is broken at least once."""
    names = [mutant.name for mutant in MUTANTS]
    places = [f"{name} {rule.field}:" for name, table in TABLES.items() for rule in table.rules]
    places += [f"{name} {key}:" for name in LOOKUPS for key in getattr(words, name)]
    places += [f"{name}: without {word}" for name, (members, *_) in SETS.items() for word in members]
    assert [] == [place for place in places if not any(name.startswith(place) for name in names)]


def test_constants_are_themselves_again_however_the_block_ends() -> None:
    """After a block of altered constants, one that raises too, the old values stand in their places."""
    held: dict = {"adapters.translation.words.RECORDING_TYPES": {}}
    before = words.RECORDING_TYPES
    with altered(held):
        assert {} == words.RECORDING_TYPES
    with pytest.raises(ZeroDivisionError), altered(held):
        raise ZeroDivisionError
    assert before is words.RECORDING_TYPES


def test_a_rule_that_breaks_outright_is_killed(court: Court) -> None:
    """A mutant that raises counts as noticed."""
    broken = Mutant("no paths at all", {"adapters.translation.words.PATHS": ()})
    assert court.killer_of(broken) is not None


def test_a_lost_rule_is_named_by_its_case(court: Court) -> None:
    """The verdict on a dropped field is a case that shows the field."""
    table = TABLES["ACCOUNT_ROW"]
    [rule] = [rule for rule in table.rules if rule.field == "client_code"]
    lost = table.with_rule(replace(rule, kind=Lost("dropped")))
    killer = court.killer_of(Mutant("client_code: dropped", {"adapters.translation.assemble.ACCOUNT_ROW": lost}))
    assert killer in {case.id for case in CASES if "client_code" in str(case.exchanges[0].reply)}


def test_a_survivor_fails_the_run() -> None:
    """A mutant no case kills is told, and the exit code is 1."""
    verdict = Verdict({"a": "some_case", "b": None}, {})
    assert ["b"] == verdict.survivors
    assert ["SURVIVES: b"] == list(verdict.troubles())
    assert 1 == verdict.exit_code


@pytest.mark.parametrize("killers", [{"a": "some_case"}, {}])
def test_a_mistaken_equivalent_fails_the_run(killers: dict[str, str | None]) -> None:
    """A declared equivalent that is killed, or is no mutant any more, is told, and the exit code is 1."""
    verdict = Verdict(killers, {"a": "the same"})
    assert ["a"] == verdict.mistaken
    assert 1 == verdict.exit_code


def test_killed_and_equivalent_mutants_are_a_success() -> None:
    """The table names the case or the reason, the total counts them, and the exit code is 0."""
    verdict = Verdict({"a": "some_case", "b": None}, {"b": "the same"})
    assert ["some_case: a", "the same: b"] == list(verdict.table())
    assert "2 mutants: 1 killed by 1 cases, 1 equivalent, 0 survive" == verdict.total()
    assert 0 == verdict.exit_code
