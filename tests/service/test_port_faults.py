"""Whatever call of whatever role fails by a fault nobody foresaw: one answer is lost, no word of it is told.

The roles and their methods are read off `adapters.ports`: a new one has no story yet, and fails here.
"""

import asyncio
import gc
import json
from collections.abc import Callable

import pytest

from shim.settings import load_settings
from shim.wiring import running
from tests.adapters.virtual_time import in_virtual_time
from tests.service.port_faults import PLANTED, Fault, captured_log, is_envelope_of_ours, port_methods, staged
from tests.service.port_stories import AT_START, NEVER, PAGE, READ_ON, STORIES
from tests.service.running import environment, shim_at

NOWHERE = "http://127.0.0.1:9/v2"
CALLS = (1, 2, 3, 4, 5)
WAITED_FOR = [method for method in STORIES if method.partition(".")[0] not in ("Observer", "UpstreamWatch")]
IN_BACKGROUND = (6, 7)
"""Which of a walk's calls fetch its third page ahead: its list, its detail."""


def planted(kind: Callable[[str], BaseException] = RuntimeError) -> BaseException:
    """A fault with a text that must not be seen."""
    return kind(f"{PLANTED} of one caller")


def test_every_method_has_its_story():
    """A role that grows must say by which requests its new method comes to be called."""
    assert set(port_methods()) == STORIES.keys() | AT_START | NEVER


@pytest.mark.parametrize("method", STORIES)
@in_virtual_time
async def test_a_call_that_fails_costs_one_answer(method):
    """The first call or a later one: v1's envelope for one answer at the most, the true one for every other.

    The failure's text is in no answer and no line of the log, no request counts as under way for ever, and who asks
    next, for the same or for another account, is answered as if nothing had been.
    """
    async with staged(method, STORIES[method]) as stage:
        truth, stories = await stage.tell(), []
        for call in CALLS:
            stories.append(await stage.tell_with(call, planted()))
            assert (truth, truth) == (await stage.tell_again(), await stage.tell()), f"after call {call}"
        metrics = stage.asking.shim.ops.meters.exposition().decode()
    others = [[answer for answer in told if answer not in truth] for told in stories]
    assert [] == [lost for lost in others if len(lost) > 1 or not all(map(is_envelope_of_ours, lost))]
    assert PLANTED not in f"{stories}{stage.log.getvalue()}{metrics}"
    assert 'shim_requests_in_flight{room="operations"} 0.0' in metrics


@pytest.mark.parametrize(
    "kind",
    [
        RecursionError,
        MemoryError,
        KeyError,
        StopIteration,
        asyncio.CancelledError,
        lambda text: BaseExceptionGroup(text, [asyncio.CancelledError(text)]),
    ],
    ids=["recursion", "memory", "key", "stop", "cancelled", "group"],
)
@pytest.mark.parametrize("method", WAITED_FOR)
@in_virtual_time
async def test_no_kind_of_failure_gets_out(method, kind):
    """Not one that is no `Exception` either, nor a cancellation that nobody asked for."""
    async with staged(method, STORIES[method]) as stage:
        truth = await stage.tell()
        told = await stage.tell_with(1, planted(kind))
        assert (truth, truth) == (await stage.tell_again(), await stage.tell())
    assert [] == [answer for answer in told if answer not in truth and not is_envelope_of_ours(answer)]
    assert PLANTED not in f"{told}{stage.log.getvalue()}"


@pytest.mark.parametrize("call", IN_BACKGROUND)
@in_virtual_time
async def test_what_fails_while_nobody_waits_is_told_once(call):
    """It costs no answer; one event names its class."""
    async with staged("Zoom.fetch", READ_ON) as stage:
        truth = await stage.tell()
        assert (truth, truth) == (await stage.tell_with(call, planted()), await stage.tell())
        gc.collect()
    events = [json.loads(line) for line in stage.log.getvalue().splitlines()]
    [failed] = [event for event in events if event["level"] == "error"]
    assert ("task.failed", "fetch ahead", ["RuntimeError"]) == (failed["event"], failed["task"], failed["failure"])
    assert PLANTED not in stage.log.getvalue()


@pytest.mark.parametrize("method", sorted(AT_START))
@in_virtual_time
async def test_a_failure_at_the_start_is_the_end_of_it(method):
    """Nothing is left open or written, and the next start is well."""
    fault, settings = Fault(method), load_settings(environment(NOWHERE))
    fault.arm(1, failure := planted())
    with captured_log() as log, pytest.raises(RuntimeError) as raised:
        async with running(settings, wrap=fault.wrap):
            pass
    async with shim_at(NOWHERE) as shim:
        assert ("", True, 1) == (log.getvalue(), failure is raised.value, len(shim.server.addresses))
    assert 1 == len(asyncio.all_tasks())


@pytest.mark.parametrize("method", sorted(NEVER))
@in_virtual_time
async def test_who_opened_a_role_closes_it(method):
    """What stands around the role is not asked to."""
    async with staged(method, PAGE) as stage:
        stage.fault.arm(1, planted())
        await stage.tell()
    assert not stage.fault.has_come
