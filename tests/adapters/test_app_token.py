"""The app's token: one fetch for all who wait, how long it is used, and what becomes of a refused one."""

import asyncio

import pytest

from adapters.credentials import NOT_YET
from adapters.errors import OwnCredentialFailed
from tests.adapters.raw_upstream import Play
from tests.adapters.token_bench import SCOPES, asking, bearer, credential_events, granted, refused, token_of, word_of
from tests.adapters.virtual_time import in_virtual_time


@in_virtual_time
async def test_fifty_callers_cost_one_fetch():
    """Whoever comes while a token is being fetched waits for that one, and who comes later has it at once."""
    async with token_of(Play((1.0, granted(1)))) as (zoom, token):
        headers = await asyncio.gather(*[token.authorization(asking()) for _ in range(50)])
        assert {bearer(1)} == {*headers, await token.authorization(asking())}
        assert 1 == len(zoom.heads)


@pytest.mark.parametrize("leaver", [0, 2])
@in_virtual_time
async def test_a_waiter_that_is_cancelled_takes_nothing_from_the_others(leaver):
    """Also when it is the one for whom the fetch was begun."""
    async with token_of(Play((1.0, granted(1)))) as (zoom, token):
        waiters = [asyncio.create_task(token.authorization(asking())) for _ in range(3)]
        await asyncio.sleep(0.5)
        waiters.pop(leaver).cancel()
        assert [bearer(1)] * 2 == await asyncio.gather(*waiters)
        assert 1 == len(zoom.heads)


@in_virtual_time
async def test_each_waiter_waits_until_its_own_deadline():
    """One with little time fails on time, the fetch goes on for the one that has more."""
    async with token_of(Play((5.0, granted(1)))) as (zoom, token):
        patient = asyncio.create_task(token.authorization(asking()))
        start = asyncio.get_running_loop().time()
        assert "not in time" == await word_of(token, within=2.0)
        assert pytest.approx(2.0, abs=0.01) == asyncio.get_running_loop().time() - start
        assert "not in time" == await word_of(token, within=-1.0)
        assert bearer(1) == await patient
        assert 1 == len(zoom.heads)


@in_virtual_time
async def test_a_token_is_used_on_while_the_next_one_is_fetched():
    """From the last fifth of its life at the earliest, the last tenth at the latest, and nobody waits for it."""
    async with token_of(granted(1), Play((5.0, granted(2)))) as (zoom, token):
        await token.authorization(asking())
        await asyncio.sleep(3599 * 0.79)
        assert (bearer(1), 1) == (await token.authorization(asking()), len(zoom.heads))
        await asyncio.sleep(3599 * 0.12)
        start = asyncio.get_running_loop().time()
        assert {bearer(1)} == set(await asyncio.gather(*[token.authorization(asking()) for _ in range(10)]))
        assert start == asyncio.get_running_loop().time()
        await asyncio.sleep(6)
        assert (bearer(2), 2) == (await token.authorization(asking()), len(zoom.heads))


@in_virtual_time
async def test_a_token_of_some_minutes_is_renewed_a_minute_ahead():
    """Where the tenth part of a life is less than a minute, a minute is kept free."""
    async with token_of(granted(1, expires_in=300), granted(2)) as (zoom, token):
        await token.authorization(asking())
        await asyncio.sleep(179)
        await token.authorization(asking())
        await asyncio.sleep(0.1)
        assert 1 == len(zoom.heads)
        await asyncio.sleep(62)
        await token.authorization(asking())
        await asyncio.sleep(0.1)
        assert 2 == len(zoom.heads)


@in_virtual_time
async def test_a_token_that_has_ended_is_not_shown_again():
    """Whoever comes after the end waits for the next one."""
    async with token_of(granted(1), Play((1.0, granted(2)))) as (zoom, token):
        await token.authorization(asking())
        await asyncio.sleep(3600)
        assert bearer(2) == await token.authorization(asking())
        assert 2 == len(zoom.heads)


@in_virtual_time
async def test_a_very_short_life_is_half_used():
    """A token of a few seconds does not cost a fetch for every call."""
    async with token_of(granted(1, expires_in=4), granted(2, expires_in=4)) as (zoom, token):
        await token.authorization(asking())
        await asyncio.sleep(1.5)
        await token.authorization(asking())
        await asyncio.sleep(0.1)
        assert 1 == len(zoom.heads)


@pytest.mark.parametrize(
    "stated",
    [None, 0, -5, True, "soon", "", "-1", [3599], {"a": 1}, pytest.param("9" * 5000, id="long")],
)
@in_virtual_time
async def test_an_odd_life_is_taken_for_ten_minutes(stated):
    """A token whose life Zoom does not state is used, and renewed before long."""
    async with token_of(granted(1, expires_in=stated), granted(2)) as (_, token):
        assert bearer(1) == await token.authorization(asking())
        await asyncio.sleep(599)
        assert bearer(1) == await token.authorization(asking())
        await asyncio.sleep(2)
        assert bearer(2) == await token.authorization(asking())


@pytest.mark.parametrize(("stated", "life"), [("120", 120), (120.5, 120.5), (10**30, 86_400)])
@in_virtual_time
async def test_a_life_is_a_number_or_its_text_and_a_day_at_the_most(stated, life):
    """The token is used up to the end of that life."""
    async with token_of(granted(1, expires_in=stated), Play((), "hang")) as (_, token):
        await token.authorization(asking())
        await asyncio.sleep(life - 1)
        assert bearer(1) == await token.authorization(asking())
        await asyncio.sleep(2)
        with pytest.raises(OwnCredentialFailed):
            await token.authorization(asking(within=0.1))


class TestRefusedTokens:
    """What follows when Zoom takes a token no longer."""

    @in_virtual_time
    async def test_one_refusal_of_many_renews(self):
        """However many calls were refused with a token, one new one is fetched, and all of them get it."""
        async with token_of(granted(1), Play((1.0, granted(2)))) as (zoom, token):
            await token.authorization(asking())
            await asyncio.sleep(10)
            assert [True] * 50 == [token.renewable(bearer(1)) for _ in range(50)]
            headers = await asyncio.gather(*[token.authorization(asking()) for _ in range(50)])
            assert ({bearer(2)}, 2) == (set(headers), len(zoom.heads))

    @in_virtual_time
    async def test_a_late_refusal_of_an_old_token_costs_the_new_one_nothing(self):
        """The call that showed the old one shows the new one next; nobody asks for a third."""
        async with token_of(granted(1), granted(2), granted(3)) as (zoom, token):
            await token.authorization(asking())
            await asyncio.sleep(10)
            token.renewable(bearer(1))
            await token.authorization(asking())
            await asyncio.sleep(10)
            assert token.renewable(bearer(1))
            assert (bearer(2), 2) == (await token.authorization(asking()), len(zoom.heads))

    @in_virtual_time
    async def test_a_new_token_refused_as_soon_as_it_came_is_not_renewed(self):
        """A refusal that no new token heals does not become a storm; it is said once for each token."""
        async with token_of(*[granted(number) for number in range(1, 9)]) as (zoom, token):
            with credential_events() as events:
                assert token.renewable(await token.authorization(asking()))
                assert bearer(2) == await token.authorization(asking())
                assert [False] * 3 == [token.renewable(bearer(2)) for _ in range(3)]
                await asyncio.sleep(4.9)
                assert not token.renewable(bearer(2))
                await asyncio.sleep(0.2)
                assert token.renewable(bearer(2))
                assert bearer(3) == await token.authorization(asking())
                assert not token.renewable(bearer(3))
            assert 3 == len(zoom.heads)
        fetched, refused = "credential.fetched", "credential.refused"
        assert [fetched, fetched, refused, fetched, refused] == [event["event"] for event in events]

    @in_virtual_time
    async def test_a_token_that_came_in_its_time_may_be_refused_at_once(self):
        """It replaced none that was refused, so the refusal is news, whatever became of the tokens before it."""
        async with token_of(granted(1), granted(2), granted(3), granted(4)) as (zoom, token):
            token.renewable(await token.authorization(asking()))
            assert bearer(2) == await token.authorization(asking())
            await asyncio.sleep(3600)
            assert bearer(3) == await token.authorization(asking())
            assert token.renewable(bearer(3))
            assert (bearer(4), 4) == (await token.authorization(asking()), len(zoom.heads))

    @in_virtual_time
    async def test_a_minute_of_refusals_costs_a_dozen_fetches(self):
        """Calls that are refused whatever they show ask for a new token every few seconds at the most."""
        async with token_of(*[granted(number) for number in range(100)]) as (zoom, token):
            for _ in range(600):
                token.renewable(await token.authorization(asking()))
                await asyncio.sleep(0.1)
            assert 10 <= len(zoom.heads) <= 14


@in_virtual_time
async def test_an_odd_refusal_of_the_endpoint_costs_a_second():
    """A 400 that was none of ours is forgotten as soon as the endpoint grants again."""
    async with token_of(refused(), granted(1)) as (_, token):
        assert "invalid_client" == await word_of(token)
        await asyncio.sleep(1.01)
        assert bearer(1) == await token.authorization(asking())


@in_virtual_time
async def test_an_endpoint_that_goes_on_refusing_is_asked_less_and_less():
    """A wrong secret costs some twenty calls in five minutes, however often a token is needed."""
    async with token_of(*[refused() for _ in range(100)]) as (zoom, token):
        for _ in range(600):
            await word_of(token)
            await asyncio.sleep(0.5)
        assert 12 <= len(zoom.heads) <= 40


@in_virtual_time
async def test_closing_ends_a_fetch_and_fails_who_waits_for_it():
    """Nothing is left behind, and a waiter is not taken for cancelled itself."""
    async with token_of(Play((), "hang")) as (zoom, token):
        waiter = asyncio.create_task(token.authorization(asking()))
        await asyncio.sleep(1)
        await token.aclose()
        with pytest.raises(OwnCredentialFailed):
            await waiter
        await token.aclose()
        assert 1 == len(zoom.heads)


@in_virtual_time
async def test_a_token_can_be_had_without_a_caller():
    """For a check: it is there afterwards, with the scopes Zoom named."""
    async with token_of(granted(1)) as (zoom, token):
        assert frozenset() == token.granted_scopes
        await token.fetch(deadline=asyncio.get_running_loop().time() + 5)
        assert frozenset(SCOPES.split()) == token.granted_scopes
        await token.authorization(asking())
        assert 1 == len(zoom.heads)


@pytest.mark.parametrize("scope", [None, 7, "", [], [7, None]])
@in_virtual_time
async def test_scopes_that_are_not_named_are_none(scope):
    """The token is good all the same."""
    async with token_of(granted(1, scope=scope)) as (_, token):
        await token.fetch(deadline=asyncio.get_running_loop().time() + 5)
        assert frozenset() == token.granted_scopes


@in_virtual_time
async def test_scopes_may_come_as_a_list():
    """As some of Zoom's own pages show them."""
    async with token_of(granted(1, scope=SCOPES.split())) as (_, token):
        await token.fetch(deadline=asyncio.get_running_loop().time() + 5)
        assert frozenset(SCOPES.split()) == token.granted_scopes


@in_virtual_time
async def test_trouble_is_a_token_that_is_missing_and_not_one_that_ended_idle():
    """Before the first one and after a failure there is a word for it; who waits for a failure hears of it."""
    async with token_of(granted(1), refused()) as (_, token):
        told = [token.trouble()]
        failed = asyncio.create_task(token.failed())
        await token.authorization(asking())
        told.append(token.trouble())
        await asyncio.sleep(3700)
        told.append(token.trouble())
        assert not failed.done()
        assert "invalid_client" == await word_of(token)
        told.append(token.trouble())
        await failed
    assert [NOT_YET, None, None, "invalid_client"] == told
