"""A state shared by replicas: the address of a Redis, and that its password shows nowhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim.settings import BadSettings, Settings, cautions, load_settings
from shim.settings.state_address import StateAddress

PASSWORD = "hush-0123456789"
ADDRESS = f"rediss://shim:{PASSWORD}@state.example.com:6380/3"


@pytest.mark.parametrize(
    "text",
    [
        "redis://state.example.com",
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:6379/15",
        "rediss://state.example.com/",
        f"redis://:{PASSWORD}@state.example.com",
        ADDRESS,
    ],
)
def test_an_address_of_redis_is_taken_as_it_is(text: str) -> None:
    """Scheme, user, password, port and database number all reach whoever opens it."""
    address = load_settings({"SHIM_STATE_URL": text}).state_url
    assert text == address.url.get_secret_value()
    assert (True, False, None) == (address.is_redis, address.is_memory, address.path)


def test_an_address_may_come_from_a_file(tmp_path: Path) -> None:
    """Whoever keeps secrets in files keeps this one there."""
    (tmp_path / "address").write_text(f"{ADDRESS}\n")
    settings = load_settings({"SHIM_STATE_URL_FILE": str(tmp_path / "address")})
    assert ADDRESS == settings.state_url.url.get_secret_value()


@pytest.mark.parametrize("show", [repr, str, lambda settings: repr(settings.state_url), lambda s: str(s.state_url)])
def test_the_password_is_not_shown(show) -> None:
    """Neither the settings nor the address itself show user or password; host, port and number they do."""
    shown = show(load_settings({"SHIM_STATE_URL": ADDRESS}))
    assert "rediss://***@state.example.com:6380/3" in shown
    assert PASSWORD not in shown


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=24))
def test_no_password_is_shown_however_odd(odd: str) -> None:
    """An address that is refused does not show it either, in its problem or in the cause of that."""
    password = f"hush{odd}hush"
    try:
        shown = repr(load_settings({"SHIM_STATE_URL": f"redis://user:{password}@state.example.com/0"}))
    except BadSettings as refused:
        shown = " ".join(str(link) for link in (refused, refused.__cause__, refused.__context__))
    assert "hush" not in shown


def test_the_default_is_a_file() -> None:
    """Nobody needs a Redis; the same file under its full name is no difference worth showing."""
    settings = load_settings({"SHIM_STATE_URL": "sqlite:///./shim-state.db"})
    assert (Settings().state_url, "Settings()") == (settings.state_url, repr(settings))
    assert StateAddress.of("sqlite:///./shim-state.db") == settings.state_url


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the optional package is not installed, the address is refused with the extra's name."""
    monkeypatch.setattr("shim.settings.state_address.find_spec", lambda name: None)
    with pytest.raises(BadSettings, match="the extra `redis`"):
        load_settings({"SHIM_STATE_URL": "redis://state.example.com"})


def test_a_redis_nearby_with_keys_of_ones_own_raises_no_caution() -> None:
    """Nothing travels, and nothing lies beside its key."""
    key = "c2VhbGluZy1rZXktb2YtdGhpcnR5LXR3by1ieXRlcyE="
    assert () == cautions(load_settings({"SHIM_STATE_URL": "redis://127.0.0.1:6379", "SHIM_TOKEN_KEYS": key}))
