"""How much is worked on at once: a flood of one caller is refused at once and leaves the others their room."""

import asyncio
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from adapters.errors import LegacyRefusal
from shim.in_flight import MOST_OF_ONE, InFlight
from shim.listener import KEPT_FREE
from tests.edge.raw import RawClient, until
from tests.service.running import service
from tests.service.worlds import DAY, plain


async def test_a_flood_is_refused_and_others_are_served():
    """One too many of a caller is v1's 429 with a wait; another caller and the probes do not notice."""
    async with service(plain(1)) as asking:
        held = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=held, times=None)
        flood = [asyncio.create_task(asking.get(f"{DAY}&page_size={n}")) for n in range(1, MOST_OF_ONE + 11)]
        done, waiting = await asyncio.wait(flood, timeout=0.5)
        other = asyncio.create_task(asking.get(DAY, authorization="Bearer another"))
        probe = await asking.get("/healthz", authorization=None)
        held.set()
        answers = [task.result() for task in done]
        assert {(429, 429, "1")} == {(a.status, a.body["code"], a.headers["Retry-After"]) for a in answers}
        assert (10, MOST_OF_ONE) == (len(done), len(waiting))
        assert [200] * MOST_OF_ONE == [(await task).status for task in waiting]
        assert (200, 200) == (probe.status, (await other).status)
        assert 200 == (await asking.get(DAY)).status


async def test_a_flood_over_many_accounts_is_one_callers():
    """The account in the path gets nobody another thirty-two."""
    async with service(plain(1)) as asking:
        held = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=held, times=None)
        paths = [f"/v2/accounts/x{number}/phone/call_logs?page_size=1" for number in range(MOST_OF_ONE + 3)]
        flood = [asyncio.create_task(asking.get(path)) for path in paths]
        await until(lambda: sum(task.done() for task in flood) == 3)
        held.set()
        assert {429: 3, 200: MOST_OF_ONE} == Counter([(await task).status for task in flood])


async def test_a_client_that_leaves_makes_room():
    """Whoever gives up is no longer counted."""
    async with service(plain(1)) as asking:
        held = asyncio.Event()
        asking.zoom.fail("/phone/call_history", delay=held, times=None)
        flood = [asyncio.create_task(asking.get(f"{DAY}&page_size={n}")) for n in range(1, MOST_OF_ONE + 1)]
        await asyncio.wait(flood, timeout=0.5)
        for task in flood:
            task.cancel()
        await asyncio.wait(flood)
        held.set()
        await asyncio.sleep(0.3)
        assert 200 == (await asking.get(DAY)).status


@pytest.fixture
def _few_files() -> Iterator[None]:
    """A process that may open seventeen files beside those it keeps for itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (KEPT_FREE + 17, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_few_files")
async def test_clients_get_no_more_files_than_the_rest_can_spare():
    """Seventeen are let in, and one more is closed to at once."""
    async with service(plain(1)) as asking, AsyncExitStack() as clients:
        port = asking.shim.server.addresses[0][1]
        for _ in range(17):
            await clients.enter_async_context(await RawClient.connect(port))
        await until(lambda: asking.shim.server.connections == 17)
        async with await RawClient.connect(port) as one_more:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await one_more.reply()


class TestCounts:
    """The counter alone."""

    def test_all_together_have_a_limit_too(self):
        """It is a 503: no caller of them did wrong."""
        room = InFlight(most_of_one=2, most_in_all=3)
        with room.one_of("a"), room.one_of("a"), room.one_of("b"):
            refused = Counter(_refusal(room, key) for key in ("a", "b", "c"))
        assert {429: 1, 503: 2} == dict(refused)

    def test_nothing_is_remembered_of_who_is_gone(self):
        """Also when a request fails."""
        room = InFlight()
        with pytest.raises(RuntimeError), room.one_of("a"):
            raise RuntimeError
        assert 0 == len(room)


def _refusal(room: InFlight, key: str) -> int:
    with pytest.raises(LegacyRefusal) as refused, room.one_of(key):
        pass
    assert "1" == refused.value.headers["retry-after"]
    return refused.value.status
