"""A service with an app's credentials: whom it serves, and what its clients share."""

from collections import Counter

import pytest
import time_machine

from contracts.codec import decode
from shim.standin import Standin
from tests.adapters.successor_bodies import id_of
from tests.edge.raw import exchange, request
from tests.service.app_service import (
    APP,
    APPS_TOKEN,
    BEARER,
    INVALID_TOKEN,
    KEY,
    NEW_KEY,
    OTHER_KEY,
    SEALING_KEY,
    TOKEN,
    app_service,
    app_settings,
    basic,
    post,
    trade,
    watched,
)
from tests.service.running import in_front_of, service
from tests.service.worlds import DAY, LIST, NEWEST, plain

POSTED = [(name.encode(), value.encode()) for name, value in basic("alpha", KEY).items()]


class TestServed:
    """Clients with a key."""

    async def test_a_key_is_a_bearer(self):
        """The list and the details of a call are asked with the app's token."""
        async with app_service(plain(1, 2)) as asking:
            listed = await asking.get(DAY, authorization=BEARER)
            details = await asking.get(f"{LIST}/{id_of(2)}", authorization=BEARER)
        assert ([id_of(1), id_of(2)], id_of(2)) == ([row["id"] for row in listed.body["call_logs"]], details.body["id"])
        assert 1 == asking.zoom.token_requests

    async def test_a_key_may_come_as_access_token(self):
        """Old programs put it into the query."""
        async with app_service(plain(1)) as asking:
            answer = await asking.get(f"{DAY}&access_token={KEY}", authorization=None)
        assert (200, 1) == (answer.status, len(answer.body["call_logs"]))

    async def test_a_traded_bearer_is_one_too(self):
        """To cache and walk it is the same client as the key."""
        async with app_service(plain(1, 2)) as asking:
            bearer = await trade(asking)
            first = await asking.get(f"{DAY}&page_size=1", authorization=bearer)
            token = first.body["next_page_token"]
            second = await asking.get(f"{DAY}&page_size=1&next_page_token={token}", authorization=BEARER)
            asking.zoom.forget_calls()
            details = await asking.get(f"{LIST}/{id_of(1)}", authorization=BEARER)
        assert [id_of(1), id_of(2)] == [page.body["call_logs"][0]["id"] for page in (first, second)]
        assert (200, []) == (details.status, asking.zoom.calls)

    @pytest.mark.parametrize("authorization", [None, "Bearer x", f"Bearer {KEY}x", KEY, *basic("alpha", KEY).values()])
    @pytest.mark.parametrize("target", [DAY, f"{LIST}/{id_of(1)}", f"{LIST}?from=nonsense"])
    async def test_anybody_else_is_refused_before_all_else(self, authorization, target):
        """401/124 as of v1, and Zoom is asked neither for calls nor for a token."""
        async with app_service(plain(1)) as asking:
            answer = await asking.get(target, authorization=authorization)
        assert (*INVALID_TOKEN, []) == (answer.status, answer.body, asking.zoom.calls)

    async def test_a_wrong_bearer_is_told_so_however_often(self):
        """A 401 is what makes a program fetch its next token."""
        async with app_service(plain(1)) as asking:
            answers = [await asking.get(DAY, authorization="Bearer old") for _ in range(15)]
        assert {401} == {answer.status for answer in answers}

    async def test_two_clients_share_no_details_by_id(self):
        """Each name is a caller of its own, as two tokens of Zoom's are."""
        async with app_service(plain(1, 2)) as asking:
            await asking.get(DAY, authorization=BEARER)
            asking.zoom.forget_calls()
            answer = await asking.get(f"{LIST}/{id_of(1)}", authorization=f"Bearer {OTHER_KEY}")
        assert (200, 1) == (answer.status, asking.zoom.counts["get_call_history"])

    async def test_zooms_no_to_the_app_is_no_clients_fault(self):
        """503: a client that is told 401 fetches new bearers for ever."""
        async with app_service(plain(1), settings=app_settings(ZOOM_CLIENT_SECRET="wrong")) as asking:
            answer = await asking.get(DAY, authorization=BEARER)
        assert (503, 503) == (answer.status, answer.body["code"])


class TestNothingTravels:
    """What a client presents ends here."""

    @pytest.mark.parametrize(
        ("target", "headers"),
        [(DAY, [f"Authorization: {BEARER}"]), (f"{DAY}&access_token={KEY}", []), (f"{LIST}/x?access_token={KEY}", [])],
    )
    async def test_upstream_sees_the_apps_token_alone(self, target, headers):
        """No byte of any request holds the key."""
        async with watched(app_settings()) as (upstream, port):
            await exchange(port, request(target.encode(), *map(str.encode, headers)))
        seen = b"".join(one.raw for one in upstream.requests)
        assert (True, False) == (b"Authorization: Bearer " + APPS_TOKEN in seen, KEY.encode() in seen)

    async def test_a_traded_bearer_stays_here_too(self):
        """As the key it was traded for."""
        async with watched(app_settings()) as (upstream, port):
            traded = await exchange(port, request(TOKEN.encode(), *map(b": ".join, POSTED), method=b"POST"))
            bearer = decode(traded.body)["access_token"].encode()
            await exchange(port, request(DAY.encode(), b"Authorization: Bearer " + bearer))
        seen = b"".join(one.raw for one in upstream.requests)
        assert (True, False) == (APPS_TOKEN in seen, bearer in seen)


class TestChangingAKey:
    """Old and new side by side, then the new one alone."""

    async def test_nobody_notices(self, tmp_path):
        """A walk begun with the old key goes on with the new one over three restarts; then the old one is nobody's."""
        state = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
        stages = [
            ((f"alpha:{KEY}",), BEARER),
            ((f"alpha:{KEY}", f"alpha:{NEW_KEY}"), f"Bearer {NEW_KEY}"),
            ((f"alpha:{NEW_KEY}",), f"Bearer {NEW_KEY}"),
        ]
        rows, old, token, traded = [], [], "", ""
        async with Standin(plain(1, 2, 3), app=APP) as zoom:
            for keys, authorization in stages:
                async with in_front_of(zoom, app_settings(*keys, **state)) as asking:
                    page = await asking.get(f"{DAY}&page_size=1{token}", authorization=authorization)
                    rows += [row["id"] for row in page.body["call_logs"]]
                    token = f"&next_page_token={page.body['next_page_token']}"
                    traded = traded or await trade(asking)
                    old.append([(await asking.get(DAY, authorization=one)).status for one in (BEARER, traded)])
        assert ([id_of(1), id_of(2), id_of(3)], [[200, 200], [200, 200], [401, 401]]) == (rows, old)

    async def test_both_keys_work_at_once_and_share_what_is_cached(self):
        """They are one client."""
        settings = app_settings(f"alpha:{KEY}", f"alpha:{NEW_KEY}")
        async with app_service(plain(1, 2), settings=settings) as asking:
            await asking.get(DAY, authorization=BEARER)
            asking.zoom.forget_calls()
            answer = await asking.get(f"{LIST}/{id_of(2)}", authorization=f"Bearer {NEW_KEY}")
        assert (200, []) == (answer.status, asking.zoom.calls)


class TestBearers:
    """How long a traded bearer is good, and where."""

    async def test_a_bearer_has_an_hour(self):
        """Then it is refused as any other text."""
        with time_machine.travel(NEWEST, tick=False) as travel:
            async with app_service(plain(1)) as asking:
                bearer = await trade(asking)
                travel.shift(3600)
                fresh = await asking.get(DAY, authorization=bearer)
                travel.shift(1)
                stale = await asking.get(DAY, authorization=bearer)
        assert (200, *INVALID_TOKEN) == (fresh.status, stale.status, stale.body)

    @pytest.mark.parametrize("kept", ["keys", "state"])
    async def test_a_restart_and_a_replica_know_it(self, kept, tmp_path):
        """By the sealing keys given, or by the one in the state."""
        keeping = {
            "keys": {"SHIM_TOKEN_KEYS": SEALING_KEY},
            "state": {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"},
        }
        settings = app_settings(**keeping[kept])
        async with Standin(plain(1), app=APP) as zoom:
            async with in_front_of(zoom, settings) as asking:
                bearer = await trade(asking)
            async with in_front_of(zoom, settings) as asking:
                answer = await asking.get(DAY, authorization=bearer)
        assert 200 == answer.status

    async def test_a_page_token_is_no_bearer(self):
        """Nor a bearer a page token, although one key seals both."""
        async with app_service(plain(1, 2)) as asking:
            page = await asking.get(f"{DAY}&page_size=1", authorization=BEARER)
            token = page.body["next_page_token"]
            as_bearer = await asking.get(DAY, authorization=f"Bearer {token}")
            bearer = (await trade(asking)).removeprefix("Bearer ")
            as_token = await asking.get(f"{DAY}&page_size=1&next_page_token={bearer}", authorization=BEARER)
        assert (*INVALID_TOKEN, 400) == (as_bearer.status, as_bearer.body, as_token.status)


async def test_without_an_app_a_client_key_means_nothing():
    """Every bearer goes to Zoom, and `/oauth/token` is Zoom's."""
    async with service(plain(1), bearers={"one": None}) as asking:
        await asking.get(DAY, authorization=BEARER)
        await post(asking, data={"grant_type": "account_credentials"}, headers=basic("alpha", KEY))
        assert Counter({"/v2/phone/call_history": 1, "/oauth/token": 1}) == Counter(
            call.path for call in asking.zoom.calls
        )
