"""Object ids looked up: what is asked for, what it costs, who is told, and what a refusal does."""

import asyncio

import pytest

from adapters.directory import DAY, RETRY, Extension, ExtensionDirectory
from adapters.errors import ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.ports import Caller
from adapters.translation.world import DirectoryEntry
from tests.adapters.fake_ports import GONE, OUTAGE, SCOPE_MISSING, TOO_FAST, Clock, FakeZoom, caller

ONE, OTHER = caller("one"), caller("other")


def user(number: int, **changes: str | None) -> Extension:
    """The user of this number, as a record speaks of it."""
    values = {"id": f"ext{number}", "number": str(number), "email": f"u{number}@example.com"} | changes
    return Extension("user", **values)


def listed(number: int) -> dict[str, object]:
    """The same user as the directory lists it."""
    return {"id": f"id{number}", "extension_id": f"ext{number}", "extension_number": number, "name": f"User {number}"}


def users(*numbers: int, token: str = "") -> dict[str, object]:
    """A page of the list of users."""
    return {"next_page_token": token, "users": [listed(number) for number in numbers]}


QUEUE = Extension("call_queue", "ext-queue", "2200")
QUEUES = {
    "next_page_token": "",
    "call_queues": [{"id": "queue", "extension_id": "ext-queue", "extension_number": 2200, "name": " Orders "}],
}
AREA = Extension("common_area", "ext-area", "2400")
AREAS = {"common_areas": [{"id": "area", "display_name": "Lobby", "extension_number": 2400}]}


@pytest.fixture
def zoom() -> FakeZoom:
    """A Zoom without a directory."""
    return FakeZoom()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def directory(zoom: FakeZoom, clock: Clock) -> ExtensionDirectory:
    """An empty directory."""
    return ExtensionDirectory(zoom, clock=clock)


async def object_id(directory: ExtensionDirectory, extension: Extension, asker: Caller = ONE) -> str | None:
    """The object id the asker is told for an extension."""
    sight = await directory.see([extension], asker)
    entry = sight.directory.find(extension.id, extension.number, extension_type=extension.type)
    return entry.id if entry else None


class TestLookingUp:
    """What is asked of Zoom, and how little."""

    async def test_a_few_users_are_asked_for_one_by_one(self, directory, zoom):
        """Each by its e-mail address, encoded as a path needs it."""
        zoom.says("/phone/users/u1%40example.com", listed(1))
        zoom.says("/phone/users/u2%40example.com", listed(2))
        sight = await directory.see([user(1), user(2)], ONE)
        assert {"/phone/users/u1%40example.com": 1, "/phone/users/u2%40example.com": 1} == zoom.paths
        assert {"ext1": "id1", "ext2": "id2"} == {
            key: entry.id for key, entry in sight.directory.by_extension_id.items()
        }
        assert (frozenset({"users"}), frozenset(), True) == (sight.kinds, sight.refused, sight.is_whole)

    @pytest.mark.parametrize("count", [10, 11])
    async def test_many_users_are_listed(self, directory, zoom, count):
        """Up to ten are asked for by themselves; more cost one list."""
        numbers = range(1, count + 1)
        for number in numbers:
            zoom.says(f"/phone/users/u{number}%40example.com", listed(number))
        zoom.says("/phone/users", users(*numbers))
        await directory.see(map(user, numbers), ONE)
        assert [10, 1][count > 10] == len(zoom.asked)

    @pytest.mark.parametrize("changes", [{"email": None}, {"id": None}], ids=["no e-mail", "no extension id"])
    async def test_a_user_that_cannot_be_asked_for_is_listed(self, directory, zoom, changes):
        """Without an address there is only the list; without an extension id the number must do."""
        zoom.says("/phone/users", users(1))
        assert "id1" == await object_id(directory, user(1, **changes))
        assert {"/phone/users": 1} == zoom.paths

    async def test_a_list_is_read_to_its_end(self, directory, zoom):
        """Page by page, a hundred at a time."""
        zoom.says("/phone/users", users(1, token="two"), users(2))
        await directory.see([user(2, email=None)], ONE)
        assert [(("page_size", "100"),), (("page_size", "100"), ("next_page_token", "two"))] == [
            call.query for call in zoom.asked
        ]

    async def test_a_list_without_end_is_left(self, directory, zoom):
        """A token that comes again ends the list."""
        zoom.says("/phone/users", users(1, token="again"))
        assert "id1" == await object_id(directory, user(1, email=None))
        assert 2 == len(zoom.asked)

    async def test_containers_are_listed(self, directory, zoom):
        """Queues, receptionists, shared lines and rooms come as lists; names are trimmed."""
        zoom.says("/phone/call_queues", QUEUES)
        sight = await directory.see([QUEUE], ONE)
        assert {"ext-queue": DirectoryEntry("queue", "Orders")} == sight.directory.by_extension_id
        assert {"/phone/call_queues": 1} == zoom.paths

    async def test_shared_lines_are_listed_by_larger_pages(self, directory, zoom):
        """Three hundred at a time."""
        zoom.says("/phone/shared_line_groups", {"shared_line_groups": []})
        await directory.see([Extension("shared_line_group", "ext-line", "2300")], ONE)
        assert [(("page_size", "300"),)] == [call.query for call in zoom.asked]

    async def test_common_areas_are_known_by_number(self, directory, zoom):
        """Their list has no extension ids; one that is not in it is nobody, although its number may be a user's."""
        zoom.says("/phone/common_areas", AREAS)
        zoom.says("/phone/users", users(2400))
        await directory.see([user(2400, email=None)], ONE)
        assert "area" == await object_id(directory, AREA)
        assert await object_id(directory, Extension("common_area", "ext-x", "2401")) is None

    async def test_a_common_areas_number_is_nobody_elses(self, directory, zoom):
        """A user without an extension id is not taken for the area of that number."""
        zoom.says("/phone/common_areas", AREAS)
        zoom.says("/phone/users", users())
        assert "area" == await object_id(directory, AREA)
        assert await object_id(directory, user(2400, id=None)) is None

    async def test_directories_are_asked_side_by_side(self, directory, zoom):
        """A slow list does not keep the others waiting."""
        gate = asyncio.Event()
        zoom.says("/phone/call_queues", gate, QUEUES)
        zoom.says("/phone/common_areas", AREAS)
        looking = asyncio.create_task(directory.see([QUEUE, AREA], ONE))
        async with asyncio.timeout(5):
            while len(zoom.asked) < 2:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
        gate.set()
        assert {"ext-queue"} == set((await looking).directory.by_extension_id)

    @pytest.mark.parametrize("kind", ["external_contact", "group_call_pickup", "something_new"])
    async def test_what_stands_in_no_directory_is_not_asked_for(self, directory, zoom, kind):
        """It costs nothing, and nothing is missing."""
        sight = await directory.see([Extension(kind, "ext", "7")], ONE)
        assert ([], frozenset(), True) == (zoom.asked, sight.kinds, sight.is_whole)

    @pytest.mark.parametrize(
        "body",
        [
            {"users": None},
            {"users": "none"},
            {"users": [None, 7, "x", {}, {"id": 7, "extension_id": "ext1"}, {"id": "", "extension_id": "ext1"}]},
            {"users": [{"id": "id1", "extension_id": None, "extension_number": True, "name": 5}]},
        ],
    )
    async def test_a_list_in_disorder_tells_nothing_and_breaks_nothing(self, directory, zoom, body):
        """Entries that are no entries are passed over."""
        zoom.says("/phone/users", body)
        assert await object_id(directory, user(1, email=None)) is None


class TestRemembering:
    """What is not asked for twice, and by whom."""

    async def test_an_entry_is_good_for_a_day(self, directory, zoom, clock):
        """The same credential asks once a day."""
        zoom.says("/phone/users/u1%40example.com", listed(1))
        await object_id(directory, user(1))
        clock.now += DAY - 1
        assert "id1" == await object_id(directory, user(1))
        assert 1 == len(zoom.asked)
        clock.now += 1
        await object_id(directory, user(1))
        assert 2 == len(zoom.asked)

    async def test_a_list_just_read_is_not_read_again_for_who_was_not_in_it(self, directory, zoom, clock):
        """A former extension costs one list in ten minutes, not one a request."""
        zoom.says("/phone/call_queues", QUEUES)
        gone = Extension("call_queue", "ext-former", "2201")
        for _ in range(3):
            assert await object_id(directory, gone) is None
        assert 1 == len(zoom.asked)
        clock.now += RETRY
        await object_id(directory, gone)
        assert 2 == len(zoom.asked)

    @pytest.mark.parametrize("answer", [GONE, listed(2)], ids=["unknown", "another extension now"])
    async def test_a_user_nobody_knows_is_not_asked_for_at_every_request(self, directory, zoom, clock, answer):
        """Neither one whose address is unknown nor one whose address has moved to another extension."""
        zoom.says("/phone/users/u1%40example.com", answer)
        zoom.says("/phone/users", users(9))
        for _ in range(3):
            assert await object_id(directory, user(1)) is None
        assert 1 == zoom.paths["/phone/users/u1%40example.com"]
        clock.now += RETRY
        await object_id(directory, user(1))
        assert 2 == zoom.paths["/phone/users/u1%40example.com"]

    async def test_another_credential_proves_itself_before_it_is_told(self, directory, zoom):
        """What one credential found serves another after a call of its own, and only the cheapest call is made."""
        zoom.says("/phone/users/u1%40example.com", listed(1))
        zoom.says("/phone/users", users(9))
        await object_id(directory, user(1), ONE)
        assert "id1" == await object_id(directory, user(1), OTHER)
        assert [("one", "/phone/users/u1%40example.com", ()), ("other", "/phone/users", (("page_size", "1"),))] == [
            (asker.key, call.path, call.query) for asker, call in zip(zoom.callers, zoom.asked, strict=True)
        ]

    async def test_another_credential_without_the_scope_is_not_told(self, directory, zoom):
        """An id found by one is hidden from one who may not see it."""
        zoom.says("/phone/users/u1%40example.com", listed(1))
        zoom.says("/phone/users", SCOPE_MISSING)
        await object_id(directory, user(1), ONE)
        assert await object_id(directory, user(1), OTHER) is None

    async def test_numbers_are_the_credentials_own(self, directory, zoom):
        """Two accounts share extension numbers: what one listed by number tells another nothing."""
        zoom.says("/phone/common_areas", AREAS, {"common_areas": []})
        assert "area" == await object_id(directory, AREA, ONE)
        assert await object_id(directory, AREA, OTHER) is None


class TestRefusals:
    """A missing scope, an outage, a dead credential: never an error."""

    @pytest.mark.parametrize(
        "refusal", [SCOPE_MISSING, UpstreamRefused(403, None, ""), UpstreamRefused(400, 200, "No permission."), GONE]
    )
    async def test_a_refused_directory_is_left_out_and_said(self, directory, zoom, refusal):
        """No id, no error, no second call for ten minutes; operators can see which directory it is."""
        zoom.says("/phone/call_queues", refusal)
        sights = [await directory.see([QUEUE], ONE) for _ in range(2)]
        assert [(frozenset({"call_queues"}), True)] * 2 == [(sight.refused, sight.is_whole) for sight in sights]
        assert (1, {"call_queues"}) == (len(zoom.asked), directory.scopes_missing())

    async def test_a_refusal_is_tried_again_later(self, directory, zoom, clock):
        """A scope that was granted meanwhile shows within ten minutes."""
        zoom.says("/phone/call_queues", SCOPE_MISSING, QUEUES)
        await object_id(directory, QUEUE)
        clock.now += RETRY
        assert ("queue", frozenset()) == (await object_id(directory, QUEUE), directory.scopes_missing())

    async def test_one_credentials_refusal_is_not_anothers(self, directory, zoom):
        """Whoever has the scope is told."""
        zoom.says("/phone/call_queues", SCOPE_MISSING, QUEUES)
        assert await object_id(directory, QUEUE, ONE) is None
        assert "queue" == await object_id(directory, QUEUE, OTHER)

    async def test_a_refused_user_stands_for_all_users(self, directory, zoom):
        """Without the scope for one user no other is asked for."""
        zoom.says("/phone/users/u1%40example.com", SCOPE_MISSING)
        await directory.see([user(1)], ONE)
        await directory.see([user(2)], ONE)
        assert 1 == len(zoom.asked)

    async def test_a_user_upstream_will_not_tell_is_that_user_alone(self, directory, zoom):
        """A refusal that is not about the scope says nothing of the other users."""
        zoom.says("/phone/users/u1%40example.com", UpstreamRefused(400, 300, "Validation Failed."))
        zoom.says("/phone/users/u2%40example.com", listed(2))
        assert await object_id(directory, user(1)) is None
        assert "id2" == await object_id(directory, user(2))
        assert frozenset() == directory.scopes_missing()

    @pytest.mark.parametrize(
        "failure",
        [
            OUTAGE,
            TOO_FAST,
            UpstreamRefused(401, 124, "Access token is expired."),
            UpstreamRefused(400, 124, "Access token is expired."),
            UpstreamBroken("cut short"),
            UpstreamSlow("deadline passed"),
        ],
    )
    @pytest.mark.parametrize("extension", [QUEUE, user(1)], ids=["listed", "asked for"])
    async def test_a_failure_leaves_the_sight_incomplete_and_is_no_refusal(self, directory, zoom, failure, extension):
        """Whoever keeps answers knows not to keep this one, and the next request asks again."""
        path = "/phone/users/u1%40example.com" if extension.kind == "users" else "/phone/call_queues"
        zoom.says(path, failure)
        sight = await directory.see([extension], ONE)
        assert (frozenset(), False, frozenset()) == (sight.refused, sight.is_whole, directory.scopes_missing())
        await directory.see([extension], ONE)
        assert 2 == len(zoom.asked)

    async def test_a_list_cut_short_in_the_middle_is_incomplete(self, directory, zoom):
        """What its first pages told is told, but another look may find more."""
        zoom.says("/phone/users", users(1, token="two"), OUTAGE)
        sight = await directory.see([user(1, email=None), user(2, email=None)], ONE)
        assert ({"ext1"}, False) == (set(sight.directory.by_extension_id), sight.is_whole)


class TestProving:
    """Whether a credential may be served what another's look-ups found."""

    async def test_a_credential_sees_what_it_had_a_call_to(self, directory, zoom):
        """Only directories that answered this very credential count."""
        zoom.says("/phone/call_queues", QUEUES)
        zoom.says("/phone/users", SCOPE_MISSING)
        await directory.prove(["call_queues", "users"], ONE)
        assert ({"call_queues"}, set()) == (
            directory.sees(["call_queues", "users"], ONE),
            directory.sees(["call_queues", "users"], OTHER),
        )

    async def test_what_is_known_is_not_proved_again(self, directory, zoom):
        """Neither a granted nor a refused directory costs a second call."""
        zoom.says("/phone/call_queues", QUEUES)
        zoom.says("/phone/users", SCOPE_MISSING)
        for _ in range(2):
            await directory.prove(["call_queues", "users"], ONE)
        assert {"/phone/call_queues": 1, "/phone/users": 1} == zoom.paths

    @pytest.mark.parametrize("failure", [OUTAGE, TOO_FAST, UpstreamSlow("deadline passed")])
    async def test_a_failure_proves_nothing(self, directory, zoom, failure: ShimError):
        """The directory stays unproven and nothing is raised."""
        zoom.says("/phone/users", failure)
        await directory.prove(["users"], ONE)
        assert (frozenset(), frozenset()) == (directory.sees(["users"], ONE), directory.scopes_missing())


class TestBounds:
    """What is remembered is bounded by the numbers in all, not by how many credentials asked."""

    async def test_large_directories_push_out_the_oldest(self, zoom, monkeypatch):
        """Of ten with a thousand numbers each, those that fit are kept: the newest."""
        monkeypatch.setattr("adapters.directory.MOST_NUMBERS", 4_500)
        directory = ExtensionDirectory(zoom, clock=Clock())
        zoom.says("/phone/users", users(*range(1_000)))
        askers = [caller(f"asker{number}") for number in range(10)]
        for asker in askers:
            await directory.prove(["users"], asker)
        sights = [await directory.see([], asker) for asker in askers]
        assert [0] * 6 + [1_000] * 4 == [len(sight.directory.by_number) for sight in sights]

    async def test_a_directory_beyond_the_bound_is_not_kept(self, zoom, monkeypatch):
        """Nothing is raised, and ids are told by extension id as ever."""
        monkeypatch.setattr("adapters.directory.MOST_NUMBERS", 50)
        directory = ExtensionDirectory(zoom, clock=Clock())
        zoom.says("/phone/users", users(*range(100)))
        sight = await directory.see([user(1, email=None)], ONE)
        assert ({}, {"ext1"}, True) == (
            sight.directory.by_number,
            set(sight.directory.by_extension_id),
            sight.is_whole,
        )
