"""One call and one leg, and how each generation of Zoom spells them."""

from collections.abc import Callable

import pytest

from contracts.cases import World, in_generation, load
from contracts.cases.worlds import Spoken
from shim.standin import Standin
from tests.standin.asking import WHOLE_WINDOW, Client, Clock

NO_HISTORY = {"code": 404, "message": "Call history does not exist."}


async def test_a_record_is_found_by_its_history_uuid(client: Client, world: World) -> None:
    """A call's record goes over the wire as the world holds it."""
    record = world.records[40]
    assert record == (await client.get(f"/phone/call_history/{record['call_history_uuid']}")).body


@pytest.mark.parametrize("path", ["/phone/call_history/20260501-nobody", "/phone/call_element/20260501-nobody"])
async def test_an_unknown_call_is_not_found(client: Client, path: str) -> None:
    """An id that no call or leg has is a 404."""
    answer = await client.get(path)
    assert (404, NO_HISTORY) == (answer.status, answer.body)


async def test_an_element_names_its_record(client: Client, world: World) -> None:
    """An element asked for alone says which call it belongs to."""
    record = world.records[40]
    element = record["call_elements"][0]
    body = (await client.get(f"/phone/call_element/{element['call_element_id']}")).body
    assert {**element, "call_history_uuid": record["call_history_uuid"]} == body


@pytest.mark.parametrize(
    ("generation", "arrays", "id_names"),
    [
        ("v2", {"call_logs"}, {"id"}),
        ("v3", {"call_history"}, {"call_history_uuid"}),
        ("both", {"call_history", "call_logs"}, {"call_history_uuid", "id"}),
    ],
)
async def test_the_list_of_each_generation(
    client_of: Callable[..., Client], world: World, generation: Spoken, arrays: set[str], id_names: set[str]
) -> None:
    """Each generation has its own array and id, the same calls under both."""
    async with Standin(world, generation, clock=Clock()) as zoom:
        body = (await client_of(zoom).get("/phone/call_history", WHOLE_WINDOW)).body
    assert arrays == body.keys() & {"call_logs", "call_history"}
    seen = {row[name] for array in arrays for row in body[array] for name in id_names}
    assert {row["call_history_uuid"] for row in world.call_history[:30]} == seen
    assert {frozenset(id_names)} == {
        frozenset(row.keys() & {"id", "call_history_uuid"}) for array in arrays for row in body[array]
    }


@pytest.mark.parametrize(
    ("generation", "arrays", "id_names"),
    [
        ("v2", {"call_path"}, {"id"}),
        ("v3", {"call_elements"}, {"call_element_id"}),
        ("both", {"call_elements", "call_path"}, {"call_element_id", "id"}),
    ],
)
async def test_the_record_of_each_generation(
    client_of: Callable[..., Client], world: World, generation: Spoken, arrays: set[str], id_names: set[str]
) -> None:
    """Each generation has its own array of legs and its own id of a leg."""
    record = world.records[0]
    async with Standin(world, generation, clock=Clock()) as zoom:
        body = (await client_of(zoom).get(f"/phone/call_history/{record['call_history_uuid']}")).body
    assert arrays == body.keys() & {"call_path", "call_elements"}
    seen = {element[name] for array in arrays for element in body[array] for name in id_names}
    assert {element["call_element_id"] for element in record["call_elements"]} == seen


@pytest.mark.parametrize(
    ("generation", "path", "status"),
    [
        ("v2", "call_history_detail", 200),
        ("v2", "call_element", 404),
        ("v3", "call_history_detail", 404),
        ("v3", "call_element", 200),
        ("both", "call_history_detail", 200),
        ("both", "call_element", 200),
    ],
)
async def test_one_leg_has_its_own_path_in_each_generation(
    client_of: Callable[..., Client], world: World, generation: Spoken, path: str, status: int
) -> None:
    """A leg is a history detail in v2 and an element in v3; the other path is no endpoint."""
    key = world.records[0]["call_elements"][0]["call_element_id"]
    async with Standin(world, generation, clock=Clock()) as zoom:
        answer = await client_of(zoom).get(f"/phone/{path}/{key}")
    assert (status, {200: None, 404: 2300}[status]) == (answer.status, answer.body.get("code"))


async def test_a_history_detail_speaks_v2(client_of: Callable[..., Client], world: World) -> None:
    """A history detail has v2's names for its own id and its call's."""
    record = world.records[0]
    key = record["call_elements"][0]["call_element_id"]
    async with Standin(world, "v2", clock=Clock()) as zoom:
        body = (await client_of(zoom).get(f"/phone/call_history_detail/{key}")).body
        unknown = await client_of(zoom).get("/phone/call_history_detail/nobody")
    assert (key, record["call_history_uuid"]) == (body["id"], body["call_path_id"])
    assert (404, 301) == (unknown.status, unknown.body["code"])


@pytest.mark.parametrize("generation", ["v2", "v3", "both"])
async def test_every_case_can_be_played(client_of: Callable[..., Client], world: World, generation: Spoken) -> None:
    """Whatever a case's world holds, its calls are listed and each of its records is found."""
    worlds = {case.id: case.world for case in load()}
    ages = {"from": "2000-01-01", "to": "2100-01-01", "page_size": "300"}
    async with Standin(world, generation, clock=Clock(), bearers=worlds) as zoom:
        for name, played in worlds.items():
            client = client_of(zoom, name)
            body = (await client.get("/phone/call_history", ages)).body
            keys = [record["call_history_uuid"] for record in played.records]
            found = [(await client.get(f"/phone/call_history/{key}")).status for key in keys]
            assert (len(played.call_history), [200] * len(keys)) == (body["total_records"], found), name


@pytest.mark.parametrize("generation", ["v2", "v3", "both"])
async def test_a_world_may_be_written_in_either_generation(
    client_of: Callable[..., Client], world: World, generation: Spoken
) -> None:
    """A world in v2's names is answered exactly as the same world in v3's."""
    older = in_generation(world, "v2")
    record = f"/phone/call_history/{world.records[0]['call_history_uuid']}"
    async with Standin(world, generation, clock=Clock(), bearers={"newer": None, "older": older}) as zoom:
        newer_client, older_client = client_of(zoom, "newer"), client_of(zoom, "older")
        for path in ("/phone/call_history", record):
            newer_body, older_body = (await newer_client.get(path)).body, (await older_client.get(path)).body
            assert newer_body | {"next_page_token": ""} == older_body | {"next_page_token": ""}
