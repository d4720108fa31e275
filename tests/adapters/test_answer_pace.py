"""How long an answer is waited for, and who is to blame when it is late."""

import asyncio
import time

from adapters.redis.answer_pace import LONGEST, SLOW_IN_A_ROW, TOO_SLOW, AnswerPace
from tests.adapters.virtual_time import in_virtual_time


def pace_now(*, stretch: float = 1.0) -> AnswerPace:
    """A pace by the running loop's clock."""
    return AnswerPace(clock=asyncio.get_running_loop().time, stretch=stretch)


async def came(pace: AnswerPace, seconds: float) -> bool:
    """Whether an answer that takes so many seconds comes in time."""
    answer = asyncio.create_task(asyncio.sleep(seconds))
    has_come = await pace.came(answer)
    answer.cancel()
    return has_come


@in_virtual_time
async def test_an_answer_is_waited_for_so_long_and_no_longer():
    """A slow one is used all the same; behind the longest wait nobody waits on."""
    start = asyncio.get_running_loop().time()
    pace = pace_now()
    assert (True, True, False) == (await came(pace, 0.001), await came(pace, LONGEST - 0.01), await came(pace, 9))
    assert asyncio.get_running_loop().time() - start < 2 * LONGEST


@in_virtual_time
async def test_slow_answers_in_a_row_are_too_many():
    """A quick one between them starts the count anew."""
    pace = pace_now()
    told = []
    for seconds in [2 * TOO_SLOW] * 2 + [0.001] + [2 * TOO_SLOW] * SLOW_IN_A_ROW:
        await came(pace, seconds)
        told.append((pace.is_quick(), pace.is_too_slow()))
    assert [(False, False)] * 2 + [(True, False)] + [(False, False)] * 2 + [(False, True)] == told


@in_virtual_time
async def test_slow_answers_under_way_together_count_once():
    """One bad moment is not many."""
    pace = pace_now()
    await asyncio.gather(*(came(pace, 2 * TOO_SLOW) for _ in range(10)))
    assert not pace.is_too_slow()


async def in_steps(seconds: float) -> None:
    """An answer that takes the loop several turns to read."""
    await asyncio.sleep(seconds)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_busy_process_blames_itself() -> None:
    """Answers that came while nobody could look at them are not slow."""
    pace = pace_now(stretch=0.2)
    for _ in range(SLOW_IN_A_ROW):
        asyncio.get_running_loop().call_soon(time.sleep, 0.4 * TOO_SLOW)
        assert await pace.came(asyncio.create_task(in_steps(0.001)))
    assert not pace.is_too_slow()


async def test_an_answer_that_lay_there_has_come() -> None:
    """One that came while the process was busy beyond the longest wait is taken all the same."""
    pace, loop = pace_now(stretch=0.2), asyncio.get_running_loop()
    loop.call_later(0.3 * TOO_SLOW, time.sleep, 0.4 * LONGEST)
    assert await pace.came(asyncio.create_task(in_steps(0.4 * TOO_SLOW)))


@in_virtual_time
async def test_waits_can_be_stretched():
    """For a machine that is known to be slow."""
    pace = pace_now(stretch=100)
    assert await came(pace, 99 * LONGEST)
    assert await came(pace, 99 * TOO_SLOW)
    assert pace.is_quick()
