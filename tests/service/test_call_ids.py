"""A call is found by every form of its id, and keeps the id it was first served under."""

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.cases import World
from shim.standin import Standin
from tests.adapters.successor_bodies import id_of, summary_id_of, uuid_of
from tests.service.running import Answer, in_front_of, service
from tests.service.worlds import CASES, DAY, LIST, plain, transferred

YEAR = f"{LIST}?from=2026-01-01&to=2026-12-31&page_size=300"
MISSING = (404, {"code": 404, "message": "Call Log does not exist."})


def forms_of(world: World) -> Iterator[tuple[str, str]]:
    """Every id of a call with one root, in its spellings."""
    (record,) = world.records
    root, *others = record["call_elements"]
    yield "bare", root["call_element_id"].partition("-")[2]
    yield "dated", root["call_element_id"]
    yield "history dated", record["call_history_uuid"]
    yield "history bare", record["call_history_uuid"].partition("-")[2]
    yield "call id", root["call_id"]
    yield "call id with a suffix", f"{root['call_id']}_1"
    yield "log entry bare", others[-1]["call_element_id"].partition("-")[2]
    yield "log entry dated", others[-1]["call_element_id"]


@pytest.mark.parametrize("form", [form for form, _ in forms_of(CASES["call_queue"])])
async def test_details_are_found_by_every_form_of_the_id(form):
    """The answer is the same, and names the id that was served."""
    world = CASES["call_queue"]
    async with service(world) as asking:
        (row,) = (await asking.get(YEAR)).body["call_logs"]
        answer = await asking.get(f"{LIST}/{dict(forms_of(world))[form]}")
        same = await asking.get(f"{LIST}/{row['id']}")
    assert (200, row["id"], same.body) == (answer.status, answer.body["id"], answer.body)


@pytest.mark.parametrize("spelled", ["{0}%2D{1}", "{0}-{1}"])
async def test_an_id_is_decoded_once(spelled):
    """Percent-encoded characters of an id are the characters."""
    async with service(plain(1)) as asking:
        await asking.get(DAY)
        answer = await asking.get(f"{LIST}/{spelled.format(*id_of(1).split('-', 1))}")
    assert (200, id_of(1)) == (answer.status, answer.body["id"])


@pytest.mark.parametrize(
    "asked",
    [
        "%20",
        "%e2%80%8b",
        "x" * 4000,
        "%2e%2ex",
        "..x",
    ],
)
async def test_what_was_never_an_id_is_v1s_404_and_asks_nobody(asked):
    """Blanks, characters nobody sees, dots that climb and endless texts are not looked for."""
    async with service(plain(1)) as asking:
        await asking.get(DAY)
        asking.zoom.forget_calls()
        answer = await asking.get(f"{LIST}/{asked}")
        assert (*MISSING, []) == (answer.status, answer.body, asking.zoom.calls)


async def test_each_part_of_a_transferred_call_has_details_of_its_own():
    """The old records of one call are told apart by their ids."""
    async with service(transferred(1, 3)) as asking:
        rows = (await asking.get(DAY)).body["call_logs"]
        details = [await asking.get(f"{LIST}/{row['id']}") for row in rows]
    assert [id_of(1, 2), id_of(1, 1), id_of(1)] == [answer.body["id"] for answer in details]


async def test_a_suffixed_call_id_is_the_part_that_carries_it():
    """After a blind transfer the second row has a call id with a suffix; the plain one is the first."""
    async with service(CASES["blind_transfer"]) as asking:
        rows = (await asking.get(YEAR)).body["call_logs"]
        answers = [await asking.get(f"{LIST}/{row['call_id']}") for row in rows]
        unknown = await asking.get(f"{LIST}/{rows[-1]['call_id']}_7")
    assert [row["id"] for row in rows] == [answer.body["id"] for answer in answers]
    assert rows[-1]["id"] == unknown.body["id"]


async def test_the_call_id_of_an_internal_call_is_its_outbound_record():
    """Two records share it and the second it began in; v1 answered with the caller's."""
    async with service(CASES["internal_call"]) as asking:
        rows = (await asking.get(YEAR)).body["call_logs"]
        answer = await asking.get(f"{LIST}/{rows[0]['call_id']}")
    assert (2, {rows[0]["call_id"]}, "outbound") == (
        len(rows),
        {row["call_id"] for row in rows},
        answer.body["direction"],
    )


def stored(url: str, tmp_path: Any) -> dict[str, str]:
    """The settings of a state that outlives the process."""
    return {"SHIM_STATE_URL": url.format(tmp_path), "SHIM_DEADLINE": "1"}


async def test_an_id_survives_restarts_and_changes_of_fidelity(tmp_path):
    """The id first served for a call is its id for ever: from its summary, then exact, in one file."""
    settings = stored("sqlite:///{}/state.db", tmp_path)
    async with Standin(plain(1, 2)) as zoom:
        async with in_front_of(zoom, settings | {"SHIM_FIDELITY": "summary"}) as asking:
            first = await asking.get(f"{DAY}&page_size=1")
        async with in_front_of(zoom, settings) as asking:
            second = await asking.get(DAY)
            details = [await asking.get(f"{LIST}/{asked}") for asked in (summary_id_of(1), id_of(1), uuid_of(1))]
        async with in_front_of(zoom, settings | {"SHIM_FIDELITY": "summary"}) as asking:
            third = await asking.get(DAY)
    assert [summary_id_of(1)] == ids(first)
    assert [summary_id_of(1), id_of(2)] == ids(second)
    assert [summary_id_of(1), id_of(2)] == ids(third)
    assert [summary_id_of(1)] * 3 == [answer.body["id"] for answer in details]


async def test_details_are_found_after_a_restart(tmp_path):
    """What an earlier process served is known to the next one."""
    settings = stored("sqlite:///{}/state.db", tmp_path)
    async with Standin(plain(1)) as zoom:
        async with in_front_of(zoom, settings) as asking:
            before = await asking.get(f"{LIST}/{ids(await asking.get(DAY))[0]}")
        async with in_front_of(zoom, settings) as asking:
            after = await asking.get(f"{LIST}/{id_of(1)}")
    assert (200, before.body) == (after.status, after.body)


async def test_ids_in_memory_end_with_the_process():
    """Without a state an id served before is unknown; a call of months ago is not found again."""
    async with Standin(plain(1)) as zoom:
        async with in_front_of(zoom) as asking:
            await asking.get(DAY)
        async with in_front_of(zoom) as asking:
            answer = await asking.get(f"{LIST}/{id_of(1)}")
    assert MISSING == (answer.status, answer.body)


async def test_an_account_prefix_goes_upstream_and_is_a_partition():
    """Everything asked under an account is asked for under it, and its ids are nobody else's."""
    base = "/v2/accounts/acct1/phone/call_logs"
    async with service(plain(1)) as asking:
        listed = await asking.get(f"{base}?from=2026-03-10&to=2026-03-10")
        assert ([id_of(1)], {"/v2/accounts/acct1/phone"}) == (
            ids(listed),
            {"/".join(call.path.split("/")[:5]) for call in asking.zoom.calls},
        )
        inside = await asking.get(f"{base}/{id_of(1)}")
        outside = [await asking.get(f"{other}/{id_of(1)}") for other in (LIST, base.replace("acct1", "acct2"))]
    assert (200, [MISSING] * 2) == (inside.status, [(answer.status, answer.body) for answer in outside])


async def test_me_is_no_account():
    """`/v2/accounts/me/` is the account of the credential: the same ids, asked for without a prefix."""
    async with service(plain(1)) as asking:
        await asking.get(DAY)
        answer = await asking.get(f"/v2/accounts/me/phone/call_logs/{id_of(1)}", authorization="Bearer another")
        assert (200, set()) == (answer.status, {call.path for call in asking.zoom.calls if "accounts" in call.path})


async def test_an_encoded_account_stays_as_it_was_sent():
    """The prefix is not decoded and not encoded again."""
    async with service(plain(1)) as asking:
        answer = await asking.get("/v2/accounts/a%20b/phone/call_logs?from=2026-03-10&to=2026-03-10")
        assert (200, {"/v2/accounts/a%20b/phone"}) == (
            answer.status,
            {"/".join(call.path.split("/")[:5]) for call in asking.zoom.calls},
        )


def ids(answer: Answer) -> list[str]:
    """The ids of a page."""
    return [row["id"] for row in answer.body["call_logs"]]
