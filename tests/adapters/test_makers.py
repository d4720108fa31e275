"""Who wants what another is making waits for that one, and never longer than it can."""

import asyncio

from adapters.makers import Makers
from tests.adapters.virtual_time import in_virtual_time


class Workshop:
    """Works of so many seconds, and the moments at which each began."""

    def __init__(self) -> None:
        self.makers = Makers()
        self.began: dict[str, float] = {}

    async def work(self, name: str, *, thing: str = "page", seconds: float = 5.0, patience: float = 60.0) -> None:
        """One who works at a thing once it is his turn."""
        now = asyncio.get_running_loop().time
        async with self.makers.turn(thing, until=now() + patience):
            self.began[name] = round(now(), 1)
            await asyncio.sleep(seconds)


@in_virtual_time
async def test_all_who_wait_enter_when_the_maker_is_done():
    """Together, and not one behind the other."""
    shop, start = Workshop(), asyncio.get_running_loop().time()
    await asyncio.gather(shop.work("a"), shop.work("b"), shop.work("c"))
    assert {"a": 0.0, "b": 5.0, "c": 5.0} == {name: round(at - start, 1) for name, at in shop.began.items()}


@in_virtual_time
async def test_nobody_waits_for_who_makes_another_thing():
    """Nor for who has done."""
    shop, start = Workshop(), asyncio.get_running_loop().time()
    await asyncio.gather(shop.work("a"), shop.work("b", thing="other"))
    await shop.work("c")
    assert {"a": 0.0, "b": 0.0, "c": 5.0} == {name: round(at - start, 1) for name, at in shop.began.items()}


@in_virtual_time
async def test_who_has_no_more_time_does_not_wait_for_the_end():
    """What little is left is his to use."""
    shop, start = Workshop(), asyncio.get_running_loop().time()
    await asyncio.gather(shop.work("a"), shop.work("b", patience=2.0))
    assert 2.0 == round(shop.began["b"] - start, 1)


@in_virtual_time
async def test_a_maker_who_leaves_lets_the_others_in():
    """At that moment."""
    shop, start = Workshop(), asyncio.get_running_loop().time()
    maker, other = asyncio.create_task(shop.work("a", seconds=60.0)), asyncio.create_task(shop.work("b"))
    await asyncio.sleep(1)
    maker.cancel()
    await asyncio.wait([maker, other])
    assert 1.0 == round(shop.began["b"] - start, 1)
