"""The one place where a failure becomes an answer: always v1's envelope, never the text of an exception."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from adapters.errors import NO_HEADERS, LegacyRefusal, ShimError, UpstreamRefused, UpstreamSlow
from contracts.codec import encode
from contracts.legacy.errors import envelope, standard_phrase


def legacy_error(
    status: int, code: int | None = None, message: str = "", *, headers: Mapping[str, str] = NO_HEADERS
) -> web.Response:
    """An error answer in v1's envelope; without a code, the status and its standard phrase."""
    body = envelope(status, standard_phrase(status)) if code is None else envelope(code, message)
    return web.Response(status=status, body=encode(body), headers=headers, content_type="application/json")


def answer_to(failure: ShimError) -> web.Response:
    """What a legacy program is told of a failure: upstream's own envelope, v1's words, or the status alone."""
    match failure:
        case UpstreamRefused(status=status, code=code, message=message, headers=headers):
            return legacy_error(status, code, message, headers=headers)
        case LegacyRefusal(status=status, code=code, message=message, headers=headers):
            return legacy_error(status, code, message, headers=headers)
        case UpstreamSlow():
            return legacy_error(HTTPStatus.GATEWAY_TIMEOUT)
    return legacy_error(HTTPStatus.BAD_GATEWAY)
