"""U12, U13: the app's token ends, or none is to be had."""

import asyncio
import json
from itertools import product

from tests.reliability.scenarios.scenario import CLIENT_KEY, Played, Scenario, Scene, Stage
from tests.reliability.upstream import Play
from tests.reliability.zoom_answers import Request

TOKEN = "/oauth/token"
KEYS = {"run": CLIENT_KEY, **{f"run-{number}": f"{CLIENT_KEY}-{number}" for number in range(9)}}
ENDED = b'{"code":124,"message":"Access token is expired."}'


def _revoked_at(number: int) -> Scenario:
    def script(stage: Stage) -> None:
        if stage.answers.tokens is not None:
            stage.at(number, stage.answers.tokens.revoke)

    return Scenario(id="U12", what=f"token ends at request {number}", script=script, is_app=True, also=_two_tokens)


def _refused(status: int, times: int) -> Scenario:
    def script(stage: Stage) -> None:
        ended = False

        def revoke() -> None:
            nonlocal ended
            ended = True

        stage.at(10, revoke)
        old: set[str] = set()

        def fits(request: Request) -> bool:
            shown = request.headers.get("authorization", "")
            if not ended and request.path != TOKEN:
                old.add(shown)
            return ended and shown in old

        stage.upstream.spoil(fits, Play(status=status, body=ENDED), times=times)

    return Scenario(
        id="U12", what=f"{status}/124 for the old token, {times} times", script=script, is_app=True, also=_two_tokens
    )


def _two_tokens(played: Played) -> str:
    tokens = played.stage.upstream.by_path[TOKEN]
    return "" if tokens == 2 else f"{tokens} token calls, not 2"


def _no_token(what: str, play: Play, times: int) -> Scenario:
    def script(stage: Stage) -> None:
        stage.upstream.spoil(TOKEN, play, times=times)

    def also(played: Played) -> str:
        wrong = [answer.status for answer in played.walk.answers if answer.status == 401]
        return "a client was told 401" if wrong else ""

    return Scenario(
        id="U13", what=f"{what} x {times}", script=script, is_app=True, refusals=(503, 504), also=also, pause=1.5
    )


async def _many_at_once(scene: Scene) -> str:
    """Two hundred requests while the token ends under them."""
    tokens = scene.stage.answers.tokens
    assert tokens is not None
    target = f"/v2/phone/call_logs?{scene.query}"
    bearers = [f"Bearer {key}" for key in KEYS.values() for _ in range(200 // len(KEYS))]
    await scene.pool.get(target, bearer=bearers[0])
    scene.stage.at(8, tokens.revoke)
    answers = await asyncio.gather(*(scene.pool.get(target, bearer=bearer) for bearer in bearers))
    wrong = sorted({answer.status for answer in answers if answer.status != 200})
    return f"answered {wrong}" if wrong else ""


def _short_lived(stage: Stage) -> None:
    """The first token lives four seconds, half of which it is used up; then the endpoint is down for a moment."""

    def soon_over(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "expires_in": 4}).encode()

    stage.upstream.spoil(TOKEN, Play(alter=soon_over))
    stage.upstream.spoil(TOKEN, Play(status=400, body=b"{}"), times=1)


async def _asked_all_the_time(scene: Scene) -> str:
    target = f"/v2/phone/call_logs?{scene.query}"
    statuses = set()
    for _ in range(25):
        statuses.add((await scene.pool.get(target, bearer=scene.bearer)).status)
        await asyncio.sleep(0.2)
    tokens = scene.stage.upstream.by_path[TOKEN]
    return "" if statuses == {200} and tokens == 3 else f"answered {sorted(statuses)}, {tokens} token calls"


NO_TOKEN = {
    "503": Play(status=503, body=b"{}"),
    "400": Play(status=400, body=b'{"reason":"Bad Request","error":"invalid_request"}'),
    "200 without a token": Play(body=b"{}"),
    "silence": Play(cut=0, end="hang"),
    "no JSON": Play(body=b"<html>"),
}

CREDENTIALS: tuple[Scenario, ...] = (
    Scenario(
        id="U12",
        what="token ends under 200 requests",
        script=lambda _: None,
        act=_many_at_once,
        also=_two_tokens,
        is_app=True,
        settings={"SHIM_CLIENT_KEYS": ",".join(f"{name}:{key}" for name, key in KEYS.items())},
    ),
    Scenario(
        id="U13",
        what="no new token while the old one lives",
        script=_short_lived,
        act=_asked_all_the_time,
        is_app=True,
        is_long=True,
    ),
    *(_revoked_at(number) for number in (2, 12, 30)),
    *(_refused(*each) for each in product((401, 400), (1, 20))),
    *(_no_token(what, play, times) for (what, play), times in product(NO_TOKEN.items(), (1, 2))),
)
