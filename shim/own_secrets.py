"""What of a request must never travel to Zoom: client keys, and bearers of this service.

Looks at the target and at names and values of headers, in every spelling a program may have given them: encoded for an
address once or several times, in base64, one within the other. Refuses to look at bodies, which are streamed.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_plus

from aiohttp import web

from shim.client_bearers import ClientBearers
from shim.client_keys import ClientKeys

_SEALED: Final = re.compile(r"gAAAA[\w-]{16,}", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}", re.ASCII)
_URLSAFE: Final = str.maketrans("-_", "+/")
DEEPEST: Final = 4
"""Encodings taken off, one within the other."""
_AUTHORIZATION: Final = b"authorization"


@dataclass(frozen=True, slots=True)
class OwnSecrets:
    """Finds them wherever they stand."""

    keys: ClientKeys
    bearers: ClientBearers

    def stand_in(self, request: web.BaseRequest) -> bool:
        """Whether a header or the target holds one."""
        return self._stand_in(_texts(request, request.raw_headers))

    def stand_besides_authorization(self, request: web.BaseRequest) -> bool:
        """The same, for a request whose Authorization headers are going to be taken away."""
        others = ((name, value) for name, value in request.raw_headers if name.lower() != _AUTHORIZATION)
        return self._stand_in(_texts(request, others))

    def _stand_in(self, texts: Iterable[str]) -> bool:
        return any(
            self.keys.stand_in(text) or any(map(self.bearers.is_ours, _SEALED.findall(text)))
            for given in texts
            for text in spellings(given)
        )


def _texts(request: web.BaseRequest, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    yield request.raw_path
    for name, value in headers:
        yield name.decode("latin-1")
        yield value.decode("latin-1")


def spellings(text: str) -> set[str]:
    """The text, and whatever it may be an encoding of."""
    found, newest = {text}, {text}
    for _ in range(DEEPEST):
        newest = {decoded for one in newest for decoded in _decoded(one)} - found
        if not newest:
            break
        found |= newest
    return found


def _decoded(text: str) -> Iterator[str]:
    if "%" in text or "+" in text:
        yield unquote(text)
        yield unquote_plus(text)
    for word in _BASE64.findall(text):
        padded = word.translate(_URLSAFE) + "=" * (-len(word) % 4)
        try:
            yield base64.b64decode(padded).decode("latin-1")
        except ValueError:
            continue  # four characters and one more encode nothing
