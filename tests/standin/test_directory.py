"""The directory's lists and the look-up of a user."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from contracts.cases import World
from shim.standin import Standin
from tests.standin.asking import Client, Clock, gathered

LISTS = ["users", "call_queues", "auto_receptionists", "shared_line_groups", "common_areas", "rooms", "sites"]


@pytest.mark.parametrize("array", LISTS)
async def test_a_list_gives_every_entry_once(client: Client, world: World, array: str) -> None:
    """Walking a directory list to its end gives the directory's entries in order."""
    assert world.directory[array] == await gathered(client.pages(f"/phone/{array}", {"page_size": "2"}), array)


@pytest.mark.parametrize(
    ("array", "most"),
    [
        ("users", 100),
        ("call_queues", 100),
        ("auto_receptionists", 100),
        ("common_areas", 100),
        ("rooms", 100),
        ("shared_line_groups", 300),
        ("sites", 300),
    ],
)
async def test_a_list_has_a_largest_page(client: Client, array: str, most: int) -> None:
    """A page size above the list's largest becomes the largest."""
    assert most == (await client.get(f"/phone/{array}", {"page_size": "301"})).body["page_size"]


@pytest.mark.parametrize(
    ("array", "keys"),
    [
        ("users", {"next_page_token", "page_size", "total_records", "users"}),
        ("common_areas", {"next_page_token", "page_size", "common_areas"}),
    ],
)
async def test_common_areas_do_not_say_their_total(client: Client, array: str, keys: set[str]) -> None:
    """Every list counts its entries, only that of the common areas does not."""
    assert keys == (await client.get(f"/phone/{array}")).body.keys()


async def test_sites_are_known_from_the_calls(client_of: Callable[..., Client], world: World) -> None:
    """A world that lists no sites has those its calls name."""
    bare = World(world.call_history, world.records, directory={})
    async with Standin(bare, clock=Clock()) as zoom:
        sites = (await client_of(zoom).get("/phone/sites")).body["sites"]
    assert sorted(site["id"] for site in world.directory["sites"]) == sorted(site["id"] for site in sites)


@pytest.mark.parametrize("key", ["id", "email"])
async def test_a_user_is_found_by_id_and_by_address(client: Client, world: World, key: str) -> None:
    """One user may be asked for by object id or by e-mail address, percent-encoded or not."""
    user = world.directory["users"][17]
    for written in (user[key], quote(user[key], safe="")):
        assert user == (await client.get(f"/phone/users/{written}")).body


async def test_an_unknown_user_is_not_found(client: Client) -> None:
    """A user nobody knows is a 404 that names them."""
    answer = await client.get("/phone/users/nobody@example.com")
    assert (404, {"code": 1001, "message": "User does not exist: nobody@example.com."}) == (answer.status, answer.body)
