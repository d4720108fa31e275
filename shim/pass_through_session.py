"""The connections on which other requests go to Zoom: nothing is added, nothing is followed, nothing is sent twice.

Knows aiohttp's client, proxies and silence; refuses to know requests.
"""

import socket
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, hdrs

from adapters.host_names import HostNames
from shim.connection import limit_unread

_CONNECT_TIMEOUT: Final = 3.0


def proxy_for(url: str) -> str | None:
    """The proxy the environment names for `url` (`HTTPS_PROXY`, `NO_PROXY`), to be asked once at wiring.

    aiohttp's own way, `trust_env`, reads netrc as well, which breaks authorised calls.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def pass_through_session(*, proxy: str | None, silence: float = 30.0) -> ClientSession:
    """A session that adds nothing to a request and sends it once; the caller closes it.

    `silence` is how many seconds either side may say nothing. The connections are its own, so that hung downloads
    never starve the call logs.
    """
    session = ClientSession(
        proxy=proxy,
        connector=TCPConnector(
            resolver=HostNames(),
            limit=200,
            limit_per_host=0,
            keepalive_timeout=15,
            ttl_dns_cache=10,
            dns_cache_max_size=16,
            ssl=True,
            socket_factory=lambda address: _socket(address[0], address[1], address[2], silence),
        ),
        timeout=ClientTimeout(total=None, connect=_CONNECT_TIMEOUT, sock_connect=_CONNECT_TIMEOUT, sock_read=silence),
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        requote_redirect_url=False,
        auto_decompress=False,
        raise_for_status=False,
        max_line_size=8190,
        max_field_size=8190,
        max_headers=128,
    )
    # Private, and pinned by a test: aiohttp sends a PUT or DELETE again by itself when its connection dies.
    session._retry_connection = False
    return session


def _socket(family: int, kind: int, protocol: int, silence: float) -> socket.socket:
    """A socket that gives up on an upstream which reads nothing."""
    sock = socket.socket(family, kind, protocol)
    limit_unread(sock, silence)
    return sock
