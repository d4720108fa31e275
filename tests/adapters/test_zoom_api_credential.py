"""Which credential each attempt of a call shows, and what a refused one leads to."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from adapters.credentials import AppToken
from adapters.errors import OwnCredentialFailed, UpstreamRefused, UpstreamSlow
from adapters.exchange import api_session
from adapters.ports import Caller
from adapters.token_endpoint import TokenEndpoint
from contracts.cases import World
from shim.standin import AppClient as KnownApp
from shim.standin import Standin
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply, reply
from tests.adapters.token_bench import APP, SECRET, bearer, granted, token_of
from tests.adapters.virtual_time import in_virtual_time
from tests.adapters.zoom_bench import BEARER, GOOD, UNAVAILABLE, against, bench, failure_of

KNOWN = KnownApp("acct-1", "client-1", SECRET)
EXPIRED = json_reply(401, {"code": 124, "message": "Access token is expired."})
REFUSALS = [
    pytest.param(EXPIRED, id="401-124"),
    pytest.param(json_reply(400, {"code": 124, "message": "Access token is expired."}), id="400-124"),
    pytest.param(reply(401), id="401-bare"),
    pytest.param(reply(401, b"<html>"), id="401-html"),
]


@dataclass(slots=True)
class Rotating:
    """The app's credential as a test wants it: `number` is that of the token in use."""

    renewals: int = 1
    number: int = 1
    wait: float = 0.0
    told: list[str] = field(default_factory=list)

    async def authorization(self, caller: Caller) -> str:
        """The header of the token in use."""
        del caller
        await asyncio.sleep(self.wait)
        return bearer(self.number)

    def renewable(self, authorization: str) -> bool:
        """Another token, as long as there are some."""
        self.told.append(authorization)
        self.renewals -= 1
        self.number += self.renewals >= 0
        return self.renewals >= 0


def shown(upstream: RawUpstream) -> list[str]:
    """The credential of each request."""
    return [value for place in range(len(upstream.heads)) for value in upstream.header("Authorization", request=place)]


@pytest.mark.parametrize("refusal", REFUSALS)
@in_virtual_time
async def test_a_call_with_a_token_zoom_takes_no_longer_is_made_once_more(refusal):
    """With the new one, and the caller never learns of it."""
    credential = Rotating()
    async with against(refusal, GOOD, credential=credential) as (upstream, client):
        assert {"page_size": 30} == (await client.fetch()).body
        assert [bearer(1), bearer(2)] == shown(upstream)
        assert 2 == len(client.attempts)
    assert [bearer(1)] == credential.told


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("renewals", [0, 1, 5])
@in_virtual_time
async def test_a_refusal_that_remains_is_this_services_failure(refusal, renewals):
    """One more attempt at the most, then no 401 for a client to answer with new tokens."""
    async with against(refusal, credential=Rotating(renewals)) as (upstream, client):
        assert isinstance(await failure_of(client), OwnCredentialFailed)
        assert 1 + min(renewals, 1) == len(upstream.heads)


@pytest.mark.parametrize(
    ("status", "code"), [(400, 300), (400, 4711), (403, 124), (404, 124), (400, None), (403, None)]
)
@in_virtual_time
async def test_other_refusals_pass_as_they_are(status, code):
    """They are no fault of the token, so it is not replaced; a scope that is missing is one of them."""
    credential = Rotating()
    async with against(json_reply(status, {"code": code, "message": "No."}), credential=credential) as (
        upstream,
        client,
    ):
        refused = await failure_of(client)
        assert isinstance(refused, UpstreamRefused)
        assert (status, code) == (refused.status, refused.code)
        assert 1 == len(upstream.heads)
    assert [] == credential.told


@pytest.mark.parametrize("refusal", REFUSALS)
@in_virtual_time
async def test_a_callers_own_credential_is_the_callers_affair(refusal):
    """Zoom's no comes back as it was said, after one attempt."""
    async with against(refusal) as (upstream, client):
        refused = await failure_of(client)
        assert isinstance(refused, UpstreamRefused)
        assert refused.status in (400, 401)
        assert [f"Bearer {BEARER}"] == shown(upstream)


@pytest.mark.parametrize("place", range(4))
@in_virtual_time
async def test_a_renewal_does_not_use_up_a_retry(place):
    """Wherever the refusal comes among three passing errors, the good answer behind them is reached."""
    passing = [UNAVAILABLE] * 3
    async with against(*passing[:place], EXPIRED, *passing[place:], GOOD, credential=Rotating()) as (upstream, client):
        await client.fetch()
        assert [bearer(1)] * (place + 1) + [bearer(2)] * (4 - place) == shown(upstream)


@in_virtual_time
async def test_one_call_renews_once():
    """Also when another failure lies between the two refusals."""
    async with against(EXPIRED, UNAVAILABLE, EXPIRED, GOOD, credential=Rotating(5)) as (upstream, client):
        assert isinstance(await failure_of(client), OwnCredentialFailed)
        assert 3 == len(upstream.heads)


@in_virtual_time
async def test_each_attempt_shows_the_token_of_its_moment():
    """A retry shows the one that was fetched meanwhile."""
    credential = Rotating()
    async with against(Play((0.5, UNAVAILABLE)), GOOD, credential=credential) as (upstream, client):
        call = asyncio.create_task(client.fetch())
        await asyncio.sleep(0.3)
        credential.number = 7
        await call
        assert [bearer(1), bearer(7)] == shown(upstream)


@in_virtual_time
async def test_a_call_that_waited_for_its_turn_shows_the_token_of_its_turn():
    """Not the one there was when it began to wait: it may be worth nothing by now."""
    credential = Rotating()
    async with against(GOOD, share=0.05, credential=credential) as (upstream, client):
        first, second = asyncio.create_task(client.fetch()), asyncio.create_task(client.fetch())
        await first
        credential.number = 2
        await second
        assert [bearer(1), bearer(2)] == shown(upstream)


@in_virtual_time
async def test_the_attempt_with_a_new_token_takes_a_turn_too():
    """With one turn a second, it comes a second after the refused one."""
    async with against(EXPIRED, GOOD, share=0.05, credential=Rotating()) as (_, client):
        start = asyncio.get_running_loop().time()
        await client.fetch()
        assert 1.0 < asyncio.get_running_loop().time() - start < 1.1


@in_virtual_time
async def test_turns_do_not_pile_up_behind_a_token():
    """Calls that waited for the first token go out at the pace of the budget, not all in one moment."""
    async with (
        token_of(Play((5.0, granted(1)))) as (_, token),
        against(GOOD, share=0.1, credential=token) as (upstream, client),
    ):
        calls = [asyncio.create_task(client.fetch()) for _ in range(6)]
        await asyncio.sleep(5.5)
        assert 2 == len(upstream.heads)
        await asyncio.gather(*calls)


@in_virtual_time
async def test_without_a_token_nobody_is_asked():
    """The failure of the service's own credential comes through as it is, at once."""
    async with (
        token_of(json_reply(400, {"error": "invalid_client"})) as (_, token),
        against(GOOD, credential=token) as (upstream, client),
    ):
        assert isinstance(await failure_of(client), OwnCredentialFailed)
        assert 0 == upstream.connections


@pytest.mark.parametrize("within", [0.5, 3.0])
@in_virtual_time
async def test_a_token_that_does_not_come_in_time_is_no_slow_upstream(within):
    """At the deadline it is this service's credential that failed."""
    async with token_of(Play((), "hang")) as (_, token), against(GOOD, credential=token) as (upstream, client):
        start = asyncio.get_running_loop().time()
        assert isinstance(await failure_of(client, within=within), OwnCredentialFailed)
        assert pytest.approx(within, abs=0.01) == asyncio.get_running_loop().time() - start
        assert 0 == upstream.connections


@in_virtual_time
async def test_an_upstream_that_is_slow_after_a_renewal_is_slow():
    """The second attempt has what is left of the deadline and no more."""
    async with against(Play((2.0, EXPIRED)), Play((), "hang"), credential=Rotating()) as (_, client):
        start = asyncio.get_running_loop().time()
        assert isinstance(await failure_of(client, within=4.0), UpstreamSlow)
        assert pytest.approx(4.0, abs=0.01) == asyncio.get_running_loop().time() - start


@in_virtual_time
async def test_two_hundred_calls_under_way_survive_the_end_of_their_token():
    """One new token for all, each call made once more, and no error."""
    async with Standin(World([], [], {}), app=KNOWN) as zoom, api_session(proxy=None) as session:
        endpoint = TokenEndpoint(session, oauth_url=zoom.oauth_url, app=APP)
        async with (
            aclosing(AppToken(endpoint)) as token,
            bench(zoom.api_url, credential=token, connections=200) as client,
        ):
            gate = asyncio.Event()
            await client.fetch()
            zoom.fail("/phone/call_history", status=None, times=200, delay=gate)
            calls = [asyncio.create_task(client.fetch()) for _ in range(200)]
            await asyncio.sleep(0.5)
            zoom.revoke_tokens()
            gate.set()
            await asyncio.gather(*calls)
            assert (2, 401) == (zoom.token_requests, zoom.counts["list_call_history"])
