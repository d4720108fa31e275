"""G8: sockets that say nothing, say it slowly, or never read: each is gone when its time is up, and nobody else waits.

What is still open is read off the kernel's own table, for a client that reads nothing cannot see that it was dropped.
"""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from shim.connection import Limits
from shim.unneeded_body import LONGEST as LONGEST_BODY
from tests.reliability.figures import Figure, Goal, measured, percentile
from tests.reliability.open_loop import Ask, Lines, Sample, at_pace
from tests.reliability.plan import Plan
from tests.reliability.raw_client import get, request
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream, Play
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import Reply, Request, ZoomAnswers

HOST: Final = "127.0.0.1"
LIMITS: Final = Limits()
LIST: Final = f"/v2/phone/call_logs?{WINDOW}&page_size="
CALLS: Final = 100
DOWNLOAD: Final = 2 * 2**20
SLACK: Final = 1.0
LOOKS: Final = 0.25
RATE: Final = 50
ARRIVALS: Final = 50
"""Slow sockets that come at once, and as many again after each look at them."""
OTHERS: Final = 20
"""Programs whose requests are measured: a single one would meet its own limit of requests under way."""
READERS: Final = 20
READER: Final = "Bearer reader-NN"
"""One of so many, by the number in its end: no caller has more than 32 requests under way."""
_OPEN: Final = frozenset({"01", "03", "04", "08", "09", "0B"})
"""Established, or not yet let go by the service's side."""

LATE: Final = Goal("G8", "slow sockets open longer than their limit + 1 s", "= 0", is_timed=True)
LONGEST: Final = Goal("G8", "seconds beyond its limit of the slow socket that lasted longest", "<= 1", is_timed=True)
REFUSED: Final = Goal("G8", "requests of others refused or lost meanwhile", "= 0")
SOCKETS: Final = Goal("G8", "slow sockets", "printed")
ALONE: Final = Goal("G8", "p99 of others without them, ms", "printed")
BESIDE: Final = Goal("G8", "p99 of others beside them, ms", "printed")
GOALS: tuple[Goal, ...] = (LATE, LONGEST, REFUSED, SOCKETS, ALONE, BESIDE)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way to be slow: what is sent at first, what drips after it, and when the service has to have had enough."""

    name: str
    begins: bytes
    drips: bytes
    limit: float
    reads: bool = True


def _kinds() -> dict[str, _Kind]:
    head = request("/healthz", bearer=None)
    body = request("/v2/phone/call_logs?from=never", ("Content-Length", "1000"))
    waits = LIMITS.keepalive_timeout
    kinds = (
        _Kind("silent", b"", b"", waits),
        _Kind("kept", head, b"", waits),
        _Kind("head", b"GET /v2/", b"a", waits),
        _Kind("second head", head + b"GET /v2/", b"a", waits),
        _Kind("body", body, b"a", LONGEST_BODY),
        _Kind("reader of pages", request(f"{LIST}100", bearer=READER), b"", LIMITS.write_timeout, reads=False),
        _Kind("reader of a download", request("/v2/download"), b"", LIMITS.write_timeout, reads=False),
    )
    return {kind.name: kind for kind in kinds}


@dataclass(slots=True)
class _Slow:
    """One socket; `gone` is when the kernel had it no more. A reader's time begins with the first byte it leaves."""

    kind: _Kind
    sock: socket.socket
    port: int
    began: float
    gone: float | None = None
    is_served: bool = False

    def serve(self, now: float) -> None:
        """Notes the first byte for one who does not read it."""
        with suppress(OSError):
            if not (self.kind.reads or self.is_served) and self.sock.recv(1, socket.MSG_PEEK):
                self.is_served, self.began = True, now


@dataclass(slots=True)
class _Crowd:
    """All slow sockets of a run."""

    port: int
    members: list[_Slow] = field(default_factory=list)

    async def join(self, kind: _Kind) -> None:
        """One more of this kind."""
        loop, sock = asyncio.get_running_loop(), socket.socket()
        sock.setblocking(False)
        if not kind.reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(sock, (HOST, self.port))
        number = b"%02d" % (len(self.members) % READERS)
        await loop.sock_sendall(sock, kind.begins.replace(b"reader-NN", b"reader-" + number))
        self.members.append(_Slow(kind, sock, sock.getsockname()[1], loop.time()))

    @property
    def left(self) -> list[_Slow]:
        """Those still open."""
        return [member for member in self.members if member.gone is None]

    def look(self) -> None:
        """Notes who is gone."""
        now, there = asyncio.get_running_loop().time(), set(_connected(self.port))
        for member in self.left:
            member.serve(now)
            if member.port not in there:
                member.gone = now

    async def drip(self) -> None:
        """One byte from each that drips; what is to be read is read by those who read."""
        for number, member in enumerate(self.left):
            if number % 100 == 0:
                await asyncio.sleep(0)  # others are measured from this very loop
            with suppress(OSError):
                if member.kind.reads:
                    member.sock.recv(1 << 16)
            with suppress(OSError):
                if member.kind.drips:
                    member.sock.send(member.kind.drips)

    async def last(self, patience: float) -> None:
        """Drips every second and looks more often, until all are gone or patience is at its end."""
        loop = asyncio.get_running_loop()
        until, looks = loop.time() + patience, 0
        while self.left and loop.time() < until:
            if looks % 4 == 0:
                await self.drip()
            looks += 1
            await asyncio.sleep(LOOKS)
            self.look()

    def close(self) -> None:
        """Lets all go."""
        for member in self.members:
            member.sock.close()


async def run(plan: Plan) -> list[Figure]:
    """Others alone first, then beside this share's crowd until the last of it is gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        async with _service(plan) as shim:
            alone = await _beside(shim, _still(plan.pick(ci=1.0, short=2.0, full=5.0)))
            crowd = _Crowd(shim.port)
            try:
                beside = await _beside(shim, _crowded(crowd, plan))
            finally:
                crowd.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _figures(crowd, alone, beside)


def _counts(plan: Plan) -> dict[str, int]:
    """How many of each kind; a share that has no time leaves out those with a long limit."""
    of_all = {
        "silent": 1500,
        "kept": 500,
        "head": 400,
        "second head": 300,
        "body": 300,
        "reader of pages": 350,
        "reader of a download": 150,
    }
    return plan.pick(ci={"body": 60}, short={name: number // 5 for name, number in of_all.items()}, full=of_all)


@asynccontextmanager
async def _service(plan: Plan) -> AsyncIterator[ShimProcess]:
    truth, told = ZoomAnswers(company(plan.seed, CALLS)), dict[str, Reply]()

    def answer(asked: Request) -> Reply:
        # The same page for everybody, made once: it is the service that shall be busy.
        return told.setdefault(asked.target, told.get(asked.target) or truth(asked))

    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream(answer, seed=plan.seed))
        upstream.spoil("/download", Play(status=200, body=bytes(DOWNLOAD)), times=None)
        shim = await stack.enter_async_context(shim_process(plan.folder("slow"), settings_for(upstream.url)))
        for number in range(OTHERS):
            await get(shim.port, f"{LIST}30", bearer=f"Bearer other-{number}")
        for number in range(READERS):
            await get(shim.port, f"{LIST}100", bearer=READER.replace("NN", f"{number:02d}"))
        yield shim


async def _still(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _crowded(crowd: _Crowd, plan: Plan) -> None:
    kinds, counts = _kinds(), _counts(plan)
    waiting = [kinds[name] for name, number in counts.items() for _ in range(number)]
    plan.rng("slow").shuffle(waiting)
    for place in range(0, len(waiting), ARRIVALS):
        await asyncio.gather(*(crowd.join(kind) for kind in waiting[place : place + ARRIVALS]), _still(LOOKS))
        await crowd.drip()
        crowd.look()
    await crowd.last(max(kinds[name].limit for name in counts) + 5 * SLACK)


async def _beside(shim: ShimProcess, work: object) -> list[Sample]:
    """How others fare while something goes on."""
    assert asyncio.iscoroutine(work)
    going_on = asyncio.create_task(work)
    lines = Lines(shim.port)
    samples = await at_pace(_others(lines, going_on), rate=RATE)
    await going_on
    lines.close()
    return samples


def _others(lines: Lines, going_on: "asyncio.Task[None]") -> Iterator[tuple[str, Ask]]:
    number = 0
    while not going_on.done():
        number += 1
        target = "/v2/users/me" if number % 10 == 0 else f"{LIST}30"
        data, is_anew = request(target, bearer=f"Bearer other-{number % OTHERS}"), number % 5 == 0
        yield "other", partial(lines.ask, data, anew=is_anew)


def _connected(port: int) -> Iterator[int]:
    """The clients' ports of all connections the kernel still holds for a listener."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if state in _OPEN and int(local.rpartition(":")[2], 16) == port:
            yield int(remote.rpartition(":")[2], 16)


def _figures(crowd: _Crowd, alone: list[Sample], beside: list[Sample]) -> list[Figure]:
    over = {
        kind: max(_over(member) for member in crowd.members if member.kind.name == kind)
        for kind in {member.kind.name for member in crowd.members}
    }
    late = sum(_over(member) > SLACK for member in crowd.members)
    bad = [sample for sample in beside if sample.status != 200]
    told = ", ".join(f"{kind} {seconds:+.1f} s" for kind, seconds in sorted(over.items()))
    return [
        measured(LATE, late, f"still there at the end: {len(crowd.left)}"),
        measured(LONGEST, max(over.values()), told),
        measured(REFUSED, len(bad), f"of {len(beside):,} at {RATE}/s {bad[0].failure or bad[0].status if bad else ''}"),
        measured(SOCKETS, len(crowd.members)),
        measured(ALONE, 1000 * percentile([sample.seconds for sample in alone], 0.99)),
        measured(BESIDE, 1000 * percentile([sample.seconds for sample in beside], 0.99)),
    ]


def _over(member: _Slow) -> float:
    """Seconds a socket lasted beyond its limit; endless when it is still there."""
    return float("inf") if member.gone is None else member.gone - member.began - member.kind.limit
