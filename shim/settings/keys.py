"""Secrets in settings: the keys that seal tokens, those that clients present, and the app's own.

Judges their form; `ValueError`s name an entry by its place and never quote it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, SecretStr

from shim.settings import texts

SHORTEST = 32
"""Characters of the shortest client key."""
FERNET_REMEDY = (
    "give keys separated by commas, each made by "
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)
CLIENT_REMEDY = (
    f"with ZOOM_ACCOUNT_ID give name:key entries separated by commas, each key {SHORTEST} or more characters made by "
    "python -c 'import secrets; print(secrets.token_urlsafe(32))'; without, none"
)
_CLIENT = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """What a client presents, and the name it is known by here; a name has two while its key is changed."""

    name: str
    key: SecretStr


def split_keys(value: object) -> object:
    """The entries of a text, parted by commas or blanks; a value made in code as it is."""
    if not isinstance(value, str):
        return value
    keys = value.replace(",", " ").split()
    if not keys:
        raise ValueError("holds no key")
    return keys


def fernet_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """`keys`, when each can seal."""
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError(f"has no Fernet key as its key no. {position}") from None
    return keys


TokenKeys = Annotated[tuple[SecretStr, ...], BeforeValidator(split_keys), AfterValidator(fernet_keys)]


def app_secret(secret: SecretStr) -> SecretStr:
    """The app's secret, when a header can carry it."""
    if not texts.is_visible(secret.get_secret_value()):
        raise ValueError("holds blanks or letters outside ASCII")
    return secret


def split_client_keys(value: object) -> object:
    """The clients of `name:key` entries, when all of them are sound; a value made in code as it is."""
    if not isinstance(value, str):
        return value
    entries = value.replace(",", " ").split()
    faults = list(_faults(entries)) or ([] if entries else ["holds no key"])
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(ClientKey(name, SecretStr(key)) for name, _, key in (entry.partition(":") for entry in entries))


def _faults(entries: list[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for position, entry in enumerate(entries, start=1):
        name, colon, key = entry.partition(":")
        fault = _fault(name if colon else "", key)
        if fault:
            yield f"{fault} in its entry no. {position}"
        elif key in seen:
            yield f"has the key of its entry no. {seen[key]} again in its entry no. {position}"
        seen.setdefault(key, position)


def _fault(name: str, key: str) -> str | None:
    if not _CLIENT.fullmatch(name):
        return "has no name of up to 64 letters, digits, dots, dashes and underscores before a colon"
    if len(key) < SHORTEST:
        return f"has a key shorter than {SHORTEST} characters"
    return None if texts.is_visible(key) else "has a key with letters outside ASCII"
