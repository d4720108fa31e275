"""Everything that is no legacy operation, handed to Zoom and back byte for byte, streamed both ways.

Knows where a path goes and which headers end here; refuses to know what a request means and who may send it. Nothing
is followed, decompressed or buffered, and only a read whose connection died unanswered is sent a second time.

Not carried over: header values that are no UTF-8, which aiohttp cannot write (400 for a request, 502 for a reply);
trailers; the framing of a body sent in chunks (chunk bounds may move). A write without a body and without a length
goes up with `Content-Length: 0`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ServerDisconnectedError,
    SocketTimeoutError,
    StreamReader,
    hdrs,
    web,
)
from multidict import CIMultiDict
from yarl import URL

from adapters.errors import OwnCredentialFailed, UpstreamBroken
from adapters.ports import Caller, Credential
from adapters.upstream_errors import refusal as refused_with
from shim.answers import envelope, refusal
from shim.connection import UNTYPED
from shim.end_to_end import end_to_end
from shim.raw_target import refusal_status

API_PREFIX: Final = "/v2"
OAUTH_PREFIX: Final = "/oauth/"

LONGEST_REFUSAL: Final = 1024
"""Bytes of a refusal that is read before it is handed on; Zoom's have some eighty."""
_READS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_log: Final[structlog.typing.FilteringBoundLogger] = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lent:
    """A credential that takes the place of the caller's own on the way to Zoom."""

    credential: Credential
    caller: Caller


class PassThrough:
    """The way of every other path to Zoom: `/v2/...` to the API's address, `/oauth/...` to the token endpoint's origin.

    `session` comes from `pass_through_session` and stays the caller's to close.
    """

    def __init__(self, *, api_url: str, oauth_url: str, session: ClientSession) -> None:
        self._api = URL(api_url)
        self._oauth = URL(oauth_url).origin()
        self._session = session

    async def forward(
        self, request: web.BaseRequest, raw_target: str, *, lent: Lent | None = None
    ) -> web.StreamResponse:
        """Zoom's answer to `request`, already written to the client when this returns, save its end.

        A target that climbs is answered 400, one that is not ours 404, a silent or broken upload 408 or 400, Zoom out
        of reach 502, Zoom silent 504. Raises `UpstreamBroken` when Zoom's answer broke off after it had begun:
        whoever catches it must let the connection be cut; `OwnCredentialFailed` before a byte was written, when Zoom
        does not take what was `lent`, or it cannot be had.
        """
        status = refusal_status(raw_target)
        if status is not None:
            return refusal(status)
        url = self._address(raw_target)
        if url is None:
            return envelope(404)
        try:
            headers = end_to_end(request.raw_headers)
        except ValueError:
            return refusal(400)
        silence = self._session.timeout.sock_read
        upload = _Upload(request.content, silence) if request.body_exists else None
        send = partial(self._exchange, request.method, url, headers, upload)
        may_repeat = upload is None and request.method in _READS
        try:
            upstream = await (send() if lent is None else _lending(lent, send, headers, may_repeat=may_repeat))
        except (ClientError, TimeoutError) as broken:
            return _no_answer(broken, upload)
        try:
            return await _relay(upstream, request)
        finally:
            upstream.close()  # given back already when read to its end

    async def _exchange(
        self, method: str, url: URL, headers: CIMultiDict[str], upload: "_Upload | None"
    ) -> ClientResponse:
        """Zoom's answer; a read whose kept connection turned out dead is sent a second time, a write never."""
        send = partial(self._session.request, method, url, headers=headers, data=upload, allow_redirects=False)
        try:
            return await send()
        except (ServerDisconnectedError, ClientOSError) as broken:
            if upload is not None or method not in _READS or isinstance(broken, ClientConnectorError):
                raise
        return await send()

    def _address(self, target: str) -> URL | None:
        """Where `target` goes; None when it is not ours. Nothing in it can change the host."""
        if target.startswith(f"{API_PREFIX}/"):
            base, path = self._api, self._api.raw_path.rstrip("/") + target.removeprefix(API_PREFIX)
        elif target.startswith(OAUTH_PREFIX):
            base, path = self._oauth, target
        else:
            return None
        # The query rides in the path: taken apart, an empty one would lose its question mark.
        url = base.with_path(path, encoded=True)
        if url.origin() != base.origin():  # pragma: no cover - by construction; the last look before the socket
            raise ValueError("a target left its origin")
        return url


async def _lending(
    lent: Lent, send: Callable[[], Awaitable[ClientResponse]], headers: CIMultiDict[str], *, may_repeat: bool
) -> ClientResponse:
    """Zoom's answer to the request with the lent credential, and once more with a renewed one where that may be.

    A refusal of that credential is not the client's affair: it would fetch new ones of its own for ever.
    """
    headers[hdrs.AUTHORIZATION] = shown = await lent.credential.authorization(lent.caller)
    upstream = await send()
    if await _is_of_credential(upstream):
        upstream.close()
        if not (lent.credential.renewable(shown) and may_repeat):
            raise OwnCredentialFailed("refused")
        headers[hdrs.AUTHORIZATION] = await lent.credential.authorization(lent.caller)
        upstream = await send()
        if await _is_of_credential(upstream):
            upstream.close()
            raise OwnCredentialFailed("refused")
    return upstream


async def _is_of_credential(upstream: ClientResponse) -> bool:
    """Whether Zoom no longer takes the credential; of a 400 the text alone tells, read when it is short."""
    is_short = upstream.content_length is not None and upstream.content_length <= LONGEST_REFUSAL
    body = await upstream.read() if upstream.status == 400 and is_short else b""
    return upstream.status >= 400 and refused_with(upstream.status, upstream.headers, body).is_of_credential


class _Upload:
    """The client's body on its way up; `fault` is the status when it was the client that broke it off."""

    def __init__(self, body: StreamReader, silence: float | None) -> None:
        self.fault: int | None = None
        self._body = body
        self._silence = silence

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await self._body.readany()
        except TimeoutError:
            self.fault = 408
            raise
        except web.RequestPayloadError:
            self.fault = 400
            raise


async def _relay(upstream: ClientResponse, request: web.BaseRequest) -> web.StreamResponse:
    """Writes the answer's head and body as they come, at the client's pace."""
    try:
        headers = end_to_end(upstream.raw_headers)
    except ValueError:
        return _unusable("header")
    if upstream.status == 101:
        return _unusable("upgrade")
    answer = web.StreamResponse(status=upstream.status, headers=headers)
    answer[UNTYPED] = hdrs.CONTENT_TYPE not in headers
    await answer.prepare(request)
    if upstream.content.at_eof():
        await answer.write(await upstream.read())  # what was read already, or nothing
    while chunk := await _next_chunk(upstream):
        await answer.write(chunk)
    return answer


async def _next_chunk(upstream: ClientResponse) -> bytes:
    """What has come of the body, empty at its end."""
    try:
        return await upstream.content.readany()
    except (ClientError, TimeoutError) as broken:
        raise UpstreamBroken(type(broken).__name__) from broken


def _no_answer(broken: Exception, upload: _Upload | None) -> web.Response:
    """The envelope for an exchange without an answer: the client's fault, Zoom's silence, or Zoom out of reach."""
    if upload is not None and upload.fault is not None:
        return refusal(upload.fault)
    status = 504 if isinstance(broken, SocketTimeoutError) else 502
    _log.warning("pass_through.failed", error=type(broken).__name__, status=status)
    return envelope(status)


def _unusable(error: str) -> web.Response:
    """The envelope for an answer that cannot be handed on."""
    _log.warning("pass_through.failed", error=error, status=502)
    return envelope(502)
