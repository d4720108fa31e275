"""Who asks: client keys, the bearers traded for them, and bearers that are passed on."""

import base64
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.errors import LegacyRefusal
from adapters.page_tokens import PageTokens, Position
from adapters.ports import Caller
from adapters.sealing import Seal
from shim.callers import BearersPassedOn, Callers, KeyHolders
from shim.client_bearers import LIFE, ClientBearers
from shim.client_keys import Client, ClientKeys
from shim.presented import basic_of, bearer_of, presented
from shim.settings import ClientKey

KEY, SECOND_KEY, OTHER_KEY = "first-" + "k" * 32, "second-" + "k" * 32, "other:" + "o" * 32
SEALING_KEY = base64.urlsafe_b64encode(b"s" * 32).decode()
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
POSITION = Position("", "2026-03-09", "2026-03-10", "", "", "", 0, (), 30, 2, 1)


def keys(*entries: tuple[str, str]) -> ClientKeys:
    """The clients of these names and keys."""
    return ClientKeys(ClientKey(name, SecretStr(key)) for name, key in entries)


KNOWN = keys(("alpha", KEY), ("beta", OTHER_KEY))


def bearers(known: ClientKeys = KNOWN, *, after: float = 0, sealing_key: str = SEALING_KEY) -> ClientBearers:
    """What a process knows of bearers so many seconds after noon."""
    return ClientBearers(Seal([sealing_key]), known, now=lambda: NOON + timedelta(seconds=after))


def client(key: str) -> Client:
    """Whose key this is."""
    found = KNOWN.holder(key)
    assert found is not None
    return found


def traded() -> str:
    """A bearer that was given for a key at noon."""
    return bearers().issue(client(KEY))


def holders(known: ClientKeys = KNOWN, *, after: float = 0) -> KeyHolders:
    """Callers by keys and bearers."""
    return KeyHolders(known, bearers(known, after=after))


def ask(callers: Callers, authorization: str, account: str | None = None) -> Caller:
    """Who presents this."""
    return callers.caller(authorization, account=account, deadline=7.0)


def claiming(account: str) -> str:
    """A token that says of itself whose it is."""
    parts = (
        base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode() for text in ("{}", f'{{"aid": "{account}"}}')
    )
    return ".".join((*parts, "signature"))


def is_refused(callers: Callers, authorization: str) -> bool:
    """Whether v1's refusal of a wrong token is raised."""
    with pytest.raises(LegacyRefusal) as refusal:
        ask(callers, authorization)
    said = refusal.value
    return (said.status, said.code, said.message) == (401, 124, "Invalid access token.")


class TestPassedOn:
    """Callers who bring a token of Zoom's."""

    @pytest.mark.parametrize("authorization", ["Bearer one", "plain", "Basic dXNlcjpwYXNz", f"Bearer {KEY}"])
    def test_a_credential_is_the_callers_own(self, authorization):
        """It goes upstream as it came, has a rate budget of its own, and is never judged here."""
        caller = ask(BearersPassedOn(), authorization, "acct1")
        assert (authorization, "acct1", 7.0) == (caller.authorization, caller.account, caller.deadline)
        assert caller.key == caller.lane

    def test_none_is_refused(self):
        """As v1 refused it."""
        assert is_refused(BearersPassedOn(), "")

    def test_one_credential_for_two_accounts_is_two_callers(self):
        """Nothing is shared between them, nor between two credentials."""
        asked = [("Bearer one", None), ("Bearer one", "acct1"), ("Bearer two", None), ("Bearer two", "acct1")]
        assert 4 == len({ask(BearersPassedOn(), *one).key for one in asked})

    def test_one_credential_is_one_program_whatever_account_it_names(self):
        """To caps and fair turns: a path that names another account must not get it another share."""
        asked = [ask(BearersPassedOn(), "Bearer one", account) for account in (None, "acct1", "acct2")]
        assert 1 == len({caller.program for caller in asked})
        assert ask(BearersPassedOn(), "Bearer two").program not in {caller.program for caller in asked}

    def test_an_account_that_names_itself_has_one_budget(self):
        """Whether its programs put it into the path or not, Zoom counts their calls together."""
        bearer = f"Bearer {claiming('acct1')}"
        lanes = [ask(BearersPassedOn(), bearer, account).lane for account in (None, "acct1", "acct2")]
        assert lanes[0] == lanes[1] != lanes[2]

    def test_a_credential_of_any_bytes_has_a_key(self):
        """Also one whose header was no UTF-8."""
        assert 64 == len(ask(BearersPassedOn(), "Bearer \udcff").key)


class TestKeyHolders:
    """Callers who bring a client key, or a bearer traded for one."""

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
    @pytest.mark.parametrize("token", [KEY, traded()])
    def test_a_client_is_known_by_either(self, scheme, token):
        """To caches and budgets both are the same client, and nothing of them travels."""
        caller = ask(holders(), f"{scheme} {token}", "acct1")
        assert ("", "app", "acct1", 7.0) == (caller.authorization, caller.lane, caller.account, caller.deadline)
        assert ask(holders(), f"Bearer {KEY}", "acct1").key == caller.key

    def test_clients_and_accounts_are_told_apart(self):
        """By name and account; all of them draw on one rate budget."""
        asked = [(f"Bearer {key}", account) for key in (KEY, OTHER_KEY) for account in (None, "acct1")]
        callers = [ask(holders(), *one) for one in asked]
        assert (4, {"app"}) == (len({caller.key for caller in callers}), {caller.lane for caller in callers})

    def test_a_client_is_one_program_whatever_account_it_names(self):
        """To caps and fair turns."""
        asked = [ask(holders(), f"Bearer {KEY}", account) for account in (None, "acct1", "acct2")]
        assert 1 == len({caller.program for caller in asked})
        assert ask(holders(), f"Bearer {OTHER_KEY}").program not in {caller.program for caller in asked}

    def test_a_clients_second_key_is_the_same_client(self):
        """So that changing it loses neither cache nor walk."""
        both = keys(("alpha", KEY), ("alpha", SECOND_KEY))
        assert 1 == len({ask(holders(both), f"Bearer {key}").key for key in (KEY, SECOND_KEY)})
        assert ask(holders(), f"Bearer {KEY}").key == ask(holders(both), f"Bearer {SECOND_KEY}").key

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer ",
            KEY,
            f"Basic {KEY}",
            "Basic " + base64.b64encode(f"alpha:{KEY}".encode()).decode(),
            f"Bearer {KEY[:-1]}",
            f"Bearer {KEY}x",
            f"Bearer {KEY.upper()}",
            f"Bearer alpha:{KEY}",
            "Bearer \udcff",
            "Bearer eyJhbGciOiJIUzUxMiJ9.e30.c2ln",
            f"Bearer {traded()[:-1]}",
            f"Bearer {traded()}=",
        ],
    )
    def test_anything_else_is_nobody(self, authorization):
        """One refusal for all of it."""
        assert is_refused(holders(), authorization)

    @given(st.text(max_size=80))
    def test_no_text_breaks_the_judge(self, text):
        """Whatever is presented, the answer is a refusal."""
        assert is_refused(holders(), f"Bearer {text}")

    def test_a_caller_shows_nothing_of_its_key(self):
        """However it is written down."""
        assert ("first" in repr(ask(holders(), f"Bearer {KEY}")), "digest" in repr(client(KEY))) == (False, False)


class TestBearers:
    """What a traded bearer is good for."""

    @pytest.mark.parametrize(("after", "is_known"), [(0, True), (LIFE, True), (LIFE + 1, False)])
    def test_it_has_an_hour(self, after, is_known):
        """Not a second more; but it stays one of ours, which must not travel."""
        assert is_known == (bearers(after=after).holder(traded()) is not None)
        assert bearers(after=after).is_ours(traded())

    @pytest.mark.parametrize("after", [-61, -86_400, 10 * 365 * 86_400])
    def test_it_stays_ours_whatever_the_clock_says(self, after):
        """One from the future or of long ago opens nothing, and must not travel either."""
        assert (None, True) == (bearers(after=after).holder(traded()), bearers(after=after).is_ours(traded()))

    def test_it_ends_with_its_key(self):
        """Also when its client has another one, or another client has its key now."""
        others = [keys(("alpha", SECOND_KEY)), keys(("gamma", KEY)), keys(("beta", OTHER_KEY))]
        assert [None] * 3 == [bearers(left).holder(traded()) for left in others]

    def test_it_lives_while_keys_are_changed(self):
        """Beside a second key nothing happens to the bearers of the first."""
        assert client(KEY) == bearers(keys(("alpha", SECOND_KEY), ("alpha", KEY))).holder(traded())

    def test_another_process_needs_the_same_sealing_key(self):
        """A bearer made elsewhere with another one is nobody's."""
        foreign = base64.urlsafe_b64encode(b"f" * 32).decode()
        assert (None, False) == (
            bearers(sealing_key=foreign).holder(traded()),
            bearers(sealing_key=foreign).is_ours("x"),
        )

    def test_it_holds_name_digest_and_time_alone(self):
        """No key, and no room for more."""
        inside = msgspec.msgpack.decode(Fernet(SEALING_KEY).decrypt(traded() + "=" * (-len(traded()) % 4)))
        assert ["client bearer", "alpha", client(KEY).digest] == inside
        assert len(traded()) < 250

    def test_a_page_token_is_no_bearer_and_a_bearer_no_page_token(self):
        """Although one key seals both."""
        tokens = PageTokens([SEALING_KEY])
        page_token = tokens.seal(POSITION, bound_to="/x", now=int(NOON.timestamp()))
        assert (None, False) == (bearers().holder(page_token), bearers().is_ours(page_token))
        with pytest.raises(LegacyRefusal):
            tokens.open(traded(), bound_to="/x", now=int(NOON.timestamp()))


class TestKeys:
    """Finding keys in what came in."""

    @pytest.mark.parametrize("around", ["{}", "x{}", "{}x", "a=1;b={}", "alpha:{}", "/v2/{}/x", "{}" * 3])
    @pytest.mark.parametrize("key", [KEY, OTHER_KEY])
    def test_a_key_is_found_wherever_it_stands(self, around, key):
        """Alone or among other characters."""
        assert KNOWN.stand_in(around.format(*[key] * 3))

    @pytest.mark.parametrize("text", ["", "k" * 200, KEY[1:], KEY[:-1], KEY.replace("k", "K")])
    def test_what_is_nearly_a_key_is_none(self, text):
        """One character makes the difference."""
        assert not KNOWN.stand_in(text)

    def test_every_key_is_compared_whatever_came_before(self):
        """A key is found in any place of the list; two clients never mix."""
        assert ["alpha", "beta"] == [client(key).name for key in (KEY, OTHER_KEY)]
        assert {"alpha", "beta"} == KNOWN.names


class TestPresented:
    """How HTTP spells a credential."""

    @pytest.mark.parametrize(
        ("header", "parameters", "read"),
        [
            ("Bearer a", [("access_token", "b")], "Bearer a"),
            ("  Bearer a ", [], "Bearer a"),
            (" ", [("x", "y"), ("access_token", "b"), ("access_token", "c")], "Bearer b"),
            ("", [("access_token", "")], ""),
            ("", [], ""),
        ],
    )
    def test_the_header_counts_before_the_parameter(self, header, parameters, read):
        """The first parameter of that name stands in where there is none."""
        assert read == presented(header, parameters)

    @pytest.mark.parametrize(("header", "token"), [("bearer  a b ", "a b"), ("Bearerx a", ""), ("Basic a", "")])
    def test_a_bearer_is_read_by_its_scheme(self, header, token):
        """In any case and with any blanks."""
        assert token == bearer_of(header)

    @pytest.mark.parametrize(
        ("plain", "read"),
        [(b"n:p", ("n", "p")), (b"n:p:q:", ("n", "p:q:")), (b":", ("", "")), (b"np", None), (b"\xff:p", None)],
    )
    def test_basic_is_name_and_password(self, plain, read):
        """The first colon parts them; without one, or beyond UTF-8, it is broken."""
        assert read == basic_of("Basic " + base64.b64encode(plain).decode())

    @pytest.mark.parametrize("header", ["Basic", "Basic bjpw!", "Basic bjp", "Basic \udcff", "Bearer bjpw", "bjpw"])
    def test_a_broken_basic_is_none(self, header):
        """No alphabet, no padding, no scheme."""
        assert basic_of(header) is None


def test_a_caller_has_no_field_this_file_forgot():
    """Whoever adds one decides here what it is for clients with keys."""
    assert ["authorization", "key", "account", "deadline", "budget", "asker"] == [one.name for one in fields(Caller)]
