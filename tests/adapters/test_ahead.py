"""Fetching ahead: for whom, how much, never in the way, and gone when it is not wanted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from adapters.ahead import MOST_WALKS, STOCK, Ahead, Allowance
from adapters.errors import UpstreamSlow
from adapters.page_tokens import Position
from adapters.ports import Caller
from tests.adapters.fake_ports import caller
from tests.adapters.test_page_walk import START
from tests.adapters.virtual_time import in_virtual_time

ONE, OTHER = caller("one"), caller("other")


def at(page: int) -> Position:
    """Where a walk goes on behind so many pages."""
    return replace(START, upstream_token=f"page{page}", served=page)


@dataclass
class Bench:
    """An `Ahead` whose fetching takes a second a call, and what it did."""

    calls_each: int = 3
    quiet: bool = True
    calls_made: int = 0
    begun: list[str] = field(default_factory=list)
    calls: int = 0
    ended: int = 0
    walks: int = 0

    def __post_init__(self) -> None:
        """Makes it, on the loop it runs on."""
        self.ahead = Ahead(
            is_quiet=lambda _: self.quiet,
            calls_made=lambda: self.calls_made,
            clock=asyncio.get_running_loop().time,
        )

    def fetch(self, name: str) -> Callable[[Caller, Allowance], Awaitable[None]]:
        """Fetches as many calls as it may."""

        async def fetched(_: Caller, allowance: Allowance) -> None:
            self.begun.append(name)
            for _call in range(self.calls_each):
                if not allowance.take():
                    break
                self.calls += 1
                await asyncio.sleep(1)
            self.ended += 1

        return fetched

    def page(self, number: int, asker: Caller = ONE, *, is_short: bool = False) -> None:
        """A page was made, the walk goes on behind it."""
        self.ahead.answered(asker, at(number), is_short=is_short, fetch=self.fetch(f"{asker.key}{number}"))

    async def walk(self, pages: int, asker: Caller = ONE, *, reading: float = 10.0) -> None:
        """A walk of so many pages, every one of them followed but the last, which has a token too."""
        self.walks += 1000
        for number in range(self.walks + 1, self.walks + pages + 1):
            if number > self.walks + 1:
                self.ahead.followed(asker, at(number - 1))
            self.page(number, asker)
            await asyncio.sleep(reading)


@in_virtual_time
async def test_nothing_is_fetched_for_who_never_followed_a_token():
    """Most programs that ask for one page want one page."""
    bench = Bench()
    for number in range(5):
        bench.page(number)
        await asyncio.sleep(10)
    assert ([], 0) == (bench.begun, bench.calls)


@in_virtual_time
async def test_the_next_page_is_fetched_for_who_came_with_a_token():
    """One page ahead, once."""
    bench = Bench()
    bench.ahead.followed(ONE, at(1))
    for _ in range(3):
        bench.page(2)
        await asyncio.sleep(10)
    assert (["one2"], 3, 1) == (bench.begun, bench.calls, bench.ended)


@in_virtual_time
async def test_following_is_each_callers_own():
    """One's habit says nothing of another's."""
    bench = Bench()
    bench.ahead.followed(OTHER, at(1))
    bench.page(2)
    await asyncio.sleep(1)
    assert [] == bench.begun


@in_virtual_time
async def test_the_rest_of_a_short_page_is_fetched_for_everybody():
    """It was promised."""
    bench = Bench()
    bench.page(1, is_short=True)
    await asyncio.sleep(10)
    assert (["one1"], 3) == (bench.begun, bench.calls)


@in_virtual_time
async def test_fetching_ends_when_the_page_is_asked_for():
    """Whoever waits asks for the rest himself."""
    bench = Bench(calls_each=20)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(2.5)
    bench.ahead.followed(ONE, at(2))
    await asyncio.sleep(30)
    assert (3, 0) == (bench.calls, bench.ended)


@in_virtual_time
async def test_a_few_walks_are_fetched_for_at_once():
    """What comes beside them is left to its client."""
    bench = Bench()
    askers = [caller(f"c{number}") for number in range(MOST_WALKS + 3)]
    for asker in askers:
        bench.ahead.followed(asker, at(1))
        bench.page(2, asker)
    await asyncio.sleep(30)
    assert MOST_WALKS == len(bench.begun)
    bench.page(2, askers[-1])
    await asyncio.sleep(1)
    assert MOST_WALKS + 1 == len(bench.begun)


@in_virtual_time
async def test_nothing_begins_while_calls_are_held_back():
    """Neither under a throttle nor behind a 429."""
    bench = Bench(quiet=False)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(1)
    assert [] == bench.begun


@in_virtual_time
async def test_what_has_begun_goes_no_further_when_calls_are_held_back():
    """The next call is not made."""
    bench = Bench(calls_each=10)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(1.5)
    bench.quiet = False
    await asyncio.sleep(30)
    assert (2, 1) == (bench.calls, bench.ended)


@in_virtual_time
async def test_stopping_ends_everything_for_good():
    """While the service drains nothing is fetched that nobody may come for."""
    bench = Bench(calls_each=20)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(1.5)
    bench.ahead.stop()
    bench.page(3)
    await asyncio.sleep(30)
    assert (["one2"], 2, 0) == (bench.begun, bench.calls, bench.ended)


@in_virtual_time
async def test_closing_waits_for_the_end():
    """Nothing runs behind the closing of what it asks."""
    bench = Bench(calls_each=20)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(1.5)
    await bench.ahead.aclose()
    assert [asyncio.current_task()] == list(asyncio.all_tasks())


@in_virtual_time
async def test_a_failure_is_nobodys():
    """The request that comes will meet it itself."""
    bench = Bench()

    async def failing(_: Caller, __: Allowance) -> None:
        raise UpstreamSlow("deadline passed")

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    bench.ahead.followed(ONE, at(1))
    bench.ahead.answered(ONE, at(2), is_short=False, fetch=failing)
    await asyncio.sleep(1)
    await bench.ahead.aclose()
    assert [] == told


@in_virtual_time
async def test_fetching_does_not_go_on_for_ever():
    """It has half a minute."""
    bench = Bench(calls_each=90)
    bench.ahead.followed(ONE, at(1))
    bench.page(2)
    await asyncio.sleep(100)
    assert (30, 0) == (bench.calls, bench.ended)


class TestThrift:
    """What is fetched in vain."""

    @in_virtual_time
    async def test_who_leaves_his_walks_is_fetched_for_once_in_twenty_tokens(self):
        """A walk left on its second page costs him the third of the next ones."""
        bench = Bench()
        for _ in range(41):
            await bench.walk(2)
        assert 3 == len(bench.begun)

    @in_virtual_time
    async def test_who_goes_on_to_the_end_is_always_fetched_for(self):
        """Every page but the first is there before he asks."""
        bench = Bench()
        for _ in range(10):
            await bench.walk(6)
            bench.ahead.followed(ONE, at(bench.walks + 6))  # the end
        assert 5 + 9 * 6 == len(bench.begun)

    @in_virtual_time
    async def test_calls_made_in_vain_come_out_of_one_stock(self):
        """A thousand callers who leave cost no more than one."""
        bench = Bench()
        for number in range(1_000):
            await bench.walk(2, caller(f"c{number}"), reading=5.0)
        assert STOCK == bench.calls

    @in_virtual_time
    async def test_the_calls_of_clients_fill_the_stock(self):
        """A small part of them may be added in vain."""
        bench = Bench(calls_made=10_000)
        for number in range(1_000):
            await bench.walk(2, caller(f"c{number}"), reading=5.0)
        assert STOCK + 400 == bench.calls

    @in_virtual_time
    async def test_what_was_used_goes_back_to_the_stock(self):
        """Those who go on may be fetched for without end."""
        bench = Bench(calls_each=50)
        for _ in range(10):
            await bench.walk(5, reading=60.0)
            bench.ahead.followed(ONE, at(bench.walks + 5))
        assert bench.calls > 10 * STOCK
