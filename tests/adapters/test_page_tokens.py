"""A page token tells its holder nothing, opens where it was made for, and dies in time."""

import base64
from dataclasses import replace

import msgspec
import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.errors import LegacyRefusal
from adapters.page_tokens import PageTokens, Position

OLD_KEY, NEW_KEY, FOREIGN_KEY = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in range(3))
TOKENS = PageTokens([NEW_KEY, OLD_KEY])
NOW = 1_773_100_000
PATH = "/v2/accounts/me/phone/call_logs"
POSITION = Position(
    upstream_token="R4aF9Oj0fVM2hhezJTEmSKaBSfhfesDwGy42",
    window_from="2026-03-09",
    window_to="2026-03-10",
    echo_from="2026-03-09",
    echo_to="",
    after_uuid="20260310-a297ae04-14b6-4f4d-8b2f-1d2b8a3c4d5e",
    after_group=1,
    filters=(("type", "missed"), ("path", "voiceMail")),
    upstream_page_size=300,
    total=1234,
    served=60,
    gone=300,
    pages=5,
    mark="0f1e2d3c4b5a",
)
TOKEN = TOKENS.seal(POSITION, bound_to=PATH, now=NOW)
INSIDE = msgspec.msgpack.decode(Fernet(NEW_KEY).decrypt_at_time(TOKEN + "=", 900, NOW))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBER = st.integers(0, 2**40)
POSITIONS = st.builds(
    Position,
    upstream_token=TEXT,
    window_from=TEXT,
    window_to=TEXT,
    echo_from=TEXT,
    echo_to=TEXT,
    after_uuid=TEXT,
    after_group=NUMBER,
    filters=st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple),
    upstream_page_size=NUMBER,
    total=NUMBER,
    served=NUMBER,
    gone=NUMBER,
    pages=st.integers(-1, 2**20),
    mark=TEXT,
)


def refused(token: str, *, bound_to: str = PATH, now: int = NOW, tokens: PageTokens = TOKENS) -> bool:
    """Whether opening `token` says what v1 said, in full."""
    with pytest.raises(LegacyRefusal) as refusal:
        tokens.open(token, bound_to=bound_to, now=now)
    said = (refusal.value.status, refusal.value.code, refusal.value.message)
    return said == (400, 400, "The next page token is invalid or expired.")


@given(POSITIONS, TEXT)
def test_gives_a_position_back(position: Position, bound_to: str) -> None:
    """What was sealed comes out equal, type for type."""
    token = TOKENS.seal(position, bound_to=bound_to, now=NOW)
    assert repr(position) == repr(TOKENS.open(token, bound_to=bound_to, now=NOW))


def test_opens_twice() -> None:
    """A client may ask for the same page again."""
    assert POSITION == TOKENS.open(TOKEN, bound_to=PATH, now=NOW)
    assert POSITION == TOKENS.open(TOKEN, bound_to=PATH, now=NOW + 1)


def test_stays_short_and_plain() -> None:
    """A token fits a query and needs no escaping there."""
    assert len(TOKEN) <= 375
    assert set() == set(TOKEN) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_shows_nothing() -> None:
    """Neither the token nor its bytes hold a word of the position."""
    raw = base64.urlsafe_b64decode(TOKEN + "==")
    assert not any(word in raw for word in (b"2026", b"missed", b"R4aF", b"a297ae04"))


def test_opens_at_the_age_of_fifteen_minutes() -> None:
    """900 seconds are still good, 901 are not."""
    assert POSITION == TOKENS.open(TOKEN, bound_to=PATH, now=NOW + 900)
    assert refused(TOKEN, now=NOW + 901)


@pytest.mark.parametrize("jump", [-3_600, 3_600, -365 * 86_400, 365 * 86_400])
def test_survives_a_jump_of_the_clock(jump: int) -> None:
    """A clock that jumped makes tokens invalid, nothing worse."""
    assert refused(TOKEN, now=NOW + jump)


@pytest.mark.parametrize("bound_to", ["", "/v2/phone/call_logs", PATH + "/", PATH.upper()])
def test_opens_only_where_it_was_made_for(bound_to: str) -> None:
    """A token of one path and account is no token of another."""
    assert refused(TOKEN, bound_to=bound_to)


def test_outlives_a_change_of_keys() -> None:
    """What a former first key has sealed opens while that key is still listed, and no longer."""
    token = PageTokens([OLD_KEY]).seal(POSITION, bound_to=PATH, now=NOW)
    assert POSITION == TOKENS.open(token, bound_to=PATH, now=NOW)
    assert refused(token, tokens=PageTokens([NEW_KEY]))


def test_seals_with_the_first_key() -> None:
    """A replica that has only the new key opens what is sealed now."""
    assert POSITION == PageTokens([NEW_KEY]).open(TOKEN, bound_to=PATH, now=NOW)


def test_refuses_what_a_foreign_key_sealed() -> None:
    """A forger's own key makes no token."""
    assert refused(PageTokens([FOREIGN_KEY]).seal(POSITION, bound_to=PATH, now=NOW))


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_refuses_an_altered_token(place: int, character: str) -> None:
    """No character may change, not even in a bit that base64 does not read."""
    altered = TOKEN[:place] + character + TOKEN[place + 1 :]
    assume(altered != TOKEN)
    assert refused(altered)


@pytest.mark.parametrize("byte", range(len(base64.urlsafe_b64decode(TOKEN + "=="))))
def test_refuses_a_flipped_byte(byte: int) -> None:
    """Each byte counts."""
    raw = bytearray(base64.urlsafe_b64decode(TOKEN + "=="))
    raw[byte] ^= 1
    assert refused(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


@pytest.mark.parametrize("length", range(len(TOKEN)))
def test_refuses_a_cut_token(length: int) -> None:
    """Each length but the whole is refused."""
    assert refused(TOKEN[:length])


@given(TEXT, TEXT)
def test_refuses_a_token_with_company(before: str, after: str) -> None:
    """Whatever a client puts around a token spoils it."""
    assume(before + after != "")
    assert refused(before + TOKEN + after)


@settings(max_examples=200)
@given(
    st.one_of(st.text(max_size=300), st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
)
def test_refuses_any_other_text(text: str) -> None:
    """Nothing that was not sealed here opens, and nothing else is raised."""
    assert refused(text)


def test_refuses_a_token_too_long_to_be_ours() -> None:
    """Ten kilobytes are not even decoded."""
    assert refused(TOKEN + "A" * 10_000)


def test_refuses_a_long_token_of_our_own() -> None:
    """The bound holds for what is rightly sealed as well."""
    inside = msgspec.msgpack.encode([*INSIDE[:2], ["a" * 4_000, *INSIDE[2][1:]]])
    assert refused(Fernet(NEW_KEY).encrypt_at_time(inside, NOW).decode().rstrip("="))


def test_refuses_to_seal_what_it_would_not_open() -> None:
    """A walk whose own filters are too long is refused at once, not at its second page."""
    long = replace(POSITION, filters=(("keyword", "a" * 4_000),))
    with pytest.raises(LegacyRefusal):
        TOKENS.seal(long, bound_to=PATH, now=NOW)


def test_carries_a_long_token_of_upstreams() -> None:
    """Twice as long as any seen: it still fits a request line."""
    long = replace(POSITION, upstream_token="a" * 1_800)
    assert long == TOKENS.open(TOKENS.seal(long, bound_to=PATH, now=NOW), bound_to=PATH, now=NOW)


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"{}",
        b"\x91" * 900,
        msgspec.msgpack.encode([]),
        msgspec.msgpack.encode([1, *INSIDE[1:]]),
        msgspec.msgpack.encode([*INSIDE[:2], INSIDE[2][:-1]]),
        msgspec.msgpack.encode([*INSIDE[:2], [*INSIDE[2][:-1], 60]]),
        msgspec.msgpack.encode([*INSIDE, "more"]),
    ],
)
def test_refuses_the_seal_of_another_version(inside: bytes) -> None:
    """Our own key around another shape, as after a downgrade, is refused like any other."""
    token = Fernet(NEW_KEY).encrypt_at_time(inside, NOW).decode().rstrip("=")
    assert refused(token)


@pytest.mark.parametrize("keys", [[], [""], ["short"], [NEW_KEY, "short"]])
def test_needs_real_keys(keys: list[str]) -> None:
    """Without keys, or with one that is none, nothing starts."""
    with pytest.raises(ValueError, match="key"):
        PageTokens(keys)
