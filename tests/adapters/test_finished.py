"""Finished records in the cache: who is served which, and for how long."""

import pytest

from adapters.finished import MIB, FinishedCall, FinishedRecord, RecordCache
from tests.adapters.fake_ports import Clock, caller

MINUTE = 60.0
ONE, OTHER = caller("one"), caller("other")


def finished(uuid: str = "20260310-a", *, size: int = 10) -> FinishedRecord:
    """A record whose text has this many bytes."""
    call = FinishedCall(0, "a", "7", row=b"r" * size, details=b"", is_listed=True)
    return FinishedRecord(uuid, (call,), frozenset(), frozenset())


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> RecordCache:
    """One MiB of cache."""
    return RecordCache(mib=1, clock=clock)


@pytest.mark.parametrize(
    ("settled", "life"), [(True, 10 * MINUTE), (False, MINUTE)], ids=["settled", "may still change"]
)
def test_a_record_is_its_askers_for_a_while(cache, clock, settled, life):
    """Ten minutes for the credential that asked; one minute when the call may still change."""
    cache.keep(finished(), ONE, is_settled=settled)
    clock.now += life - 1
    assert finished() == cache.own("20260310-a", ONE)
    clock.now += 1
    assert cache.own("20260310-a", ONE) is None


def test_a_settled_record_is_everybodys_for_a_day(cache, clock):
    """Whoever may be served finds it long after its asker's own time is over."""
    cache.keep(finished(), ONE, is_settled=True)
    clock.now += 24 * 60 * MINUTE - 1
    assert finished() == cache.shared("20260310-a", OTHER)
    clock.now += 1
    assert cache.shared("20260310-a", OTHER) is None


def test_a_record_that_may_still_change_is_nobody_elses(cache):
    """A young call is asked for by every credential."""
    cache.keep(finished(), ONE, is_settled=False)
    assert cache.shared("20260310-a", OTHER) is None


def test_one_credentials_own_record_is_not_anothers(cache):
    """Details by id are never served across credentials."""
    cache.keep(finished(), ONE, is_settled=True)
    assert cache.own("20260310-a", OTHER) is None


@pytest.mark.parametrize("other", [None, "acct2"])
def test_an_account_prefix_is_a_partition_of_its_own(cache, other):
    """The same credential asking under another account finds nothing of this one."""
    cache.keep(finished(), caller("one", account="acct1"), is_settled=True)
    seen = caller("one", account=other)
    assert (None, None) == (cache.own("20260310-a", seen), cache.shared("20260310-a", seen))


def test_a_credentials_own_detail_call_is_remembered_for_a_day(cache, clock):
    """It is what makes other credentials' rows servable."""
    cache.detail_was_had(ONE)
    clock.now += 24 * 60 * MINUTE - 1
    assert (True, False) == (cache.has_had_detail(ONE), cache.has_had_detail(OTHER))
    clock.now += 1
    assert cache.has_had_detail(ONE) is False


def test_the_cache_is_bounded_in_bytes(cache):
    """The least used records leave first, the newest stay."""
    for number in range(40):
        cache.keep(finished(f"20260310-{number}", size=MIB // 16), ONE, is_settled=True)
    kept = [number for number in range(40) if cache.own(f"20260310-{number}", ONE)]
    assert (True, 39) == (len(kept) < 16, kept[-1])


def test_a_record_larger_than_half_the_cache_is_not_kept(cache):
    """One giant does not push out everything else."""
    cache.keep(finished("20260310-small"), ONE, is_settled=True)
    cache.keep(finished("20260310-giant", size=MIB), ONE, is_settled=True)
    assert (None, finished("20260310-small")) == (
        cache.own("20260310-giant", ONE),
        cache.own("20260310-small", ONE),
    )
