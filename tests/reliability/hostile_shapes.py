"""Shapes of requests that mean harm, each with a mark that must show up nowhere.

Knows how attacks are spelt (catalogue C2 to C9, C14, C16, C21); refuses to know what answers them. A shape that may
reach Zoom says so: its mark may be seen there, in one request and in the place it was put.
"""

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LIST: Final = b"/v2/phone/call_logs"
DAY: Final = b"from=2026-03-10&to=2026-03-10"


@dataclass(frozen=True, slots=True)
class Making:
    """What one request is made of: `mark` is its own, `canary` an address nobody may contact, `token` a page token."""

    rng: random.Random
    mark: bytes
    canary: bytes
    token: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of request. `may_reach`: it is plain HTTP for another path, and Zoom's to judge."""

    name: str
    catalogue: str
    make: Callable[[Making], bytes]
    may_reach: bool = False


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    """A request's bytes, with a host and a bearer."""
    fixed = (b"Host: shim.example.com", b"Authorization: Bearer hostile")
    return b"\r\n".join([line, *fixed, *headers]) + b"\r\n\r\n" + body


def _get(target: bytes, *headers: bytes) -> bytes:
    return request(b"GET " + target + b" HTTP/1.1", *headers)


def _post(target: bytes, *headers: bytes, body: bytes) -> bytes:
    return request(b"POST " + target + b" HTTP/1.1", *headers, body=body)


def _sized(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def _second(making: Making) -> bytes:
    return _get(b"/v2/smuggled/" + making.mark)


def _framed(*headers: bytes, body: bytes = b"", line: bytes = b"") -> Callable[[Making], bytes]:
    """A request with faulty framing and another one behind it; `MARK` in a header stands for the mark."""

    def make(making: Making) -> bytes:
        first = line.replace(b"MARK", making.mark) or b"POST /v2/" + making.mark + b" HTTP/1.1"
        return request(first, *(each.replace(b"MARK", making.mark) for each in headers), body=body) + _second(making)

    return make


def _target(text: bytes) -> Callable[[Making], bytes]:
    """A target; `MARK` stands for the mark, `CANARY` for the canary's address."""
    return lambda making: _get(text.replace(b"CANARY", making.canary).replace(b"MARK", making.mark))


def _headers(*lines: bytes, target: bytes = b"/v2/plain/MARK") -> Callable[[Making], bytes]:
    return lambda making: _get(
        target.replace(b"MARK", making.mark),
        *(line.replace(b"CANARY", making.canary).replace(b"MARK", making.mark) for line in lines),
    )


def _query(text: bytes) -> Callable[[Making], bytes]:
    return lambda making: _get(LIST + b"?" + text.replace(b"MARK", making.mark))


def _token(change: Callable[[Making], bytes]) -> Callable[[Making], bytes]:
    return lambda making: _get(LIST + b"?" + DAY + b"&next_page_token=" + change(making))


def _flipped(making: Making) -> bytes:
    place = making.rng.randrange(len(making.token))
    other = making.rng.choice(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    changed = other if other != making.token[place] else ord("-") if other != ord("-") else ord("_")
    return making.token[:place] + bytes([changed]) + making.token[place + 1 :]


def _basic(make: Callable[[Making], bytes]) -> Callable[[Making], bytes]:
    return lambda making: (
        b"\r\n".join(
            [b"POST /oauth/token HTTP/1.1", b"Host: x", b"Authorization: Basic " + make(making), b"Content-Length: 0"]
        )
        + (b"\r\n\r\n")
    )


def _grant(make: Callable[[Making], tuple[bytes, bytes]]) -> Callable[[Making], bytes]:
    def made(making: Making) -> bytes:
        kind, body = make(making)
        head = [b"POST /oauth/token HTTP/1.1", b"Host: x", b"Content-Type: " + kind, _sized(body)]
        return b"\r\n".join(head) + b"\r\n\r\n" + body

    return made


def _coded(text: bytes) -> Callable[[Making], bytes]:
    return lambda making: base64.b64encode(text.replace(b"MARK", making.mark))


_CHUNKED: Final = b"Transfer-Encoding: chunked"

FRAMING: Final = (
    Shape("length and chunks", "C3", _framed(b"Content-Length: 5", _CHUNKED, body=b"0\r\n\r\n")),
    Shape("two lengths", "C3", _framed(b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
    Shape("signed length", "C3", _framed(b"Content-Length: +5", body=b"hello")),
    Shape("list of lengths", "C3", _framed(b"Content-Length: 5, 6", body=b"hello")),
    Shape("endless length", "C3", _framed(b"Content-Length: " + b"9" * 40)),
    Shape("unknown coding", "C3", _framed(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n")),
    Shape("coding twice", "C3", _framed(_CHUNKED, _CHUNKED, body=b"0\r\n\r\n")),
    Shape("coding behind a control", "C3", _framed(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n")),
    Shape("blank before the colon", "C3", _framed(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n")),
    Shape("folded header", "C3", _framed(b"X-A: b\r\n MARK")),
    Shape("bare carriage return", "C3", _framed(b"X-A: MARK\rMARK")),
    Shape("nul in a header", "C4", _framed(b"X-A: MARK\x00")),
    Shape("line feed alone", "C3", _framed(b"X-A: b\nX-B: MARK")),
    Shape("nameless header", "C3", _framed(b": MARK")),
    Shape("prefix in a chunk size", "C3", _framed(_CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n")),
    Shape("overflowing chunk size", "C3", _framed(_CHUNKED, body=b"1" * 40 + b"\r\nhello")),
    Shape("chunk ended by a line feed", "C3", _framed(_CHUNKED, body=b"5\nhello\r\n0\r\n\r\n")),
    Shape("chunk that lies", "C3", _framed(_CHUNKED, body=b"3\r\nhello\r\n0\r\n\r\n")),
    Shape("chunks in HTTP/1.0", "C3", _framed(_CHUNKED, line=b"POST /v2/MARK HTTP/1.0", body=b"0\r\n\r\n")),
    Shape("HTTP/0.9", "C3", lambda making: b"GET /v2/" + making.mark + b"\r\n\r\n"),
    Shape("HTTP/0.9 by a lost blank", "C3", _framed(line=b"GET /v2/MARKHTTP/1.1")),
    Shape("HTTP/1.2", "C3", _framed(line=b"GET /v2/MARK HTTP/1.2")),
    Shape("HTTP/2.0", "C3", _framed(line=b"GET /v2/MARK HTTP/2.0")),
    Shape("two hosts", "C7", _framed(b"Host: MARK")),
    Shape("unknown method", "C3", _framed(line=b"EVIL /v2/MARK HTTP/1.1")),
    Shape("TLS on a plain port", "C20", lambda making: b"\x16\x03\x01\x02\x00\x01\x00" + making.mark + b"\r\n\r\n"),
    Shape("HTTP/2 preface", "C3", lambda making: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + making.mark),
    Shape("noise", "C2", lambda making: making.rng.randbytes(making.rng.randint(1, 300)) + making.mark + b"\r\n\r\n"),
    Shape("odd expectation", "C3", _framed(b"Expect: MARK")),
)

SIZES: Final = (
    Shape("line too long", "C2", lambda making: _get(b"/v2/" + making.mark * 700)),
    Shape("field too long", "C2", _headers(b"X-A: " + b"MARK" * 700)),
    Shape("name too long", "C2", _headers(b"X" * 9000 + b": MARK")),
    Shape("too many fields", "C2", _headers(*([b"X-A: MARK"] * 120))),
    Shape("a megabyte of path", "C16", lambda making: _get(b"/v2/" + making.mark * 90_000)),
    Shape(
        "a body for a list",
        "C2",
        lambda making: request(b"GET " + LIST + b"?from=never HTTP/1.1", _sized(b"x" * 100_000), body=b"x" * 100_000),
    ),
    Shape(
        "too many trailers",
        "C2",
        lambda making: _post(
            b"/v2/" + making.mark,
            _CHUNKED,
            body=b"1\r\nx\r\n0\r\n" + (b"X-T: " + making.mark + b"\r\n") * 300 + b"\r\n",
        ),
        may_reach=True,
    ),
    Shape(
        "a thousand tiny chunks",
        "C2",
        lambda making: _post(b"/v2/" + making.mark, _CHUNKED, body=b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"),
        may_reach=True,
    ),
)

PATHS: Final = (
    Shape("dot segments", "C5", _target(b"/v2/../MARK")),
    Shape("encoded dots", "C5", _target(b"/v2/%2e%2e/oauth/MARK")),
    Shape("half encoded dots", "C5", _target(b"/v2/.%2E/MARK")),
    Shape("dots with a parameter", "C5", _target(b"/v2/..;x=MARK/oauth")),
    Shape("dots behind an encoded slash", "C5", _target(b"/v2/a%2f..%2fMARK")),
    Shape("dots behind an encoded backslash", "C5", _target(b"/v2/a%5c..%5cMARK")),
    Shape("backslash", "C5", _target(b"/v2/\\CANARY\\MARK")),
    Shape("two slashes and a host", "C5", _target(b"//CANARY/v2/MARK")),
    Shape("absolute form", "C5", _target(b"http://CANARY/v2/MARK")),
    Shape("absolute form with user", "C5", _target(b"http://shim.example.com@CANARY/v2/MARK")),
    Shape("a host behind an at sign", "C5", _target(b"@CANARY/v2/MARK")),
    Shape("no slash", "C5", _target(b"v2/MARK")),
    Shape("asterisk", "C5", _framed(line=b"OPTIONS * HTTP/1.1")),
    Shape("authority form", "C5", lambda making: _framed(line=b"CONNECT " + making.canary + b" HTTP/1.1")(making)),
    Shape("fragment", "C5", _target(b"/v2/a#MARK")),
    Shape("nul in the path", "C5", _target(b"/v2/a%00MARK")),
    Shape("line break in the path", "C4", _target(b"/v2/a%0d%0aX-Evil:%20MARK")),
    Shape("blank in the path", "C5", _target(b"/v2/a MARK")),
    Shape("raw bytes in the path", "C5", _target(b"/v2/\xff\xfeMARK")),
    Shape("outside of every prefix", "C5", _target(b"/v3/MARK")),
    Shape("almost a prefix", "C5", _target(b"/v2MARK/users/me")),
    Shape("another case", "C5", _target(b"/V2/MARK")),
    Shape("a host below the prefix", "C5", _target(b"/v2//CANARY/MARK"), may_reach=True),
    Shape("a host as user", "C5", _target(b"/v2/@CANARY/MARK"), may_reach=True),
    Shape("a URL in the query", "C5", _target(b"/v2/x?u=http://CANARY/MARK"), may_reach=True),
    Shape("encoded twice", "C5", _target(b"/v2/%252e%252e/MARK"), may_reach=True),
    Shape("broken escapes", "C9", _target(b"/v2/%zz%MARK"), may_reach=True),
    Shape("almost the list", "C12", _target(b"/v2/phone/call_logs/?MARK"), may_reach=True),
)

HEADERS: Final = (
    Shape("forwarded hosts", "C7", _headers(b"X-Forwarded-Host: CANARY", b"Forwarded: host=CANARY"),
          may_reach=True),
    Shape("another URL", "C7", _headers(b"X-Original-URL: http://CANARY/MARK", b"X-Rewrite-URL: //CANARY/"),
          may_reach=True),
    Shape("another method", "C7", _headers(b"X-HTTP-Method-Override: DELETE"), may_reach=True),
    Shape("a host of its own", "C7", lambda making: b"GET /v2/" + making.mark + b" HTTP/1.1\r\nHost: "
          + making.canary + b"\r\n\r\n", may_reach=True),
    Shape("a host that is none", "C7", lambda making: b"GET /v2/" + making.mark + b" HTTP/1.1\r\nHost: a b/../\r\n\r\n",
          may_reach=True),
    Shape("nominated headers", "C8", _headers(b"Connection: authorization, x-request-id, content-length, host"),
          may_reach=True),
    Shape("upgrade", "C3", _headers(b"Upgrade: websocket", b"Connection: Upgrade"), may_reach=True),
    Shape("upgrade to HTTP/2", "C3", _headers(b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings",
          b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"), may_reach=True),
    Shape("no text in a header", "C4", _headers(b"X-A: \xff\xfe")),
    Shape("a request id that breaks lines", "C16", _headers(b"X-Request-Id: a\\nb\x1b[31m", target=LIST + b"?MARK")),
    Shape("a request id without end", "C16", _headers(b"X-Request-Id: " + b"MARK" * 100, target=LIST + b"?from=never")),
)  # fmt: skip

PARAMETERS: Final = (
    Shape("line break in a time", "C4", _query(b"from=2026-03-10%0d%0aX-Evil:MARK&to=2026-03-10")),
    Shape("nul in a time", "C9", _query(b"from=2026-03-10%00MARK")),
    Shape("no time", "C9", _query(b"from=9999-99-99MARK")),
    Shape("no text", "C9", _query(b"from=%ff%fe%ed%a0%80MARK")),
    Shape("broken escapes in a value", "C9", _query(b"from=%zz%MARK")),
    Shape("too large a page", "C9", _query(b"page_size=1e9MARK&from=never")),
    Shape("a page of digits", "C9", _query(b"page_size=" + b"9" * 4000 + b"&from=never")),
    Shape("a thousand parameters", "C9", _query(b"&".join([b"a=MARK"] * 500) + b"&from=never")),
    Shape("a long value", "C9", _query(b"type=" + b"MARK" * 500 + b"&from=never")),
    Shape("an id that is none", "C9", _target(LIST + b"/%ff%feMARK%20%E2%80%A8"), may_reach=True),
    Shape("an id with a line break", "C4", _target(LIST + b"/MARK%0d%0aX-Evil:1")),
    Shape("an id that climbs", "C5", _target(LIST + b"/..%2fMARK")),
    Shape("an account that climbs", "C5", _target(b"/v2/accounts/..%2fMARK/phone/call_logs?" + DAY)),
)

TOKENS: Final = (
    Shape("a flipped token", "C14", _token(_flipped)),
    Shape("a cut token", "C14", _token(lambda making: making.token[: making.rng.randrange(1, len(making.token))])),
    Shape("a token with company", "C14", _token(lambda making: making.token + making.mark)),
    Shape("a token of ten kilobytes", "C14", _token(lambda making: making.token * 10)),
    Shape("a token of another path", "C14", lambda making: _get(
        b"/v2/accounts/other/phone/call_logs?" + DAY + b"&next_page_token=" + making.token)),
    Shape("a token under another filter", "C14", _token(lambda making: making.token + b"&type=" + making.mark)),
    Shape("no token at all", "C14", _token(lambda making: making.mark)),
)  # fmt: skip

GRANTS: Final = (
    Shape("a wrong key", "C21", _basic(_coded(b"alpha:MARK"))),
    Shape("nul in a name", "C21", _basic(_coded(b"al\x00pha:MARK"))),
    Shape("no colon", "C21", _basic(_coded(b"MARK"))),
    Shape("colons", "C21", _basic(_coded(b":::MARK:::"))),
    Shape("no base64", "C21", _basic(lambda making: b"%%%" + making.mark)),
    Shape("half of base64", "C21", _basic(lambda making: base64.b64encode(b"alpha:" + making.mark)[:-3])),
    Shape("no text in base64", "C21", _basic(_coded(b"\xff\xfe:MARK"))),
    Shape("long base64", "C21", _basic(_coded(b"alpha:" + b"MARK" * 300))),
    Shape("a form of 64 KiB", "C21", _grant(lambda making: (
        b"application/x-www-form-urlencoded", b"client_id=alpha&client_secret=" + b"x" * 70_000))),
    Shape("fields twice", "C21", _grant(lambda making: (
        b"application/x-www-form-urlencoded", b"client_id=alpha&client_id=beta&client_secret=" + making.mark))),
    Shape("JSON that is deep", "C21", _grant(lambda making: (b"application/json", b"[" * 20_000))),
    Shape("JSON of another kind", "C21", _grant(lambda making: (
        b"application/json", b'{"client_id": ["' + making.mark + b'"], "client_secret": {}}'))),
    Shape("a key in the query", "C21", lambda making: _get(b"/oauth/token?client_secret=" + making.mark)),
    Shape("a key in the query of a POST", "C21", lambda making: _post(
        b"/oauth/token?client_id=alpha&client_secret=" + making.mark, _sized(b""), body=b"")),
)  # fmt: skip

TO_CALLERS: Final = (*FRAMING, *SIZES, *PATHS, *HEADERS, *PARAMETERS, *TOKENS)
"""For a service that passes other paths on."""
TO_AN_APP: Final = (*FRAMING, *SIZES, *PATHS, *PARAMETERS, *TOKENS, *GRANTS)
"""For one with an app's credential of its own: there nothing of a stranger's may reach Zoom."""
