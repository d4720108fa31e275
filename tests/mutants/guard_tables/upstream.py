"""What keeps one call to Zoom small, in its place and rare."""

from typing import Final

from tests.mutants.guard import Guard

_EXCHANGE: Final = "adapters/exchange.py"
_ZOOM: Final = "adapters/zoom_api.py"
_BROKEN: Final = "tests/adapters/test_zoom_api_broken.py"
_CALLS: Final = "tests/adapters/test_zoom_api.py"
_PATIENCE: Final = "tests/adapters/test_zoom_api_patience.py"
_OUTAGE: Final = "tests/adapters/test_zoom_api_outage.py"

GUARDS: Final = (
    Guard(
        name="no cap on what an answer unfolds to",
        file=_EXCHANGE,
        text="        if len(body) > largest:\n",
        without="        if False:\n",
        test=f"{_BROKEN}::test_a_gzip_bomb_stops_at_the_cap",
        why="a reply of 97 KB that becomes 100 MB in memory",
    ),
    Guard(
        name="a call follows redirects",
        file=_EXCHANGE,
        text="data=form, allow_redirects=False",
        without="data=form, allow_redirects=True",
        test=f"{_BROKEN}::test_a_redirect_is_not_followed",
        why="an answer that sends the caller's bearer to another host",
    ),
    Guard(
        name="a call keeps cookies",
        file=_EXCHANGE,
        text="cookie_jar=aiohttp.DummyCookieJar()",
        without="cookie_jar=aiohttp.CookieJar(unsafe=True)",
        test=f"{_CALLS}::test_no_cookie_is_kept",
        why="one tenant's session shown with another tenant's request",
    ),
    Guard(
        name="a call believes the environment",
        file=_EXCHANGE,
        text="trust_env=False",
        without="trust_env=True",
        test=f"{_CALLS}::test_netrc_changes_nothing",
        why="a netrc entry for the host, which ends every authorised call",
    ),
    Guard(
        name="a call is sent again in silence",
        file=_EXCHANGE,
        text="session._retry_connection = False",
        without="session._retry_connection = True",
        test=f"{_PATIENCE}::test_a_connection_that_dies_under_a_request_is_not_resent_in_secret",
        why="attempts that no budget has counted",
    ),
    Guard(
        name="no deadline on the wire",
        file=_ZOOM,
        text="async with asyncio.timeout_at(caller.deadline):",
        without="async with asyncio.timeout_at(None):",
        test=f"{_PATIENCE}::test_the_deadline_ends_a_connect_that_hangs",
        why="a body that drips for ever",
    ),
    Guard(
        name="any Retry-After is believed",
        file="adapters/retry_after.py",
        text="0 < wait <= LONGEST_SECONDS",
        without="wait",
        test="tests/adapters/test_retry_after.py::test_what_is_not_believed_counts_as_absent",
        why="a wait of minus one or of a billion seconds",
    ),
    Guard(
        name="calls take no turn of the budget",
        file=_ZOOM,
        text="        await turn()\n        async with",
        without="        async with",
        test=f"{_PATIENCE}::test_every_attempt_takes_a_turn_of_the_budget",
        why="a backfill that spends the account's limits for everybody",
    ),
    Guard(
        name="a backfill goes before everybody else",
        file="adapters/fair_line.py",
        text="self._waiting.setdefault(asker, deque()).append(waiter)",
        without='self._waiting.setdefault("", deque()).append(waiter)',
        test="tests/adapters/test_fair_line.py::test_a_program_of_the_app_has_its_turn_behind_anothers_first",
        why="one caller's three hundred details before another's one",
    ),
    Guard(
        name="repeats are free",
        file="adapters/patience.py",
        text="not isinstance(failure, Throttled) and not self._quota()",
        without="False",
        test=f"{_OUTAGE}::test_repeats_come_from_one_stock_for_all_calls",
        why="an outage that gets three times the calls",
    ),
    Guard(
        name="calls go out into an outage",
        file=_ZOOM,
        text="        self._health.admit()\n",
        without="",
        test=f"{_OUTAGE}::test_a_call_held_back_fails_at_once_unsent_and_asks_to_come_again",
        why="an upstream that cannot come up for the calls it gets",
    ),
)
