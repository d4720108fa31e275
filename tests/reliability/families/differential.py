"""G7: the same bytes to the service and to a second parser: whatever the service takes, the other one takes too.

The upstream tells in its answer what reached it, so that the client sees on one connection which requests the service
made of its bytes. A refusal of the service's own is always allowed: it may be stricter, never laxer. The two freedoms
that RFC 9112 grants every server are counted apart.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final

import click

from tests.edge.raw import Message, RawUpstream, reply, says, sized
from tests.reliability.figures import Figure, Goal, measured
from tests.reliability.framing import mutated
from tests.reliability.plan import Plan
from tests.reliability.replies import Got, replies
from tests.reliability.second_parser import Understood, understood
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process

AT_ONCE: Final = 24
QUIET: Final = 0.15
"""Seconds without a byte after which no more answers are expected."""
REFUSALS: Final = frozenset({400, 408, 413, 417, 431})
SHOWN: Final = 12

LAXER: Final = Goal("G7", "requests whose framing the service takes and h11 does not", "= 0")
ALLOWED: Final = Goal(
    "G7", "the same by what RFC 9112 allows: empty lines before a request, blanks in a row", "printed"
)
SENT: Final = Goal("G7", "mutated requests sent", "printed")
BUGS: Final = Goal("G7", "tracebacks and unnamed failures", "= 0")
GOALS: tuple[Goal, ...] = (LAXER, ALLOWED, SENT, BUGS)


async def run(plan: Plan) -> list[Figure]:
    """Sends this share's mutations and compares."""
    rng, count = plan.rng("differential"), plan.pick(ci=600, short=4_000, full=20_000)
    cases = [mutated(rng) for _ in range(count)]
    async with (
        RawUpstream(answer=_tells) as upstream,
        shim_process(plan.folder("differential"), settings_for(upstream.url)) as shim,
    ):
        compared = await _compared(cases, shim)
        bugs = shim.troubles()
    for case, why in compared.laxer[:SHOWN]:
        click.echo(f"  differential: {why}: {case!r}", err=True)
    note = f"h11 takes {sum(bool(understood(case)) for case in cases)} of them, the service {compared.taken}"
    return [
        measured(LAXER, len(compared.laxer), note),
        measured(ALLOWED, compared.allowed),
        measured(SENT, count),
        measured(BUGS, len(bugs), "; ".join(bugs[:1])),
    ]


@dataclass(slots=True)
class _Compared:
    """Cases of which the service took a request, those it should not have with the reason, and those it may."""

    taken: int = 0
    allowed: int = 0
    laxer: list[tuple[bytes, str]] = field(default_factory=list)


async def _compared(cases: list[bytes], shim: ShimProcess) -> _Compared:
    turns, compared = asyncio.Semaphore(AT_ONCE), _Compared()

    async def compare(case: bytes) -> None:
        theirs = understood(case, as_allowed=True)
        async with turns:
            ours = await _answers(case, shim.port, [each.method for each in theirs])
        accepted = [answer for answer in ours if answer.status not in REFUSALS]
        compared.taken += bool(accepted)
        if why := _laxer(accepted, theirs):
            compared.laxer.append((case, why))
        elif _laxer(accepted, understood(case)):
            compared.allowed += 1

    await asyncio.gather(*map(compare, cases))
    return compared


async def _answers(case: bytes, port: int, methods: list[bytes]) -> list[Got]:
    """The answers to these bytes, up to the connection's end or to a silence."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = b""
    try:
        writer.write(case)
        while piece := await asyncio.wait_for(reader.read(65536), QUIET):
            data += piece
    except (TimeoutError, ConnectionError):
        pass  # nothing more is coming
    finally:
        writer.transport.abort()
    return replies(data, methods)


def _laxer(accepted: list[Got], theirs: list[Understood]) -> str:
    """Why the service took more than the second parser; "" where it did not."""
    if len(accepted) > len(theirs):
        return f"{len(accepted)} requests taken, not {len(theirs)}"
    for ours, other in zip(accepted, theirs, strict=False):
        seen = _told(ours)
        if seen is not None and seen != [
            other.method.decode("latin-1"),
            other.target.decode("latin-1"),
            other.body.hex(),
        ]:
            return f"upstream was asked {seen}, not {other}"
        if seen is not None and not other.is_whole:
            return "a body taken for whole"
    return ""


def _told(answer: Got) -> list[str] | None:
    """What upstream says it was asked; None where the service answered by itself."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return None
    return told.get("asked") if isinstance(told, dict) else None


async def _tells(request: Message, writer: asyncio.StreamWriter) -> None:
    method, target = request.start.split(b" ")[:2]
    asked = [method.decode("latin-1"), target.decode("latin-1"), request.body.hex()]
    body = json.dumps({"asked": asked}).encode()
    await says(reply(b"Content-Type: application/json", sized(body), body=b"" if method == b"HEAD" else body))(
        request, writer
    )
