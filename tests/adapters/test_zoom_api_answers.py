"""What the client of Zoom's API makes of whole answers: replies, refusals, bodies that are no JSON object."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.ports import SuccessorReply
from tests.adapters.raw_upstream import Play, json_reply, reply
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import BEARER, GOOD, against, all_it_says, failure_of


@in_virtual_time
async def test_tracking_and_rate_headers_travel_and_nothing_else_does():
    """Of a reply's headers only the tracking id, the rate headers and Retry-After come along, by lower-case name."""
    headers = (
        "X-Zm-Trackingid: v=2.0;clid=us06;rid=WEB_1",
        "X-RateLimit-Limit: 20",
        "x-ratelimit-remaining: 19",
        "X-RateLimit-Remaining: 7",
        "Retry-After: 1",
        "Set-Cookie: a=b",
        "X-Other: 1",
    )
    async with against(json_reply(200, {}, *headers)) as (_, client):
        got = await client.fetch()
    assert {
        "x-zm-trackingid": "v=2.0;clid=us06;rid=WEB_1",
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": "19",
        "retry-after": "1",
    } == dict(got.headers)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(("X-Zm-Trackingid: a\tb",), id="control-character"),
        pytest.param(("X-Zm-Trackingid: é",), id="beyond-ascii"),
        pytest.param(("X-Zm-Trackingid: " + "a" * 513,), id="long"),
        pytest.param(("X-Zm-Trackingid: a", "Connection: keep-alive, X-ZM-TrackingId"), id="for-the-next-hop"),
    ],
)
@in_virtual_time
async def test_a_doubtful_header_value_does_not_travel(headers):
    """Control and non-ASCII characters, unlikely length and what Connection names are left out."""
    async with against(json_reply(200, {}, *headers)) as (_, client):
        assert {} == dict((await client.fetch()).headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 418, 501, 505, 599])
@in_virtual_time
async def test_an_error_status_is_upstreams_own_and_final(status):
    """An error that time does not heal comes back at once with Zoom's code, message and tracking id."""
    told = json_reply(status, {"code": 3001, "message": "No."}, "x-zm-trackingid: t", "X-Other: 1", "Location: /x")
    async with against(told) as (upstream, client):
        refused = await failure_of(client)
    assert isinstance(refused, UpstreamRefused)
    assert (status, 3001, "No.") == (refused.status, refused.code, refused.message)
    assert {"x-zm-trackingid": "t"} == dict(refused.headers)
    assert 1 == len(upstream.heads)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Not Found</html>",
        b"null",
        b'["code", "message"]',
        b'{"code": true, "message": "No."}',
        b'{"code": "404", "message": "No."}',
        b'{"code": 404.0, "message": "No."}',
        b'{"code": 404, "message": null}',
        b'{"code": 404}',
        b'{"message": "No."}',
        b"[" * 100_000,
    ],
)
@in_virtual_time
async def test_an_error_body_that_is_no_envelope_leaves_the_status_alone(body):
    """Only {code: int, message: str} is believed; of any other body the status is all that counts."""
    async with against(reply(404, body)) as (_, client):
        refused = await failure_of(client)
    assert isinstance(refused, UpstreamRefused)
    assert (404, None, "") == (refused.status, refused.code, refused.message)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[{}]", id="array"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"<html>Sign in</html>", id="html"),
        pytest.param(b'{"a": NaN}', id="nan"),
        pytest.param(b'{"a": 1e999}', id="infinite"),
        pytest.param(b'{"a": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="encoded-surrogate"),
        pytest.param(b'{"a": "\xff"}', id="no-utf-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="utf-16"),
        pytest.param(b'{"a": ' + b"1" * 1_000_000 + b"}", id="a-million-digits"),
        pytest.param(b'{"a": ' + b"[" * 100_000, id="deep-arrays"),
        pytest.param(b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, id="deep-objects"),
        pytest.param(b'{"a": 1} {"b": 2}', id="two-objects"),
        pytest.param(b'{"a": 1', id="half-an-object"),
    ],
)
@in_virtual_time
async def test_a_2xx_that_is_no_json_object_is_asked_for_once_more(body):
    """Such an answer is broken, and one second try is all it gets."""
    async with against(reply(200, body)) as (upstream, client):
        assert isinstance(await failure_of(client), UpstreamBroken)
        assert 2 == len(upstream.heads)
    async with against(reply(200, body), GOOD) as (_, client):
        assert {"page_size": 30} == (await client.fetch()).body


@given(
    status=st.integers(0, 1_000),
    body=st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"{}", BEARER.encode(), b'{"code": 429, "message": "' + BEARER.encode() + b'"}']),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    header=st.sampled_from(["X-A: 1", "Content-Encoding: gzip", "Retry-After: 99999", f"X-RateLimit-A: {BEARER}"]),
    end=st.sampled_from(["keep", "close", "reset"]),
)
@settings(max_examples=120, deadline=None)
@in_virtual_time
async def test_every_answer_is_a_reply_or_one_of_our_errors(status, body, header, end):
    """Whatever status and bytes come, a JSON object of a 2xx or one of our errors is what the caller sees."""
    async with against(Play((reply(status, body, header),), end)) as (_, client):
        [outcome] = await asyncio.gather(client.fetch(), return_exceptions=True)
    assert isinstance(outcome, SuccessorReply | UpstreamRefused | UpstreamBroken | UpstreamSlow)
    assert BEARER not in all_it_says(outcome if isinstance(outcome, BaseException) else None)


@given(noise=st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
@in_virtual_time
async def test_any_bytes_at_all_are_a_reply_or_one_of_our_errors(noise):
    """Bytes that need not even be HTTP never end in a foreign exception."""
    async with against(Play((noise,), "close"), Play((b"HTTP/1.1 200 OK\r\n", noise), "close")) as (_, client):
        [outcome] = await asyncio.gather(client.fetch(), return_exceptions=True)
    assert isinstance(outcome, SuccessorReply | UpstreamRefused | UpstreamBroken | UpstreamSlow)
    assert BEARER not in all_it_says(outcome if isinstance(outcome, BaseException) else None)
