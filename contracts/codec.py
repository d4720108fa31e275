"""JSON bytes to plain values and back: the only module that knows which library does it.

It refuses to know what the values mean.
"""

from typing import Any

import msgspec

Json = Any
"""Where JSON enters: objects, arrays, text, numbers, booleans and null."""


class NotJson(ValueError):
    """The bytes are no JSON this service reads: broken, nested too deep, or not UTF-8."""


_encoder = msgspec.json.Encoder()


def decode(body: bytes) -> Json:
    """Plain values of a JSON body; `NotJson` for anything else, however it is broken."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise NotJson(type(broken).__name__) from broken


def encode(value: Json) -> bytes:
    """Compact UTF-8 JSON of plain values, keys in the order they were put in."""
    return _encoder.encode(value)


def readable(value: Json) -> str:
    """Indented JSON of plain values with a line's end, for files that people read."""
    return msgspec.json.format(encode(value), indent=2).decode() + "\n"
