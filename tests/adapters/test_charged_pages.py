"""The list confined to charged calls: portions in the list's order, tokens that stand when the report changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from adapters.charged_pages import PORTION, among, charged_page
from adapters.charges import ChargedCall
from adapters.errors import UpstreamBroken
from adapters.finished import FinishedCall
from contracts.successor.reading import HistoryPage
from contracts.successor.shapes import CallHistory


def call(number: int, *, suffix: str = "", direction: str = "outbound", start: int | None = None) -> ChargedCall:
    """A charged call that began in its own second."""
    second = number if start is None else start
    began = datetime(2026, 3, 10, tzinfo=UTC) + timedelta(seconds=second)
    return ChargedCall(f"{7_600_000 + number}{suffix}", f"{began:%Y-%m-%dT%H:%M:%SZ}", direction)


@dataclass
class Upstream:
    """The list's rows for whichever call ids it is asked for, newest first, so many on a page."""

    starts: dict[str, str]
    size: int = 300
    asked: list[list[str]] = field(default_factory=list)

    async def fetch(self, call_ids: Sequence[str], token: str) -> HistoryPage:
        """One page; a token is the place it begins at."""
        self.asked.append(list(call_ids))
        known = (id for id in call_ids if id in self.starts)
        wanted = sorted(known, key=lambda id: (self.starts[id], id), reverse=True)
        place = int(token or 0)
        here = wanted[place : place + self.size]
        rows = tuple(CallHistory(call_history_uuid=f"20260310-{id}", call_id=id) for id in here)
        following = str(place + self.size) if place + self.size < len(wanted) else ""
        return HistoryPage(rows, following, len(wanted))


def knowing(charged: Sequence[ChargedCall]) -> Upstream:
    """An upstream that lists all of these calls, legs as part of their call."""
    return Upstream({one.call_id.partition("_")[0]: one.start_time for one in reversed(charged)})


async def walk(charged: Sequence[ChargedCall], upstream: Upstream) -> list[list[str]]:
    """The call ids on every page."""
    pages: list[list[str]] = []
    token = ""
    while True:
        page = await charged_page(token, charged, upstream.fetch)
        pages.append([row.call_id or "" for row in page.rows])
        token = page.next_page_token
        if not token:
            return pages


async def test_calls_are_asked_for_in_portions_newest_first():
    """Each upstream call names so many ids and no more."""
    charged = [call(number) for number in range(2 * PORTION + 5)]
    upstream = knowing(charged)
    pages = await walk(charged, upstream)
    newest = [one.call_id for one in reversed(charged)]
    assert newest == [*chain(*pages)]
    assert [PORTION, PORTION, 5] == [len(ids) for ids in upstream.asked]


async def test_nothing_charged_asks_for_nothing():
    """The walk ends at once."""
    upstream = knowing([])
    page = await charged_page("", [], upstream.fetch)
    assert ((), "", 0, []) == (page.rows, page.next_page_token, page.total_records, upstream.asked)


async def test_the_total_counts_calls():
    """A call charged in both directions, or with a leg of its own, is one."""
    charged = [call(1), call(1, direction="inbound"), call(2), call(2, suffix="_1")]
    assert 2 == (await charged_page("", charged, knowing(charged).fetch)).total_records


async def test_a_transferred_leg_is_asked_for_with_its_call():
    """In both spellings, in one portion: its record is told once."""
    charged = [call(1, start=9_000), *(call(number) for number in range(2, 2 + PORTION)), call(1, suffix="_1", start=1)]
    upstream = knowing(charged)
    pages = await walk(charged, upstream)
    family = [call(1).call_id, call(1, suffix="_1").call_id]
    assert family == [id for id in chain(*upstream.asked) if id in family]
    assert 1 == [*chain(*pages)].count(call(1).call_id)


async def test_a_portion_that_is_not_listed_is_passed_over():
    """The report may name calls that the list no longer has: the walk does not end there."""
    charged = [call(number) for number in range(PORTION + 1)]
    upstream = Upstream({charged[0].call_id: charged[0].start_time})
    page = await charged_page("", charged, upstream.fetch)
    assert ([charged[0].call_id], "") == ([row.call_id for row in page.rows], page.next_page_token)


async def test_a_portion_on_several_upstream_pages_is_joined():
    """In order and whole."""
    charged = [call(number) for number in range(7)]
    upstream = knowing(charged)
    upstream.size = 3
    assert [[one.call_id for one in reversed(charged)]] == await walk(charged, upstream)


@pytest.mark.parametrize("arrived", [0, 1, PORTION, 2 * PORTION])
async def test_charges_that_arrive_during_a_walk_move_nothing(arrived):
    """A token names a call, not a number: every portion begins behind the last call of the one before."""
    charged = [call(number) for number in range(PORTION + 10)]
    upstream = knowing([*charged, *(call(5_000 + number) for number in range(arrived))])
    first = await charged_page("", charged, upstream.fetch)
    more = [*(call(5_000 + number) for number in range(arrived)), *charged]
    second = await charged_page(first.next_page_token, more, upstream.fetch)
    served = [row.call_id for row in (*first.rows, *second.rows)]
    assert [one.call_id for one in reversed(charged)] == served


async def test_the_call_a_token_names_may_be_gone():
    """The next older one is next."""
    charged = [call(number) for number in range(PORTION + 10)]
    upstream = knowing(charged)
    first = await charged_page("", charged, upstream.fetch)
    last = first.rows[-1].call_id
    second = await charged_page(first.next_page_token, [one for one in charged if one.call_id != last], upstream.fetch)
    assert [one.call_id for one in reversed(charged[:10])] == [row.call_id for row in second.rows]


async def test_calls_the_report_gives_no_time_stand_by_their_id():
    """The walk is whole all the same."""
    charged = [ChargedCall(str(number), "", "") for number in range(1_000, 1_000 + PORTION + 3)]
    pages = await walk(charged, Upstream({one.call_id: "" for one in charged}))
    assert [one.call_id for one in reversed(charged)] == [*chain(*pages)]


@pytest.mark.parametrize("token", ["again", "[]", '["2026-03-10T00:00:00Z"]', "[1,2]"])
async def test_a_token_of_another_kind_of_walk_is_broken(token):
    """It was upstream's, from before an operator changed something."""
    with pytest.raises(UpstreamBroken):
        await charged_page(token, [call(1)], knowing([call(1)]).fetch)


def row(call_id: str, direction: str, *, group: int = 0) -> FinishedCall:
    """A finished row of a call."""
    return FinishedCall(group, "id", call_id, b"", b"", is_listed=True, direction=direction)


def test_a_row_is_among_them_by_call_and_direction():
    """The other side of an internal call costs nothing; a report that tells no direction means both.

    A call's first part is the call, whatever its id's suffix; a later part is not.
    """
    keep = among([ChargedCall("1", "", "outbound"), ChargedCall("2", "", "")])
    assert [True, False, True, True, False] == [
        keep(row("1", "outbound")),
        keep(row("1", "inbound")),
        keep(row("2", "inbound")),
        keep(row("1_1", "outbound")),
        keep(row("1_1", "outbound", group=1)),
    ]
