"""Two upstream walks, one list."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.both_recordings import STATUSES, merged_page
from adapters.errors import PagesInCircle, UpstreamBroken
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory


def _rows(status: str, starts: list[int]) -> list[CallHistory]:
    return [
        CallHistory(call_history_uuid=f"{status}-{place}", start_time=f"2026-10-01T10:{start:02}:00Z")
        for place, start in enumerate(sorted(starts, reverse=True))
    ]


class _Upstream:
    """Both walks in pages of a size; tokens are the place of the first row."""

    def __init__(self, recorded: list[int], unrecorded: list[int], *, size: int) -> None:
        self.rows = dict(zip(STATUSES, (_rows("yes", recorded), _rows("no", unrecorded)), strict=True))
        self.size = size

    async def __call__(self, status: str, token: str) -> HistoryPage:
        rows, start = self.rows[status], int(token or 0)
        end = start + self.size
        return HistoryPage(tuple(rows[start:end]), str(end) if end < len(rows) else "", len(rows))


async def _walk(upstream: _Upstream) -> list[CallHistory]:
    seen: list[CallHistory] = []
    token, first = "", True
    while token or first:
        page = await merged_page(token, upstream)
        seen += page.rows
        token, first = page.next_page_token, False
    return seen


STARTS = st.lists(st.integers(0, 59), max_size=12)


@given(recorded=STARTS, unrecorded=STARTS, size=st.integers(1, 5))
async def test_a_walk_tells_every_call_of_both_once_newest_first(
    recorded: list[int], unrecorded: list[int], size: int
) -> None:
    """Whatever the page size, both lists come out whole, without repeats and in the order of time."""
    upstream = _Upstream(recorded, unrecorded, size=size)
    seen = await _walk(upstream)
    assert sorted(row.call_history_uuid for row in seen) == sorted(
        row.call_history_uuid for rows in upstream.rows.values() for row in rows
    )
    starts = [row.start_time or "" for row in seen]
    assert starts == sorted(starts, reverse=True)


async def test_the_same_token_opens_the_same_page() -> None:
    """A page may be asked for twice."""
    upstream = _Upstream([50, 40, 30], [45, 35, 25], size=2)
    token = (await merged_page("", upstream)).next_page_token
    assert await merged_page(token, upstream) == await merged_page(token, upstream)


async def test_the_total_is_that_of_both() -> None:
    """The number of records counts recorded and unrecorded calls."""
    assert 5 == (await merged_page("", _Upstream([1, 2], [3, 4, 5], size=1))).total_records


class _Odd(_Upstream):
    """The recorded calls' walk ends oddly: `last` is the token on its last page."""

    def __init__(self, *args: list[int], last: str, size: int) -> None:
        super().__init__(*args, size=size)
        self.last = last

    async def __call__(self, status: str, token: str) -> HistoryPage:
        page = await super().__call__(status, token)
        if status != "recorded" or page.next_page_token:
            return page
        return replace(page, next_page_token=token if self.last == "own" else str(int(token or 0) + self.size))


class _Stuck(_Upstream):
    """The second page of the recorded calls' walk names itself as the next, and there is a third."""

    async def __call__(self, status: str, token: str) -> HistoryPage:
        page = await super().__call__(status, token)
        return replace(page, next_page_token="1") if token == "1" else page


@given(recorded=STARTS, unrecorded=STARTS, size=st.integers(1, 5), last=st.sampled_from(["own", "one more"]))
async def test_one_walks_odd_end_is_not_the_others(
    recorded: list[int], unrecorded: list[int], size: int, last: str
) -> None:
    """An empty page with a token, or a page that names itself, takes no call of the other walk."""
    upstream = _Odd(recorded, unrecorded, last=last, size=size)
    seen = [row.call_history_uuid for row in await _walk(upstream)]
    assert sorted(row.call_history_uuid for rows in upstream.rows.values() for row in rows) == sorted(seen)


async def test_a_walk_that_names_itself_before_its_end_is_told_behind_its_rows() -> None:
    """Rows may be missing from it: nobody may take what came for the whole."""
    upstream = _Stuck([50, 40, 30], [45], size=1)
    first = await merged_page("", upstream)
    second = await merged_page(first.next_page_token, upstream)
    assert [50, 45, 40] == [int((row.start_time or "")[14:16]) for row in (*first.rows, *second.rows)]
    with pytest.raises(PagesInCircle):
        await merged_page(second.next_page_token, upstream)


async def test_a_page_that_shrank_below_the_place_ends_nothing() -> None:
    """Rows that were merged already may be gone when a page is asked for again."""
    upstream = _Upstream([50, 40, 30, 20], [45, 35, 25, 15], size=2)
    first = await merged_page("", upstream)
    upstream.rows["recorded"] = upstream.rows["recorded"][1:]
    seen, token = [*first.rows], first.next_page_token
    while token:
        page = await merged_page(token, upstream)
        assert page.rows
        seen += page.rows
        token = page.next_page_token
    unrecorded = {row.call_history_uuid for row in upstream.rows["non_recorded"]}
    assert unrecorded <= {row.call_history_uuid for row in seen}


async def test_a_token_of_another_walk_is_no_answer() -> None:
    """A token that was not made here is refused, not guessed at."""
    with pytest.raises(UpstreamBroken):
        await merged_page("abc", _Upstream([], [], size=1))
