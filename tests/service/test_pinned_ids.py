"""The id a call was first served under, whatever is asked of whom in which order, through restarts and replicas."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import pytest

from contracts.cases.worlds import Spoken
from shim.standin import Standin, merged
from tests.service.running import Asking, in_front_of
from tests.service.worlds import DAY, LIST, plain, transferred

WORLD = merged(plain(1, 2, 3), transferred(4, 2))
STEPS = 24


def row_of(row: dict[str, Any]) -> tuple[str, bool, str]:
    """Which old row it is, told by what is no id of its own and the same in every fidelity."""
    return row["call_id"], row["path"] == "transfer", row["callee_number"]


def parts(world: Any) -> Iterator[tuple[str, str]]:
    """History uuid and element id of every leg."""
    for record in world.records:
        for element in record["call_elements"]:
            if "call_element_id" in element:
                yield record["call_history_uuid"], element["call_element_id"]


async def rows_seen(asking: Asking, step: int, rng: Random) -> Sequence[dict[str, Any]]:
    """The rows or the details one random request brings; a detail that fails first makes a summary of its row."""
    history, element = rng.choice(list(parts(WORLD)))
    match step % 4:
        case 0:
            return (await asking.get(f"{DAY}&page_size={rng.choice([1, 3, 30])}")).body["call_logs"]
        case 1:
            asking.zoom.fail(f"/phone/call_history/{history}", status=404)
            return (await asking.get(DAY)).body["call_logs"]
        case 2:
            answer = await asking.get(f"{LIST}/{history}")
        case _:
            answer = await asking.get(f"{LIST}/{element.partition('-')[2]}")
    return [answer.body] if answer.status == 200 else []


@pytest.mark.parametrize("generation", ["v2", "v3"])
@pytest.mark.parametrize("seed", range(4))
async def test_whoever_answers_a_call_has_one_id(seed, generation: Spoken, tmp_path):
    """Two replicas of either fidelity over one file, restarted now and then, never serve a row under two ids."""
    rng = Random(seed)  # noqa: S311 - draws a history, keeps no secret
    shared = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db", "SHIM_CACHE_MIB": "1"}
    served: dict[tuple[str, bool, str], set[str]] = {}
    async with Standin(WORLD, generation) as zoom:
        for _ in range(3):
            async with AsyncExitStack() as replicas:
                fidelities = rng.sample(["exact", "summary", "exact"], 2)
                both = [
                    await replicas.enter_async_context(in_front_of(zoom, shared | {"SHIM_FIDELITY": fidelity}))
                    for fidelity in fidelities
                ]
                for _ in range(STEPS // 3):
                    for row in await rows_seen(rng.choice(both), rng.randrange(4), rng):
                        served.setdefault(row_of(row), set()).add(row["id"])
    assert all(len(ids) == 1 for ids in served.values()), served
    assert len(served) > 3
    ids = [id for ids in served.values() for id in ids]
    assert len(ids) == len(set(ids))


async def test_an_id_made_up_for_want_of_a_detail_stays(tmp_path):
    """A row told by its summary keeps that id when its detail is there, and its log entries find it too."""
    async with Standin(transferred(4, 2)) as zoom:
        settings = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
        async with in_front_of(zoom, settings) as asking:
            zoom.fail("/phone/call_history/", status=404)
            (first,) = (await asking.get(DAY)).body["call_logs"]
        async with in_front_of(zoom, settings) as asking:
            later = (await asking.get(DAY)).body["call_logs"]
            forms = [first["id"], *(element.partition("-")[2] for _, element in parts(transferred(4, 2)))]
            details = [(await asking.get(f"{LIST}/{form}")).body["id"] for form in forms]
    assert first["id"] == later[1]["id"]
    assert [first["id"], first["id"], later[0]["id"]] == details
