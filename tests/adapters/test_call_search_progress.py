"""What stops a search, where the next request goes on, and how long a call is known to be missing."""

import asyncio
from datetime import timedelta

import pytest

from adapters.call_search import LIFE, RECENT_LIFE
from adapters.errors import SearchUnfinished, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.search_plan import AT_ONCE, MOST_DATES
from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, TOO_FAST
from tests.adapters.search_bench import ELEMENT, HISTORY, NOON, UUID, Bench, element


async def test_a_finding_is_kept_for_the_next_request():
    """Until it is remembered as a served call it needs no second search."""
    bench = Bench()
    bench.zoom.says(element(0), ELEMENT)
    assert [[HISTORY]] * 2 == [await bench.found() for _ in range(2)]
    assert 1 == bench.zoom.paths[element(0)]


@pytest.mark.parametrize(
    "failure",
    [
        SCOPE_MISSING,
        TOO_FAST,
        OUTAGE,
        UpstreamRefused(401, 124, "Invalid access token."),
        UpstreamRefused(400, 124, "Access token is expired."),
        UpstreamRefused(403, None, ""),
        UpstreamBroken("silent"),
    ],
)
async def test_a_failure_stops_the_search_and_keeps_what_was_done(failure):
    """It is raised as it came; the next request asks only for what was not answered."""
    bench = Bench()
    bench.zoom.says(element(5), failure, GONE)
    assert failure is await bench.failure()
    first = bench.asked
    assert [] == await bench.found()
    assert 1 + 2 * AT_ONCE == len(first)
    assert [element(5), *map(element, range(2 * AT_ONCE, MOST_DATES))] == bench.asked


async def test_an_answer_without_the_call_is_a_broken_one():
    """An element that does not say where it belongs is no proof that there is nothing."""
    bench = Bench()
    bench.zoom.says(element(0), {"call_element_id": "x"})
    assert isinstance(await bench.failure(), UpstreamBroken)


async def test_a_probe_that_takes_too_long_leaves_the_search_unfinished():
    """No 404 for what may be there: the next request goes on with that probe."""
    bench = Bench()
    bench.zoom.says(element(2), UpstreamSlow("deadline passed"), GONE)
    assert isinstance(await bench.failure(), SearchUnfinished)
    bench.zoom.asked.clear()
    await bench.found()
    assert element(2) == bench.asked[0]


async def test_no_probe_is_begun_when_the_time_is_over():
    """What is left before the deadline belongs to the record and to writing it."""
    bench = Bench()
    assert isinstance(await bench.failure(deadline=bench.clock() + 1.5), SearchUnfinished)
    assert [] == bench.asked
    await bench.found(deadline=bench.clock() + 1.6)
    assert {bench.clock() + 0.1} == {round(asker.deadline, 6) for asker in bench.zoom.callers}


async def test_an_unfinished_search_is_forgotten_in_time():
    """After ten minutes it begins anew."""
    bench = Bench()
    bench.zoom.says(element(9), OUTAGE)
    await bench.failure()
    bench.clock.now += LIFE + 1
    bench.zoom.asked.clear()
    await bench.failure()
    assert f"/phone/call_element/{UUID}" == bench.asked[0]


async def test_over_midnight_a_search_keeps_its_plan():
    """Its dates are counted from the day it began."""
    bench = Bench()
    bench.zoom.says(element(9), OUTAGE, GONE)
    await bench.failure()
    bench.now += timedelta(days=1)
    bench.zoom.asked.clear()
    await bench.found()
    assert element(9) == bench.asked[0]


async def test_what_is_not_there_is_not_looked_for_again():
    """For ten minutes, and for this credential alone."""
    bench = Bench()
    await bench.found()
    bench.zoom.asked.clear()
    bench.clock.now += LIFE - 1
    assert ([], []) == (await bench.found(), bench.asked)
    await bench.found(by="other")
    assert 1 + MOST_DATES == len(bench.asked)
    bench.clock.now += 2
    await bench.found()
    assert 1 + MOST_DATES == len(bench.asked)


@pytest.mark.parametrize(("ago", "life"), [(0, RECENT_LIFE), (1, RECENT_LIFE), (2, LIFE)])
async def test_a_call_of_today_is_looked_for_again_soon(ago, life):
    """The record of a call appears a little after it: an id that names today or yesterday is missing for a minute."""
    bench = Bench()
    asked = f"{NOON - timedelta(days=ago):%Y%m%d}-{UUID}"
    await bench.found(asked)
    bench.zoom.asked.clear()
    bench.clock.now += life - 1
    assert ([], []) == (await bench.found(asked), bench.asked)
    bench.clock.now += 2
    await bench.found(asked)
    assert bench.asked


async def test_two_at_once_both_get_the_call():
    """Requests for one id at the same time do not lead each other astray."""
    bench = Bench()
    bench.zoom.says(element(30), ELEMENT)
    both = await asyncio.gather(bench.found(), bench.found())
    assert ([HISTORY], [HISTORY]) == tuple(both)


async def test_many_at_once_search_once():
    """Every probe is made once, also when nothing is there to be found."""
    bench = Bench()
    assert [[]] * 5 == await asyncio.gather(*(bench.found() for _ in range(5)))
    assert {1} == set(bench.zoom.paths.values())
    assert MOST_DATES + 1 == len(bench.zoom.asked)


async def test_a_cancelled_search_ends_its_probes():
    """Whoever hangs up leaves nobody asking."""
    bench = Bench()
    bench.zoom.says(element(0), asyncio.Event())
    searching = asyncio.create_task(bench.found())
    await asyncio.sleep(0.01)
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching
    assert 0 == bench.zoom.inside
