"""JSON answers as v1 sent them: its content type, and its envelope for every error.

The charset is part of it: old programs read a JSON text without one as Latin-1.
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from adapters.errors import NO_HEADERS
from contracts.codec import encode
from contracts.legacy.errors import envelope as envelope_body
from contracts.legacy.errors import standard_phrase

JSON_TYPE: Final = "application/json;charset=UTF-8"


def json_answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> web.Response:
    """An answer of encoded JSON; `headers` must not hold a content type."""
    return web.Response(status=status, body=body, headers={**headers, hdrs.CONTENT_TYPE: JSON_TYPE})


def envelope(
    status: int, code: int | None = None, message: str = "", *, headers: Mapping[str, str] = NO_HEADERS
) -> web.Response:
    """An error answer in v1's envelope; without a code, the status and its standard phrase."""
    body = envelope_body(status, standard_phrase(status)) if code is None else envelope_body(code, message)
    return json_answer(encode(body), status=status, headers=headers)


def refusal(status: int) -> web.Response:
    """The envelope of `status`, after which the connection closes."""
    answer = envelope(status)
    answer.headers[hdrs.CONNECTION] = "close"
    answer.force_close()
    return answer
