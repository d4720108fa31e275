"""Whatever upstream answers, a legacy program gets v1's envelope or a valid v1 reply, in time."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.codec import NotJson, decode, encode
from contracts.legacy.shapes import AccountCallLogs, CallLogDetails
from tests.adapters.raw_upstream import Play, RawUpstream, reply
from tests.adapters.successor_bodies import id_of, record_body, row_body, user_body, uuid_of
from tests.adapters.virtual_time import VirtualTimeLoop
from tests.edge.raw import Message, RawClient, exchange, request
from tests.service.running import service, shim_at
from tests.service.worlds import DAY, LIST, plain

BOUNDED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 418, 429, 499, 500, 502, 503, 504, 599])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def spoilt(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The body with some of its values, or those of its first entry, replaced by anything at all."""
    keys = sorted(body)
    return st.dictionaries(st.sampled_from(keys), JSON, max_size=3).map(lambda changes: {**body, **changes})


def _encoded(value: Any) -> bytes:
    """JSON of anything hypothesis makes; what JSON cannot hold becomes its text."""
    try:
        return encode(value)
    except (TypeError, OverflowError, UnicodeEncodeError):
        return repr(value).encode(errors="replace")


LISTS = spoilt(row_body(1)).map(lambda row: {"next_page_token": "", "call_history": [row, row_body(2)]})
RECORDS = spoilt(record_body(1)) | spoilt(record_body(1)["call_elements"][0]).map(
    lambda element: {**record_body(1), "call_elements": [element]}
)
ENVELOPES = st.fixed_dictionaries({"code": JSON | st.integers(0, 9999), "message": JSON | st.text(max_size=30)})
BODIES = st.binary(max_size=60) | st.one_of(JSON, ENVELOPES, LISTS, RECORDS).map(_encoded)
VERDICT: TypeAdapter[AccountCallLogs | CallLogDetails] = TypeAdapter(AccountCallLogs | CallLogDetails)


def fault_of(answer: Message) -> str:
    """Why an answer is none that v1 could have given; "" when it is."""
    try:
        body = decode(answer.body)
    except NotJson:
        return f"no JSON: {answer.body!r}"
    if answer.status == 200:
        return _fault_of_reply(body)
    is_envelope = isinstance(body, dict) and set(body) == {"code", "message"} and answer.status >= 400
    typed = is_envelope and type(body["code"]) is int and isinstance(body["message"], str)
    return "" if typed else f"no envelope: {answer.status} {body!r}"


def _fault_of_reply(body: Any) -> str:
    try:
        VERDICT.validate_python(body)
    except ValidationError as wrong:
        return str(wrong)
    return ""


def asked(target: str) -> bytes:
    """A request for a target."""
    return request(target.encode(), b"Authorization: Bearer one")


@BOUNDED
@given(status=STATUSES, body=BODIES)
def test_any_list_answer_becomes_a_page_or_an_error(status, body):
    """Any status with any bytes, as the list's answer."""

    async def run() -> Message:
        async with service(plain(1, 2)) as asking:
            asking.zoom.fail("/phone/call_history/", times=None)
            asking.zoom.fail("/phone/call_history", status=status, body=body, times=None)
            return await exchange(asking.shim.server.addresses[0][1], asked(DAY))

    assert "" == fault_of(in_virtual_time(run()))


@BOUNDED
@given(status=STATUSES, body=BODIES)
def test_any_detail_answer_becomes_a_page_details_or_an_error(status, body):
    """Any status with any bytes, as the answer about a call, for the list and for details alike."""

    async def run() -> list[Message]:
        async with service(plain(1, 2)) as asking:
            await asking.get(DAY)
            asking.zoom.fail(f"/phone/call_history/{uuid_of(1)}", status=status, body=body, times=None)
            port = asking.shim.server.addresses[0][1]
            fresh = b"Authorization: Bearer two"
            return [await exchange(port, request(target.encode(), fresh)) for target in (f"{LIST}/{id_of(1)}", DAY)]

    assert ["", ""] == [fault_of(answer) for answer in in_virtual_time(run())]


@BOUNDED
@given(status=STATUSES, body=st.binary(max_size=40) | spoilt(user_body(1)).map(_encoded) | JSON.map(_encoded))
def test_any_directory_answer_leaves_the_page_whole(status, body):
    """Object ids are a help: whatever is said of a user, the rows are served."""

    async def run() -> Message:
        async with service(plain(1, 2)) as asking:
            asking.zoom.fail("/phone/users", status=status, body=body, times=None)
            return await exchange(asking.shim.server.addresses[0][1], asked(DAY))

    answer = in_virtual_time(run())
    assert (200, "") == (answer.status, fault_of(answer))


CUT = reply(200, encode({"next_page_token": "", "call_history": [row_body(1)]}), "Content-Type: application/json")


@BOUNDED
@given(
    parts=st.lists(st.binary(max_size=40) | st.floats(0, 20), max_size=4),
    length=st.integers(0, len(CUT)),
    end=st.sampled_from(["keep", "close", "reset", "hang"]),
)
def test_any_bytes_at_all_become_an_answer_in_time(parts, length, end):
    """A reply cut anywhere, followed by anything, dripping or silent: an answer within the deadline."""

    async def run() -> tuple[Message, float]:
        async with RawUpstream(Play((CUT[:length], *parts), end)) as upstream, shim_at(f"{upstream.url}/v2") as shim:
            started = asyncio.get_running_loop().time()
            answer = await _patient(shim.server.addresses[0][1], asked(DAY))
            return answer, asyncio.get_running_loop().time() - started

    answer, seconds = in_virtual_time(run())
    assert ("", True) == (fault_of(answer), seconds <= 12.2)


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["from", "to", "page_size", "next_page_token", "type", "path", "time_type", "", "x"]),
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#&\\"), max_size=20)
        | st.sampled_from(["2026-03-10", "%00", "%ff", "%ed%a0%80", "%zz", "9999-99-99", "1e9", "-1"]),
    ),
    max_size=6,
)


@BOUNDED
@given(query=QUERIES)
def test_any_parameters_become_a_page_or_a_refusal_of_v1s(query):
    """Never a failure of the service's own, whatever a program sends."""

    async def run() -> Message:
        async with service(plain(1)) as asking:
            target = f"{LIST}?{'&'.join(f'{name}={value}' for name, value in query)}"
            return await exchange(asking.shim.server.addresses[0][1], asked(target))

    answer = in_virtual_time(run())
    assert ("", True) == (fault_of(answer), answer.status in {200, 400})


def in_virtual_time(play: Any) -> Any:
    """What a play comes to on a loop whose clock jumps."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(play)


async def _patient(port: int, sent: bytes) -> Message:
    """An exchange that waits as long as it takes: the clock jumps over hand-made patience too."""
    async with await RawClient.connect(port) as client:
        await client.send(sent)
        message = await client.wire.head()
        await client.wire.body(message)
        return message
