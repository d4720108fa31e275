"""How often one may be wrong in a minute, alone and all together."""

import pytest

from shim.failure_limit import MOST_IN_ALL, MOST_OF_ONE, WINDOW, FailureLimit
from tests.adapters.fake_ports import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def limit(clock) -> FailureLimit:
    """A limit that has counted nothing."""
    return FailureLimit(clock=clock)


def test_ten_failures_of_one_address_are_let_pass(limit):
    """The next one waits, and so does every one after it."""
    assert [None] * MOST_OF_ONE + [60, 60] == [limit.count("a") for _ in range(MOST_OF_ONE + 2)]


def test_addresses_are_counted_apart(limit):
    """One that has failed too often is no other's business."""
    waits = [limit.count(address) for _ in range(MOST_OF_ONE) for address in ("a", "b")]
    assert ([None] * 20, 60, None) == (waits, limit.count("a"), limit.count("c"))


@pytest.mark.parametrize(("later", "wait"), [(0.5, 50), (1, 49), (49.5, 1), (WINDOW - 10, None)])
def test_the_minute_runs_from_the_first_failure(limit, clock, later, wait):
    """Failing on does not make it longer."""
    for _ in range(MOST_OF_ONE):
        limit.count("a")
        clock.now += 1
    clock.now += later
    assert wait == limit.count("a")


def test_all_addresses_together_have_a_limit(limit, clock):
    """However many there are; what is one too many is not counted, and a minute later all may fail again."""
    waits = [limit.count(f"a{number}") for number in range(MOST_IN_ALL)]
    assert ([None] * MOST_IN_ALL, 60) == (waits, limit.count("late"))
    clock.now += WINDOW
    assert limit.count("late") is None


def test_what_one_address_does_too_much_is_not_counted_for_all(limit):
    """A single broken client leaves the others their refusals."""
    for _ in range(MOST_IN_ALL * 2):
        limit.count("loud")
    assert limit.count("quiet") is None
