"""G6: requests that mean harm, of a hundred shapes, each with a mark that must turn up nowhere.

One service passes other paths on, one has an app's credential of its own and passes nothing. Judged from outside: what
came back, what reached Zoom, who else was contacted, what was logged.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import click

from tests.reliability.figures import Figure, Goal, measured
from tests.reliability.hostile_shapes import DAY, FRAMING, LIST, TO_AN_APP, TO_CALLERS, Making, Shape
from tests.reliability.plan import Plan
from tests.reliability.playing import APP, CLIENT_KEY
from tests.reliability.raw_client import get
from tests.reliability.replies import Got, split
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream
from tests.reliability.worlds import company
from tests.reliability.zoom_answers import ZoomAnswers

AT_ONCE: Final = 16
QUIET: Final = 0.08
PATIENCE: Final = 8.0
LONGEST_LINE: Final = 4096
CANARY_HOSTS: Final = ("127.0.0.2", "127.0.0.3")
TRANSLATED: Final = frozenset({"host", "authorization", "accept", "accept-encoding", "user-agent"})
SHOWN: Final = 12

SHAPES: Final = Goal("G6", "shapes of hostile requests", ">= 60")
SENT: Final = Goal("G6", "hostile requests sent", "printed")
ODD: Final = Goal("G6", "answers that are neither an envelope nor a clean close", "= 0")
ECHOED: Final = Goal("G6", "answers with bytes of the request", "= 0")
REACHED: Final = Goal("G6", "marks that reached Zoom and had no business there", "= 0")
CONTACTS: Final = Goal("G6", "contacts with other hosts", "= 0")
LOGGED: Final = Goal("G6", "log lines that are broken, too long or hold a mark", "= 0")
ENDED: Final = Goal("G6", "services that ended, and tracebacks", "= 0")
GROWN: Final = Goal("G6", "growth of the services' memory after the first tenth", "<= 8 MiB")
GOALS: tuple[Goal, ...] = (SHAPES, SENT, ODD, ECHOED, REACHED, CONTACTS, LOGGED, ENDED, GROWN)


@dataclass(slots=True)
class _Seen:
    """What came of all requests of a run; the troubles name shape and reason."""

    odd: list[str] = field(default_factory=list)
    echoed: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    grown: float = 0.0
    contacts: int = 0
    marks: dict[str, Shape] = field(default_factory=dict)


async def run(plan: Plan) -> list[Figure]:
    """Both services in turn, half of the requests each."""
    seen, count = _Seen(), plan.pick(ci=240, short=1_200, full=5_000)
    async with _canaries(seen) as canaries:
        for name, shapes in (("callers", TO_CALLERS), ("app", TO_AN_APP)):
            await _attack(name, shapes, count // 2, canaries=canaries, plan=plan, seen=seen)
    for trouble in (*seen.odd, *seen.echoed, *seen.reached, *seen.logged)[:SHOWN]:
        click.echo(f"  hostile: {trouble}", err=True)
    return [
        measured(SHAPES, len({shape.name for shape in (*TO_CALLERS, *TO_AN_APP)})),
        measured(SENT, len(seen.marks)),
        measured(ODD, len(seen.odd)),
        measured(ECHOED, len(seen.echoed)),
        measured(REACHED, len(seen.reached)),
        measured(CONTACTS, seen.contacts, f"listeners on {', '.join(CANARY_HOSTS)}"),
        measured(LOGGED, len(seen.logged)),
        measured(ENDED, len(seen.bugs), "; ".join(seen.bugs[:1])),
        measured(GROWN, seen.grown),
    ]


@asynccontextmanager
async def _canaries(seen: _Seen) -> AsyncIterator[list[bytes]]:
    """Addresses that nobody may contact."""

    def contacted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.contacts += 1
        writer.close()

    async with AsyncExitStack() as stack:
        addresses = []
        for host in CANARY_HOSTS:
            server = await stack.enter_async_context(await asyncio.start_server(contacted, host, 0))
            addresses.append(f"{host}:{server.sockets[0].getsockname()[1]}".encode())
        yield addresses


async def _attack(
    name: str, shapes: Sequence[Shape], count: int, *, canaries: list[bytes], plan: Plan, seen: _Seen
) -> None:
    is_app = name == "app"
    answers = ZoomAnswers(company(plan.seed, 40), app=APP if is_app else None)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answers, seed=plan.seed))
        settings = settings_for(upstream.url, **(_app_settings() if is_app else {}))
        shim = await stack.enter_async_context(shim_process(plan.folder(f"hostile-{name}"), settings))
        bearer = f"Bearer {CLIENT_KEY if is_app else 'hostile'}"
        token = (await get(shim.port, f"{LIST.decode()}?{DAY.decode()}&page_size=1", bearer=bearer)).json
        making = _makings(plan, name, canaries, token["next_page_token"].encode())
        requests = [(shapes[number % len(shapes)], next(making)) for number in range(count)]
        marks = {each.mark.decode(): shape for shape, each in requests}
        seen.marks |= marks
        await _sent(requests[: count // 10], shim, bearer, seen)
        before = shim.rss_bytes()
        await _sent(requests[count // 10 :], shim, bearer, seen)
        seen.grown = max(seen.grown, (shim.rss_bytes() - before) / 2**20)
        seen.reached += _strays(upstream, marks, passes_on=not is_app)
        seen.bugs += [*([] if shim.is_alive else [f"{name} ended"]), *shim.troubles()]
        seen.logged += _bad_lines(shim.lines(), marks)


def _app_settings() -> dict[str, str]:
    return {
        "ZOOM_ACCOUNT_ID": APP.account_id,
        "ZOOM_CLIENT_ID": APP.client_id,
        "ZOOM_CLIENT_SECRET": APP.client_secret,
        "SHIM_CLIENT_KEYS": f"run:{CLIENT_KEY}",
    }


def _makings(plan: Plan, name: str, canaries: list[bytes], token: bytes) -> Iterator[Making]:
    rng, number = plan.rng(f"hostile {name}"), 0
    while True:
        number += 1
        yield Making(rng, f"mark{name}{number:06}x".encode(), rng.choice(canaries), token)


async def _sent(requests: list[tuple[Shape, Making]], shim: ShimProcess, bearer: str, seen: _Seen) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def send(shape: Shape, making: Making) -> None:
        async with turns:
            data = shape.make(making).replace(b"Bearer hostile", bearer.encode())
            came, is_closed = await _exchange(data, shim.port, is_waited_for=shape in FRAMING)
        answers, rest = split(came)
        if rest or not (answers or is_closed) or not all(map(_is_in_order, answers)):
            seen.odd.append(f"{shape.name}: {came[:200]!r}, {'closed' if is_closed else 'open'}")
        if making.mark in came:
            seen.echoed.append(f"{shape.name}: {came[:300]!r}")

    await asyncio.gather(*(send(shape, making) for shape, making in requests))


async def _exchange(data: bytes, port: int, *, is_waited_for: bool) -> tuple[bytes, bool]:
    """What comes back, and whether the service closed; a kept connection is left once it has said enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = b""
    try:
        writer.write(data)
        while piece := await asyncio.wait_for(reader.read(1 << 20), QUIET if split(came)[0] else PATIENCE):
            came += piece
            answers, rest = split(came)
            if answers and not (rest or is_waited_for or answers[-1].closes):
                return came, False
    except TimeoutError:
        return came, False
    except ConnectionError:
        pass  # a reset is a close: bytes of the request were left unread
    finally:
        writer.transport.abort()
    return came, True


def _is_in_order(answer: Got) -> bool:
    """Whether this is a 2xx, or an error in v1's envelope or in that of a token endpoint."""
    if not answer.head.startswith(b"HTTP/1."):
        return False
    if answer.status < 300:
        return True
    if not answer.header("content-type").startswith(b"application/json"):
        return False
    try:
        body = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(body, dict) and set(body) in ({"code", "message"}, {"reason", "error"})


def _strays(upstream: FakeUpstream, marks: dict[str, Shape], *, passes_on: bool) -> Iterator[str]:
    """Requests at Zoom that hold a mark of a shape that must not get there, or a header no client may write."""
    for request in upstream.arrivals:
        text = (request.head + request.body).decode("latin-1")
        is_ours = request.path.startswith("/phone/call_hist")
        for mark in (mark for mark in _marks_in(text) if mark in marks):
            shape = marks[mark]
            if not (shape.may_reach and (passes_on or is_ours)) or f"smuggled/{mark}" in text:
                yield f"{shape.name} reached Zoom: {request.head[:300]!r}"
        if "x-evil" in request.headers or (is_ours and not set(request.headers) <= TRANSLATED):
            yield f"header lines of a client's: {request.head[:300]!r}"


def _marks_in(text: str) -> set[str]:
    return {text[place : text.find("x", place) + 1] for place in _places(text, "mark")}


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _bad_lines(lines: list[str], marks: dict[str, Shape]) -> Iterator[str]:
    for line in lines:
        try:
            is_event = isinstance(json.loads(line), dict)
        except ValueError:
            is_event = False
        if not is_event or len(line) > LONGEST_LINE or any(mark in marks for mark in _marks_in(line)):
            yield f"log: {line[:300]}"
