"""Whose budget a bearer's calls count against: read from its claims, believed for nothing else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim.callers import BearersPassedOn
from shim.claims import LONGEST, account_claimed


def token(claims: object, *, signature: str = "c2ln") -> str:
    """A JSON web token with these claims."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzUxMiJ9.{body}.{signature}"


@pytest.mark.parametrize("account", ["q6gBJVO5TzexKYTb_I2rpg", "x"])
def test_the_account_is_read_from_the_claims(account):
    """Whatever else they hold."""
    assert account == account_claimed(token({"ver": 9, "aid": account, "uid": "u"}))


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "opaque-token",
        "a.b",
        "a.b.c.d",
        "..",
        "a.%%%.c",
        "a.é.c",
        token([]),
        token("text"),
        token({}),
        token({"aid": ""}),
        token({"aid": 7}),
        token({"aid": None}),
        token({"aid": "x" * LONGEST}),
    ],
)
def test_any_other_text_names_no_account(bearer):
    """Then the credential has a budget of its own."""
    assert account_claimed(bearer) is None


@given(st.text())
def test_no_text_is_ever_an_error(text):
    """Clients send what they like."""
    assert account_claimed(text) is None or isinstance(account_claimed(text), str)


def lane(bearer: str, account: str | None = None) -> str:
    """The budget of a caller with this bearer."""
    return BearersPassedOn().caller(f"Bearer {bearer}", account=account, deadline=1.0).lane


def test_bearers_of_one_account_share_a_budget_and_nothing_else():
    """A renewed token, or another user's, counts against the same limits; sub accounts have their own."""
    one, two = token({"aid": "A", "jti": 1}), token({"aid": "A", "jti": 2})
    assert lane(one) == lane(two)
    assert 4 == len({lane(one), lane(one, "sub"), lane(token({"aid": "B"})), lane("opaque")})
    keys = {BearersPassedOn().caller(f"Bearer {each}", account=None, deadline=1.0).key for each in (one, two)}
    assert 2 == len(keys)


def test_a_budget_is_named_by_a_digest():
    """No account stands in the clear where a lane is remembered."""
    assert "A" * 9 not in lane(token({"aid": "A" * 9}))
