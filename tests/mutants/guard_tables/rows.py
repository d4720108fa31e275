"""What keeps rows whole, each caller's own, and under the id they were served with first."""

from typing import Final

from tests.mutants.guard import Guard

_RECORDS: Final = "adapters/records.py"
_CACHED: Final = "tests/adapters/test_records_cached.py::TestCache"
_TOKENS: Final = "tests/adapters/test_page_tokens.py"

GUARDS: Final = (
    Guard(
        name="the cache serves who never had a detail",
        file=_RECORDS,
        text="if not others or not self._cache.has_had_detail(caller):",
        without="if not others:",
        test=f"{_CACHED}::test_a_credential_whose_first_detail_failed_is_not_served_from_the_cache",
        why="details shown to a credential that may only list",
    ),
    Guard(
        name="details by id are everybody's",
        file=_RECORDS,
        text="own = self._cache.own(history_uuid, caller)",
        without="own = self._cache.shared(history_uuid, caller)",
        test=f"{_CACHED}::test_details_by_id_never_cross_credentials",
        why="one tenant's call told to another who knows its id",
    ),
    Guard(
        name="an id is proposed anew each time",
        file=_RECORDS,
        text='await self._identities.pin(caller.account or "", served) if served else ()',
        without="call.proposed_id for call in served",
        test="tests/adapters/test_records.py::TestFaults::test_an_id_once_served_stays_when_the_record_comes_back",
        why="the same call twice in a customer's store",
    ),
    Guard(
        name="pages may go in a circle",
        file="adapters/page_walk.py",
        text="is_round = token in seen or digest == position.mark",
        without="is_round = False",
        test="tests/adapters/test_page_walk_circles.py::test_the_same_token_again_with_rows_missing_is_an_error_behind_the_rows",
        why="a walk that never ends",
    ),
    Guard(
        name="a page token is good for every account",
        file="adapters/page_tokens.py",
        text="if not hmac.compare_digest(inside.bound_to, _digest(bound_to)):",
        without="if False:",
        test=f"{_TOKENS}::test_opens_only_where_it_was_made_for",
        why="a walk taken over to another path or account",
    ),
)
