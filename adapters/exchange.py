"""One exchange with Zoom: a request out, a whole answer or one of our errors back.

Knows aiohttp, addresses and size caps; refuses to know what an answer means and whether to ask again. No redirect is
followed, and nothing raised from here holds a foreign exception (`adapters.upstream_errors` says why).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from adapters.errors import UpstreamSlow
from adapters.host_names import HostNames
from adapters.rate_budget import Clock
from adapters.upstream_errors import FOREIGN, Unwanted, broken

USER_AGENT = "zoom-call-log-shim"

CallCounter = Callable[[str, int | None, float], None]
"""Told of every attempt that went out: the call's name, the status answered (None: no whole answer), seconds."""

CONNECTIONS = 50
"""Exchanges at once with one host."""

_OPEN = frozenset({"http", "https"})


def api_session(*, proxy: str | None, connections: int = CONNECTIONS) -> aiohttp.ClientSession:
    """The connections to one of Zoom's hosts, for the life of the process; whoever asks for them closes them.

    `trust_env` stays off: it would also read netrc, which breaks calls that carry an Authorization header.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=HostNames(),
            limit=connections,
            limit_per_host=0,
            keepalive_timeout=15,
            ttl_dns_cache=10,
            dns_cache_max_size=16,
        ),
        timeout=aiohttp.ClientTimeout(total=None, connect=3, sock_connect=3, sock_read=10),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        requote_redirect_url=False,
        proxy=proxy,
        max_line_size=8190,
        max_field_size=8190,
        max_headers=128,
    )
    # aiohttp sends an idempotent request a second time when its connection dies, and tells nobody: attempts are
    # ours to decide and to count. There is no public switch; a test counts at the socket.
    session._retry_connection = False
    return session


def plain_address(address: str, *, name: str) -> URL:
    """An http(s) address that is nothing but a place; `ValueError` with the setting's name for any other."""
    url = URL(address)
    if url.scheme not in _OPEN or not url.host or url.user or url.password or url.query_string or url.fragment:
        raise ValueError(f"{name} must be an http(s) address without credentials, query and fragment")
    return url


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of 2xx, 4xx or 5xx; `body` is decoded."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Wire:
    """Makes exchanges on a borrowed session and tells of each, however it ends."""

    def __init__(self, session: aiohttp.ClientSession, *, clock: Clock, on_call: CallCounter | None = None) -> None:
        self._session = session
        limit = session.connector.limit if session.connector is not None else 0
        self._room = asyncio.Semaphore(limit or CONNECTIONS)
        self._clock = clock
        self._on_call = on_call or (lambda _name, _status, _seconds: None)

    @asynccontextmanager
    async def room(self, deadline: float) -> AsyncIterator[bool]:
        """Has one of the connections free for an exchange, and tells whether that took a wait; raises `UpstreamSlow`
        when none is by the deadline.

        aiohttp's own queue for them counts as time to connect, and so as an upstream that cannot be reached.
        """
        had_to_wait = self._room.locked()
        if not await self._has_room(deadline):
            raise UpstreamSlow("no connection before the deadline")
        try:
            yield had_to_wait
        finally:
            self._room.release()

    async def _has_room(self, deadline: float) -> bool:
        if not self._room.locked():
            return await self._room.acquire()  # at once: no clock need be set
        try:
            async with asyncio.timeout_at(deadline):
                return await self._room.acquire()
        except TimeoutError:
            return False

    async def get(self, name: str, address: URL, *, authorization: str, largest: int) -> Answer:
        """The answer to a GET, of `largest` bytes at the most; raises `UpstreamBroken`."""
        return await self._told(name, "GET", address, authorization=authorization, form=None, largest=largest)

    async def post(
        self, name: str, address: URL, *, authorization: str, form: Mapping[str, str], largest: int
    ) -> Answer:
        """The answer to a form, of `largest` bytes at the most; raises `UpstreamBroken`."""
        return await self._told(name, "POST", address, authorization=authorization, form=form, largest=largest)

    async def _told(
        self, name: str, method: str, address: URL, *, authorization: str, form: Mapping[str, str] | None, largest: int
    ) -> Answer:
        started, status = self._clock(), None
        try:
            answer = await self._exchange(method, address, authorization=authorization, form=form, largest=largest)
            status = answer.status
            return answer
        except FOREIGN as failure:
            ours = broken(failure)
        finally:
            self._on_call(name, status, self._clock() - started)
        raise ours

    async def _exchange(
        self, method: str, address: URL, *, authorization: str, form: Mapping[str, str] | None, largest: int
    ) -> Answer:
        headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
        }
        async with self._session.request(
            method, address, headers=headers, data=form, allow_redirects=False
        ) as response:
            if not (200 <= response.status < 300 or 400 <= response.status < 600):
                response.close()
                raise Unwanted(f"status {response.status}")
            return Answer(response.status, response.headers, await _read_capped(response, largest))


async def _read_capped(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """The decoded body; counted while it streams in, so that a small bomb never unfolds."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > largest:
            response.close()
            raise Unwanted("too large")
    return bytes(body)
