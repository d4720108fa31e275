"""Requests whose framing two parsers may read differently: seeds, and mutations of them.

Knows the bytes that have parted parsers before (RFC 9112, the HTTP Garden's quirks); refuses to know who is right.
"""

import random
from collections.abc import Callable
from typing import Final

_CHUNKED: Final = b"Transfer-Encoding: chunked"


def _post(*headers: bytes, body: bytes, target: bytes = b"/v2/a", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"POST " + target + b" " + version, b"Host: x", *headers]) + b"\r\n\r\n" + body


def _get(target: bytes = b"/v2/a", *headers: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"GET " + target + b" " + version, b"Host: x", *headers]) + b"\r\n\r\n"


SEEDS: Final = (
    _get(),
    _get(b"/v2/a?b=c", b"Accept: */*", b"X-Long: " + b"y" * 300),
    _get(b"/v2/a", version=b"HTTP/1.0"),
    _get(b"/v2/a", b"Connection: keep-alive", version=b"HTTP/1.0"),
    _get(b"/v2/a", b"Connection: close"),
    _get(b"/v2/a", b"Expect: 100-continue"),
    _get(
        b"/v2/a", b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"
    ),
    _post(b"Content-Length: 5", body=b"hello"),
    _post(b"Content-Length: 0", body=b""),
    _post(b"content-length: 05", body=b"hello"),
    _post(b"Content-Length: 5", body=b"hello", version=b"HTTP/1.0"),
    _post(_CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    _post(_CHUNKED, body=b"5;a=b\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n"),
    _post(_CHUNKED, body=b"A\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n"),
    _post(b"Transfer-Encoding: gzip, chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    _post(b"Content-Length: 5", _CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    _post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    _post(b"Content-Length: 5,5", body=b"hello"),
)
"""What every mutation starts from; some are faulty as they are."""

SECOND: Final = _get(b"/v2/second")
"""What follows most of them: whoever reads the first one too short or too long, shows it here."""

_WEIRD: Final = (
    *b"\x00 \x01 \x07 \x0b \x0c \x1b \x7f \x80 \x85 \xa0 \xff".split(b" "),
    *(b" ", b"\t", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"  "),
    *(b":", b";", b",", b'"', b"\\", b"#", b"%", b"+", b"-"),
)
_LINES: Final = (
    _CHUNKED,
    b"transfer-encoding: Chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding : chunked",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding:",
    b"Content-Length: 0",
    b"Content-Length: 3",
    b"Content-Length: +5",
    b"Content-Length: -5",
    b"Content-Length: 0x5",
    b"Content-Length: 5_0",
    b"Content-Length: 5 5",
    b"Content-Length: 5, 6",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length:",
    b"Content-Length : 5",
    b"Host: y",
    b"Host:",
    b"Connection: close, content-length",
    b"Connection: transfer-encoding",
    b"Expect: 100-continue",
    b"Expect: foo",
    b" folded: yes",
    b"\tfolded",
    b": nameless",
    b"no colon",
    b"X-\xe9: y",
    b"X Y: z",
    b"(X): z",
)
_STARTS: Final = (
    (b"HTTP/1.1", b"HTTP/1.0"),
    (b"HTTP/1.1", b"HTTP/1.2"),
    (b"HTTP/1.1", b"HTTP/2.0"),
    (b"HTTP/1.1", b"HTTP/0.9"),
    (b"HTTP/1.1", b"HTTP/1.10"),
    (b"HTTP/1.1", b"HTTP/01.1"),
    (b"HTTP/1.1", b"http/1.1"),
    (b"HTTP/1.1", b"HTTP /1.1"),
    (b" HTTP/1.1", b""),
    (b" HTTP/1.1", b"HTTP/1.1"),
    (b" HTTP/1.1", b"  HTTP/1.1"),
    (b" HTTP/1.1", b"\tHTTP/1.1"),
    (b" HTTP/1.1", b" HTTP/1.1 "),
    (b" /", b"  /"),
    (b" /", b"\t/"),
    (b"GET", b" GET"),
    (b"GET", b"\r\nGET"),
    (b"GET", b"\nGET"),
    (b"GET", b"get"),
    (b"GET", b"G\x00T"),
    (b"GET", b"PURGE"),
    (b"GET", b"QUERY"),
    (b"POST", b"\r\n\r\nPOST"),
    (b"POST", b"P@ST"),
    (b"/v2/a", b"http://y/v2/a"),
    (b"/v2/a", b"/v2/a b"),
    (b"/v2/a", b"/v2/\xc3\xa9"),
)
_CHUNKS: Final = (
    (b"5\r\n", b"0x5\r\n"),
    (b"5\r\n", b"+5\r\n"),
    (b"5\r\n", b" 5\r\n"),
    (b"5\r\n", b"5 \r\n"),
    (b"5\r\n", b"5\t;a\r\n"),
    (b"5\r\n", b"05\r\n"),
    (b"5\r\n", b"5\n"),
    (b"5\r\n", b"5\r\r\n"),
    (b"5\r\n", b"5;\n\r\n"),
    (b"5\r\n", b'5;a="\r\n"\r\n'),
    (b"5\r\n", b"6\r\n"),
    (b"5\r\n", b"4\r\n"),
    (b"5\r\n", b"1" * 17 + b"5\r\n"),
    (b"hello\r\n", b"hello\n"),
    (b"hello\r\n", b"hello"),
    (b"hello\r\n", b"helloXY"),
    (b"0\r\n\r\n", b"0\r\n"),
    (b"0\r\n\r\n", b"0\n\n"),
    (b"0\r\n\r\n", b"00\r\n\r\n"),
    (b"0\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n"),
    (b"0\r\n\r\n", b"0\r\n bad trailer\r\n\r\n"),
)

Mutation = Callable[[bytes, random.Random], bytes]


def _put_in(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_WEIRD) + data[place:]


def _exchange(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(_WEIRD) + data[place + 1 :]


def _take_out(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + data[place + rng.randint(1, 3) :]


def _flip(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def _add_line(data: bytes, rng: random.Random) -> bytes:
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines.insert(rng.randint(1, len(lines)), rng.choice(_LINES))
    return b"\r\n".join(lines) + blank + body


def _repeat_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    place = rng.randrange(len(lines))
    return b"\r\n".join([*lines[:place], lines[place], *lines[place:]])


def _other_end(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    place = rng.randrange(1, len(lines))
    ending = rng.choice((b"\n", b"\r", b"\n\n", b"\r\n\r\n", b" \r\n", b"\x00\r\n"))
    return b"\r\n".join(lines[:place]) + ending + b"\r\n".join(lines[place:])


def _from_pairs(pairs: tuple[tuple[bytes, bytes], ...]) -> Mutation:
    def mutated(data: bytes, rng: random.Random) -> bytes:
        fitting = [pair for pair in pairs if pair[0] in data]
        return data.replace(*rng.choice(fitting), 1) if fitting else _put_in(data, rng)

    return mutated


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _put_in,
    _exchange,
    _take_out,
    _flip,
    _add_line,
    _repeat_line,
    _other_end,
    _from_pairs(_STARTS),
    _from_pairs(_CHUNKS),
)


def mutated(rng: random.Random) -> bytes:
    """One request changed in one to three places, mostly with a sound one behind it."""
    data = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        data = rng.choice(_MUTATIONS)(data, rng)
    return data + (SECOND if rng.random() < 0.7 else b"")
