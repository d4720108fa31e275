"""The client of Zoom's API: one call in, one JSON object or one of our errors out.

Knows aiohttp, addresses, size caps and how attempts follow each other; refuses to know what an answer means. The
caller's credential goes into one header of a request to one origin and nowhere else: no redirect is followed, and
nothing raised from here holds a foreign exception (`adapters.upstream_errors` says why).
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

import aiohttp
import stamina
from multidict import CIMultiDictProxy
from yarl import URL

from adapters.errors import UpstreamRefused, UpstreamSlow
from adapters.patience import MOST_ATTEMPTS, Patience
from adapters.ports import Caller, SuccessorCall, SuccessorReply
from adapters.rate_budget import Clock, RateBudget
from adapters.upstream_errors import FOREIGN, NoObject, Unwanted, broken, json_object, passed_on, refusal

LARGEST_BODY = 8 * 1024 * 1024
"""Decoded bytes of one answer; a page of 300 rows has about 0.4 MB."""

CallCounter = Callable[[str, int | None, float], None]
"""Told of every attempt that went out: the call's name, the status answered (None: no whole answer), seconds."""

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")
_OPEN = frozenset({"http", "https"})


def api_session(*, proxy: str | None) -> aiohttp.ClientSession:
    """The connections to Zoom's API, for the life of the process; whoever asks for them closes them.

    `trust_env` stays off: it would also read netrc, which breaks calls that carry an Authorization header.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=50, limit_per_host=0, keepalive_timeout=15, ttl_dns_cache=10, dns_cache_max_size=16
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


class ZoomApi:
    """Asks Zoom within the rate budget, again where that may help, and never past the caller's deadline.

    `session` comes from `api_session` and is borrowed: whoever made it closes it. `clock` is the running loop's
    own, by which deadlines are told.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        budget: RateBudget,
        clock: Clock | None = None,
        on_call: CallCounter | None = None,
    ) -> None:
        self._session = session
        self._base = _base_address(api_url)
        self._budget = budget
        self._clock = clock or asyncio.get_running_loop().time
        self._on_call = on_call or (lambda _name, _status, _seconds: None)

    async def fetch(self, call: SuccessorCall, caller: Caller) -> SuccessorReply:
        """See `adapters.ports.Zoom.fetch`. A call that cannot be sent is refused in Zoom's words, unsent."""
        address = _address(self._base, call, caller.account)
        _check_sendable(caller.authorization)
        patience = Patience(
            left=lambda: caller.deadline - self._clock(),
            hold=lambda seconds, refused: self._budget.hold(
                call.category, caller.lane, seconds=seconds, refused=refused
            ),
        )
        try:
            async with asyncio.timeout_at(caller.deadline):
                async for attempt in stamina.retry_context(on=patience, attempts=MOST_ATTEMPTS, timeout=None):
                    with attempt:
                        await self._budget.take(call.category, caller.lane, deadline=caller.deadline)
                        return await self._attempt(call.name, address, caller.authorization)
        except TimeoutError:
            pass  # raised below, free of what the timeout interrupted
        raise UpstreamSlow("deadline passed")

    async def _attempt(self, name: str, address: URL, authorization: str) -> SuccessorReply:
        """One exchange on the wire, counted however it ends."""
        started, status = self._clock(), None
        try:
            answer = await self._exchange(address, authorization)
            status = answer.status
        except FOREIGN as failure:
            ours = broken(failure)
        else:
            return _judged(answer)
        finally:
            self._on_call(name, status, self._clock() - started)
        raise ours

    async def _exchange(self, address: URL, authorization: str) -> "_Answer":
        headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "zoom-call-log-shim",
        }
        async with self._session.get(address, headers=headers, allow_redirects=False) as response:
            if not (200 <= response.status < 300 or 400 <= response.status < 600):
                response.close()
                raise Unwanted(f"status {response.status}")
            return _Answer(response.status, response.headers, await _read_capped(response))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


def _judged(answer: _Answer) -> SuccessorReply:
    if answer.status >= 400:
        raise refusal(answer.status, answer.headers, answer.body)
    body = json_object(answer.body)
    if body is None:
        raise NoObject("no JSON object")
    return SuccessorReply(body=body, headers=passed_on(answer.headers))


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    """The decoded body; counted while it streams in, so that a small bomb never unfolds."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > LARGEST_BODY:
            response.close()
            raise Unwanted("too large")
    return bytes(body)


def _base_address(api_url: str) -> URL:
    base = URL(api_url)
    if base.scheme not in _OPEN or not base.host or base.user or base.password or base.query_string or base.fragment:
        raise ValueError("api_url must be an http(s) address without credentials, query and fragment")
    return base


def _address(base: URL, call: SuccessorCall, account: str | None) -> URL:
    """Where `call` goes: always below `base`, whatever its texts hold.

    A path that no server takes for a single resource below `base` (a dot segment in any spelling, a byte that
    needed encoding) names nothing there: a 404. A value that is no text at all is Zoom's own "Validation Failed.".
    """
    path = call.path if account is None else f"/accounts/{account}{call.path}"
    if not _PATH.fullmatch(path) or {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
        raise UpstreamRefused(404, None, "")
    query = _encoded(call.query)
    if query is None:
        raise UpstreamRefused(400, 300, "Validation Failed.")
    address = URL.build(
        scheme=base.scheme,
        authority=base.raw_authority,
        path=base.raw_path.rstrip("/") + path,
        query_string=query,
        encoded=True,
    )
    if address.origin() != base.origin():
        raise UpstreamRefused(404, None, "")
    return address


def _encoded(query: tuple[tuple[str, str], ...]) -> str | None:
    """`query` in order with repeated names kept, all but unreserved characters encoded; None for half a character."""
    try:
        return urlencode(query, safe="", quote_via=quote)
    except UnicodeEncodeError:
        return None


def _check_sendable(authorization: str) -> None:
    """Refuses a credential no header can carry; aiohttp would name it in full in the exception it raises."""
    if not (authorization and authorization.isascii() and authorization.isprintable()):
        raise UpstreamRefused(401, 124, "Invalid access token.")
