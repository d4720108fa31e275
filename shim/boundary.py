"""The one place where a failure becomes an answer: always v1's envelope, never the text of an exception."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web

from adapters.errors import (
    LegacyRefusal,
    OwnCredentialFailed,
    SearchUnfinished,
    ShimError,
    UpstreamRefused,
    UpstreamSlow,
)
from shim.answers import envelope

COME_AGAIN: Final = {"Retry-After": "1"}
_EXITS: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


def answer_to(failure: ShimError) -> web.Response:
    """What a legacy program is told of a failure: upstream's own envelope, v1's words, or the status alone."""
    match failure:
        case UpstreamRefused(status=status, code=code, message=message, headers=headers):
            return envelope(status, code, message, headers=headers)
        case LegacyRefusal(status=status, code=code, message=message, headers=headers):
            return envelope(status, code, message, headers=headers)
        case OwnCredentialFailed():
            return envelope(HTTPStatus.SERVICE_UNAVAILABLE)
        case SearchUnfinished():
            return envelope(HTTPStatus.SERVICE_UNAVAILABLE, headers=COME_AGAIN)
        case UpstreamSlow():
            return envelope(HTTPStatus.GATEWAY_TIMEOUT)
    return envelope(HTTPStatus.BAD_GATEWAY)


def is_an_end(failure: BaseException) -> bool:
    """Whether the running task is to end by it: the process exits, or the client is gone.

    A cancellation that nobody asked of this task is a failure as any other.
    """
    if isinstance(failure, BaseExceptionGroup):
        return failure.subgroup(_EXITS) is not None
    if isinstance(failure, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(failure, _EXITS)
