"""Each place where something is kept, one by one: what one account put there is never shown to another.

Two accounts stand behind one service. Their texts carry marks, so that a leak shows whatever its way was.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from contracts.cases import World
from contracts.codec import decode, encode
from tests.adapters.successor_bodies import id_of, row_body, user_body, uuid_of
from tests.service.running import Asking, service
from tests.service.worlds import DAY, LIST, marked, plain

ALPHA, BETA = "Bearer alpha", "Bearer beta"
MARK = "zzALPHAzz"
CALL_ID = str(row_body(1)["call_id"])


def charged(world: World, amount: str) -> World:
    """The world with a charge on each of its calls."""
    charges = [
        {
            "call_id": row["call_id"],
            "direction": row["direction"],
            "start_time": row["start_time"],
            "total_charge": amount,
            "rate": amount,
            "currency": "USD",
            "call_type": "local",
        }
        for row in world.call_history
    ]
    return replace(world, charges=charges)


@asynccontextmanager
async def two(alpha: World, beta: World, **settings: str) -> AsyncIterator[Asking]:
    """The service between two accounts; alpha has seen its list and all details before the test begins."""
    async with service(plain(), bearers={"alpha": alpha, "beta": beta}, settings=settings) as asking:
        listed = await asking.get(f"{DAY}&charged_call_logs=false", authorization=ALPHA)
        assert listed.body["call_logs"]
        for row in listed.body["call_logs"]:
            await asking.get(f"{LIST}/{row['id']}", authorization=ALPHA)
        yield asking


async def told_beta(asking: Asking, target: str) -> tuple[int, Any]:
    """What beta gets, after a look whether it holds anything of alpha's."""
    answer = await asking.get(target, authorization=BETA)
    assert MARK.encode() not in encode(answer.body)
    return answer.status, answer.body


async def test_the_cache_of_records():
    """A record kept from alpha's list is in no list of beta's, whose own has calls of the same people."""
    async with two(marked(plain(1, 2), MARK), plain(3, 4)) as asking:
        status, body = await told_beta(asking, DAY)
        assert (200, [id_of(3), id_of(4)]) == (status, [row["id"] for row in body["call_logs"]])


@pytest.mark.parametrize("form", [id_of(1), f"20260310-{id_of(1)}", uuid_of(1), CALL_ID])
async def test_the_remembered_ids(form):
    """An id alpha was served leads beta to upstream, which does not know it there: v1's own 404."""
    async with two(plain(1, callee_name=MARK), plain(3)) as asking:
        assert 200 == (await asking.get(f"{LIST}/{form}", authorization=ALPHA)).status
        before = len(asking.zoom.calls)
        status, body = await told_beta(asking, f"{LIST}/{form}")
        assert (404, "Call Log does not exist.") == (status, body["message"])
        assert len(asking.zoom.calls) > before


@pytest.mark.parametrize("query", ["", "&path=extension", "&charged_call_logs=true"])
async def test_a_page_token(query):
    """Alpha's token gives beta a refusal or calls of its own, never one of alpha's."""
    alpha, beta = charged(marked(plain(1, 2, 5), MARK), "0.5"), charged(plain(3), "0.7")
    async with two(alpha, beta) as asking:
        target = f"{DAY}{query}&page_size=1"
        token = (await asking.get(target, authorization=ALPHA)).body["next_page_token"]
        status, body = await told_beta(asking, f"{target}&next_page_token={token}")
        assert (status, body.get("message")) in {(400, "The next page token is invalid or expired."), (200, None)}
        assert {id_of(3)} >= {row["id"] for row in body.get("call_logs", [])}


@pytest.mark.parametrize("has_scope", [True, False])
async def test_the_directory(has_scope):
    """Beta's rows show object ids only from a directory call of beta's own; without the scope for it none."""
    alpha = marked(plain(1), MARK)
    async with two(alpha, plain(3, callee_ext_number="2001")) as asking:
        asking.zoom.revoke("/phone/users" if not has_scope else "/nothing", bearer="beta")
        _, body = await told_beta(asking, DAY)
        (row,) = body["call_logs"]
        assert has_scope == (row["owner"].get("id") == "id3") == ("user_id" in row)


async def test_a_number_means_each_accounts_own_extension():
    """Where an element names a number and no extension id, the number is looked up in the asker's directory."""
    nameless = {"callee_ext_id": None, "callee_email": None, "callee_ext_number": "2001"}
    alpha = marked(replace(plain(1, **nameless), directory={"users": [user_body(1)]}), MARK)
    beta = replace(plain(3, **nameless), directory={"users": [{**user_body(3), "extension_number": 2001}]})
    async with two(alpha, beta) as asking:
        _, body = await told_beta(asking, DAY)
        assert "id3" == body["call_logs"][0]["owner"]["id"]


async def test_the_charges_of_calls():
    """The same call id costs each account what its own report says, or nothing when that is refused."""
    alpha, beta = charged(plain(1), "11.1"), charged(plain(1), "22.2")
    async with two(alpha, beta, SHIM_CHARGES="on") as asking:
        rows = [(await asking.get(DAY, authorization=who)).body["call_logs"][0] for who in (ALPHA, BETA)]
        assert ["$11.1", "$22.2"] == [row["charge"] for row in rows]


async def test_a_refused_report_shows_no_charge_of_anothers():
    """Without the scope of its own beta's rows have none, though alpha's are kept under the same call id."""
    async with two(charged(plain(1), "11.1"), charged(plain(1), "22.2"), SHIM_CHARGES="on") as asking:
        asking.zoom.revoke("/phone/reports/call_charges", bearer="beta")
        row = (await asking.get(DAY, authorization=BETA)).body["call_logs"][0]
        assert "charge" not in row
        assert "rate" not in row


async def test_the_report_of_a_walk():
    """Which calls were charged in a window is each account's own list."""
    async with two(charged(plain(1, 2), "11.1"), charged(plain(3), "22.2")) as asking:
        target = f"{DAY}&charged_call_logs=true"
        await asking.get(target, authorization=ALPHA)
        status, body = await told_beta(asking, target)
        assert (200, [(id_of(3), "$22.2")]) == (status, [(row["id"], row["charge"]) for row in body["call_logs"]])


async def test_what_a_search_found_and_what_it_missed():
    """Neither alpha's finding nor its miss answers beta."""
    async with two(plain(1), plain(3)) as asking:
        dated = f"20260310-{id_of(3)}"
        missed = await asking.get(f"{LIST}/{dated}", authorization=ALPHA)
        found = await asking.get(f"{LIST}/{dated}", authorization=BETA)
        assert (404, 200, id_of(3)) == (missed.status, found.status, found.body["id"])
        again = await asking.get(f"{LIST}/{dated}", authorization=ALPHA)
        assert (404, missed.body) == (again.status, again.body)


async def test_a_refusal_of_one_is_no_refusal_of_another():
    """A directory alpha may not see is remembered as such for alpha alone."""
    async with service(plain(), bearers={"alpha": plain(1), "beta": plain(3)}) as asking:
        asking.zoom.revoke("/phone/users", bearer="alpha")
        refused = await asking.get(DAY, authorization=ALPHA)
        allowed = await asking.get(DAY, authorization=BETA)
        owners = [answer.body["call_logs"][0]["owner"].get("id") for answer in (refused, allowed)]
    assert [None, "id3"] == owners


async def test_metrics_and_probes_tell_nothing_of_anybody():
    """Neither a name nor an id nor a number of either account."""
    world = marked(charged(plain(1, 2), "11.1"), MARK)
    async with two(world, plain(3), SHIM_OPS_PORT="0", SHIM_CHARGES="on") as asking:
        ready = await asking.get("/readyz", authorization=None)
        texts = (encode(ready.body), asking.shim.ops.meters.exposition())
        kept = {value for row in world.call_history for value in row.values() if isinstance(value, str)}
        words = {word for word in kept if len(word) > 9}
        assert [] == [word for word in words if any(word.encode() in text for text in texts)]
        assert {"status": "ready"} == decode(texts[0])
