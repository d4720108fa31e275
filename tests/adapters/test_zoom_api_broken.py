"""Cut, malformed, oversized, redirected and forged answers: broken, never half believed."""

import gzip
import zlib

import pytest

from adapters.errors import UpstreamBroken, UpstreamSlow
from adapters.zoom_api import LARGEST_BODY
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply, reply
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import GOOD, against, failure_of

_BODY = b'{"page_size": 30}'
_LENGTH = reply(200, _BODY)
_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n"
    + _BODY[:7]
    + b"\r\na\r\n"
    + _BODY[7:]
    + b"\r\n0\r\n\r\n"
)
_GZIPPED = reply(200, gzip.compress(_BODY, mtime=0), "Content-Encoding: gzip")
_NO_LENGTH = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + _BODY


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize(
    ("whole", "attempts"),
    [
        pytest.param(_LENGTH, {6}, id="length"),
        pytest.param(_CHUNKED, {6}, id="chunked"),
        pytest.param(_GZIPPED, {6}, id="gzip"),
        pytest.param(_NO_LENGTH, {2, 6}, id="no-length"),
    ],
)
@in_virtual_time
async def test_a_reply_cut_anywhere_is_never_taken_for_a_whole_one(whole, attempts, end):
    """Cut at any byte, an answer is broken after the retries and whole again when one of them is."""
    seen = set()
    for offset in range(len(whole)):
        cut = Play((whole[:offset],), end)
        async with against(cut) as (upstream, client):
            assert isinstance(await failure_of(client), UpstreamBroken)
            seen.add(len(upstream.heads))
        async with against(cut, Play((whole,), "close")) as (_, client):
            assert {"page_size": 30} == (await client.fetch()).body
    assert seen <= attempts


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(b"\x16\x03\x01\x00\x05hello\r\n\r\n", id="another-protocol"),
        pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", id="no-status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", id="two-lengths"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            id="length-and-chunked",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", id="bad-chunk"),
        pytest.param(reply(200, b"{}", "X-A: a\x00b"), id="nul-in-header"),
        pytest.param(reply(200, b"{}", "X-Long: " + "a" * 9_000), id="9-kb-header"),
        pytest.param(reply(200, b"{}", *[f"X-{number}: 1" for number in range(200)]), id="200-headers"),
        pytest.param(reply(200, b"no gzip at all", "Content-Encoding: gzip"), id="no-gzip"),
    ],
)
@in_virtual_time
async def test_a_malformed_reply_is_broken_and_keeps_the_bearer_to_itself(told):
    """What aiohttp cannot read ends as our own error, after the retries, without the foreign one behind it."""
    async with against(Play((told,), "close")) as (upstream, client):
        assert isinstance(await failure_of(client), UpstreamBroken)
        assert 6 == len(upstream.heads)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x-unknown"])
@in_virtual_time
async def test_an_encoding_nobody_asked_for_is_broken(encoding):
    """A body in an encoding that was not offered is no answer."""
    twice = gzip.compress(gzip.compress(_BODY))
    async with against(Play((reply(200, twice, f"Content-Encoding: {encoding}"),), "close")) as (_, client):
        assert isinstance(await failure_of(client), UpstreamBroken)


async def test_a_gzip_bomb_stops_at_the_cap():
    """Some 97 KB that unfold to 100 MB are refused when the cap is passed, and not asked for again."""
    squeeze = zlib.compressobj(wbits=31)
    packed = b"".join(squeeze.compress(b" " * 2**20) for _ in range(100)) + squeeze.flush()
    async with against(reply(200, packed, "Content-Encoding: gzip")) as (upstream, client):
        broken = await failure_of(client)
    assert isinstance(broken, UpstreamBroken)
    assert "too large" == str(broken)
    assert 1 == len(upstream.heads)


async def test_the_cap_is_inclusive():
    """A body of exactly the cap is read, one byte more is not."""
    frame = len(b'{"a": ""}')
    fits = json_reply(200, {"a": "x" * (LARGEST_BODY - frame)})
    async with against(fits, json_reply(200, {"a": "x" * (LARGEST_BODY - frame + 1)})) as (upstream, client):
        assert LARGEST_BODY - frame == len((await client.fetch()).body["a"])
        assert "too large" == str(await failure_of(client))
        assert 2 == len(upstream.heads)


async def test_a_body_of_gigabytes_is_left_on_the_wire():
    """Ten announced gigabytes are dropped with their connection at the cap."""
    endless = (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", *[b" " * 2**20] * 100)
    async with against(Play(endless), GOOD) as (upstream, client):
        assert "too large" == str(await failure_of(client))
        assert {"page_size": 30} == (await client.fetch()).body
        assert 2 == upstream.connections


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@in_virtual_time
async def test_a_redirect_is_not_followed(status):
    """A redirect is a broken answer; nobody ever connects to where it points."""
    async with RawUpstream(GOOD) as canary:
        moved = reply(status, b"", f"Location: {canary.url}/v2/phone/call_history")
        async with against(moved) as (upstream, client):
            assert isinstance(await failure_of(client), UpstreamBroken)
            assert 1 == len(upstream.heads)
    assert 0 == canary.connections


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(json_reply(200, {"whose": "forged"}), ["1", "2"], id="a-second-reply"),
        pytest.param(b"stray bytes", ["2", "3"], id="no-reply-at-all"),
    ],
)
@in_virtual_time
async def test_bytes_after_a_reply_are_never_the_next_answer(more, expected):
    """What follows a reply in its packet goes down with the connection; every call gets its own answer."""
    answers = [json_reply(200, {"whose": str(number)}) for number in (1, 2, 3)]
    async with against(answers[0] + more, *answers[1:]) as (_, client):
        assert expected == [(await client.fetch()).body["whose"] for _ in range(2)]


@in_virtual_time
async def test_interim_replies_end_with_the_deadline():
    """A stream of 100 Continue is no answer, and no longer waited for than any other silence."""
    interim = [part for _ in range(100) for part in (b"HTTP/1.1 100 Continue\r\n\r\n", 1.0)]
    async with against(Play(tuple(interim))) as (_, client):
        assert isinstance(await failure_of(client), UpstreamSlow)
