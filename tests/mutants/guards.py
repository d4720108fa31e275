"""Switches guards off, each in a copy of the tree, and asks for a test that notices.

All copies are of one moment of the tree: whatever is changed meanwhile judges nobody.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.mutants.guard import Guard

PROJECT: Final = Path(__file__).resolve().parents[2]
LONGEST: Final = 90.0
"""Seconds a test may take that waits in vain for what the guard would have done."""
_LEFT_OUT: Final = shutil.ignore_patterns(".*", "*.egg-info", "docs")
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+\.py.*?)(?: - .*)?$", re.MULTILINE)
_TESTS_FAILED: Final = 1
"""pytest's exit code when it ran and a test failed; greater ones say that it could not."""


class Outcome(StrEnum):
    """What came of switching one guard off."""

    KILLED = "killed"
    SURVIVES = "SURVIVES"
    LOST = "TEXT NOT FOUND"
    BROKEN = "TEST DOES NOT RUN"


@dataclass(frozen=True, slots=True)
class Run:
    """What pytest said of some tests: its exit code (that of a failure when they hang), and its words."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A guard that was switched off, what came of it, and the test that failed first."""

    guard: Guard
    outcome: Outcome
    killer: str = ""

    @property
    def line(self) -> str:
        """The trial's row of the table."""
        return f"{self.killer or self.outcome}: {self.guard.name}"


@contextmanager
def snapshot(project: Path = PROJECT) -> Iterator[Path]:
    """The tree as it stands now, to make copies of."""
    with tempfile.TemporaryDirectory() as folder:
        yield _copied(project, folder)


def run(tree: Path, tests: Iterable[str]) -> Run:
    """Runs these tests of a tree, up to the first that fails."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "pytest", "-x", "-rfE", "-p", "no:cacheprovider", *tests]
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            words, _ = running.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # with the servers it has started
            return Run(_TESTS_FAILED, f"nothing for {LONGEST:.0f} seconds")
    return Run(running.returncode, words)


def undisturbed(tree: Path, guards: Iterable[Guard]) -> Run:
    """The tests of these guards as long as nothing is switched off."""
    return run(tree, sorted({test for guard in guards for test in guard.test.split()}))


def judged(tree: Path, guard: Guard) -> Trial:
    """Switches one guard off, in a copy of its own."""
    if not guard.stands_in(tree):
        return Trial(guard, Outcome.LOST)
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(tree, folder)
        guard.switch_off(copy)
        ended = run(copy, guard.test.split())
    outcome = {0: Outcome.SURVIVES, _TESTS_FAILED: Outcome.KILLED}.get(ended.code, Outcome.BROKEN)
    failed = _FAILED.search(ended.words)
    killer = failed[1] if failed else guard.test.split()[0]
    return Trial(guard, outcome, killer if outcome is Outcome.KILLED else "")


def all_judged(tree: Path, guards: Sequence[Guard]) -> Iterator[Trial]:
    """Every guard's trial, in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda guard: judged(tree, guard), guards)


def _copied(tree: Path, folder: str) -> Path:
    return Path(shutil.copytree(tree, Path(folder) / "tree", ignore=_LEFT_OUT))
