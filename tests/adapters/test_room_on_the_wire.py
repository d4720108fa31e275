"""More calls than connections: they wait for one, and that is no failure of upstream's."""

import asyncio

from adapters.errors import UpstreamSlow
from tests.adapters.raw_upstream import Play, RawUpstream
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import GOOD, Bench, bench, failure_of

SLOW = Play((2.0, GOOD))


@in_virtual_time
async def test_a_call_that_waits_for_a_connection_is_made_when_one_is_free():
    """Longer than a connection may take to be made, and without another attempt."""
    async with RawUpstream(SLOW) as upstream, bench(f"{upstream.url}/v2", connections=2) as client:
        replies = await asyncio.gather(*(client.fetch(key=str(number)) for number in range(8)))
        assert (8, 8) == (len(replies), len(upstream.heads))
        assert [("call_history", 200, 2.0)] * 8 == [(*told[:2], round(told[2], 1)) for told in client.attempts]


@in_virtual_time
async def test_a_call_for_which_none_is_free_by_its_deadline_is_slow():
    """It is never sent, and nothing is told of it."""
    async with RawUpstream(SLOW) as upstream, bench(f"{upstream.url}/v2", connections=1) as client:
        first = asyncio.create_task(client.fetch())
        await asyncio.sleep(0.1)
        assert isinstance(await failure_of(client, within=1.0, key="b"), UpstreamSlow)
        await first
        assert (1, 1) == (len(upstream.heads), len(client.attempts))


@in_virtual_time
async def test_a_connection_is_given_back_however_a_call_ends():
    """By an answer that is cut, by a deadline, and by a caller who leaves."""
    script = (Play((b"HTTP/1.1 200",), "close"), GOOD, Play((), "hang"), Play((), "hang"), GOOD)
    async with RawUpstream(*script) as upstream, bench(f"{upstream.url}/v2", connections=1) as client:
        await client.fetch()
        await failure_of(client, within=1.0)
        leaving = asyncio.create_task(client.fetch())
        await asyncio.sleep(0.1)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert {"page_size": 30} == (await client.fetch()).body


@in_virtual_time
async def test_those_who_waited_for_one_go_at_the_budgets_pace():
    """Their turns came long ago; all the same they must not leave in one moment when upstream answers again."""
    loop, gone = asyncio.get_running_loop(), list[float]()

    async def ask(client: Bench) -> None:
        await client.fetch(within=60.0)
        gone.append(loop.time())

    async with (
        RawUpstream(Play((9.0, GOOD)), GOOD) as upstream,
        bench(f"{upstream.url}/v2", connections=1, share=0.1) as client,  # two a second
    ):
        await asyncio.gather(*(ask(client) for _ in range(8)))
    assert 1.0 < min(after - before for before, after in zip(gone[1:], gone[3:], strict=False)) + 0.01
