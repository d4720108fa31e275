"""What h11 makes of the bytes a client sends: the second opinion on where requests begin and end."""

import re
from dataclasses import dataclass
from typing import Final

import h11

_MOST: Final = 8190
_BLANKS: Final = re.compile(rb"(\S+) +(\S+) +(\S+\r?\n)")


@dataclass(frozen=True, slots=True)
class Understood:
    """One request whose head is accepted; `is_whole` is False when its body ended too early or broke."""

    method: bytes
    target: bytes
    body: bytes
    is_whole: bool


def understood(data: bytes, *, as_allowed: bool = False) -> list[Understood]:
    """The requests h11 accepts, in order, as a server sees them that answers each.

    `as_allowed`: with two freedoms that RFC 9112 grants a server and h11 does not take: empty lines before a request
    (2.2) and several blanks in its first line (3).
    """
    seen: list[Understood] = []
    rest: bytes | None = data
    while rest:
        rest = _take(_loosened(rest) if as_allowed else rest, seen)
    return seen


def _take(data: bytes, seen: list[Understood]) -> bytes | None:
    """Adds the request `data` begins with; what follows it, None where nothing may."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST)
    connection.receive_data(data)
    body, is_whole = b"", False
    try:
        request = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    if not isinstance(request, h11.Request):
        return None
    try:
        while isinstance(event := connection.next_event(), h11.Data):
            body += bytes(event.data)
        is_whole = isinstance(event, h11.EndOfMessage)
    except h11.RemoteProtocolError:
        pass
    seen.append(Understood(bytes(request.method), bytes(request.target), body, is_whole))
    return connection.trailing_data[0] if is_whole and _goes_on(request) else None


def _goes_on(request: h11.Request) -> bool:
    """Whether another request may follow; in HTTP/1.0, where h11 keeps no connection, when the client asks for it."""
    values = [value.lower() for name, value in request.headers if name == b"connection"]
    wishes = {wish.strip(b" \t") for value in values for wish in value.split(b",")}
    return b"keep-alive" in wishes if request.http_version == b"1.0" else b"close" not in wishes


def _loosened(data: bytes) -> bytes:
    data = data.lstrip(b"\r\n")
    return _BLANKS.sub(rb"\1 \2 \3", data, count=1) if _BLANKS.match(data) else data
