"""Client keys and bearers of this service are found in a request however they are spelt."""

import base64
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from aiohttp.test_utils import make_mocked_request
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.sealing import Seal
from shim.client_bearers import ClientBearers
from shim.client_keys import ClientKeys
from shim.own_secrets import OwnSecrets, spellings
from shim.own_tokens import is_like_token_path
from shim.settings import ClientKey

KEY = "beta:key+0123456789/abcdef=0123456789 %"
KEYS = ClientKeys([ClientKey("beta", SecretStr(KEY))])
BEARERS = ClientBearers(Seal([Fernet.generate_key().decode()]), KEYS, now=lambda: datetime(2026, 3, 10, tzinfo=UTC))
SECRETS = OwnSecrets(KEYS, BEARERS)
HOLDER = KEYS.holder(KEY)
assert HOLDER is not None
BEARER = BEARERS.issue(HOLDER)


def basic(text: bytes, *, urlsafe: bool = False, padded: bool = True) -> str:
    """A Basic credential."""
    coded = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(text).decode()
    return "Basic " + (coded if padded else coded.rstrip("="))


SPELT = [
    KEY,
    f"Bearer {KEY}",
    f"Bearer {quote(KEY)}",
    f"Bearer {quote(quote(KEY))}",
    f"Bearer {quote_plus(KEY)}",
    basic(f"beta:{KEY}".encode()),
    basic(f"beta:{KEY}".encode(), padded=False),
    basic(f"beta:{KEY}".encode(), urlsafe=True),
    basic(f"beta:{quote(KEY, safe='')}".encode()),
    basic(b"\xff\xfe:" + KEY.encode()),
    basic(quote(basic(f"beta:{KEY}".encode())).encode()),
    f"Bearer {BEARER}",
    f"Bearer {quote(BEARER)}",
    basic(f"beta:{BEARER}".encode()),
]


@pytest.mark.parametrize("name", ["Authorization", "X-Authorization", "Cookie", "X-Api-Key"])
@pytest.mark.parametrize("value", SPELT)
def test_a_header_that_holds_one_is_found(name, value):
    """In whatever header and coding."""
    request = make_mocked_request("GET", "/v2/users/me", headers={name: value})
    assert SECRETS.stand_in(request)
    assert (name != "Authorization") == SECRETS.stand_besides_authorization(request)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("secret", [KEY, BEARER])
def test_a_target_that_holds_one_is_found(secret, times):
    """However often it is encoded."""
    for _ in range(times):
        secret = quote(secret, safe="")
    for target in (f"/v2/users/{secret}", f"/v2/users?key={secret}"):
        assert SECRETS.stand_besides_authorization(make_mocked_request("GET", target))


def test_a_header_named_like_one_is_found():
    """Nothing is too odd to be sent."""
    key = "0123456789abcdef0123456789abcdef"
    secrets = OwnSecrets(ClientKeys([ClientKey("beta", SecretStr(key))]), BEARERS)
    assert secrets.stand_in(make_mocked_request("GET", "/v2/users", headers={key: "1"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer eyJhbGciOiJIUzUxMiJ9.eyJhaWQiOiJBIn0.c2lnbmF0dXJl"},
        {"Authorization": basic(b"someone:" + b"else" * 20), "Cookie": "a=b; c=%64%65"},
        {"X-Api-Key": KEY[:-1]},
    ],
)
def test_other_peoples_credentials_pass(headers):
    """A Zoom token, a Basic credential of Zoom's, a key that lacks a character."""
    assert not SECRETS.stand_in(make_mocked_request("GET", "/v2/users/me?page_size=30", headers=headers))


@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_be_looked_at(text):
    """It is always one of its own spellings."""
    assert text in spellings(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/oauth/token", True),
        ("/oauth/token/", True),
        ("/oauth/%74oken", True),
        ("/oauth/%2574oken", True),
        ("//oauth//token", True),
        ("/OAuth/Token", True),
        ("/oauth/tokens", False),
        ("/oauth/revoke", False),
        ("/v2/oauth/token", False),
    ],
)
def test_the_token_endpoint_is_known_in_every_spelling(path, expected):
    """A program that misspells it sends its key there all the same."""
    assert expected == is_like_token_path(path)
