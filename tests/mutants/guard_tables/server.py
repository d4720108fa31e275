"""What clients cannot make the listener do: no head, body, crowd or silence without an end."""

from typing import Final

from tests.mutants.guard import Guard

_CONNECTION: Final = "shim/connection.py"
_LISTENER: Final = "shim/listener.py"
_TARGET: Final = "shim/raw_target.py"
_IN_FLIGHT: Final = "shim/in_flight.py"
_CONNECTIONS: Final = "tests/edge/test_connection.py"
_REFUSALS: Final = "tests/edge/test_refusals.py"
_STATED: Final = "tests/edge/test_stated_limits.py"

GUARDS: Final = (
    Guard(
        name="HTTP/0.9 is a version too",
        file=_CONNECTION,
        text="message.version not in (HttpVersion10, HttpVersion11) or message.method == hdrs.METH_CONNECT",
        without="message.method == hdrs.METH_CONNECT",
        test=f"{_REFUSALS}::test_answers_a_faulty_request_in_the_envelope",
        why="a request whose headers became its path",
    ),
    Guard(
        name="a target may name a host",
        file=_TARGET,
        text='if not target.startswith("/") or _FOREIGN.search(target):',
        without="if _FOREIGN.search(target):",
        test=f"{_REFUSALS}::test_answers_a_faulty_request_in_the_envelope",
        why="an absolute form that is read as this service's path here and as a host behind it",
    ),
    Guard(
        name="a target may begin with two slashes",
        file=_TARGET,
        text='if target.startswith("//"):',
        without="if False:",
        test=f"{_REFUSALS}::test_two_slashes_at_the_start_are_not_found",
        why="a host that is taken for a path",
    ),
    Guard(
        name="a head has any number of lines",
        file=_CONNECTION,
        text="            max_headers=limits.max_headers,\n",
        without="            max_headers=2**20,\n",
        test=f"{_STATED}::TestHead::test_sizes",
        why="a head that grows for as long as a client likes",
    ),
    Guard(
        name="a body of any size is read",
        file="shim/unneeded_body.py",
        text="                if size > LARGEST:\n",
        without="                if False:\n",
        test=f"{_STATED}::TestBody::test_sixty_four_kib",
        why="uploads to operations that take none",
    ),
    Guard(
        name="an hour for a request head",
        file=_CONNECTION,
        text="keepalive_timeout=limits.keepalive_timeout",
        without="keepalive_timeout=3630",
        test=f"{_CONNECTIONS}::test_dripping_does_not_keep_a_connection",
        why="slow clients that hold connections",
    ),
    Guard(
        name="a reply nobody reads is kept",
        file=_CONNECTION,
        text="        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))\n",
        without="        pass\n",
        test=f"{_CONNECTIONS}::test_a_client_that_reads_nothing_is_dropped_by_the_kernel",
        why="slow readers that hold memory",
    ),
    Guard(
        name="no cap on connections",
        file=_CONNECTION,
        text="return self.occupied + len(self.handshaking) >= self.limits.connections",
        without="return False",
        test=f"{_CONNECTIONS}::test_more_connections_than_allowed_are_closed_at_once",
        why="descriptors that run out",
    ),
    Guard(
        name="a caller may have any number under way",
        file=_IN_FLIGHT,
        text="if self._inside[caller_key] >= self._most_of_one:",
        without="if False:",
        test="tests/service/test_in_flight.py::test_a_flood_is_refused_and_others_are_served",
        why="a flood that leaves the others no room",
    ),
    Guard(
        name="all together may have any number under way",
        file=_IN_FLIGHT,
        text="if len(self) >= self._most_in_all:",
        without="if False:",
        test="tests/service/test_in_flight.py::TestCounts::test_all_together_have_a_limit_too",
        why="pages of a thousand callers in memory at once",
    ),
    Guard(
        name="answers keep their connection while draining",
        file=_LISTENER,
        text="        self._house.draining = True\n",
        without="        pass\n",
        test=f"{_CONNECTIONS}::test_draining_closes_with_every_answer",
        why="kept connections that are closed under a request",
    ),
    Guard(
        name="requests under way are not waited for",
        file=_LISTENER,
        text="await self._house.finish(grace)",
        without="await self._house.finish(0)",
        test=f"{_CONNECTIONS}::test_closing_lets_requests_finish",
        why="answers lost at every deployment",
    ),
)
