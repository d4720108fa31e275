"""The credential a request carries, read as HTTP spells it.

Knows headers and encodings; refuses to know whose credential it is and whether it is any good.
"""

import base64
from collections.abc import Iterable
from typing import Final

ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - a parameter's name
"""The query parameter in which old programs send their bearer."""


def presented(authorization: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The Authorization header, else the first `access_token` parameter as a bearer; "" without either."""
    if authorization.strip():
        return authorization.strip()
    token = next((value for name, value in parameters if name == ACCESS_TOKEN), "")
    return f"Bearer {token}" if token else ""


def bearer_of(authorization: str) -> str:
    """The token of a bearer credential; "" for any other."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def basic_of(authorization: str) -> tuple[str, str] | None:
    """Name and password of a Basic credential, the password with its colons; None for any other or a broken one."""
    scheme, _, coded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode()
    except ValueError:
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None
