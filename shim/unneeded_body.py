"""The body of a request that needs none: read, so that the connection can be used again, and dropped.

Knows how much and how long; refuses to keep a byte.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web

from shim.connection import wait_no_more

LONGEST: Final = 5.0
"""Seconds a body may take to come."""
LARGEST: Final = 65536


async def drop_body(request: web.BaseRequest, *, longest: float = LONGEST) -> HTTPStatus | None:
    """Reads the body to its end; what to refuse the request with when it is too large, too slow or broken."""
    if not request.body_exists:
        return None
    if (request.content_length or 0) > LARGEST:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    size = 0
    try:
        async with asyncio.timeout(longest):
            while part := await request.content.readany():
                size += len(part)
                if size > LARGEST:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except TimeoutError:
        wait_no_more(request)
        return HTTPStatus.REQUEST_TIMEOUT
    except web.RequestPayloadError:
        return HTTPStatus.BAD_REQUEST
    return None
