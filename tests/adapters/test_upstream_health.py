"""The throttle and the stock of repeats: what an upstream in trouble gets to see, simulated call by call."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import UpstreamHeldBack
from adapters.retry_quota import STOCK, RetryQuota
from adapters.throttle import LEAST, PROBES, WINDOW, Throttle
from adapters.upstream_health import UpstreamHealth
from tests.adapters.fake_ports import Clock

RATE = 200
MOST_ATTEMPTS = 6


@dataclass
class Simulation:
    """`RATE` calls a second against an upstream that fails a share of its attempts."""

    seed: int = 1
    clock: Clock = field(default_factory=lambda: Clock(0.0))
    attempts: int = 0
    served: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        """Dice from the seed."""
        self.dice = Random(self.seed)  # noqa: S311 - simulates, keeps no secret
        self.health = UpstreamHealth(clock=self.clock, chance=self.dice.random)

    def second(self, *, failing: float) -> None:
        """One second of calls."""
        for _ in range(RATE):
            self.clock.now += 1 / RATE
            self.call(failing)

    def call(self, failing: float) -> None:
        """One call with its repeats, as the client of the API makes them."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                self.health.admit()
            except UpstreamHeldBack:
                break
            self.attempts += 1
            is_well = self.dice.random() >= failing
            self.health.answered(200 if is_well else 503)
            if is_well:
                self.served += 1
                return
            if attempt == MOST_ATTEMPTS or not self.health.may_repeat():
                break
        self.failed += 1


@pytest.mark.parametrize("seed", range(5))
def test_one_failure_in_ten_is_outlived_for_a_ninth_more_attempts(seed):
    """No call fails, and hardly more is sent than serving them all takes."""
    simulation = Simulation(seed)
    for _ in range(60):
        simulation.second(failing=0.1)
    assert simulation.failed <= 1
    assert simulation.attempts / simulation.served <= 1.13


@pytest.mark.parametrize("seed", range(5))
def test_at_one_failure_in_two_repeats_are_rationed(seed):
    """Attempts stay near the number of calls."""
    simulation = Simulation(seed)
    for _ in range(60):
        simulation.second(failing=0.5)
    assert simulation.attempts / (60 * RATE) <= 1.10


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("minutes", [1, 10])
def test_an_outage_is_spared_most_calls_and_left_within_two_seconds(seed, minutes):
    """Half of the calls at the most go out in an outage, and the second full second after it is served whole."""
    simulation = Simulation(seed)
    for _ in range(30):
        simulation.second(failing=0)
    before = simulation.attempts
    for _ in range(60 * minutes):
        simulation.second(failing=1)
    assert (simulation.attempts - before) / (60 * minutes * RATE) <= 0.5
    simulation.second(failing=0)
    served = simulation.served
    simulation.second(failing=0)
    assert RATE == simulation.served - served


def test_an_outage_from_the_start_is_noticed_by_its_first_calls():
    """Below so many calls nothing is concluded; beyond, probes alone go out."""
    simulation = Simulation()
    for _ in range(10):
        simulation.second(failing=1)
    assert simulation.attempts <= LEAST + STOCK + 10 * RATE * 0.1
    assert simulation.health.is_throttling


class TestThrottle:
    """The formula and its probes."""

    def test_calls_under_way_are_no_outage(self):
        """A burst of which nothing is answered yet goes out whole."""
        throttle = Throttle(clock=Clock(0.0), chance=lambda: 0.0)
        assert all(throttle.lets_through() for _ in range(1_000))

    def test_a_few_a_second_go_out_whatever_the_dice_say(self):
        """Probes are counted by the second."""
        clock = Clock(0.0)
        throttle = Throttle(clock=clock, chance=lambda: 0.0)
        for _ in range(1_000):
            throttle.failed()
        per_second: Counter[int] = Counter()
        for tick in range(1_000):
            clock.now = 10 + tick / 100
            per_second[int(clock.now)] += throttle.lets_through()
        assert [PROBES] * 10 == list(per_second.values())

    def test_three_successes_in_a_row_end_it(self):
        """Not two, and not three with a failure between them."""
        throttle = Throttle(clock=Clock(0.0), chance=lambda: 0.0)
        for _ in range(1_000):
            throttle.failed()
        throttle.accepted()
        throttle.accepted()
        throttle.failed()
        throttle.accepted()
        throttle.accepted()
        assert throttle.is_throttling
        throttle.accepted()
        assert not throttle.is_throttling

    def test_history_is_forgotten(self):
        """After half a minute of silence everything goes out again."""
        clock = Clock(0.0)
        throttle = Throttle(clock=clock, chance=lambda: 0.0)
        for _ in range(1_000):
            throttle.failed()
        clock.now = WINDOW + 2
        assert not throttle.is_throttling

    @given(outcomes=st.lists(st.booleans(), max_size=300))
    def test_where_half_is_taken_nothing_is_held_back(self, outcomes):
        """However failures and successes are mixed, as long as no prefix has more than two calls for one taken."""
        throttle = Throttle(clock=Clock(0.0), chance=lambda: 0.0)
        requests = accepts = 0
        for wanted in outcomes:
            is_well = wanted or requests + 1 > 2 * accepts
            (throttle.accepted if is_well else throttle.failed)()
            requests, accepts = requests + 1, accepts + is_well
            assert not throttle.is_throttling


class TestQuota:
    """The stock of repeats."""

    def test_it_ends(self):
        """So many and no more."""
        quota = RetryQuota()
        assert [True] * STOCK + [False] * 5 == [quota.take() for _ in range(STOCK + 5)]

    @given(successes=st.integers(0, 500), takes=st.integers(0, 200))
    def test_it_is_filled_by_successes_and_never_above_its_size(self, successes, takes):
        """Fifteen repeats for a hundred successes."""
        quota = RetryQuota()
        while quota.take():
            pass
        for _ in range(successes):
            quota.succeeded()
        got = sum(quota.take() for _ in range(takes))
        assert min(takes, STOCK, successes * 15 // 100) == got
