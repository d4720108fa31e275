"""Small values sealed so that a client can carry them and cannot read or change them.

Knows keys, ages and spelling; refuses to know what is sealed. Each kind of value has a struct of its own whose first
item is a literal no other kind has: one kind never opens as another.
"""

import base64
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

LONGEST: Final = 4096
"""Characters of the longest sealed text ever opened: half of a request line, for upstream's own tokens may be long."""

Kind = TypeVar("Kind", bound=msgspec.Struct)


class Unsealable(Exception):
    """A text is not a live sealed value of that kind; why is nobody's business."""


class Seal:
    """Seals with the first key and opens what any of the keys has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Takes Fernet keys; `ValueError` when there is none or one is no such key."""
        if not keys:
            raise ValueError("a seal needs at least one key")
        self._fernets = MultiFernet([Fernet(key) for key in keys])

    def seal(self, value: msgspec.Struct, *, now: int) -> str:
        """`value` as a text of base64url characters, made at `now` (epoch seconds)."""
        return self._fernets.encrypt_at_time(msgspec.msgpack.encode(value), now).rstrip(b"=").decode("ascii")

    def open(self, text: str, kind: type[Kind], *, life: int, now: int, longest: int = LONGEST) -> Kind:
        """What was sealed in `text`, of at most `longest` characters, within `life` seconds; raises `Unsealable`."""
        try:
            sealed = _padded(text, longest=longest)
            return msgspec.msgpack.decode(self._fernets.decrypt_at_time(sealed, life, now), type=kind)
        except (InvalidToken, msgspec.MsgspecError, ValueError) as broken:
            raise Unsealable("no live value of that kind") from broken


def _padded(text: str, *, longest: int) -> bytes:
    """The text as it left Fernet; `ValueError` for any other spelling of the same bytes."""
    if len(text) > longest:
        raise ValueError("too long")
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    # Base64 decoders skip foreign characters and spare bits: without this an altered text could still open.
    if base64.urlsafe_b64encode(base64.urlsafe_b64decode(padded)).rstrip(b"=") != text.encode("ascii"):
        raise ValueError("not canonical")
    return padded
