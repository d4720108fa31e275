"""What keeps apart, and alive, what many requests share: calls under way, the app's token, remembered ids, Redis."""

from typing import Final

from tests.mutants.guard import Guard

GUARDS: Final = (
    Guard(
        name="a waiter takes the shared call along",
        file="adapters/shared_calls.py",
        text="await asyncio.wait({shared.task}, timeout=left)",
        without="await asyncio.wait_for(shared.task, left)",
        test="tests/adapters/test_shared_calls.py::test_one_that_leaves_takes_nothing_from_the_others",
        why="one client that leaves and fails all who wait for the same answer",
    ),
    Guard(
        name="tokens are ended without asking which",
        file="adapters/credentials.py",
        text="if held is None or held.grant.authorization != authorization:",
        without="if held is None:",
        test="tests/adapters/test_app_token.py::TestRefusedTokens::"
        "test_a_late_refusal_of_an_old_token_costs_the_new_one_nothing",
        why="two hundred late refusals of an old token that cost two hundred new ones",
    ),
    Guard(
        name="ids are committed after the answer",
        file="adapters/state/sqlite.py",
        text="return await self._in_turn(write, self._limit)",
        without="asyncio.ensure_future(self._in_turn(write, self._limit))\n"
        "            return [call.proposed_id for call in calls]",
        test="tests/adapters/test_state_sqlite.py::test_loses_no_id_to_a_kill",
        why="an id in a customer's store that nobody knows after a crash",
    ),
    Guard(
        name="Redis has all the time in the world",
        file="adapters/redis/link.py",
        text="stretch: float = 1.0",
        without="stretch: float = 30.0",
        test="tests/service/test_replicas.py::test_a_redis_that_hangs_costs_one_wait",
        why="every request behind a store that hangs",
    ),
    Guard(
        name="Redis holds records for everybody to read",
        file="adapters/redis/shelf.py",
        text="text = self._seal.seal(_Kept(key, now, record), now=now)",
        without="text = msgspec.json.encode(_Kept(key, now, record)).decode()",
        test="tests/adapters/test_redis_shelf.py::test_nothing_of_a_record_can_be_read_or_moved",
        why="names and numbers in a store and its backups",
    ),
)
