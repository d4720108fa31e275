"""What is not asked for twice, and that no credential is ever shown what upstream did not name to it."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from contracts.codec import encode
from shim.in_flight import MOST_OF_ONE
from tests.adapters.successor_bodies import id_of
from tests.service.running import Answer, Asking, service
from tests.service.worlds import DAY, LIST, MONTH, busy, marked, plain

ONE, OTHER = "Bearer one", "Bearer other"


async def cost_of(asking: Asking, target: str, authorization: str = ONE) -> tuple[Answer, Mapping[str, int]]:
    """An answer, and the upstream calls it took."""
    asking.zoom.forget_calls()
    answer = await asking.get(target, authorization=authorization)
    return answer, Counter(asking.zoom.counts)


class TestCache:
    """One credential and another over the same account."""

    async def test_a_list_seen_before_costs_the_list_call_alone(self):
        """Every record of a finished call is cached."""
        async with service(plain(1, 2, 3)) as asking:
            first, before = await cost_of(asking, DAY)
            second, after = await cost_of(asking, DAY)
        assert ({"list_call_history": 1, "get_call_history": 3, "get_user": 3}, {"list_call_history": 1}) == (
            before,
            after,
        )
        assert first.body == second.body

    async def test_details_after_the_list_cost_nothing(self):
        """The list has fetched them for this credential already."""
        async with service(plain(1, 2)) as asking:
            await asking.get(DAY, authorization=ONE)
            answer, cost = await cost_of(asking, f"{LIST}/{id_of(2)}")
        assert (200, {}) == (answer.status, cost)

    async def test_another_credential_pays_one_detail_call_of_its_own(self):
        """It proves itself with the first row; the others come from the cache, with the same content."""
        async with service(plain(1, 2, 3)) as asking:
            first = await asking.get(DAY, authorization=ONE)
            second, cost = await cost_of(asking, DAY, OTHER)
        assert {"list_call_history": 1, "get_call_history": 1, "list_users": 1} == cost
        assert first.body == second.body

    async def test_details_by_id_are_every_credentials_own_call(self):
        """A cached detail never answers another credential, even one with details of its own."""
        async with service(plain(1, 2)) as asking:
            await asking.get(DAY, authorization=ONE)
            await asking.get(DAY, authorization=OTHER)
            await asking.get(f"{LIST}/{id_of(1)}", authorization=OTHER)
            answer, cost = await cost_of(asking, f"{LIST}/{id_of(2)}", OTHER)
        assert (200, 1) == (answer.status, cost["get_call_history"])

    async def test_a_refused_credential_is_shown_nothing_of_the_cache(self):
        """What upstream refuses stays refused, however much is cached."""
        async with service(plain(1, 2), bearers={"one": None}) as asking:
            await asking.get(DAY, authorization=ONE)
            answers = [await asking.get(target, authorization=OTHER) for target in (DAY, f"{LIST}/{id_of(1)}")]
        assert [(401, 124)] * 2 == [(answer.status, answer.body["code"]) for answer in answers]

    async def test_a_credential_without_the_scope_is_shown_summaries_only(self):
        """The cache does not lend it details; the ids it sees are the pinned ones."""
        async with service(plain(1, 2)) as asking:
            asking.zoom.revoke("/phone/call_history/", bearer="other")
            exact = await asking.get(DAY, authorization=ONE)
            answer, cost = await cost_of(asking, DAY, OTHER)
        assert 1 == cost["get_call_history"]
        assert [row["id"] for row in exact.body["call_logs"]] == [row["id"] for row in answer.body["call_logs"]]

    async def test_a_settled_call_is_not_asked_for_again_although_it_changed(self):
        """Half an hour after its end a record counts as final."""
        async with service(plain(1)) as asking:
            before = await asking.get(f"{DAY}")
            asking.zoom.add_call(*_renamed(plain(1)))
            assert before.body == (await asking.get(DAY)).body

    async def test_records_too_large_for_the_cache_are_served_all_the_same(self):
        """The cache is a help, never a condition."""
        async with service(plain(1, callee_name="N" * 400_000), settings={"SHIM_CACHE_MIB": "1"}) as asking:
            await asking.get(DAY)
            answer, cost = await cost_of(asking, DAY, "Bearer synthetic-token")
        assert (200, 400_000, 1) == (
            answer.status,
            len(answer.body["call_logs"][0]["owner"]["name"]),
            cost["get_call_history"],
        )


def _renamed(world: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {**world.call_history[0], "callee_name": "Renamed"}, world.records[0]


class TestTenants:
    """Two accounts behind one service."""

    async def test_a_call_that_upstream_does_not_name_is_never_shown(self):
        """Neither in a list nor by any id, although the service has it in its cache and knows its id."""
        async with service(plain(1, 2), bearers={"one": None, "other": plain(3)}) as asking:
            await asking.get(DAY, authorization=ONE)
            listed = await asking.get(DAY, authorization=OTHER)
            details = await asking.get(f"{LIST}/{id_of(1)}", authorization=OTHER)
        assert ([id_of(3)], 404, "Call Log does not exist.") == (
            [row["id"] for row in listed.body["call_logs"]],
            details.status,
            details.body["message"],
        )

    async def test_a_page_token_shows_nothing_to_another_account(self):
        """Upstream refuses the token inside; nothing of the first page's calls is told."""
        async with service(plain(1, 2), bearers={"one": None, "other": plain(3)}) as asking:
            first = await asking.get(f"{DAY}&page_size=1", authorization=ONE)
            token = first.body["next_page_token"]
            answer = await asking.get(f"{DAY}&page_size=1&next_page_token={token}", authorization=OTHER)
        assert (400, 400) == (answer.status, answer.body["code"])

    @pytest.mark.parametrize("seed", [1, 2])
    async def test_mixed_requests_never_mix_tenants(self, seed):
        """Lists, pages and details of two accounts side by side, some given up half-way: no foreign text at all.

        Both companies have the same people, extension numbers and telephone numbers; every name and id carries a mark.
        """
        marks = {"alpha": "zzALPHAzz", "beta": "zzBETAzz"}
        worlds = {name: marked(busy(seed, 12), mark) for name, mark in marks.items()}
        async with service(plain(), bearers=worlds) as asking:
            walks = {name: await asking.walk(MONTH, authorization=f"Bearer {name}") for name in marks}
            ids = [row["id"] for pages in walks.values() for page in pages for row in page["call_logs"]]
            rng = random.Random(seed)  # noqa: S311 - the same requests for the same seed
            targets = [MONTH, f"{MONTH}&page_size=3", f"{MONTH}&page_size=300", *(f"{LIST}/{v1_id}" for v1_id in ids)]
            asked = [(rng.choice([*marks]), rng.choice(targets)) for _ in range(200)]
            rooms = {name: asyncio.Semaphore(MOST_OF_ONE) for name in marks}
            tasks = [asyncio.create_task(_ask(asking, *one, room=rooms[one[0]])) for one in asked]
            for task in rng.sample(tasks, 40):
                asyncio.get_running_loop().call_later(rng.random() / 10, task.cancel)
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        seen = [(name, one) for (name, _), one in zip(asked, answers, strict=True) if isinstance(one, bytes)]
        foreign = {name: next(mark for other, mark in marks.items() if other != name).encode() for name in marks}
        assert [] == [body for name, body in seen if foreign[name] in body]
        assert {"alpha", "beta"} == {name for name, body in seen if marks[name].encode() in body}
        assert [] == [one for one in answers if not isinstance(one, (bytes, asyncio.CancelledError))]

    async def test_every_row_of_a_marked_world_carries_its_mark(self):
        """The judge of the test above looks at something: names, ids and object ids are all marked."""
        async with service(marked(busy(1, 12), "zzALPHAzz")) as asking:
            (page,) = await asking.walk(MONTH)
        rows = [encode(row).count(b"zzALPHAzz") for row in page["call_logs"]]
        assert min(rows) >= 4


async def _ask(asking: Asking, name: str, target: str, *, room: asyncio.Semaphore) -> bytes:
    headers = {aiohttp.hdrs.AUTHORIZATION: f"Bearer {name}"}
    async with room, asking.client.get(asking.base + target, headers=headers) as response:
        # A request given up here may still count there for a moment.
        assert response.status in {200, 404, 429}
        return await response.read()
