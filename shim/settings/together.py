"""What settings say about each other, each rule where the later of them stands.

A rule is silent when an earlier setting is wrong by itself: that one is reported already.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationInfo

from shim.settings import files
from shim.settings.keys import ClientKey

_APP = {
    "zoom_account_id": "ZOOM_ACCOUNT_ID",
    "zoom_client_id": "ZOOM_CLIENT_ID",
    "zoom_client_secret": "ZOOM_CLIENT_SECRET",
}


def ports_differ(ops_port: int, info: ValidationInfo) -> int:
    """The ops port, when it is off or not the main port."""
    if ops_port and ops_port == info.data.get("port"):
        raise ValueError("is SHIM_PORT too")
    return ops_port


def key_fits(key: Path | None, info: ValidationInfo) -> Path | None:
    """The private key, when it is that of the certificate, or neither is given."""
    if "tls_cert" not in info.data:
        return key
    certificate = info.data["tls_cert"]
    if (key is None) != (certificate is None):
        raise ValueError("is missing beside SHIM_TLS_CERT" if key is None else "stands without SHIM_TLS_CERT")
    if key is not None:
        files.prove_chain(certificate, key)
    return key


def app_is_whole(value: str | SecretStr | None, info: ValidationInfo) -> str | SecretStr | None:
    """A part of the app's credentials, when the parts before it are given like it."""
    earlier = {name: info.data[member] for member, name in _APP.items() if member in info.data}
    others = [name for name, part in earlier.items() if (part is None) != (value is None)]
    if others:
        named = " and ".join(others)
        raise ValueError(f"is missing beside {named}" if value is None else f"stands without {named}")
    return value


def keys_belong_to_app(keys: tuple[ClientKey, ...], info: ValidationInfo) -> tuple[ClientKey, ...]:
    """The client keys, when they and the app's credentials are both there or both not."""
    is_app = _is_app(info.data)
    if is_app is not None and bool(keys) != is_app:
        raise ValueError("stands without ZOOM_ACCOUNT_ID" if keys else "is missing beside ZOOM_ACCOUNT_ID")
    return keys


def passes_by_default(value: object, info: ValidationInfo) -> object:
    """What was chosen, else what suits the credentials: nobody is lent the app's without being told to."""
    if value is not None:
        return value
    return "off" if _is_app(info.data) else "caller"


def app_is_there_to_lend(value: str, info: ValidationInfo) -> str:
    """The way of other paths, when it lends no credentials that are not there."""
    if value == "app" and _is_app(info.data) is False:
        raise ValueError("is app without ZOOM_ACCOUNT_ID")
    return value


def _is_app(data: Mapping[str, Any]) -> bool | None:
    """Whether the app's credentials are given; None when they are wrong."""
    if not data.keys() >= _APP.keys():
        return None
    return data["zoom_account_id"] is not None
