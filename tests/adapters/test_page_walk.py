"""One legacy page filled from upstream pages: order, straddling, refills, the end, and what stops it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import ShimError, UpstreamBroken
from adapters.finished import FinishedCall, FinishedRecord
from adapters.page_tokens import PAGE_BEFORE, Position
from adapters.page_walk import PageWalk
from adapters.records import Told
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory
from tests.adapters.fake_ports import OUTAGE

START = Position(
    upstream_token="",
    window_from="2026-03-10",
    window_to="2026-03-10",
    echo_from="2026-03-10",
    echo_to="2026-03-10",
    after_uuid="",
    after_group=0,
    filters=(),
    upstream_page_size=30,
    total=-1,
    served=0,
)
HIDDEN = 0
"""A record without a row: nothing but a supervisor's part."""


def finished(uuid: str, groups: int) -> FinishedRecord:
    """A record of so many old rows, named by record and group."""
    calls = tuple(FinishedCall(group, f"{uuid}.{group}", "", b"", b"", is_listed=True) for group in range(groups))
    return FinishedRecord(uuid, calls, frozenset(), frozenset())


@dataclass(slots=True)
class Upstream:
    """Pages of records by token: uuid -> how many rows it has. `failing` stops a record's telling once per entry."""

    pages: dict[str, tuple[dict[str, int], str]]
    total: int | None = None
    failing: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    async def fetch(self, position: Position) -> HistoryPage:
        """The page at a position."""
        self.fetched.append(position.upstream_token)
        records, following = self.pages[position.upstream_token]
        rows = tuple(CallHistory(call_history_uuid=uuid.partition("#")[0]) for uuid in records)
        return HistoryPage(rows, following, self.total)

    async def tell(self, rows: Sequence[CallHistory]) -> Told:
        """The records up to the first one that is to fail."""
        groups = {uuid: count for records, _ in self.pages.values() for uuid, count in records.items()}
        uuids = [row.call_history_uuid for row in rows]
        self.asked.append(uuids)
        stop = next((place for place, uuid in enumerate(uuids) if uuid in self.failing), None)
        told = tuple(finished(uuid, groups[uuid]) for uuid in uuids[:stop])
        if stop is None:
            return Told(told, None)
        self.failing.remove(uuids[stop])
        return Told(told, OUTAGE)

    def walk(self, size: int, position: Position | None = START) -> PageWalk:
        """A legacy page of this upstream."""
        return PageWalk(size, position, self.fetch, self.tell)


async def page(upstream: Upstream, size: int, position: Position | None = START) -> PageWalk:
    """A filled page."""
    walk = upstream.walk(size, position)
    await walk.fill()
    return walk


async def all_rows(upstream: Upstream, sizes: Sequence[int]) -> list[list[str]]:
    """Every page of a walk, the sizes taken in turn, stops survived."""
    pages: list[list[str]] = []
    position: Position | None = START
    while position is not None:
        walk = upstream.walk(sizes[len(pages) % len(sizes)], position)
        try:
            await walk.fill()
        except ShimError:
            assert walk.position is not None
        pages.append([row.v1_id for row in walk.rows])
        position = walk.position
    return pages


async def test_rows_come_in_upstreams_order_and_the_walk_ends_without_a_token():
    """One page holds all there is; its walk is over."""
    walk = await page(Upstream({"": ({"a": 1, "b": 1}, "")}), 30)
    assert (["a.0", "b.0"], None) == ([row.v1_id for row in walk.rows], walk.position)


async def test_the_rows_of_one_record_stand_side_by_side_newest_first():
    """What came after a transfer stands above what came before it."""
    walk = await page(Upstream({"": ({"a": 1, "b": 3, "c": 1}, "")}), 30)
    assert ["a.0", "b.2", "b.1", "b.0", "c.0"] == [row.v1_id for row in walk.rows]


async def test_a_row_kept_out_of_the_list_takes_no_room():
    """Rows the operator's options hide are passed over."""
    upstream = Upstream({"": ({"a": 2, "b": 1}, "")})

    def _showing_one(record: FinishedRecord) -> FinishedRecord:
        return replace(record, calls=tuple(replace(call, is_listed=call.v1_id == "a.0") for call in record.calls))

    async def tell(rows: Sequence[CallHistory]) -> Told:
        told = await upstream.tell(rows)
        return Told(tuple(map(_showing_one, told.records)), None)

    walk = PageWalk(2, START, upstream.fetch, tell)
    await walk.fill()
    assert ["a.0"] == [row.v1_id for row in walk.rows]


async def test_a_record_may_straddle_pages():
    """A full page ends inside a record; the next one goes on with the rest of it and asks for the page again."""
    upstream = Upstream({"": ({"a": 3, "b": 1}, "")})
    first = await page(upstream, 2)
    second = await page(upstream, 2, first.position)
    assert [["a.2", "a.1"], ["a.0", "b.0"]] == [[row.v1_id for row in walk.rows] for walk in (first, second)]
    assert (["", ""], None) == (upstream.fetched, second.position)


async def test_hidden_records_are_made_up_for_on_the_same_page():
    """A page is filled from further rows and further upstream pages when records give no row."""
    upstream = Upstream({"": ({"a": 1, "x": HIDDEN, "y": HIDDEN}, "two"), "two": ({"z": HIDDEN, "b": 1, "c": 1}, "")})
    walk = await page(upstream, 3)
    assert (["a.0", "b.0", "c.0"], None) == ([row.v1_id for row in walk.rows], walk.position)


async def test_no_detail_is_asked_for_a_row_that_cannot_fit():
    """Only as many records are told as rows still fit."""
    upstream = Upstream({"": ({"a": 1, "b": HIDDEN, "c": 1, "d": 1, "e": 1}, "")})
    await page(upstream, 3)
    assert [["a", "b", "c"], ["d"]] == upstream.asked


async def test_a_full_page_is_known_to_be_the_last():
    """When the last row just fits and upstream has no more, the walk is over: no empty page follows."""
    assert (await page(Upstream({"": ({"a": 1, "b": 1}, "")}), 2)).position is None


async def test_a_full_page_before_another_points_at_that_one():
    """The next row is the first of the next upstream page; the last one served is not of that page."""
    walk = await page(Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "")}), 1)
    assert walk.position is not None
    assert ("two", "a", PAGE_BEFORE) == (
        walk.position.upstream_token,
        walk.position.after_uuid,
        walk.position.after_group,
    )
    assert not walk.position.is_within


@pytest.mark.parametrize(
    ("pushed_on", "told"),
    [({"c": 1}, ["c.0"]), ({"b#again": 1, "c": 1}, ["c.0"]), ({"a#again": 1, "b#again": 1, "c": 1}, ["c.0"])],
)
async def test_rows_pushed_on_to_the_next_page_are_not_told_on_a_page_of_their_own(
    pushed_on: dict[str, int], told: list[str]
):
    """New calls push the last rows served to the head of the upstream page that the next answer begins with."""
    upstream = Upstream({"": ({"a": 1, "b": 1}, "two"), "two": (pushed_on, "")})
    first = await page(upstream, 2)
    second = await page(upstream, 30, first.position)
    assert told == [row.v1_id for row in second.rows]


async def test_a_page_of_nothing_but_rows_pushed_on_is_gone_through():
    """Upstream repeats a whole page under a new token: the walk goes on behind it."""
    upstream = Upstream(
        {"": ({"a": 1, "b": 1}, "two"), "two": ({"a#again": 1, "b#again": 1}, "three"), "three": ({"c": 1}, "")}
    )
    first = await page(upstream, 2)
    assert ["c.0"] == [row.v1_id for row in (await page(upstream, 2, first.position)).rows]


async def test_an_empty_page_with_a_token_is_the_end():
    """Upstream may promise a page that never comes."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({}, "three")})
    walk = await page(upstream, 30)
    assert (["", "two"], None) == (upstream.fetched, walk.position)


async def test_a_row_repeated_on_the_next_page_is_told_once():
    """Upstream's pages may overlap when calls come in."""
    upstream = Upstream({"": ({"a": 1, "b": 1}, "two"), "two": ({"b#again": 1, "c": 1}, "")})
    assert ["a.0", "b.0", "c.0"] == [row.v1_id for row in (await page(upstream, 30)).rows]


async def test_a_record_repeated_on_a_page_is_told_once():
    """The first place counts."""
    upstream = Upstream({"": ({"a": 1, "b": 1, "a#again": 1}, "")})
    assert ["a.0", "b.0"] == [row.v1_id for row in (await page(upstream, 30)).rows]


async def test_what_stops_the_page_is_raised_with_the_rows_so_far_and_their_place():
    """The caller may end the page there: the position follows the last row."""
    upstream = Upstream({"": ({"a": 1, "b": 2, "c": 1}, "")}, failing=["c"])
    walk = upstream.walk(30)
    with pytest.raises(type(OUTAGE)) as stopped:
        await walk.fill()
    assert stopped.value is OUTAGE
    assert ["a.0", "b.1", "b.0"] == [row.v1_id for row in walk.rows]
    assert walk.position is not None
    assert ("b", 0, 3) == (walk.position.after_uuid, walk.position.after_group, walk.position.served)


async def test_a_failing_first_page_moves_nothing():
    """A page that could not be fetched leaves the walk where it was."""

    async def broken(_: Position) -> HistoryPage:
        raise UpstreamBroken("cut short")

    walk = PageWalk(30, START, broken, Upstream({}).tell)
    with pytest.raises(UpstreamBroken):
        await walk.fill()
    assert (START, []) == (walk.position, walk.rows)


async def test_newer_calls_do_not_move_the_place():
    """When the first page is asked for again and newer calls head it, the walk goes on behind its last row."""
    upstream = Upstream({"": ({"a": 1, "b": 1, "c": 1}, "")})
    first = await page(upstream, 2)
    upstream.pages = {"": ({"n": 1, "m": 1, "a": 1}, "later"), "later": ({"b": 1, "c": 1}, "")}
    second = await page(upstream, 2, first.position)
    assert (["c.0"], None) == ([row.v1_id for row in second.rows], second.position)


async def test_a_place_that_is_gone_starts_its_page_anew():
    """When the last row served is nowhere to be found, rows may repeat, but none is lost."""
    upstream = Upstream({"": ({"a": 1, "b": 1, "c": 1}, "")})
    first = await page(upstream, 2)
    upstream.pages = {"": ({"a": 1, "c": 1}, "")}
    assert ["a.0", "c.0"] == [row.v1_id for row in (await page(upstream, 2, first.position)).rows]


async def test_the_place_is_looked_for_on_a_few_pages_only():
    """A long list is not walked in search of a row that is no more."""
    upstream = Upstream({"": ({"a": 1, "b": 1}, "1")})
    first = await page(upstream, 1)
    upstream.pages = {str(n or ""): ({f"n{n}": 1}, str(n + 1)) for n in range(9)}
    upstream.fetched.clear()
    await page(upstream, 1, first.position)
    assert ["", "1", "2", "3"] == upstream.fetched


@pytest.mark.parametrize(("said", "expected"), [(7, 7), (1, 2), (None, 2)])
async def test_the_total_is_upstreams_but_never_less_than_its_page(said, expected):
    """The number is taken from the first page and carried."""
    walk = await page(Upstream({"": ({"a": 1, "b": 1}, "two"), "two": ({}, "")}, total=said), 1)
    assert walk.position is not None
    assert expected == walk.position.total


async def test_a_later_page_does_not_change_the_total():
    """What upstream says further on is not listened to."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "three"), "three": ({"c": 1}, "")}, total=3)
    first = await page(upstream, 1)
    upstream.total = 99
    second = await page(upstream, 1, first.position)
    assert second.position is not None
    assert (3, 2) == (second.position.total, second.position.served)


RECORDS = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(
    groups=RECORDS,
    upstream_size=st.integers(1, 5),
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    data=st.data(),
)
def test_pages_of_any_size_join_into_the_whole_list(groups, upstream_size, sizes, data):
    """Without loss, repeat or change of order, no page above its size, also when some pages are stopped half-way."""
    counts = {f"r{number}": count for number, count in enumerate(groups)}
    failing = data.draw(st.lists(st.sampled_from(sorted(counts)), max_size=4))
    uuids = list(counts)
    parts = [uuids[place : place + upstream_size] for place in range(0, len(uuids), upstream_size)]
    pages = {
        str(number or ""): ({uuid: counts[uuid] for uuid in part}, str(number + 1) if number + 1 < len(parts) else "")
        for number, part in enumerate(parts)
    }
    served = asyncio.run(all_rows(Upstream(pages, failing=failing), sizes))
    expected = [f"{uuid}.{group}" for uuid, count in counts.items() for group in reversed(range(count))]
    assert expected == [*chain(*served)]
    assert all(len(rows) <= sizes[place % len(sizes)] for place, rows in enumerate(served))


async def test_where_rows_are_left_out_many_are_told_at_once():
    """A page of one row does not ask for one record at a time."""
    upstream = Upstream({"": ({f"r{number}": 1 for number in range(50)}, "")})
    walk = PageWalk(1, START, upstream.fetch, upstream.tell, lambda row: row.v1_id == "r40.0")
    await walk.fill()
    assert (["r40.0"], [30, 20]) == ([row.v1_id for row in walk.rows], [len(asked) for asked in upstream.asked])


async def test_rows_left_out_are_gone_through_but_not_served():
    """The place stands behind them; only what was served is counted."""
    upstream = Upstream({"": ({"a": 2, "b": 1, "c": 1}, "")})
    walk = PageWalk(1, START, upstream.fetch, upstream.tell, lambda row: row.v1_id in ("a.0", "c.0"))
    await walk.fill()
    assert walk.position is not None
    assert ("b", 0, 1) == (walk.position.after_uuid, walk.position.after_group, walk.position.served)
    rest = PageWalk(1, walk.position, upstream.fetch, upstream.tell, walk.keep)
    await rest.fill()
    assert (["a.0"], ["c.0"]) == ([row.v1_id for row in walk.rows], [row.v1_id for row in rest.rows])
