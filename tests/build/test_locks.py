"""The locks: complete, hashed, and free of any address they were resolved at."""

import re
import tomllib

import pytest

from tests.build.recipe import PROJECT

SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())
WANTED = {
    "requirements.lock": SETTINGS["project"]["dependencies"] + SETTINGS["project"]["optional-dependencies"]["redis"],
    "requirements-dev.lock": SETTINGS["project"]["optional-dependencies"]["dev"],
    "requirements-build.lock": SETTINGS["build-system"]["requires"],
}


def pins(lock: str) -> dict[str, str]:
    """Each distribution of a lock with its version."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (PROJECT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", WANTED)
def test_what_is_wanted_is_locked(lock: str) -> None:
    """Every requirement that pyproject.toml names has its pin."""
    named = {re.split(r"[^\w.-]", wanted, maxsplit=1)[0] for wanted in WANTED[lock]}
    assert set() == named - set(pins(lock))


@pytest.mark.parametrize("lock", WANTED)
def test_every_pin_has_a_hash(lock: str) -> None:
    """No distribution can be swapped for another of the same name and version."""
    entries = re.split(r"^(?=[a-z])", (PROJECT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(pins(lock)) == len(entries)
    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", WANTED)
def test_no_index_is_named(lock: str) -> None:
    """A lock says what to install and leaves where from to the machine."""
    assert None is re.search(r"://|--(extra-)?index|--find-links|--trusted-host", (PROJECT / lock).read_text())


def test_tests_run_what_production_runs() -> None:
    """The development lock holds the production lock's and the build lock's versions."""
    production = pins("requirements.lock") | pins("requirements-build.lock")
    assert production == {name: pins("requirements-dev.lock").get(name) for name in production}
