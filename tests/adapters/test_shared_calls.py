"""Identical calls are made once for those who wait at the same moment, and only for one credential."""

import asyncio
import gc
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest

from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.ports import Caller, Category, SuccessorCall, SuccessorReply
from adapters.shared_calls import LONGEST_OUT, SharedCalls
from tests.adapters.fake_ports import OUTAGE, caller
from tests.adapters.virtual_time import in_virtual_time

CALL = SuccessorCall("call_record", "/phone/call_history/1", Category.LIGHT)
BEHIND = replace(CALL, is_background=True)
OTHER = replace(CALL, path="/phone/call_history/2")


@dataclass
class SlowZoom:
    """Answers each call a second after its turn, in the background two later, with who asked and how often, or fails.

    What fails is sent again after another wait for a turn, `attempts` times in all. The first `hangs` are never
    answered.
    """

    failure: ShimError | None = None
    turn: float = 0.0
    attempts: int = 1
    hangs: int = 0
    asked: list[tuple[SuccessorCall, str]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    given_up: int = 0

    async def fetch(
        self, call: SuccessorCall, asker: Caller, *, wire: AbstractContextManager[object]
    ) -> SuccessorReply:
        """The answer, unless the deadline comes before."""
        self.asked.append((call, asker.key))
        number = len(self.asked)
        try:
            async with asyncio.timeout_at(asker.deadline):
                for _ in range(self.attempts):
                    await asyncio.sleep(self.turn + 2.0 * call.is_background)
                    with wire:
                        self.sent.append(call.path)
                        await asyncio.sleep(1.0 if number > self.hangs else 3600.0)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        except TimeoutError:
            raise UpstreamSlow("deadline passed") from None
        if self.failure is not None:
            raise self.failure
        return SuccessorReply({"asker": asker.key, "number": number}, MappingProxyType({}))


def within(seconds: float, name: str = "one") -> Caller:
    """A caller with so much time."""
    return caller(name, deadline=asyncio.get_running_loop().time() + seconds)


async def outcome(asking: Any) -> Any:
    """The body, or the failure."""
    try:
        return (await asking).body
    except ShimError as failure:
        return failure


@in_virtual_time
async def test_fifty_at_once_are_one_call():
    """Each of them gets the same answer."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    answers = await asyncio.gather(*(shared.fetch(CALL, within(5)) for _ in range(50)))
    assert [{"asker": "one", "number": 1}] * 50 == [answer.body for answer in answers]
    assert [(CALL, "one")] == zoom.asked


@in_virtual_time
async def test_nothing_is_kept():
    """Who asks after the answer asks anew."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    bodies = [(await shared.fetch(CALL, within(5))).body["number"] for _ in range(3)]
    assert [1, 2, 3] == bodies


@pytest.mark.parametrize(("call", "name"), [(OTHER, "one"), (CALL, "two")])
@in_virtual_time
async def test_another_call_or_credential_is_another_call(call, name):
    """What one credential is told is never told another."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    bodies = await asyncio.gather(
        *(outcome(shared.fetch(which, within(5, who))) for which, who in ((CALL, "one"), (call, name)))
    )
    assert [(CALL, "one"), (call, name)] == zoom.asked
    assert ["one", name] == [body["asker"] for body in bodies]


@in_virtual_time
async def test_one_that_leaves_takes_nothing_from_the_others():
    """Not even the one that asked first."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    first, second = (asyncio.create_task(shared.fetch(CALL, within(5))) for _ in range(2))
    await asyncio.sleep(0.5)
    first.cancel()
    assert {"asker": "one", "number": 1} == (await second).body
    assert first.cancelled()
    assert (1, 0) == (len(zoom.asked), zoom.given_up)


async def left(shared: SharedCalls, *calls: SuccessorCall, after: float) -> None:
    """Three who ask for each call and leave."""
    waiting = [asyncio.create_task(shared.fetch(call, within(60))) for call in calls for _ in range(3)]
    await asyncio.sleep(after)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


@in_virtual_time
async def test_a_call_nobody_waits_for_is_given_up_before_it_is_sent():
    """The last one to leave ends it; whoever comes then asks anew."""
    zoom = SlowZoom(turn=1.0)
    shared = SharedCalls(zoom)
    await left(shared, CALL, after=0.5)
    await asyncio.sleep(5)
    assert (1, []) == (zoom.given_up, zoom.sent)
    assert 2 == (await shared.fetch(CALL, within(5))).body["number"]


@pytest.mark.parametrize("wait", [0.0, 3.0, 59.0])
@in_virtual_time
async def test_a_request_that_is_out_lands_for_whoever_asks_again(wait):
    """Its answer is taken once, by the same credential, within a minute; nothing else is sent for those who left."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    await left(shared, CALL, after=0.5)
    await asyncio.sleep(wait)
    numbers = [(await shared.fetch(CALL, within(5, name))).body["number"] for name in ("two", "one", "one")]
    assert ([2, 1, 3], 0) == (numbers, zoom.given_up)


@in_virtual_time
async def test_an_answer_that_comes_as_the_last_one_leaves_is_not_lost():
    """It has arrived and nobody has taken it yet."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    asking = asyncio.create_task(shared.fetch(CALL, within(5)))
    await asyncio.sleep(0)
    (under_way,) = asyncio.all_tasks() - {asking, asyncio.current_task()}
    under_way.add_done_callback(lambda _: asking.cancel())
    await asyncio.wait({asking})
    assert asking.cancelled()
    assert 1 == (await shared.fetch(CALL, within(5))).body["number"]


@in_virtual_time
async def test_what_landed_is_forgotten_after_a_minute():
    """Then it is asked for again."""
    shared = SharedCalls(SlowZoom())
    await left(shared, CALL, after=0.5)
    await asyncio.sleep(60.6)
    assert 2 == (await shared.fetch(CALL, within(5))).body["number"]


@in_virtual_time
async def test_what_landed_is_bounded():
    """Large answers count as many."""
    zoom = LargeZoom()
    shared = SharedCalls(zoom)
    pages = [replace(CALL, path=f"/{number}") for number in range(20)]
    await left(shared, *pages, after=0.5)
    await asyncio.sleep(1)
    for page in pages:
        await shared.fetch(page, within(5))
    assert 20 + 20 - 7 == len(zoom.asked)


@dataclass
class LargeZoom(SlowZoom):
    """Answers pages of three hundred rows."""

    async def fetch(
        self, call: SuccessorCall, asker: Caller, *, wire: AbstractContextManager[object]
    ) -> SuccessorReply:
        """The page."""
        await SlowZoom.fetch(self, call, asker, wire=wire)
        return SuccessorReply({"call_history": [{}] * 300}, MappingProxyType({}))


@in_virtual_time
async def test_no_further_attempt_is_made_for_those_who_left():
    """A request that fails after the last one has left is not sent again."""
    zoom = SlowZoom(turn=0.1, attempts=3)
    shared = SharedCalls(zoom)
    await left(shared, CALL, after=0.5)
    await asyncio.sleep(30)
    assert ([CALL.path], 1) == (zoom.sent, zoom.given_up)


@in_virtual_time
async def test_who_comes_while_the_request_is_still_out_takes_it_over():
    """It is then sent again for him like any other."""
    zoom = SlowZoom(turn=0.1, attempts=3)
    shared = SharedCalls(zoom)
    await left(shared, CALL, after=0.5)
    assert 1 == (await shared.fetch(CALL, within(30))).body["number"]
    assert 3 == len(zoom.sent)


class TestBackground:
    """Calls in the background, and those somebody waits for."""

    @in_virtual_time
    async def test_who_waits_does_not_stand_behind_the_background(self):
        """The call in the background gives way before it is sent, and takes the answer of the other."""
        zoom = SlowZoom()
        shared = SharedCalls(zoom)
        behind = asyncio.create_task(shared.fetch(BEHIND, within(30)))
        await asyncio.sleep(0.5)
        started = asyncio.get_running_loop().time()
        reply = await shared.fetch(CALL, within(30))
        assert 1.0 == pytest.approx(asyncio.get_running_loop().time() - started)
        assert reply.body == (await behind).body
        assert ([CALL.path], 1) == (zoom.sent, shared.made)

    @in_virtual_time
    async def test_a_request_of_the_backgrounds_that_is_out_serves_who_waits(self):
        """It is there sooner than another would be."""
        zoom = SlowZoom()
        shared = SharedCalls(zoom)
        behind = asyncio.create_task(shared.fetch(BEHIND, within(30)))
        await asyncio.sleep(2.5)
        assert (await shared.fetch(CALL, within(30))).body == (await behind).body
        assert ([CALL.path], 0) == (zoom.sent, shared.made)

    @in_virtual_time
    async def test_a_request_of_the_backgrounds_that_hangs_keeps_nobody(self):
        """Who comes when it has been out too long has a call of his own, and the background takes its answer."""
        zoom = SlowZoom(hangs=1)
        shared = SharedCalls(zoom)
        behind = asyncio.create_task(shared.fetch(BEHIND, within(300)))
        await asyncio.sleep(2.0 + LONGEST_OUT)
        reply = await shared.fetch(CALL, within(2))
        assert reply.body == (await behind).body
        assert ([CALL.path] * 2, 1) == (zoom.sent, zoom.given_up)

    @in_virtual_time
    async def test_when_that_request_fails_who_waits_goes_on_in_front(self):
        """The next attempt is his own."""
        zoom = SlowZoom(attempts=2)
        shared = SharedCalls(zoom)
        behind = asyncio.create_task(shared.fetch(BEHIND, within(30)))
        await asyncio.sleep(2.5)
        started = asyncio.get_running_loop().time()
        reply = await shared.fetch(CALL, within(30))
        assert 2.5 == pytest.approx(asyncio.get_running_loop().time() - started)
        assert reply.body == (await behind).body

    @in_virtual_time
    async def test_the_background_joins_a_call_in_front(self):
        """It has nothing to add."""
        zoom = SlowZoom()
        shared = SharedCalls(zoom)
        replies = await asyncio.gather(shared.fetch(CALL, within(5)), shared.fetch(BEHIND, within(5)))
        assert [1, 1] == [reply.body["number"] for reply in replies]


@in_virtual_time
async def test_beyond_the_bound_calls_are_made_for_each_alone():
    """They are answered like any other."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom, most=2)
    calls = [replace(CALL, path=f"/{number}") for number in (1, 2, 3, 3)]
    replies = await asyncio.gather(*(shared.fetch(call, within(5)) for call in calls))
    assert ([1, 2, 3, 4], 4) == (sorted(reply.body["number"] for reply in replies), len(zoom.sent))


@in_virtual_time
async def test_closing_ends_what_is_under_way_and_begins_nothing():
    """Whoever still waits is told of a broken upstream, at once."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    waiting = asyncio.create_task(outcome(shared.fetch(CALL, within(5))))
    await asyncio.sleep(0.5)
    await shared.aclose()
    assert [UpstreamBroken] * 2 == [type(await waiting), type(await outcome(shared.fetch(CALL, within(5))))]
    assert (1, 1) == (zoom.given_up, len(zoom.sent))


@in_virtual_time
async def test_a_call_that_is_cancelled_by_nobody_here_is_broken():
    """Nobody waits for it for ever."""
    zoom = SlowZoom(failure=asyncio.CancelledError())  # type: ignore[arg-type]  # what a mended library might do
    assert isinstance(await outcome(SharedCalls(zoom).fetch(CALL, within(5))), UpstreamBroken)


@in_virtual_time
async def test_each_has_its_own_deadline():
    """One that runs out of time fails alone and in time."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    patient, hasty = await asyncio.gather(
        outcome(shared.fetch(CALL, within(5))), outcome(shared.fetch(CALL, within(0.3)))
    )
    assert {"asker": "one", "number": 1} == patient
    assert isinstance(hasty, UpstreamSlow)
    assert 1 == len(zoom.asked)


@in_virtual_time
async def test_who_has_more_time_asks_again_when_the_first_ran_out():
    """A call that ended at another's deadline says nothing to one that can still wait."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    hasty, patient = await asyncio.gather(
        outcome(shared.fetch(CALL, within(0.3))), outcome(shared.fetch(CALL, within(5)))
    )
    assert isinstance(hasty, UpstreamSlow)
    assert {"asker": "one", "number": 2} == patient


@in_virtual_time
async def test_a_failure_is_everybodys():
    """Each is told, and nothing is asked twice for it."""
    zoom = SlowZoom(OUTAGE)
    shared = SharedCalls(zoom)
    failures = await asyncio.gather(*(outcome(shared.fetch(CALL, within(5))) for _ in range(3)))
    assert [(UpstreamRefused, 503)] * 3 == [(type(failure), failure.status) for failure in failures]
    assert (3, 1) == (len({id(failure) for failure in failures}), len(zoom.asked))
    assert OUTAGE not in failures  # each has his own: one raised by many would collect their tracebacks


@in_virtual_time
async def test_a_failure_nobody_waited_for_is_no_noise():
    """A call that fails just as its last waiter leaves is not told by the loop as forgotten."""
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    shared = SharedCalls(SlowZoom(OUTAGE))
    task = asyncio.create_task(shared.fetch(CALL, within(5)))
    await asyncio.sleep(0)
    loop.call_at(loop.time() + 1.0, task.cancel)
    await asyncio.wait({task})
    await asyncio.sleep(1)
    gc.collect()
    assert [] == told
