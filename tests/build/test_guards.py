"""The table of guards that `python -m tests.mutants` switches off: what it names is there."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.guard import Guard
from tests.mutants.guard_tables import GUARDS
from tests.mutants.guards import PROJECT, Outcome, Trial, judged

CLASSES = ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
TABLE = pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name.replace(" ", "-"))
TEST = "def test_a():\n    import guarded\n\n    assert guarded.is_kept\n"
KEPT = Guard(
    name="nothing is kept",
    file="guarded.py",
    text="is_kept = True",
    without="is_kept = False",
    test="test_guarded.py::test_a",
    why="a table that nobody tries",
)


def names_in(file: Path) -> set[str]:
    """The tests of a file as pytest knows them, and their classes."""
    tree = ast.parse(file.read_text())
    inside = {
        f"{kind.name}::{one.name}"
        for kind in tree.body
        if isinstance(kind, CLASSES)
        for one in kind.body
        if isinstance(one, FUNCTIONS)
    }
    return inside | {one.name for one in tree.body if isinstance(one, (CLASSES, *FUNCTIONS))}


@TABLE
def test_a_guards_text_stands_once_where_it_says(guard: Guard) -> None:
    """Whoever changes a guard takes the table along."""
    assert 1 == (PROJECT / guard.file).read_text().count(guard.text)


@TABLE
def test_without_a_guard_the_file_is_another_program_still(guard: Guard) -> None:
    """It parses, and says something else: a test that fails for less has not noticed anything."""
    before = (PROJECT / guard.file).read_text()
    assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(before.replace(guard.text, guard.without)))


@TABLE
def test_the_test_that_notices_is_there(guard: Guard) -> None:
    """By the name pytest knows it by."""
    told = [test.partition("::") for test in guard.test.split()]
    assert [] == [name for file, _, name in told if name and name not in names_in(PROJECT / file)]
    assert [] == [file for file, _, _ in told if not (PROJECT / file).is_file()]


def test_guards_are_told_apart() -> None:
    """No two have one name."""
    assert [] == [name for name, times in Counter(guard.name for guard in GUARDS).items() if times > 1]


@pytest.mark.parametrize(
    ("guarded", "test", "expected"),
    [
        ("is_kept = True\n", TEST, (Outcome.KILLED, "test_guarded.py::test_a")),
        ("is_kept = True\n", TEST.replace("guarded.is_kept", "guarded"), (Outcome.SURVIVES, "")),
        ("is_kept = 1\n", TEST, (Outcome.LOST, "")),
        ("is_kept = True\nis_kept = True\n", TEST, (Outcome.LOST, "")),
        ("is_kept = True\n", TEST.replace("test_a", "test_b"), (Outcome.BROKEN, "")),
    ],
    ids=["killed", "survives", "no text", "two texts", "no test"],
)
def test_a_guard_is_judged_in_a_copy(tmp_path: Path, guarded: str, test: str, expected: tuple[Outcome, str]) -> None:
    """Killed by the test that fails; told when none does, or text or test are not there. The tree stays as it is."""
    (tmp_path / "guarded.py").write_text(guarded)
    (tmp_path / "test_guarded.py").write_text(test)
    assert Trial(KEPT, *expected) == judged(tmp_path, KEPT)
    assert guarded == (tmp_path / "guarded.py").read_text()
