"""What every implementation of `Identities` promises, asked of each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ports import Identities, RememberedCall
from adapters.state import open_identities
from tests.adapters.served_calls import proposing, served
from tests.redis_server import RedisServer

ADDRESSES = ["memory://", "sqlite:///{folder}/state.db", "redis://127.0.0.1:{redis.port}/1"]
CALL = served(1)
OTHER = served(2)
REMEMBERED = RememberedCall(
    v1_id=CALL.proposed_id,
    history_uuid=CALL.history_uuid,
    group=0,
    call_id=CALL.call_id,
    start_time=CALL.start_time,
    direction="inbound",
)


@pytest.fixture(params=ADDRESSES)
async def identities(request: pytest.FixtureRequest, tmp_path: Path, redis: RedisServer) -> AsyncIterator[Identities]:
    """Each implementation in turn, fresh."""
    async with open_identities(request.param.format(folder=tmp_path, redis=redis)) as opened:
        yield opened


def ids(found: Sequence[RememberedCall]) -> list[str]:
    """The v1 ids of what was found."""
    return [call.v1_id for call in found]


async def test_serves_what_is_proposed_first(identities: Identities) -> None:
    """New calls get their proposed ids, in the order they were handed in."""
    page = [served(number) for number in (5, 3, 9)]
    assert [call.proposed_id for call in page] == list(await identities.pin("", page))


async def test_keeps_the_first_id_for_ever(identities: Identities) -> None:
    """Whatever a later answer proposes, the call keeps the id it was first served with."""
    await identities.pin("", [CALL, OTHER])
    later = [proposing(OTHER, "later"), served(3), proposing(CALL, "later")]
    expected = [OTHER.proposed_id, served(3).proposed_id, CALL.proposed_id]
    assert expected == list(await identities.pin("", later))
    assert expected == list(await identities.pin("", later))


async def test_keeps_one_id_for_a_call_twice_on_a_page(identities: Identities) -> None:
    """The first of two proposals on one page wins."""
    assert [CALL.proposed_id] * 2 == list(await identities.pin("", [CALL, proposing(CALL, "later")]))


async def test_tells_groups_apart(identities: Identities) -> None:
    """Each group of a record has an id of its own."""
    transferred = served(2, history_uuid=CALL.history_uuid, group=1)
    assert [CALL.proposed_id, transferred.proposed_id] == list(await identities.pin("", [CALL, transferred]))


async def test_tells_partitions_apart(identities: Identities) -> None:
    """What one partition pins, another neither serves nor finds."""
    await identities.pin("", [CALL])
    assert () == tuple(await identities.find("other", CALL.proposed_id))
    assert [f"other-{CALL.proposed_id}"] == list(await identities.pin("other", [proposing(CALL, "other")]))
    assert [REMEMBERED] == list(await identities.find("", CALL.call_id))


@pytest.mark.parametrize(
    "key",
    [
        CALL.proposed_id,
        f"20260310-{CALL.proposed_id}",
        CALL.history_uuid,
        CALL.history_uuid.removeprefix("20260310-"),
        *CALL.entries,
        f"20260311-{CALL.entries[1]}",
        CALL.call_id,
        f"{CALL.call_id}_1",
    ],
)
async def test_finds_a_call_by_any_form_of_its_ids(identities: Identities, key: str) -> None:
    """The v1 id, the element, the record, an entry and the call id all lead to the call, and to it alone."""
    await identities.pin("", [OTHER, CALL])
    assert [REMEMBERED] == list(await identities.find("", key))


async def test_finds_an_element_that_is_not_the_id(identities: Identities) -> None:
    """A call first served by its record's id is found by its root element as well, with the id served first."""
    summary = replace(CALL, proposed_id="summary-id", element_id="", entries=())
    await identities.pin("", [summary])
    await identities.pin("", [proposing(CALL, "later")])
    assert ["summary-id"] == ids(await identities.find("", CALL.element_id))
    assert ["summary-id"] == ids(await identities.find("", CALL.entries[2]))


@pytest.mark.parametrize("known", ["20260310-1111-2222-3333-4444", "dcasgfdd-gfb0-4ea7-8dc0-c96rer34d7", "not a uuid"])
async def test_takes_ids_of_any_shape(identities: Identities, known: str) -> None:
    """Ids are opaque: odd ones are kept and found."""
    await identities.pin("", [replace(CALL, proposed_id=known)])
    assert [known] == ids(await identities.find("", known))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "unknown",
        "_",
        "_1",
        OTHER.proposed_id,
        OTHER.call_id,
        "\udcff",
        "a\x00b",
        "é" * 8_000,
        "%' OR 1=1 --",
        "[1]",
    ],
)
async def test_finds_nothing_for_unknown_keys(identities: Identities, key: str) -> None:
    """An unknown key, however odd, finds nothing and breaks nothing."""
    await identities.pin("", [replace(CALL, call_id="")])
    assert () == tuple(await identities.find("", key))
    assert identities.trouble() is None


@pytest.mark.parametrize(
    ("stored", "key", "found"),
    [
        (["7_1", "7_2"], "7_2", ["7_2"]),
        (["7", "7_1"], "7_1", ["7_1"]),
        (["7", "7_1"], "7", ["7"]),
        (["7", "7_1"], "7_3", ["7"]),
        (["7_1", "7_2"], "7", ["7_1", "7_2"]),
        (["7_1", "7_2"], "7_3", ["7_1", "7_2"]),
        (["71", "8_1"], "7", []),
    ],
)
async def test_finds_transfers_by_suffix(identities: Identities, stored: list[str], key: str, found: list[str]) -> None:
    """The call id in full comes first, then the one without suffix, then every transfer of that call."""
    calls = [served(7, group=group, call_id=call_id) for group, call_id in enumerate(stored)]
    await identities.pin("", calls)
    assert found == [call.call_id for call in await identities.find("", key)]


async def test_tells_the_earliest_first(identities: Identities) -> None:
    """Calls of one name come by start, then outbound before inbound, then by group."""
    early, late = "2026-03-10T08:00:00Z", "2026-03-10T09:00:00Z"
    wanted = [
        served(3, call_id="7", start_time=early, direction="inbound"),
        served(2, call_id="7", start_time=late, direction="outbound", group=3),
        served(1, call_id="7", start_time=late, direction="inbound", group=1),
        served(4, call_id="7", start_time=late, direction="inbound", group=2),
    ]
    await identities.pin("", [wanted[number] for number in (3, 1, 0, 2)])
    assert [call.proposed_id for call in wanted] == ids(await identities.find("", "7"))


async def test_agrees_with_itself_under_concurrency(identities: Identities) -> None:
    """Twenty answers that serve one call at once all serve the same id, each in its own place."""
    pages = [[served(100 + n), proposing(CALL, f"p{n}"), proposing(OTHER, f"p{n}")] for n in range(20)]
    answers = await asyncio.gather(*(identities.pin("", page) for page in pages))
    assert [served(100 + n).proposed_id for n in range(20)] == [answer[0] for answer in answers]
    assert 1 == len({tuple(answer[1:]) for answer in answers})


async def test_survives_cancellation(identities: Identities) -> None:
    """A client that goes away while its page is pinned leaves a store that works, with all of the page or none."""
    page = [served(number) for number in range(100, 130)]
    task = asyncio.create_task(identities.pin("", page))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    later = [proposing(call, "later") for call in page]
    answers = set(await identities.pin("", later))
    assert answers in ({call.proposed_id for call in page}, {call.proposed_id for call in later})
    assert identities.trouble() is None


async def test_serves_an_empty_page(identities: Identities) -> None:
    """No calls, no ids."""
    assert [] == list(await identities.pin("", []))


async def test_keeps_one_sealing_key(identities: Identities) -> None:
    """The key is a Fernet key and stays the same."""
    key = await identities.sealing_key()
    assert Fernet(key).decrypt(Fernet(await identities.sealing_key()).encrypt(b"walk")) == b"walk"


async def test_is_well_and_closes_twice(identities: Identities) -> None:
    """A store in order says nothing, and closing it again is no error."""
    assert identities.trouble() is None
    await identities.close()
    await identities.close()


@pytest.mark.parametrize(
    "url", ["", "memory:", "sqlite:", "sqlite:///", "sqlite://state.db", "redis:localhost", "state.db"]
)
async def test_refuses_other_addresses(url: str) -> None:
    """An address nobody can open is told at start, with what it should be."""
    with pytest.raises(ValueError, match="memory://, sqlite:///path or redis://host"):
        await open_identities(url).__aenter__()


@pytest.mark.parametrize("address", ADDRESSES)
@settings(max_examples=25, deadline=None)
@given(
    pages=st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.sampled_from("abc"), st.booleans()), max_size=6),
        max_size=8,
    )
)
async def test_agrees_with_a_plain_dictionary(
    one_redis: RedisServer, address: str, pages: list[list[tuple[int, int, str, bool]]]
) -> None:
    """Over any history, the first id of each (record, group) is served, and every name of it finds it."""
    model: dict[tuple[int, int], str] = {}
    one_redis.fresh()
    with TemporaryDirectory() as folder:
        async with open_identities(address.format(folder=folder, redis=one_redis)) as identities:
            for page in pages:
                calls = [
                    served(number, group=group, proposed_id=f"{proposer}-{number}-{group}", entries=(f"e-{entry}",))
                    for number, group, proposer, entry in page
                ]
                expected = [
                    model.setdefault((number, group), f"{who}-{number}-{group}") for number, group, who, _ in page
                ]
                assert expected == list(await identities.pin("", calls))
            for (number, group), v1_id in model.items():
                for key in (v1_id, served(number).history_uuid, served(number).call_id):
                    assert (v1_id, group) in [(call.v1_id, call.group) for call in await identities.find("", key)]
