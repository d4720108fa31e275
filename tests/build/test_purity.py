"""The translation is pure: what it calls is judged by its text, what it asks of the machine by running it.

Which modules it may import is judged by import-linter (pyproject.toml); here it is shown to see what it must.
"""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from tests.build.recipe import PROJECT

PURE = "adapters.translation"
ROOTS = ("shim", "adapters", "contracts")
PROBE = "tests/build/purity_probe.py"
BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__"})
METHODS = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes", "getenv", "uuid1", "uuid4"})
CLOCKS = frozenset({"now", "utcnow", "today"})
DATES = frozenset({"datetime", "date"})
MODULES = frozenset({"os", "random", "secrets", "socket", "subprocess", "sys", "time"})


def deeds(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every reach for a file, a clock, the environment or randomness in a module's text."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                yield node.lineno, name
            case ast.Attribute(attr=name, value=ast.Name(id=holder)) if holder in MODULES:
                yield node.lineno, f"{holder}.{name}"
            case ast.Attribute(attr=name, value=ast.Name(id=holder)) if holder in DATES and name in CLOCKS:
                yield node.lineno, f"{holder}.{name}"
            case ast.Attribute(attr=name, value=ast.Attribute(attr=holder)) if holder in DATES and name in CLOCKS:
                yield node.lineno, f"{holder}.{name}"
            case ast.Attribute(attr=name) if name in METHODS:
                yield node.lineno, name
            case ast.alias(name=name) if name in METHODS:
                yield node.lineno, name


def closure() -> list[str]:
    """The translation's modules and everything of this project that they import, however indirectly."""
    graph = grimp.build_graph(*ROOTS, cache_dir=None)
    own = {PURE, *graph.find_descendants(PURE)}
    return sorted(own | graph.find_upstream_modules(PURE, as_package=True))


def text_of(module: str) -> Path:
    """The file of a module of this project."""
    plain = PROJECT / Path(*module.split("."))
    return next(path for path in (plain / "__init__.py", plain.with_suffix(".py")) if path.is_file())


def probe(project: Path) -> set[str]:
    """What the probe of a project tells: where, and which event."""
    command = [sys.executable, "-I", str(project / PROBE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return set(done.stdout.splitlines())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's packages, settings and tests in a folder of their own, to be broken."""
    for folder in (*ROOTS, "tests"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def append(module: Path, line: str) -> str:
    """Adds a line to a module and tells its number."""
    text = module.read_text().rstrip("\n") + f"\n{line}\n"
    module.write_text(text)
    return str(text.count("\n"))


@pytest.mark.parametrize("module", closure())
def test_its_text_reaches_for_nothing(module: str) -> None:
    """No module the translation stands on opens a file or asks a clock, the environment or a die."""
    path = text_of(module)
    assert [] == [f"{path.relative_to(PROJECT)}:{line} {deed}" for line, deed in deeds(path.read_text())]


@pytest.mark.parametrize(
    ("source", "deed"),
    [
        ("open('x')", "open"),
        ("print(1)", "print"),
        ("datetime.now(UTC)", "datetime.now"),
        ("datetime.datetime.utcnow()", "datetime.utcnow"),
        ("clock = date.today", "date.today"),
        ("time.monotonic()", "time.monotonic"),
        ("os.environ['X']", "os.environ"),
        ("Path('x').read_text()", "read_text"),
        ("from uuid import uuid4", "uuid4"),
    ],
)
def test_a_reach_is_seen(source: str, deed: str) -> None:
    """Each way to the machine is found and named with its line."""
    assert [(2, deed)] == list(deeds(f"\n{source}"))


@pytest.mark.parametrize("source", ["window.now", "datetime.fromisoformat(text)", "row.date", "uuid.UUID(text)"])
def test_a_value_passed_in_is_no_reach(source: str) -> None:
    """Moments and dates may be handed in and computed with."""
    assert [] == list(deeds(source))


def test_it_asks_nothing_of_the_machine() -> None:
    """Importing the translation and translating every case opens no file and no socket."""
    assert set() == probe(PROJECT)


def test_an_effect_of_an_import_is_seen(copy: Path) -> None:
    """A module that opens a file when it is imported is named with the line."""
    line = append(copy / "contracts" / "successor" / "shapes.py", "open('/dev/null').close()")
    assert {f"contracts/successor/shapes.py:{line} open"} == probe(copy)


def test_an_effect_of_a_call_is_seen(copy: Path) -> None:
    """A translation that opens a socket when it is called is named with the line."""
    wrapped = "(lambda told: lambda row, **more: (__import__('socket').socket().close(), told(row, **more))[1])"
    line = append(copy / "adapters" / "translation" / "assemble.py", f"translate = {wrapped}(translate)")
    assert {f"adapters/translation/assemble.py:{line} socket.__new__"} == probe(copy)


@pytest.mark.parametrize("module", ["time", "asyncio", "structlog"])
def test_a_forbidden_import_is_seen_through_others(copy: Path, module: str) -> None:
    """import-linter follows the translation's imports to the line that breaks its purity."""
    line = append(copy / "contracts" / "successor" / "shapes.py", f"import {module}")
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=copy, capture_output=True, text=True, check=False)
    assert 1 == done.returncode, done.stdout
    assert f"contracts.successor.shapes -> {module} (l.{line})" in done.stdout
