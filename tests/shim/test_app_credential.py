"""The app's credential as the settings make it."""

import asyncio

import pytest

from adapters.errors import OwnCredentialFailed
from shim.app_credential import app_token
from shim.settings import load_settings
from tests.adapters.raw_upstream import RawUpstream
from tests.adapters.token_bench import BASIC, SECRET, asking, bearer, granted, refused

APP = {
    "ZOOM_ACCOUNT_ID": "acct-1",
    "ZOOM_CLIENT_ID": "client-1",
    "ZOOM_CLIENT_SECRET": SECRET,
    "SHIM_CLIENT_KEYS": f"archive:{'k' * 32}",
}


async def test_without_an_app_there_is_none():
    """Every caller brings its own."""
    async with app_token(load_settings({})) as token:
        assert token is None


async def test_the_settings_app_is_the_one_that_asks():
    """At their token endpoint, with their account, id and secret; each attempt is told."""
    told: list[tuple[str, int | None]] = []
    async with RawUpstream(granted(1)) as zoom:
        settings = load_settings({**APP, "ZOOM_OAUTH_URL": f"{zoom.url}/gov/token"})
        async with app_token(settings, on_call=lambda name, status, _: told.append((name, status))) as token:
            assert token is not None
            assert bearer(1) == await token.authorization(asking())
        assert (["/gov/token"], [BASIC]) == (zoom.targets, zoom.header("Authorization"))
        assert [b"grant_type=account_credentials&account_id=acct-1"] == zoom.bodies
    assert [("token", 200)] == told


@pytest.mark.parametrize(("no_proxy", "asked"), [("", 1), ("oauth.invalid", 0)])
async def test_the_token_endpoint_is_asked_through_the_proxy_of_its_own_host(monkeypatch, no_proxy, asked):
    """As the environment names it, whatever the API's host needs."""
    async with RawUpstream(refused()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy)
        settings = load_settings({**APP, "ZOOM_OAUTH_URL": "http://oauth.invalid/oauth/token"})
        async with app_token(settings) as token:
            assert token is not None
            with pytest.raises(OwnCredentialFailed):
                await token.fetch(deadline=asyncio.get_running_loop().time() + 5)
        assert ["http://oauth.invalid/oauth/token"] * asked == proxy.targets
