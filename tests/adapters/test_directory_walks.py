"""Lists of the directory that several miss at once, and lists that take longer than anybody waits."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from adapters.directory import ExtensionDirectory
from adapters.errors import ShimError, UpstreamRefused
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from tests.adapters.fake_ports import OUTAGE, FakeZoom, caller
from tests.adapters.test_directory import user, users
from tests.adapters.virtual_time import in_virtual_time


@dataclass
class SlowList(FakeZoom):
    """A directory of users, a second a page, one a page; the page `failing` fails before it is told."""

    pages: int = 1
    failures: list[ShimError] = field(default_factory=list)
    failing: int = -1

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """The page."""
        self.asked.append(call)
        self.callers.append(caller)
        await asyncio.sleep(1)
        number = int(dict(call.query).get("next_page_token", "0"))
        if number == self.failing and self.failures:
            raise self.failures.pop(0)
        token = str(number + 1) if number + 1 < self.pages else ""
        return SuccessorReply(users(number, token=token), {})


def slow_list(*, pages: int, failing: int = -1) -> tuple[SlowList, ExtensionDirectory]:
    """The directory in front of it, on the running loop's clock."""
    zoom = SlowList(pages=pages, failing=failing, failures=[OUTAGE])
    return zoom, ExtensionDirectory(zoom, clock=asyncio.get_running_loop().time)


def within(seconds: float, name: str = "one") -> Caller:
    """Who has so much time."""
    return caller(name, deadline=asyncio.get_running_loop().time() + seconds)


@in_virtual_time
async def test_two_who_miss_the_same_list_read_it_once():
    """Side by side, each page is asked for once, and both are told."""
    zoom, directory = slow_list(pages=3)
    sights = await asyncio.gather(*(directory.see([user(2, email=None)], within(60)) for _ in range(2)))
    assert [True, True] == [sight.is_whole for sight in sights]
    assert ([{"ext2"}] * 2, 3) == ([set(sight.directory.by_extension_id) for sight in sights], len(zoom.asked))


@in_virtual_time
async def test_two_credentials_read_it_each_for_themselves():
    """What one may see says nothing of the other."""
    zoom, directory = slow_list(pages=2)
    await asyncio.gather(*(directory.see([user(9, email=None)], within(60, name)) for name in ("one", "other")))
    assert {"one": 2, "other": 2} == Counter(asker.key for asker in zoom.callers)


@in_virtual_time
async def test_a_list_longer_than_a_request_is_read_on_and_kept():
    """Who waits is answered in time without; soon all is known, and no page was asked for twice."""
    zoom, directory = slow_list(pages=30)
    started = asyncio.get_running_loop().time()
    sight = await directory.see([user(29, email=None)], within(12))
    assert 12.0 == pytest.approx(asyncio.get_running_loop().time() - started)
    assert (False, set()) == (sight.is_whole, set(sight.directory.by_extension_id))
    await asyncio.sleep(30)
    sight = await directory.see([user(29, email=None)], within(12))
    assert (True, {"ext29"}, 30) == (sight.is_whole, set(sight.directory.by_extension_id), len(zoom.asked))
    assert [False] * 12 + [True] * 18 == [call.is_background for call in zoom.asked]


@in_virtual_time
async def test_a_list_that_broke_off_is_gone_on_with():
    """The pages had are not asked for again."""
    zoom, directory = slow_list(pages=30, failing=20)
    await directory.see([user(29, email=None)], within(12))
    await asyncio.sleep(30)
    sight = await directory.see([user(29, email=None)], within(12))
    assert (True, 31) == (sight.is_whole, len(zoom.asked))


@in_virtual_time
async def test_a_token_that_upstream_no_longer_takes_begins_the_list_anew():
    """It is the token's end, not a refusal of the directory."""
    zoom, directory = slow_list(pages=3, failing=1)
    zoom.failures.append(UpstreamRefused(400, 300, "Validation Failed."))
    wholes = [(await directory.see([user(2, email=None)], within(60))).is_whole for _ in range(3)]
    assert ([False, False, True], frozenset()) == (wholes, directory.scopes_missing())


@in_virtual_time
async def test_closing_ends_the_reading():
    """Nothing is asked for behind the end of the service."""
    zoom, directory = slow_list(pages=30)
    await directory.see([user(29, email=None)], within(2))
    await directory.aclose()
    await asyncio.sleep(30)
    assert len(zoom.asked) <= 3
