"""What is sent to Zoom's token endpoint, what counts as a token, and what follows when there is none."""

import asyncio
import socket

import pytest

from adapters.exchange import api_session
from adapters.token_endpoint import Grant, NotGranted, TokenEndpoint
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply, reply
from tests.adapters.token_bench import (
    APP,
    BASIC,
    SECRET,
    TOKEN,
    asking,
    bearer,
    credential_events,
    granted,
    refused,
    token_at,
    token_of,
    word_of,
)
from tests.adapters.virtual_time import in_virtual_time

UNAVAILABLE = reply(503, b"<html>", "Connection: close")


@in_virtual_time
async def test_the_request_is_zooms_form_and_nothing_else():
    """Client id and secret in the header, grant type and account in the body, nothing in the query."""
    async with token_of(granted(1)) as (zoom, token):
        assert bearer(1) == await token.authorization(asking())
        host = zoom.url.removeprefix("http://")
    first, *lines = zoom.heads[0].decode().rstrip().split("\r\n")
    assert "POST /oauth/token HTTP/1.1" == first
    assert b"grant_type=account_credentials&account_id=acct-1" == zoom.bodies[0]
    assert {
        f"Host: {host}",
        f"Authorization: {BASIC}",
        "Accept: application/json",
        "Accept-Encoding: gzip",
        "User-Agent: zoom-call-log-shim",
        "Content-Length: 48",
        "Content-Type: application/x-www-form-urlencoded",
    } == set(lines)


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (400, "invalid_client", "invalid_client"),
        (401, "invalid_client", "invalid_client"),
        (400, "unsupported_grant_type", "unsupported_grant_type"),
        (400, "invalid_request", "invalid_request"),
        (400, f"no such secret: {SECRET}", "refused"),
        (403, None, "refused"),
        (404, ["invalid_client"], "refused"),
    ],
)
@in_virtual_time
async def test_a_no_is_told_in_a_word_and_leaves_the_endpoint_in_peace(status, error, word):
    """A word of the standard or ours, logged once; who asks meanwhile costs nothing, and a second no pauses longer."""
    async with token_of(refused(status, error), refused(status, error), granted(1)) as (zoom, token):
        with credential_events() as events:
            assert [word] * 20 == [await word_of(token) for _ in range(20)]
            await asyncio.sleep(0.4)
            assert (word, 1) == (await word_of(token), len(zoom.heads))
            await asyncio.sleep(0.7)
            assert [word] * 2 == [await word_of(token) for _ in range(2)]
            assert 2 == len(zoom.heads)
            await asyncio.sleep(2.01)
            assert bearer(1) == await token.authorization(asking())
    assert ["credential.fetch_failed", "credential.fetched"] == [event["event"] for event in events]
    assert word == events[0]["reason"]


@in_virtual_time
async def test_a_no_fails_all_who_wait():
    """Each with an error of its own."""
    async with token_of(Play((1.0, refused()))) as (zoom, token):
        waiters = [token.authorization(asking()) for _ in range(10)]
        failures = await asyncio.gather(*waiters, return_exceptions=True)
        assert ({"invalid_client"}, 10) == ({str(each) for each in failures}, len({id(each) for each in failures}))
        assert 1 == len(zoom.heads)


@pytest.mark.parametrize(
    ("failing", "word"),
    [
        pytest.param(reply(500), "unavailable", id="500"),
        pytest.param(UNAVAILABLE, "unavailable", id="503"),
        pytest.param(reply(429), "throttled", id="429"),
        pytest.param(Play((), "reset"), "connection failed", id="reset"),
        pytest.param(Play((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",), "close"), "cut short", id="cut"),
        pytest.param(reply(200, b"", "Content-Length: x"), "malformed", id="malformed"),
    ],
)
@in_virtual_time
async def test_a_passing_failure_is_outlived(failing, word):
    """Three are, with short waits between them; the fourth is the answer, and leaves the endpoint in peace a while."""
    async with token_of(failing, failing, failing, granted(1)) as (zoom, token):
        start = asyncio.get_running_loop().time()
        assert bearer(1) == await token.authorization(asking())
        assert asyncio.get_running_loop().time() - start < 0.1 + 0.2 + 0.4 + 0.1
    async with token_of(failing) as (zoom, token):
        with credential_events() as events:
            assert [word] * 5 == [await word_of(token) for _ in range(5)]
        assert 4 == len(zoom.heads)
    assert [{"event": "credential.fetch_failed", "log_level": "warning", "reason": word}] == events


@in_virtual_time
async def test_an_endpoint_that_is_not_there_is_tried_four_times():
    """Nothing listens: the failure comes within a second."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        calls: list[tuple[str, int | None, float]] = []
        async with token_at(
            f"http://127.0.0.1:{free.getsockname()[1]}", on_call=lambda *told: calls.append(told)
        ) as token:
            assert "not reached" == await word_of(token)
    assert [("token", None)] * 4 == [told[:2] for told in calls]


@in_virtual_time
async def test_a_silent_endpoint_fails_before_a_request_must_be_answered():
    """Ten seconds for one token, with every attempt at it."""
    async with token_of(Play((), "hang")) as (_, token):
        start = asyncio.get_running_loop().time()
        assert "silent" == await word_of(token)
        assert pytest.approx(10.0, abs=0.1) == asyncio.get_running_loop().time() - start


@in_virtual_time
async def test_a_lasting_outage_is_asked_about_ever_less():
    """Of two hundred calls in a hundred seconds a few reach the endpoint; it is logged once."""
    async with token_of(UNAVAILABLE) as (zoom, token):
        with credential_events() as events:
            for _ in range(200):
                await word_of(token)
                await asyncio.sleep(0.5)
        assert 4 * 5 <= len(zoom.heads) <= 4 * 40
    assert 1 == len(events)


@in_virtual_time
async def test_an_outage_while_a_token_lives_is_not_felt():
    """The old token is used to its end; the endpoint's return is noticed meanwhile."""
    async with token_of(granted(1), *[UNAVAILABLE] * 8, granted(2)) as (zoom, token):
        with credential_events() as events:
            await token.authorization(asking())
            await asyncio.sleep(3599 * 0.91)
            headers = set()
            for _ in range(200):
                headers.add(await token.authorization(asking()))
                await asyncio.sleep(0.9)
            assert ({bearer(1), bearer(2)}, 10) == (headers, len(zoom.heads))
    assert ["credential.fetched", "credential.fetch_failed", "credential.fetched"] == [one["event"] for one in events]


@in_virtual_time
async def test_each_outage_is_logged():
    """A token between two of them ends the first, and its long pauses with it."""
    script = [*[UNAVAILABLE] * 12, granted(1, expires_in=2), *[UNAVAILABLE] * 4, granted(2)]
    async with token_of(*script) as (zoom, token):
        with credential_events() as events:
            for _ in range(3):
                await word_of(token)
                await asyncio.sleep(4)
            assert bearer(1) == await token.authorization(asking())
            await asyncio.sleep(2)
            await word_of(token)
            await asyncio.sleep(1)
            assert (bearer(2), 18) == (await token.authorization(asking()), len(zoom.heads))
    failed, fetched = "credential.fetch_failed", "credential.fetched"
    assert [failed, fetched, failed, fetched] == [event["event"] for event in events]


@in_virtual_time
async def test_the_wait_a_429_asks_for_is_kept_to():
    """The endpoint is not asked sooner, also where no request can wait that long."""
    async with token_of(reply(429, b"", "Retry-After: 20"), granted(1)) as (zoom, token):
        assert "throttled" == await word_of(token)
        await asyncio.sleep(19)
        assert "throttled" == await word_of(token)
        assert 1 == len(zoom.heads)
        await asyncio.sleep(2)
        assert bearer(1) == await token.authorization(asking())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(granted(1, access_token=None), id="absent"),
        pytest.param(granted(1, access_token=""), id="empty"),
        pytest.param(granted(1, access_token=7), id="number"),
        pytest.param(granted(1, access_token=f"{TOKEN}\r\nX-Evil: 1"), id="line"),
        pytest.param(granted(1, access_token=f"{TOKEN}é"), id="beyond-ascii"),
        pytest.param(granted(1, access_token=f"{TOKEN} {TOKEN}"), id="blank"),
        pytest.param(granted(1, access_token="t" * 4097), id="long"),
        pytest.param(json_reply(200, [TOKEN]), id="list"),
        pytest.param(reply(200, b"<html>"), id="html"),
        pytest.param(reply(204, b""), id="nothing"),
    ],
)
@in_virtual_time
async def test_an_answer_without_a_usable_token_is_tried_once_more(answer):
    """What no header can carry is no token."""
    async with token_of(answer) as (zoom, token):
        assert "no token" == await word_of(token)
        assert 2 == len(zoom.heads)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@in_virtual_time
async def test_no_redirect_is_followed(status):
    """The secret goes to the address of the settings alone."""
    async with (
        RawUpstream(granted(1)) as elsewhere,
        token_of(reply(status, b"", f"Location: {elsewhere.url}/")) as (
            zoom,
            token,
        ),
    ):
        assert "unwanted answer" == await word_of(token)
        assert (1, 0) == (len(zoom.heads), elsewhere.connections)


@in_virtual_time
async def test_an_answer_too_large_is_not_read():
    """A token needs no 64 KiB."""
    async with token_of(granted(1, padding="x" * 66_000)) as (zoom, token):
        assert "unwanted answer" == await word_of(token)
        assert 1 == len(zoom.heads)


@in_virtual_time
async def test_a_deadline_that_is_past_asks_nobody():
    """Before the first attempt."""
    async with RawUpstream(granted(1)) as zoom, api_session(proxy=None) as session:
        endpoint = TokenEndpoint(session, oauth_url=f"{zoom.url}/oauth/token", app=APP)
        with pytest.raises(NotGranted, match="silent"):
            await endpoint.grant(deadline=asyncio.get_running_loop().time() - 1)
        assert 0 == zoom.connections


@pytest.mark.parametrize("url", ["", "zoom.us/oauth/token", "https://a:b@zoom.us/oauth/token", "https://zoom.us/?x=1"])
@in_virtual_time
async def test_an_address_that_is_no_plain_one_is_refused(url):
    """A token endpoint without host, with credentials or a query makes no endpoint."""
    with pytest.raises(ValueError, match="oauth_url"):
        TokenEndpoint(None, oauth_url=url, app=APP)  # type: ignore[arg-type] # nothing is asked


@in_virtual_time
async def test_secrets_show_in_no_repr_and_no_log():
    """Neither of the app nor of what was granted, whether it went well or not."""
    async with token_of(refused(), granted(1)) as (_, token):
        with credential_events() as events:
            await word_of(token)
            await asyncio.sleep(1.01)
            await token.authorization(asking())
        told = repr((APP, Grant(bearer(1), 0.0, 1.0, frozenset()), token, events))
    assert [] == [planted for planted in (SECRET, TOKEN, "client-1", "acct-1") if planted in told]
