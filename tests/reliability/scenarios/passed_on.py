"""U7, U10, U11, U15 on paths that are passed on: the client sees what upstream did, and a write goes out once."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product

from tests.reliability.raw_client import RawClient, request
from tests.reliability.scenarios.scenario import Scenario, Scene, Stage
from tests.reliability.upstream import Play

PATH = "/v2/recordings/7"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
STREAMED = 128 * 2**20
MOST_GROWN = 16
"""MiB."""
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def _passed(id: str, what: str, play: Play, act: Callable[[Scene], Awaitable[str]]) -> Scenario:
    def script(stage: Stage) -> None:
        stage.upstream.spoil("/recordings/", play, times=None)

    return Scenario(id=id, what=f"{what}, passed on", script=script, act=act)


async def _streams(scene: Scene) -> str:
    before, most, had = scene.shim.rss_bytes(), 0, 0
    client = await RawClient.connect(scene.shim.port)
    await client.send(request(PATH, bearer=scene.bearer))
    while had < STREAMED:
        had += len(await client.reader.read(2**20))
        most = max(most, scene.shim.rss_bytes())
    client.reset()
    grown = (most - before) / 2**20
    return f"memory grew by {grown:.0f} MiB" if grown > MOST_GROWN else ""


async def _is_told(scene: Scene) -> str:
    answer = await scene.pool.get(PATH, bearer=scene.bearer)
    contacts = scene.stage.canary.connections
    is_told = answer.header("location").startswith(scene.stage.canary.url)
    return "" if is_told and not contacts else f"{answer.status} {answer.headers}, {contacts} contacts elsewhere"


async def _sees_the_cut(scene: Scene) -> str:
    try:
        answer = await scene.pool.get(PATH, bearer=scene.bearer)
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""
    return "" if answer.status == 502 else f"a whole answer of {answer.status}, {len(answer.body)} bytes"


def _goes_out_once(method: str) -> Callable[[Scene], Awaitable[str]]:
    async def act(scene: Scene) -> str:
        # Once on a connection of its own and once on one that has been used before.
        for _ in range(2):
            await scene.pool.get("/v2/users/me", bearer=scene.bearer)
            async with await RawClient.connect(scene.shim.port) as client:
                await client.send(request(PATH, bearer=scene.bearer, method=method, body=b"{}"))
                answer = await client.answer()
            if answer.status != 502:
                return f"answered {answer.status}"
        writes = sum(each.method == method for each in scene.stage.upstream.arrivals)
        return "" if writes == 2 else f"{writes} requests upstream for 2"

    return act


CUTS = {
    "cut in the body": Play(body=b"x" * 5_000, status=200, cut=900, end="close"),
    "reset in the body": Play(body=b"x" * 5_000, status=200, cut=900, end="reset"),
    "cut in a chunk": Play(body=b"x" * 5_000, status=200, framing="chunked", cut=900, end="close"),
    "cut before the last chunk": Play(body=b"x" * 5_000, status=200, framing="chunked", cut=-5, end="close"),
    "cut in the head": Play(cut=40, end="close"),
}
ENDS = {"closed": Play(raw=b"", end="close"), "reset": Play(raw=b"", end="reset")}

PASSED_ON: tuple[Scenario, ...] = (
    *(_passed("U7", what, play, _sees_the_cut) for what, play in CUTS.items()),
    _passed("U10", "a body without end", Play(raw=HEAD, endless=b"x" * 65536), _streams),
    *(
        _passed("U15", f"{method} {what} in place of an answer", play, _goes_out_once(method))
        for method, (what, play) in product(WRITES, ENDS.items())
    ),
)


def _redirect(status: int) -> Scenario:
    def script(stage: Stage) -> None:
        headers = (("Location", f"{stage.canary.url}/v2/x"),)
        stage.upstream.spoil("/recordings/", Play(status=status, body=b"", headers=headers), times=None)

    return Scenario(id="U11", what=f"{status} to another host, passed on", script=script, act=_is_told)


PASSED_ON += tuple(_redirect(status) for status in (301, 302, 303, 307, 308))
