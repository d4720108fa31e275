"""Identical calls are made once for those who wait at the same moment, and only for one credential."""

import asyncio
import gc
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest

from adapters.errors import ShimError, UpstreamRefused, UpstreamSlow
from adapters.ports import Caller, Category, SuccessorCall, SuccessorReply
from adapters.shared_calls import SharedCalls
from tests.adapters.fake_ports import OUTAGE, caller
from tests.adapters.virtual_time import in_virtual_time

CALL = SuccessorCall("call_record", "/phone/call_history/1", Category.LIGHT)
OTHER = replace(CALL, path="/phone/call_history/2")


@dataclass
class SlowZoom:
    """Answers each call after a second with who asked and how often it was asked, or fails."""

    failure: ShimError | None = None
    asked: list[tuple[SuccessorCall, str]] = field(default_factory=list)
    given_up: int = 0

    async def fetch(self, call: SuccessorCall, asker: Caller) -> SuccessorReply:
        """The answer, unless the deadline comes before."""
        self.asked.append((call, asker.key))
        number = len(self.asked)
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(min(1.0, max(0.0, asker.deadline - loop.time())))
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if loop.time() >= asker.deadline:
            raise UpstreamSlow("deadline passed")
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


@pytest.mark.parametrize(("call", "name"), [(OTHER, "one"), (CALL, "two"), (replace(CALL, is_background=True), "one")])
@in_virtual_time
async def test_another_call_credential_or_urgency_is_another_call(call, name):
    """What one credential is told is never told another; who waits is not put in the background."""
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


@in_virtual_time
async def test_a_call_nobody_waits_for_is_given_up():
    """The last one to leave ends it; whoever comes then asks anew."""
    zoom = SlowZoom()
    shared = SharedCalls(zoom)
    waiting = [asyncio.create_task(shared.fetch(CALL, within(5))) for _ in range(3)]
    await asyncio.sleep(0.5)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    late = await shared.fetch(CALL, within(5))
    assert (1, 2) == (zoom.given_up, late.body["number"])


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
    assert [UpstreamRefused] * 3 == [type(failure) for failure in failures]
    assert 1 == len(zoom.asked)


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
