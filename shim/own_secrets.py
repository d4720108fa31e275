"""What of a request must never travel to Zoom: client keys, and bearers of this service.

Looks at the headers and the target, as they came and decoded once; refuses to look at bodies, which are streamed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from shim.client_bearers import ClientBearers
from shim.client_keys import ClientKeys
from shim.presented import basic_of

_SEALED: Final = re.compile(r"gAAAA[\w-]{16,}", re.ASCII)
_AUTHORIZATION: Final = b"authorization"


@dataclass(frozen=True, slots=True)
class OwnSecrets:
    """Finds them wherever they stand."""

    keys: ClientKeys
    bearers: ClientBearers

    def stand_in(self, request: web.BaseRequest) -> bool:
        """Whether a header or the target holds one."""
        return self._stand_in(*_headers(request)) or self.stand_besides_authorization(request)

    def stand_besides_authorization(self, request: web.BaseRequest) -> bool:
        """The same, for a request whose Authorization headers are going to be taken away."""
        others = (value.decode("latin-1") for name, value in request.raw_headers if name.lower() != _AUTHORIZATION)
        return self._stand_in(request.raw_path, unquote(request.raw_path), *others)

    def _stand_in(self, *texts: str) -> bool:
        return any(self.keys.stand_in(text) or any(map(self.bearers.is_ours, _SEALED.findall(text))) for text in texts)


def _headers(request: web.BaseRequest) -> Iterator[str]:
    """The Authorization headers, and what is inside of Basic ones."""
    for name, value in request.raw_headers:
        if name.lower() == _AUTHORIZATION:
            text = value.decode("latin-1")
            yield text
            yield from basic_of(text) or ()
