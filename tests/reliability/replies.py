"""The answers in a stream of bytes, as far as they are whole, and what is left over.

Strict where a sloppy server would show: an answer starts with its status line and is as long as it says.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3}) ")


@dataclass(frozen=True, slots=True)
class Got:
    """One answer; `head` is raw, with its status line and without the blank line behind it."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> bytes:
        """The first value of a header, empty without one."""
        found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*([^\r\n]*)", self.head)
        return found[1] if found else b""

    @property
    def closes(self) -> bool:
        """Whether it says that its connection ends."""
        return self.header("connection").lower() == b"close"


def replies(data: bytes, methods: Iterable[bytes] = ()) -> list[Got]:
    """All whole answers; `methods` are those of the requests, for HEAD has no body."""
    return split(data, methods)[0]


def split(data: bytes, methods: Iterable[bytes] = ()) -> tuple[list[Got], bytes]:
    """All whole answers, interim ones left out, and the bytes that are none."""
    got: list[Got] = []
    asked = iter(methods)
    while (found := _STATUS.match(data)) and b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status = int(found[1])
        if status < 200:
            data = rest
            continue
        is_bodiless = next(asked, b"") == b"HEAD" or status in {204, 304}
        found_body = (b"", 0) if is_bodiless else _body(Got(status, head, b""), rest)
        if found_body is None:
            break
        body, length = found_body
        got.append(Got(status, head, body))
        data = rest[length:]
    return got, data


def _body(answer: Got, rest: bytes) -> tuple[bytes, int] | None:
    """The body and the bytes it takes; None when it is not all there."""
    if b"chunked" in answer.header("transfer-encoding").lower():
        return _chunks(rest)
    length = int(answer.header("content-length") or len(rest))
    return (rest[:length], length) if len(rest) >= length else None


def _chunks(rest: bytes) -> tuple[bytes, int] | None:
    body, place = b"", 0
    while (end := rest.find(b"\r\n", place)) >= 0:
        size = int(rest[place:end].partition(b";")[0], 16)
        if size == 0:
            return (body, end + 4) if rest[end + 2 : end + 4] == b"\r\n" else None
        body += rest[end + 2 : end + 2 + size]
        place = end + 4 + size
    return None
