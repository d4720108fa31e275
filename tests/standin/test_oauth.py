"""The stand-in's token endpoint: who gets a token, what a token is good for, and until when."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest

from contracts.cases import World
from contracts.codec import decode
from shim.standin import AppClient, Call, Standin, subset
from tests.standin.asking import Answer, Client, Clock

APP = AppClient("acct-1", "client-1", "synthetic-secret", scopes=("phone:read:admin", "phone:write:admin"))
FORM = {"grant_type": "account_credentials", "account_id": "acct-1"}
LIST = "/phone/call_history"


@pytest.fixture
async def zoom(world: World, clock: Clock) -> AsyncIterator[Standin]:
    """A running stand-in that knows one app."""
    async with Standin(world, clock=clock, app=APP) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections of a client."""
    async with aiohttp.ClientSession() as connections:
        yield connections


def basic(name: str = "client-1", secret: str = "synthetic-secret") -> str:
    """The header of a client."""
    return f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"


async def ask(
    session: aiohttp.ClientSession,
    zoom: Standin,
    *,
    form: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    authorization: str | None = None,
    method: str = "POST",
) -> Answer:
    """One request to the token endpoint."""
    headers = {"Authorization": basic() if authorization is None else authorization}
    async with session.request(method, zoom.oauth_url, data=form, params=query, headers=headers) as response:
        return Answer(response.status, decode(await response.read()), response.headers.copy())


async def token_from(session: aiohttp.ClientSession, zoom: Standin) -> str:
    """A token of the app."""
    granted = await ask(session, zoom, form=FORM)
    assert 200 == granted.status
    return str(granted.body["access_token"])


@pytest.mark.parametrize("place", ["form", "query"])
async def test_the_app_gets_a_bearer_of_an_hour(session, zoom, place):
    """With the scopes it has and where the API stands, whether it asks in the body or in the query."""
    asked: dict[str, Any] = {place: FORM}
    answer = await ask(session, zoom, **asked)
    assert (200, "application/json;charset=UTF-8") == (answer.status, answer.headers["Content-Type"])
    assert {
        "access_token": answer.body["access_token"],
        "token_type": "bearer",
        "expires_in": 3599,
        "scope": "phone:read:admin phone:write:admin",
        "api_url": zoom.origin,
    } == answer.body
    assert answer.body["access_token"] != (await ask(session, zoom, form=FORM)).body["access_token"]


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        ({"authorization": basic("other")}, "invalid_client", "Invalid client_id or client_secret"),
        ({"authorization": basic(secret="other")}, "invalid_client", "Invalid client_id or client_secret"),
        ({"authorization": "Basic ???"}, "invalid_client", "Invalid client_id or client_secret"),
        ({"authorization": "Bearer synthetic-secret"}, "invalid_client", "Invalid client_id or client_secret"),
        ({"authorization": ""}, "invalid_client", "Invalid client_id or client_secret"),
        ({"form": {**FORM, "grant_type": "refresh_token"}}, "unsupported_grant_type", "unsupported grant type"),
        ({"form": {}}, "unsupported_grant_type", "unsupported grant type"),
        ({"form": {**FORM, "account_id": "acct-2"}}, "invalid_request", "Bad Request"),
    ],
)
async def test_anybody_else_is_refused(session, zoom, asked: dict[str, Any], error, reason):
    """In the token endpoint's own words, which are no envelope."""
    answer = await ask(session, zoom, **{"form": FORM, **asked})
    assert (400, {"reason": reason, "error": error}) == (answer.status, answer.body)


async def test_a_token_opens_the_api_and_nothing_else_does(client_of: Callable[..., Client], session, zoom):
    """With an app and no bearers of their own, made-up bearers are refused."""
    token = await token_from(session, zoom)
    statuses = [(await client_of(zoom, bearer).get(LIST)).status for bearer in (token, "made-up", "synthetic-secret")]
    assert [200, 401, 401] == statuses


async def test_an_app_stands_beside_other_bearers(client_of: Callable[..., Client], session, world):
    """It sees the main world, they see theirs."""
    async with Standin(world, clock=Clock(), app=APP, bearers={"poor": subset(world, lambda _: False)}) as zoom:
        token = await token_from(session, zoom)
        window = {"from": "2026-04-01", "to": "2026-05-01"}
        totals = [(await client_of(zoom, each).get(LIST, window)).body["total_records"] for each in (token, "poor")]
    assert [700, 0] == totals


@pytest.mark.parametrize("ending", ["time", "revocation"])
async def test_a_token_ends(client_of: Callable[..., Client], session, zoom, clock, ending):
    """By the clock after its hour, or when all are revoked; a new one is good again."""
    token = await token_from(session, zoom)
    client = client_of(zoom, token)
    clock.advance(seconds=3598)
    assert 200 == (await client.get(LIST)).status
    {"time": lambda: clock.advance(seconds=1), "revocation": zoom.revoke_tokens}[ending]()
    ended = await client.get(LIST)
    assert (401, {"code": 124, "message": "Access token is expired."}) == (ended.status, ended.body)
    assert 200 == (await client_of(zoom, await token_from(session, zoom)).get(LIST)).status


async def test_token_requests_are_counted_and_seen(session, zoom):
    """Whatever became of them; without what was in the body."""
    await ask(session, zoom, form=FORM)
    await ask(session, zoom, form=FORM, authorization="")
    assert (2, [Call("POST", "/oauth/token", "")] * 2) == (zoom.token_requests, zoom.calls)
    zoom.forget_calls()
    assert 0 == zoom.token_requests


async def test_faults_are_scripted_for_it_as_for_any_path(session, zoom):
    """By the whole path; the API below `/v2` is not meant."""
    zoom.fail("/oauth/token", status=503, times=2)
    zoom.fail(LIST, status=500)
    answers = [await ask(session, zoom, form=FORM) for _ in range(3)]
    assert ([503, 503, 200], 3) == ([answer.status for answer in answers], zoom.token_requests)


async def test_only_a_post_is_a_token_request(session, zoom):
    """A GET of the same path means nothing."""
    answer = await ask(session, zoom, query=FORM, method="GET")
    assert (401, 0) == (answer.status, zoom.token_requests)


async def test_without_an_app_there_is_no_token_endpoint(session, world):
    """And every bearer is good, as ever; revoking changes nothing."""
    async with Standin(world, clock=Clock()) as zoom:
        zoom.revoke_tokens()
        answer = await ask(session, zoom, form=FORM, authorization="Bearer any")
        assert (404, 2300, 0) == (answer.status, answer.body["code"], zoom.token_requests)
        assert 200 == (await Client(session, zoom, "any").get(LIST)).status


def test_the_secret_stands_in_no_repr():
    """Of the app."""
    assert "synthetic-secret" not in repr(APP)
