"""What the client of Zoom's API sends, and to whom, seen at an upstream's socket."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import UpstreamRefused
from adapters.ports import Caller
from tests.adapters.raw_upstream import RawUpstream, json_reply
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import BEARER, CALL, GOOD, against, all_it_says, bench, failure_of


@in_virtual_time
async def test_the_request_carries_the_callers_credential_and_nothing_else():
    """One GET with the credential as given, JSON asked for, gzip allowed, our own name, and no other header."""
    async with against(GOOD) as (upstream, client):
        got = await client.fetch(replace(CALL, query=(("page_size", "30"),)))
        host = upstream.url.removeprefix("http://")
    assert {"page_size": 30} == got.body
    first, *lines = upstream.heads[0].decode().rstrip().split("\r\n")
    assert "GET /v2/phone/call_history?page_size=30 HTTP/1.1" == first
    assert {
        f"Host: {host}",
        f"Authorization: Bearer {BEARER}",
        "Accept: application/json",
        "Accept-Encoding: gzip",
        "User-Agent: zoom-call-log-shim",
    } == set(lines)


@pytest.mark.parametrize(
    ("base", "path", "account", "expected"),
    [
        ("/v2", "/phone/call_history", None, "/v2/phone/call_history"),
        ("/v2/", "/phone/call_history", None, "/v2/phone/call_history"),
        ("", "/phone/call_history", None, "/phone/call_history"),
        ("/gov/v2", "/phone/call_history", "Ab_1", "/gov/v2/accounts/Ab_1/phone/call_history"),
        ("/v2", "/phone/call_history/20260310-a%2Fb%3D", None, "/v2/phone/call_history/20260310-a%2Fb%3D"),
        ("/v2", "/phone/call_history/a%252Fb;c@d:e..f", None, "/v2/phone/call_history/a%252Fb;c@d:e..f"),
    ],
)
@in_virtual_time
async def test_the_path_goes_below_the_base_as_it_is(base, path, account, expected):
    """The path stands below the base address and the account, byte for byte."""
    async with RawUpstream(GOOD) as upstream, bench(upstream.url + base) as client:
        await client.fetch(replace(CALL, path=path), account=account)
    assert [expected] == upstream.targets


@in_virtual_time
async def test_the_query_is_encoded_strictly():
    """Order and repeated names are kept; every character with a meaning in a query or beyond ASCII is encoded."""
    query = (("a", "1"), ("a", "2&b=3"), ("t", "x+y/z=?#%;é "), ("empty", ""))
    async with against(GOOD) as (upstream, client):
        await client.fetch(replace(CALL, query=query))
    assert ["/v2/phone/call_history?a=1&a=2%26b%3D3&t=x%2By%2Fz%3D%3F%23%25%3B%C3%A9%20&empty="] == upstream.targets


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/v2",
        "@evil.example/",
        ":80@evil.example/",
        "evil.example",
        "http://evil.example/",
        "/\\evil.example",
        "/phone/..",
        "/phone/../../oauth",
        "/phone/%2e%2E/users",
        "/phone/.",
        "/phone/a%2F..%2Fb",
        "/phone/a%5c..%5cb",
        "/phone/call history",
        "/phone/call_history?page_size=1",
        "/phone/call_history#top",
        "/phone/%zz",
        "/phone/\r\nX-Evil: 1",
        "/phone/é",
        "/phone//call_history",
        "/phone/",
        "",
    ],
)
@in_virtual_time
async def test_a_path_that_could_lead_elsewhere_is_not_sent(path):
    """A path that is no single resource below the base is a 404, and nobody is asked."""
    async with against(GOOD) as (upstream, client):
        refused = await failure_of(client, call=replace(CALL, path=path))
    assert isinstance(refused, UpstreamRefused)
    assert (404, None) == (refused.status, refused.code)
    assert 0 == upstream.connections


@given(path=st.text(min_size=1, max_size=30), account=st.none() | st.text(max_size=20), value=st.text(max_size=20))
@settings(max_examples=60, deadline=None)
@in_virtual_time
async def test_no_text_leaves_the_base_or_adds_a_line(path, account, value):
    """Whatever stands in path, account and query, one request line below the base goes out, or none at all."""
    async with against(GOOD) as (upstream, client):
        call = replace(CALL, path=f"/phone/{path}", query=(("q", value),))
        await asyncio.gather(client.fetch(call, account=account), return_exceptions=True)
    assert all(target.startswith("/v2/") and "/../" not in target for target in upstream.targets)
    assert [6] * len(upstream.heads) == [head.count(b"\r\n") - 1 for head in upstream.heads]


@in_virtual_time
async def test_half_a_character_in_the_query_is_not_sent():
    """A value no UTF-8 can carry is Zoom's own 400/300, and nobody is asked."""
    async with against(GOOD) as (upstream, client):
        refused = await failure_of(client, call=replace(CALL, query=(("q", "\ud800"),)))
    assert isinstance(refused, UpstreamRefused)
    assert (400, 300, "Validation Failed.") == (refused.status, refused.code, refused.message)
    assert 0 == upstream.connections


@pytest.mark.parametrize("authorization", ["", f"Bearer {BEARER}\r\nX: 1", f"Bearer {BEARER}\udcff", f"{BEARER}é"])
@in_virtual_time
async def test_a_credential_no_header_can_carry_is_not_sent(authorization):
    """Such a credential is refused as Zoom refuses a wrong one, and neither sent nor told."""
    async with against(GOOD) as (upstream, client):
        caller = Caller(authorization, "a", None, asyncio.get_running_loop().time() + 12)
        with pytest.raises(UpstreamRefused) as caught:
            await client.zoom.fetch(CALL, caller)
    assert (401, 124) == (caught.value.status, caught.value.code)
    assert BEARER not in all_it_says(caught.value)
    assert 0 == upstream.connections


@pytest.mark.parametrize(
    "api_url",
    [
        "",
        "api.example.com/v2",
        "ftp://api.example.com",
        "https://someone@api.example.com",
        "https://:secret@api.example.com",
        "https://api.example.com/v2?x=1",
        "https://api.example.com/v2#x",
    ],
)
@in_virtual_time
async def test_a_base_that_is_no_plain_address_is_refused(api_url):
    """An api_url without host, with credentials or a query does not make a client."""
    with pytest.raises(ValueError, match="api_url"):
        async with bench(api_url):
            pass


@in_virtual_time
async def test_no_cookie_is_kept():
    """A cookie set by one reply is not sent with the next request."""
    async with against(json_reply(200, {}, "Set-Cookie: session=1; Path=/")) as (upstream, client):
        await client.fetch()
        await client.fetch()
    assert [] == upstream.header("Cookie")


@in_virtual_time
async def test_netrc_changes_nothing(tmp_path, monkeypatch):
    """A netrc entry for the host neither replaces the caller's credential nor breaks the call."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with against(GOOD) as (upstream, client):
        await client.fetch()
    assert [f"Bearer {BEARER}"] == upstream.header("Authorization")


@in_virtual_time
async def test_calls_go_through_the_proxy_that_was_given(monkeypatch):
    """The proxy handed over is used, the environment's own settings are not read."""
    async with RawUpstream(GOOD) as proxy, RawUpstream(GOOD) as ignored:
        monkeypatch.setenv("HTTP_PROXY", ignored.url)
        async with bench("http://api.example.com/v2", proxy=proxy.url) as client:
            await client.fetch()
        async with bench(f"{proxy.url}/v2") as client:
            await client.fetch()
    assert ["http://api.example.com/v2/phone/call_history", "/v2/phone/call_history"] == proxy.targets
    assert 0 == ignored.connections
