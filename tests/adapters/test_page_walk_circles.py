"""Upstream pages that lead back to where a walk was: an end if nothing is missing, else an error behind the rows."""

from contextlib import suppress
from itertools import chain

import pytest

from adapters.errors import PagesInCircle, UpstreamBroken
from adapters.page_tokens import Position
from tests.adapters.test_page_walk import START, Upstream, all_rows


@pytest.mark.parametrize("size", [1, 2, 30])
async def test_the_same_token_again_is_the_end(size):
    """A page that names itself as the next one ends the walk where all rows promised were there, whatever the size."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "two")}, total=2)
    assert ["a.0", "b.0"] == [*chain(*await all_rows(upstream, [size]))]


async def cut_off(upstream: Upstream, size: int) -> tuple[list[str], int]:
    """The rows served until the walk is told to be in a circle, and the upstream pages fetched for the last answer."""
    rows: list[str] = []
    position: Position | None = START
    for _ in range(100):
        upstream.fetched.clear()
        walk = upstream.walk(size, position)
        with suppress(UpstreamBroken):
            await walk.fill()
        rows += [row.v1_id for row in walk.rows]
        position = walk.position
        if not walk.rows:
            return rows, len(upstream.fetched)
    raise AssertionError("a walk without end")


@pytest.mark.parametrize("size", [1, 2, 30])
async def test_the_same_token_again_with_rows_missing_is_an_error_behind_the_rows(size):
    """What there is is served once; then a 502 for which nothing more is asked, not an end that looks like one."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "two")}, total=3)
    assert (["a.0", "b.0"], 0) == await cut_off(upstream, size)


@pytest.mark.parametrize("size", [3, 4, 30])
async def test_pages_in_a_circle_are_an_error_behind_their_rows(size):
    """Tokens that lead back to a page of this same answer are not followed round again."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "three"), "three": ({"c": 1}, "two")}, total=3)
    assert (["a.0", "b.0", "c.0"], 0) == await cut_off(upstream, size)


async def test_a_circle_raises_what_it_is():
    """The boundary tells it as any broken answer, whoever counts knows it."""
    upstream = Upstream({"": ({"a": 1}, "two"), "two": ({"b": 1}, "two")}, total=3)
    walk = upstream.walk(30)
    with pytest.raises(PagesInCircle):
        await walk.fill()
    assert walk.position is not None
    assert walk.position.is_cut_off


@pytest.mark.parametrize("width", [2, 3, 7])
async def test_a_circle_wider_than_an_answer_is_found_before_it_has_gone_round_three_times(width):
    """A program that asks for one row at a time does not walk for ever."""
    pages = {str(number or ""): ({f"r{number}": 1}, str(number % width + 1)) for number in range(width + 1)}
    rows, _ = await cut_off(Upstream(pages, total=1_000), 1)
    assert {f"r{number}.0" for number in range(width + 1)} == set(rows)
    assert len(rows) <= 1 + 3 * width
