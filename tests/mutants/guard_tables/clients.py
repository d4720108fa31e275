"""What passes through and what does not, and what nobody gets to read."""

from typing import Final

from tests.mutants.guard import Guard

_PASS_THROUGH: Final = "shim/pass_through.py"
_PASSED: Final = "tests/edge/test_pass_through.py"
_MODES: Final = "tests/service/test_pass_through_modes.py"
_LOGS: Final = "tests/shim/test_logs.py"

GUARDS: Final = (
    Guard(
        name="targets are joined to the address",
        file=_PASS_THROUGH,
        text="url = base.with_path(path, encoded=True)",
        without="url = base.join(URL(path, encoded=True))",
        test=f"{_PASSED}::test_the_target_arrives_byte_for_byte",
        why="a target that names its own host",
    ),
    Guard(
        name="pass-through follows redirects",
        file=_PASS_THROUGH,
        text="data=upload, allow_redirects=False",
        without="data=upload, allow_redirects=True",
        test=f"{_PASSED}::test_a_redirect_is_the_clients_to_follow",
        why="a contact with a host that Zoom's answer names",
    ),
    Guard(
        name="a write is sent again",
        file=_PASS_THROUGH,
        text="if upload is not None or method not in _READS or isinstance(broken, ClientConnectorError):",
        without="if isinstance(broken, ClientConnectorError):",
        test="tests/edge/test_pass_through_faults.py::test_a_write_goes_out_once",
        why="a user deleted twice",
    ),
    Guard(
        name="hop-by-hop headers travel",
        file="shim/end_to_end.py",
        text="        if key.lower() in dropped:\n            continue\n",
        without="",
        test=f"{_PASSED}::test_hop_by_hop_headers_end_here",
        why="framing that the next server reads otherwise",
    ),
    Guard(
        name="client keys travel to Zoom",
        file="shim/own_secrets.py",
        text="return self._stand_in(_texts(request, request.raw_headers))",
        without="return False",
        test=f"{_MODES}::TestCaller::test_a_client_key_in_a_header_stays_here",
        why="a key of ours in somebody else's log",
    ),
    Guard(
        name="every path is passed through",
        file="shim/entrance.py",
        text="    return Shut()\n",
        without="    return WithCallersCredential(way, secrets)\n",
        test=f"{_MODES}::TestOff::test_nothing_passes_whoever_asks",
        why="a client key that gets at the app's whole scope",
    ),
    Guard(
        name="events are written as they are",
        file="shim/logs.py",
        text="remove_processors_meta, redact_event, _renderer(format)",
        without="remove_processors_meta, _renderer(format)",
        test=f"{_LOGS}::TestLibraries::test_a_python_warning_is_a_line_too",
        why="secrets in the log",
    ),
    Guard(
        name="exceptions are written with their texts",
        file="shim/logs.py",
        text='        event["failure"] = [_class_name(link)',
        without='        event["failure"] = [repr(link)',
        test=f"{_LOGS}::TestLibraries::test_a_forgotten_tasks_exception_shows_no_bearer",
        why="the bearer in aiohttp's own exception",
    ),
)
