"""Walks over the pages of the list: nothing lost, nothing twice, totals, and what a page token is good for."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet

from adapters.page_tokens import LIFE
from adapters.translation.assemble import translate
from adapters.translation.world import World as Told
from contracts.cases import World
from contracts.cases.worlds import Spoken
from contracts.successor.reading import read_record
from shim.standin import Standin, merged
from tests.adapters.successor_bodies import id_of, record_body, row_body
from tests.service.running import Asking, in_front_of, service
from tests.service.worlds import DAY, LIST, MONTH, NEWEST, busy, monitored, plain, transferred

BAD_TOKEN = (400, {"code": 400, "message": "The next page token is invalid or expired."})
SIZES = (1, 2, 3, 7, 30)


def expected_ids(world: World) -> list[str]:
    """The ids of all old records of a world, in the list's order, from the translation alone."""
    records = {record["call_history_uuid"]: read_record(record).value for record in world.records}
    calls = (reversed(translate(records[row["call_history_uuid"]], world=Told())) for row in world.call_history)
    return [call.row["id"] for call in chain.from_iterable(calls)]


def ids(pages: Sequence[dict[str, Any]]) -> list[str]:
    """The ids on all pages, in order."""
    return [row["id"] for page in pages for row in page["call_logs"]]


async def token_of(asking: Asking, target: str) -> str:
    """The token on a page that has one."""
    answer = await asking.get(target)
    assert answer.body["next_page_token"]
    return answer.body["next_page_token"]


class TestWholeWalks:
    """Pages joined."""

    @pytest.mark.parametrize("generation", ["v3", "v2", "both"])
    @pytest.mark.parametrize("seed", range(4))
    async def test_walks_of_every_page_size_join_into_the_whole_list(self, generation: Spoken, seed: int):
        """Every call once, in order, rows alike whatever the page size, however the upstream spells."""
        world = busy(seed, 20)
        sizes = SIZES[seed:] + SIZES[:seed]  # another size meets the empty cache first
        async with service(world, generation) as asking:
            walks = [await asking.walk(f"{MONTH}&page_size={size}") for size in sizes]
            whole = await asking.get(f"{MONTH}&page_size=300")
        assert [expected_ids(world)] * len(sizes) == [ids(pages) for pages in walks]
        assert [whole.body["call_logs"]] * len(sizes) == [list(chain(*(p["call_logs"] for p in w))) for w in walks]
        assert all(len(page["call_logs"]) <= size for size, pages in zip(sizes, walks, strict=True) for page in pages)

    @pytest.mark.parametrize("size", [1, 2, 3])
    async def test_the_parts_of_a_transferred_call_straddle_pages(self, size):
        """A record of four old rows is cut wherever a page ends, and goes on where it was cut."""
        world = merged(plain(1), transferred(2, 4), transferred(3, 2))
        async with service(world) as asking:
            pages = await asking.walk(f"{DAY}&page_size={size}")
        expected = [id_of(1), *(id_of(2, group) for group in (3, 2, 1, 0)), id_of(3, 1), id_of(3)]
        assert expected == ids(pages)
        assert [size] * (7 // size) == [len(page["call_logs"]) for page in pages[: 7 // size]]

    async def test_records_without_rows_are_made_up_for(self):
        """A page is full although half of what upstream lists was no row in v1."""
        async with service(merged(monitored(0, 1, 2, 3), plain(1, 2, 3, 4))) as asking:
            pages = await asking.walk(f"{DAY}&page_size=2")
        assert [[id_of(1), id_of(2)], [id_of(3), id_of(4)]] == [[r["id"] for r in page["call_logs"]] for page in pages]

    async def test_the_page_size_may_change_on_the_way(self):
        """Each page has at most the size it was asked for, and the walk goes on where it was."""
        world = busy(3, 20)
        served: list[str] = []
        async with service(world) as asking:
            token, lengths = "", []
            for size in (3, 1, 9, 2, 300):
                answer = await asking.get(f"{MONTH}&page_size={size}&next_page_token={token}")
                token = answer.body["next_page_token"]
                lengths.append((len(answer.body["call_logs"]), answer.body["page_size"]))
                served += [row["id"] for row in answer.body["call_logs"]]
        assert [(3, 3), (1, 1), (9, 9), (2, 2)] == lengths[:4]
        assert (expected_ids(world), "") == (served, token)

    async def test_a_call_that_arrives_during_a_walk_moves_nothing(self):
        """The first upstream page is asked for again with a newer call on top: no row is lost or told twice."""
        async with service(merged(transferred(1, 3), plain(2, 3))) as asking:
            target = f"{DAY}&page_size=2"
            first = (await asking.get(target)).body
            new = row_body(9, start_time="2026-03-10T19:00:00Z")
            asking.zoom.add_call(new, record_body(9, start_time="2026-03-10T19:00:00Z"))
            rest = await asking.walk(target, token=first["next_page_token"])
        assert [id_of(1, 2), id_of(1, 1), id_of(1), id_of(2), id_of(3)] == ids([first, *rest])

    @pytest.mark.parametrize("size", [1, 2, 30])
    async def test_the_same_upstream_token_again_ends_the_walk(self, size):
        """A page that names itself as the next one is the last."""
        body = {"next_page_token": "again", "total_records": 2, "call_history": [row_body(1)]}
        async with service(plain(1, 2)) as asking:
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=200, body=body)
            again = {**body, "call_history": [row_body(2)]}
            asking.zoom.fail("/phone/call_history", status=200, body=again, times=None)
            pages = await asking.walk(f"{DAY}&page_size={size}")
        assert [id_of(1), id_of(2)] == ids(pages)

    async def test_an_empty_upstream_page_ends_the_walk_whatever_it_promises(self):
        """A token on an empty page is not followed."""
        async with service(plain(1)) as asking:
            asking.zoom.fail("/phone/call_history/", times=None)
            body = {"next_page_token": "two", "call_history": [row_body(1)]}
            asking.zoom.fail("/phone/call_history", status=200, body=body)
            asking.zoom.fail("/phone/call_history", status=200, body={"next_page_token": "3", "call_history": []})
            answer = await asking.get(DAY)
            assert ([id_of(1)], "") == (ids([answer.body]), answer.body["next_page_token"])
            assert 2 == asking.zoom.counts["list_call_history"]


class TestTotals:
    """`total_records`."""

    async def test_one_page_that_holds_all_says_exactly_how_many(self):
        """Transfers add rows and supervisors' records none: the number is that of the rows."""
        async with service(merged(transferred(1, 3), plain(2), monitored(0))) as asking:
            assert 4 == (await asking.get(DAY)).body["total_records"]

    async def test_upstreams_number_is_carried_through_a_walk(self):
        """It is what the first page was told."""
        async with service(plain(*range(1, 8))) as asking:
            pages = await asking.walk(f"{DAY}&page_size=2")
        assert [7, 7, 7, 7] == [page["total_records"] for page in pages]

    async def test_it_rises_only_when_the_rows_pass_it_and_never_falls(self):
        """Two records make six rows: from the third row on the number is that of the rows served."""
        async with service(merged(transferred(1, 3), transferred(2, 3))) as asking:
            pages = await asking.walk(f"{DAY}&page_size=1")
        assert [2, 2, 3, 4, 5, 6] == [page["total_records"] for page in pages]

    async def test_fewer_rows_than_promised_do_not_make_it_fall(self):
        """Records without rows leave upstream's number standing on every page."""
        async with service(merged(plain(1, 2, 3), monitored(0, 1))) as asking:
            pages = await asking.walk(f"{DAY}&page_size=2")
        assert [5, 5] == [page["total_records"] for page in pages]

    async def test_an_upstream_without_a_number_is_counted(self):
        """At least what its first page shows."""
        async with service(plain(1, 2)) as asking:
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=200, body={"call_history": [row_body(1), row_body(2)]})
            assert 2 == (await asking.get(f"{DAY}&page_size=1")).body["total_records"]


def forgeries(token: str) -> Iterator[str]:
    """Texts that are not this token."""
    yield token[:-1]
    yield token + "A"
    yield token[: len(token) // 2] + ("A" if token[len(token) // 2] != "A" else "B") + token[len(token) // 2 + 1 :]
    yield token.swapcase()
    yield "x"
    yield "%00"
    yield "%ff%fe"
    yield "=" * 8
    yield "A" * 5000
    yield urlsafe_b64encode(b'{"offset": 30}').decode()
    yield Fernet(Fernet.generate_key()).encrypt(b"x").decode()


class TestTokens:
    """`next_page_token`."""

    async def test_a_token_asked_twice_gives_the_same_page(self):
        """A program that lost an answer asks again."""
        async with service(busy(1, 12)) as asking:
            target = f"{MONTH}&page_size=3"
            token = await token_of(asking, target)
            once, twice = [await asking.get(f"{target}&next_page_token={token}") for _ in range(2)]
        assert (200, once.body["call_logs"]) == (once.status, twice.body["call_logs"])
        assert ids([once.body]) != []

    async def test_a_token_needs_no_other_parameter(self):
        """The window is fixed on the first page: sent upstream, and echoed, on every later one."""
        async with service(plain(1, 2, 3)) as asking:
            token = await token_of(asking, f"{DAY}&page_size=2")
            answer = await asking.get(f"{LIST}?next_page_token={token}&from=2020-01-01&to=nonsense&page_size=2")
            assert ("2026-03-10", "2026-03-10", [id_of(3)]) == (
                answer.body["from"],
                answer.body["to"],
                ids([answer.body]),
            )
            lists = [call.query for call in asking.zoom.calls if call.path.endswith("/call_history")]
            assert ["page_size=2&from=2026-03-10&to=2026-03-10"] * 2 == [q.partition("&next_page")[0] for q in lists]

    async def test_a_default_window_stays_that_of_the_first_page(self):
        """Without `from` the last day is that before the walk began, however long the walk takes."""
        with time_machine.travel(NEWEST, tick=False) as travel:
            async with service(plain(1, 2), clock=lambda: NEWEST) as asking:
                token = await token_of(asking, f"{LIST}?page_size=1")
                travel.shift(LIFE - 1)
                await asking.get(f"{LIST}?page_size=1&next_page_token={token}")
                windows = {call.query.partition("&next")[0] for call in asking.zoom.calls if "from=" in call.query}
        assert 1 == len(windows)

    @pytest.mark.parametrize("number", range(11))
    async def test_any_other_text_is_refused_in_v1s_words(self, number):
        """Cut, altered, foreign or no token at all: one answer, and upstream is not asked."""
        async with service(plain(1, 2)) as asking:
            token = await token_of(asking, f"{DAY}&page_size=1")
            asking.zoom.forget_calls()
            forged = list(forgeries(token))[number]
            answer = await asking.get(f"{DAY}&page_size=1&next_page_token={forged}")
            assert (*BAD_TOKEN, []) == (answer.status, answer.body, asking.zoom.calls)

    async def test_a_token_has_fifteen_minutes(self):
        """Then it is refused like any other text."""
        with time_machine.travel(NEWEST, tick=False) as travel:
            async with service(plain(1, 2), clock=lambda: NEWEST) as asking:
                target = f"{DAY}&page_size=1"
                token = await token_of(asking, target)
                travel.shift(LIFE)
                fresh = await asking.get(f"{target}&next_page_token={token}")
                travel.shift(1)
                stale = await asking.get(f"{target}&next_page_token={token}")
        assert (200, *BAD_TOKEN) == (fresh.status, stale.status, stale.body)

    @pytest.mark.parametrize("base", [LIST, "/v2/accounts/acct2/phone/call_logs"])
    async def test_a_token_is_good_for_its_account_only(self, base):
        """Another account's, or the one without a prefix, is refused."""
        async with service(plain(1, 2)) as asking:
            token = await token_of(asking, f"/v2/accounts/acct1{DAY.removeprefix('/v2')}&page_size=1")
            answer = await asking.get(f"{base}?next_page_token={token}")
        assert BAD_TOKEN == (answer.status, answer.body)

    async def test_a_token_is_not_bound_to_the_bearer(self):
        """Credentials are refreshed during a walk."""
        async with service(plain(1, 2)) as asking:
            token = await token_of(asking, f"{DAY}&page_size=1")
            answer = await asking.get(f"{DAY}&page_size=1&next_page_token={token}", authorization="Bearer renewed")
        assert (200, [id_of(2)]) == (answer.status, ids([answer.body]))

    async def test_replicas_and_restarts_open_each_others_tokens(self):
        """With the same keys every process goes on with a walk, also while keys are changed."""
        old, new = (Fernet.generate_key().decode() for _ in range(2))
        async with Standin(plain(1, 2, 3)) as zoom:
            target = f"{DAY}&page_size=1"
            pages: list[dict[str, Any]] = []
            for keys in (old, f"{new},{old}", new):
                async with in_front_of(zoom, {"SHIM_TOKEN_KEYS": keys}) as asking:
                    token = f"&next_page_token={pages[-1]['next_page_token']}" if pages else ""
                    pages.append((await asking.get(target + token)).body)
        assert [id_of(1), id_of(2), id_of(3)] == ids(pages)

    async def test_a_restart_keeps_tokens_with_the_state(self, tmp_path):
        """Without keys of the operator's the one made at first start stays in the state file."""
        settings = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
        async with Standin(plain(1, 2)) as zoom:
            async with in_front_of(zoom, settings) as asking:
                token = await token_of(asking, f"{DAY}&page_size=1")
            async with in_front_of(zoom, settings) as asking:
                answer = await asking.get(f"{DAY}&page_size=1&next_page_token={token}")
        assert (200, [id_of(2)]) == (answer.status, ids([answer.body]))

    async def test_a_token_holds_no_readable_text(self):
        """Neither the window nor an id of a call can be read off it."""
        async with service(plain(1, 2)) as asking:
            token = await token_of(asking, f"{DAY}&page_size=1")
        assert (token.startswith("gAAAA"), "2026" in token, len(token) < 600) == (True, False, True)

    async def test_an_upstream_token_that_ran_out_is_v1s_token_error(self):
        """What upstream says of its own token is told of ours."""
        async with service(plain(1, 2)) as asking:
            token = await token_of(asking, f"{DAY}&page_size=1")
            asking.zoom.fail("/phone/call_history", status=400, body={"code": 300, "message": "Validation Failed."})
            answer = await asking.get(f"{DAY}&page_size=1&next_page_token={token}")
        assert BAD_TOKEN == (answer.status, answer.body)
