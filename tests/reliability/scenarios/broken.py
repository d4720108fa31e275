"""U7-U11, U16, U17: answers cut, malformed, too large, redirected, smuggled, or with a head nobody may trust."""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, Final, Literal

from tests.reliability.scenarios.scenario import Played, Scenario, Stage
from tests.reliability.upstream import Play

BAD_GATEWAY = (502,)
FOREIGN = b"zzSMUGGLEDzz"
CUTS = {"after the status line": 17, "in the head": 60, "in the body": 500, "before the last byte": -1}
WHERE = ("list", "middle")
ENDS: Final[tuple[Literal["close", "reset"], ...]] = ("close", "reset")

NO_OBJECT: Mapping[str, bytes] = {
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "nothing": b"",
    "half": b'{"call_history": [',
    "NaN": b'{"call_history": [NaN]}',
    "half a surrogate": b'{"next_page_token": "\\ud800"}',
    "a million digits": b'{"total_records": ' + b"9" * 1_000_000 + b"}",
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "HTML": b"<html><body>It works!</body></html>",
    "no UTF-8": b'{"call_history": "\xff\xfe"}',
    "two objects": b"{}{}",
}
NO_SHAPE: Mapping[str, bytes] = {
    "a number for a list": b'{"call_history": 5, "call_elements": 5}',
    "nulls for entries": b'{"call_history": [null], "call_elements": [null]}',
    "texts for entries": b'{"call_history": ["x"], "call_elements": ["x"]}',
    "an object for a list": b'{"call_history": {}, "call_elements": {}}',
    "objects for texts": b'{"call_history": [{"call_history_uuid": {}}], "call_elements": [{"call_element_id": {}}]}',
    "an error in a 200": b'{"code": 500, "message": "Internal Error"}',
}
BOMBS = {
    "gzip": gzip.compress(bytes(100 * 1024 * 1024), 9),
    "deflate": zlib.compress(bytes(100 * 1024 * 1024), 9),
}
REDIRECTS = (301, 302, 303, 307, 308)


def _once(
    id: str, what: str, play: Play, where: str, *, is_retried: bool, also: Callable[[Played], str] | None = None
) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, play)

    more: dict[str, Any] = {} if also is None else {"also": also}
    return Scenario(
        id=id,
        what=f"{what}, {where}",
        script=script,
        refusals=() if is_retried or where != "list" else BAD_GATEWAY,
        summaries=0 if is_retried or where == "list" else 1,
        **more,
    )


def _always(id: str, what: str, play: Play, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, play, times=None)

    return Scenario(
        id=id,
        what=f"{what}, {where}, always",
        script=script,
        refusals=BAD_GATEWAY if where == "list" else (),
        summaries=0 if where == "list" else 1,
        heals_after=2 if where == "list" else None,
    )


def _cut(name: str, end: Literal["close", "reset"], where: str) -> Scenario:
    return _once("U7", f"{end} {name}", Play(cut=CUTS[name], end=end), where, is_retried=True)


def _flat(played: Played) -> str:
    return f"memory grew by {played.grown_mib:.0f} MiB" if played.grown_mib > 48 else ""


def _redirect(status: int, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, Play(status=status, body=b"", headers=(("Location", f"{stage.canary.url}/v2/x"),)))

    def also(played: Played) -> str:
        return f"{played.stage.canary.connections} contacts elsewhere" if played.stage.canary.connections else ""

    is_list = where == "list"
    return Scenario(
        id="U11",
        what=f"{status} to another host, {where}",
        script=script,
        refusals=BAD_GATEWAY if is_list else (),
        summaries=0 if is_list else 1,
        also=also,
    )


def _smuggled() -> bytes:
    body = json.dumps({"call_history_uuid": "x", "call_elements": [], "caller_name": FOREIGN.decode()}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _endless_interim(where: str) -> Scenario:
    """Ends with the deadline: the list is refused, a page ends before the detail."""

    def script(stage: Stage) -> None:
        stage.spoil(where, Play(raw=INTERIM, endless=INTERIM * 100))

    refusals = (502, 504) if where == "list" else ()
    return Scenario(
        id="U16",
        what=f"interim answers without end, {where}",
        script=script,
        refusals=refusals,
        summaries=1,
        also=_flat,
    )


def _not_smuggled(played: Played) -> str:
    hits = sum(FOREIGN in answer.raw for answer in played.walk.answers)
    return f"{hits} answers hold what was smuggled" if hits else ""


def _head(what: str, *headers: tuple[str, str]) -> tuple[str, Play]:
    return what, Play(headers=headers)


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
STRAY = Play(stray=_smuggled())
TWO_LENGTHS = Play(headers=(("Content-Length", "5"),))
LENGTH_AND_CHUNKS = Play(headers=(("Transfer-Encoding", "chunked"),))
HEADS: tuple[tuple[str, Play], ...] = (
    _head("a line of 9 KB", ("X-Long", "x" * 9_000)),
    _head("200 lines", *((f"X-Line-{number}", "x") for number in range(200))),
    _head("NUL in a value", ("X-Odd", "a\x00b")),
    _head("a bare CR in a value", ("X-Odd", "a\rb")),
)
ODD_BUT_FINE: tuple[tuple[str, Play], ...] = (
    _head("a cookie", ("Set-Cookie", "session=zzCOOKIEzz; Path=/")),
    _head("Connection names a header", ("Connection", "x-zm-trackingid"), ("x-zm-trackingid", "v=2.0;rid=zzHOPzz")),
    _head("8-bit bytes in a value", ("X-Odd", "caf\xe9")),
)


def _no_traces(played: Played) -> str:
    words = (b"zzCOOKIEzz", b"zzHOPzz")
    answers = sum(any(word in answer.raw for word in words) for answer in played.walk.answers)
    sent = sum(b"zzCOOKIEzz" in request.head for request in played.stage.upstream.arrivals)
    return f"passed on in {answers} answers, sent back {sent} times" if answers or sent else ""


BROKEN: tuple[Scenario, ...] = (
    *(_cut(cut, end, where) for cut in CUTS for end in ENDS for where in WHERE),
    *(
        _once("U7", f"chunked, cut {name}", Play(framing="chunked", cut=cut, end="close"), where, is_retried=True)
        for (name, cut), where in product((("in a chunk", 700), ("before the last chunk", -5)), WHERE)
    ),
    *(
        _once("U7", "no length, cut in the body", Play(framing="none", cut=500, end="close"), where, is_retried=True)
        for where in WHERE
    ),
    *(_once("U7", "no length, whole", Play(framing="none", end="close"), where, is_retried=True) for where in WHERE),
    *(_always("U7", "cut in the body", Play(cut=500, end="close"), where) for where in WHERE),
    *(
        _once("U8", name, Play(body=body), where, is_retried=True)
        for (name, body), where in product(NO_OBJECT.items(), WHERE)
    ),
    *(
        _once("U8", name, Play(body=body), where, is_retried=False)
        for (name, body), where in product(NO_SHAPE.items(), WHERE)
    ),
    *(_always("U8", "HTML", Play(body=NO_OBJECT["HTML"]), where) for where in WHERE),
    *(
        _once(
            "U9",
            f"a {coding} bomb of 100 MB",
            Play(body=bomb, headers=(("Content-Encoding", coding),)),
            where,
            is_retried=False,
            also=_flat,
        )
        for (coding, bomb), where in product(BOMBS.items(), WHERE)
    ),
    *(
        _once("U9", name, Play(alter=alter, headers=(("Content-Encoding", coding),)), where, is_retried=is_retried)
        for (name, coding, alter, is_retried), where in product(
            (
                ("gzip cut short", "gzip", lambda body: gzip.compress(body)[:-9], True),
                ("gzip twice", "gzip", lambda body: gzip.compress(gzip.compress(body)), True),
                ("gzip in name alone", "gzip", lambda body: body, True),
                ("deflate", "deflate", zlib.compress, True),
                ("br not asked for", "br", lambda body: body, True),
                ("zstd not asked for", "zstd", lambda body: body, True),
            ),
            WHERE,
        )
    ),
    *(
        _once(
            "U10", "a body without end", Play(framing="none", endless=b" " * 65536), where, is_retried=False, also=_flat
        )
        for where in WHERE
    ),
    *(_redirect(*each) for each in product(REDIRECTS, WHERE)),
    *(_once("U16", "another answer behind", STRAY, where, is_retried=True, also=_not_smuggled) for where in WHERE),
    *(_once("U16", "two lengths", TWO_LENGTHS, where, is_retried=True, also=_not_smuggled) for where in WHERE),
    *(_once("U16", "length and chunks", LENGTH_AND_CHUNKS, where, is_retried=True) for where in WHERE),
    *(_once("U16", "50 interim answers first", Play(before=INTERIM * 50), where, is_retried=True) for where in WHERE),
    *(_endless_interim(where) for where in WHERE),
    *(_once("U17", name, play, where, is_retried=True) for (name, play), where in product(HEADS, WHERE)),
    *(
        _once("U17", name, play, where, is_retried=True, also=_no_traces)
        for (name, play), where in product(ODD_BUT_FINE, WHERE)
    ),
)
