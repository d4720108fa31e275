"""The whole service with an app's credentials of its own, in front of a Zoom that takes nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from contracts.cases import World
from shim.standin import AppClient, Standin
from tests.adapters.successor_bodies import id_of, uuid_of
from tests.service.running import Asking, in_front_of, service
from tests.service.worlds import DAY, LIST, plain

SECRET = "planted-secret-7c2e"
KEY = "planted-client-key-0123456789abcdef"
APP = AppClient("acct-1", "client-1", SECRET)
CLIENT = f"Bearer {KEY}"
PAGE = f"{DAY}&page_size=300"
UNAVAILABLE = (503, {"code": 503, "message": "Service Unavailable"})


@asynccontextmanager
async def app_service(world: World, *, secret: str = SECRET, **settings: str) -> AsyncIterator[Asking]:
    """The service with a secret, in front of a Zoom that knows the app by the right one."""
    own = {
        "ZOOM_ACCOUNT_ID": "acct-1",
        "ZOOM_CLIENT_ID": "client-1",
        "ZOOM_CLIENT_SECRET": secret,
        "SHIM_CLIENT_KEYS": f"archive:{KEY}",
        **settings,
    }
    async with Standin(world, app=APP) as zoom, in_front_of(zoom, {"ZOOM_OAUTH_URL": zoom.oauth_url, **own}) as asking:
        yield asking


def told(asking: Asking) -> str:
    """The counters as text."""
    return asking.shim.ops.meters.exposition().decode()


async def test_a_cold_page_and_its_details_cost_one_token():
    """Three hundred rows, each with a detail call, and one of them by id."""
    async with app_service(plain(*range(300))) as asking:
        page = await asking.get(PAGE, authorization=CLIENT)
        details = await asking.get(f"{LIST}/{page.body['call_logs'][7]['id']}", authorization=CLIENT)
        assert (200, 300, 200) == (page.status, len(page.body["call_logs"]), details.status)
        assert (1, 300) == (asking.zoom.token_requests, asking.zoom.counts["get_call_history"])
        assert 'shim_upstream_calls_total{call="token",status="2xx"} 1.0' in told(asking)


async def test_many_requests_at_once_cost_one_token():
    """Cold, side by side."""
    async with app_service(plain(1, 2)) as asking:
        answers = await asyncio.gather(*[asking.get(DAY, authorization=CLIENT) for _ in range(30)])
        assert ({200}, 1) == ({answer.status for answer in answers}, asking.zoom.token_requests)


async def test_a_token_that_ends_in_the_middle_of_a_page_is_not_felt():
    """The page is whole and exact, for one more token."""
    async with app_service(plain(*range(60))) as asking:

        async def revoke() -> None:
            asking.zoom.revoke_tokens()

        asking.zoom.fail(f"/phone/call_history/{uuid_of(30)}", delay=revoke())
        page = await asking.get(PAGE, authorization=CLIENT)
        assert (200, 60, "") == (page.status, len(page.body["call_logs"]), page.body["next_page_token"])
        assert 2 == asking.zoom.token_requests
        assert "shim_rows_from_summary_total{" not in told(asking)
        assert 'status="401"' in told(asking)


@pytest.mark.parametrize("target", [DAY, f"{LIST}/{id_of(1)}"])
async def test_a_wrong_secret_is_this_services_own_trouble(target, capsys):
    """503, never a 401 that clients would answer with new tokens; the endpoint is asked once, and nothing else is."""
    async with app_service(plain(1), secret="planted-wrong-secret") as asking:
        answers = [await asking.get(target, authorization=CLIENT) for _ in range(3)]
        assert [UNAVAILABLE] * 3 == [(answer.status, answer.body) for answer in answers]
        assert ({"token": 1}, []) == (asking.zoom.counts, asking.zoom.calls)
        everything = told(asking) + "".join(capsys.readouterr()) + repr(answers)
    assert "credential.fetch_failed" in everything
    assert [] == [planted for planted in ("planted-wrong-secret", KEY, "client-1", "acct-1") if planted in everything]


async def test_a_token_endpoint_that_is_down_is_a_503():
    """Not a 502: it is no answer of the API that is missing."""
    async with app_service(plain(1)) as asking:
        asking.zoom.fail("/oauth/token", status=503, times=None)
        asking.zoom.revoke_tokens()
        answer = await asking.get(DAY, authorization=CLIENT)
        assert UNAVAILABLE == (answer.status, answer.body)
        assert ["/v2/phone/call_history", "/oauth/token"] == list(
            dict.fromkeys(call.path for call in asking.zoom.calls)
        )


async def test_a_zoom_that_refuses_its_own_fresh_tokens_is_a_503():
    """However often it is asked, it is asked for two tokens."""
    async with app_service(plain(1)) as asking:
        asking.zoom.fail("/phone/", status=401, times=None)
        answers = [await asking.get(DAY, authorization=CLIENT) for _ in range(5)]
        assert [UNAVAILABLE] * 5 == [(answer.status, answer.body) for answer in answers]
        assert 2 == asking.zoom.token_requests


async def test_a_scope_the_app_lacks_is_told_as_zoom_tells_it():
    """400/4711, and no new token is asked for: it would have the same scopes."""
    async with app_service(plain(1)) as asking:
        asking.zoom.revoke("/phone/call_history")
        answer = await asking.get(DAY, authorization=CLIENT)
        assert (400, 4711, 1) == (answer.status, answer.body["code"], asking.zoom.token_requests)


async def test_without_an_app_nobody_asks_for_a_token():
    """Each caller's own bearer goes up, and a refusal comes back as it is."""
    async with service(plain(1), bearers={"known": None}) as asking:
        known = await asking.get(DAY, authorization="Bearer known")
        stranger = await asking.get(DAY, authorization="Bearer stranger")
        assert (200, 401, 124) == (known.status, stranger.status, stranger.body["code"])
        assert [] == [call for call in asking.zoom.calls if call.path.startswith("/oauth")]
