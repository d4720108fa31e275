"""G12: planted secrets, really used, then searched for in all that the runs have written.

Two services are told and shown every secret there is, each in its right place and in every wrong one, by day and while
all goes wrong. What they wrote, what they counted, what they keep and what they answered is searched, with all that the
families before have left behind.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import click

from shim.standin.oauth import AppClient
from tests.redis_server import free_port
from tests.reliability import playing, raw_client
from tests.reliability.figures import Figure, Goal, measured
from tests.reliability.plan import Plan
from tests.reliability.planted import files, hits, sealing_key, secret
from tests.reliability.raw_client import Answer, RawClient, request
from tests.reliability.shim_process import ShimProcess, settings_for, shim_process
from tests.reliability.upstream import FakeUpstream, Play
from tests.reliability.worlds import WINDOW, company
from tests.reliability.zoom_answers import ZoomAnswers

LIST: Final = f"/v2/phone/call_logs?{WINDOW}&page_size=5"
TOKEN_PATH: Final = "/oauth/token"
FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
PATIENCE: Final = 6.0

PLANTED: Final = Goal("G12", "secrets planted", ">= 12")
UNUSED: Final = Goal("G12", "of them never used as what they are", "= 0")
HITS: Final = Goal("G12", "places where one stands: output, metrics, state files, envelopes, command lines", "= 0")
SEARCHED: Final = Goal("G12", "files searched, those of the families before included", "printed")
GOALS: tuple[Goal, ...] = (PLANTED, UNUSED, HITS, SEARCHED)


@dataclass(slots=True)
class _Run:
    """One service with its secrets by name, which of them were used, and every answer to show for it."""

    shim: ShimProcess
    upstream: FakeUpstream
    secrets: dict[str, str]
    used: set[str] = field(default_factory=set)

    async def ask(self, data: bytes, uses: str = "") -> Answer | None:
        """The answer to any bytes, kept among the traces; `uses` names the secret that a 2xx proves used."""
        answer = None
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with await RawClient.connect(self.shim.port) as client:
                await client.send(data)
                answer = await client.answer(patience=PATIENCE)
        if answer is not None and uses and answer.status < 300:
            self.used.add(uses)
        return answer

    def keep(self, answer: Answer | None) -> None:
        """Puts an answer's body among the traces; its head names the path that the client itself wrote."""
        with (self.shim.folder / "answers").open("ab") as file:
            file.write(b"" if answer is None else answer.body + b"\n")

    def reached_zoom(self) -> None:
        """Counts as used what Zoom was shown, in Basic too."""
        seen = b"".join(arrival.head + arrival.body for arrival in self.upstream.arrivals)
        basics = (each.headers.get("authorization", "") for each in self.upstream.arrivals)
        seen += b"".join(base64.b64decode(text[6:]) for text in basics if text.startswith("Basic "))
        self.used |= {name for name, text in self.secrets.items() if text.encode() in seen}


async def run(plan: Plan) -> list[Figure]:
    """Both services at once, then the search."""
    runs = await asyncio.gather(_played(_for_callers(plan), _as_callers), _played(_for_an_app(plan), _as_clients))
    secrets = {name: text for one in runs for name, text in one.secrets.items()}
    used = {name for one in runs for name in one.used}
    unused = sorted(secrets.keys() - used)
    # What the other families present is no less secret.
    others = {
        "the runs' client key": playing.CLIENT_KEY,
        "the runs' app secret": playing.APP.client_secret,
        "the runs' bearer": raw_client.BEARER.removeprefix("Bearer "),
    }
    found = list(hits(plan.out, secrets | others))
    for hit in found[:12]:
        click.echo(f"  secrets: {hit}", err=True)
    searched = files(plan.out)
    size = sum(path.stat().st_size for path in searched) / 2**20
    return [
        measured(PLANTED, len(secrets), ", ".join(secrets)),
        measured(UNUSED, len(unused), ", ".join(unused)),
        measured(HITS, len(found), "; ".join(found[:2])),
        measured(SEARCHED, len(searched), f"{size:.1f} MiB, of {len({_root(path, plan) for path in searched})} runs"),
    ]


async def _played(running: AbstractAsyncContextManager[_Run], play: Callable[[_Run], Awaitable[None]]) -> _Run:
    """A service shown its secrets, in their right places, in wrong ones, and in trouble."""
    async with running as one:
        await play(one)
        await _wrongly(one)
        await _in_trouble(one)
        one.reached_zoom()
        await one.shim.metrics()
        _keep_command(one.shim)
    return one


def _keep_command(shim: ShimProcess) -> None:
    (shim.folder / "command-line").write_bytes(Path(f"/proc/{shim.child.pid}/cmdline").read_bytes())


def _root(path: Path, plan: Plan) -> str:
    return path.relative_to(plan.out).parts[0]


@asynccontextmanager
async def _for_callers(plan: Plan) -> AsyncIterator[_Run]:
    """A service whose callers bring their own credentials, with its state in a file."""
    names = ("bearer", "token in a query", "app secret in Basic", "app secret in a form", "refresh token", "cookie")
    upstream = FakeUpstream(ZoomAnswers(company(plan.seed, 12)), seed=plan.seed)
    upstream.spoil(TOKEN_PATH, Play(status=200, body=b"{}"), times=None)
    async with upstream:
        settings = settings_for(upstream.url, SHIM_LOG_LEVEL="debug", SHIM_DEADLINE="1")
        async with shim_process(plan.folder("secrets-callers"), settings) as shim:
            yield _Run(shim, upstream, {name: secret(plan, name) for name in names})


@asynccontextmanager
async def _for_an_app(plan: Plan) -> AsyncIterator[_Run]:
    """A service with an app's credential, clients with keys, and a Redis with a password that is not there."""
    names = ("app secret", "client key", "traded client key", "password of the state")
    secrets = {name: secret(plan, name) for name in names}
    secrets["sealing key"] = sealing_key(plan, "sealing key")
    app = AppClient("secrets-account", "secrets-client", secrets["app secret"])
    async with FakeUpstream(ZoomAnswers(company(plan.seed, 12), app=app), seed=plan.seed) as upstream:
        settings = settings_for(
            upstream.url,
            ZOOM_ACCOUNT_ID=app.account_id,
            ZOOM_CLIENT_ID=app.client_id,
            ZOOM_CLIENT_SECRET=app.client_secret,
            SHIM_CLIENT_KEYS=f"one:{secrets['client key']},two:{secrets['traded client key']}",
            SHIM_TOKEN_KEYS=secrets["sealing key"],
            SHIM_STATE_URL=f"redis://shim:{secrets['password of the state']}@127.0.0.1:{free_port()}/0",
            SHIM_LOG_LEVEL="debug",
            SHIM_DEADLINE="1",
        )
        async with shim_process(plan.folder("secrets-app"), settings) as shim:
            yield _Run(shim, upstream, secrets)


async def _as_callers(run: _Run) -> None:
    """Each credential where it belongs."""
    told = run.secrets
    run.keep(await run.ask(request(LIST, bearer=f"Bearer {told['bearer']}")))
    run.keep(await run.ask(request(f"{LIST}&access_token={told['token in a query']}", bearer=None)))
    run.keep(await run.ask(_traded(b"grant_type=client_credentials", _basic("client", told["app secret in Basic"]))))
    form = urlencode({"grant_type": "client_credentials", "client_secret": told["app secret in a form"]})
    run.keep(await run.ask(_traded(form.encode())))
    query = f"?grant_type=refresh_token&refresh_token={told['refresh token']}"
    run.keep(await run.ask(_traded(b"", query=query)))
    run.keep(await run.ask(request("/v2/users/me", ("Cookie", f"session={told['cookie']}"))))


async def _as_clients(run: _Run) -> None:
    """Each credential where it belongs; what the service hands out for them is secret too."""
    told = run.secrets
    page = await run.ask(request(LIST, bearer=f"Bearer {told['client key']}"), "client key")
    assert page is not None
    run.keep(page)
    # Without the key that seals, there is no second page.
    token = quote(page.json["next_page_token"], safe="")
    again = request(f"{LIST}&next_page_token={token}", bearer=f"Bearer {told['client key']}")
    run.keep(await run.ask(again, "sealing key"))
    granted = await run.ask(_traded(b"", _basic("two", told["traded client key"])), "traded client key")
    assert granted is not None
    told["traded bearer"] = granted.json["access_token"]
    run.keep(await run.ask(request(LIST, bearer=f"Bearer {told['traded bearer']}"), "traded bearer"))
    shown = next(each for each in run.upstream.arrivals if each.target.startswith("/v2/"))
    told["app token"] = shown.headers["authorization"].removeprefix("Bearer ")
    if any(event.get("event") == "state.degraded" for event in run.shim.events()):
        run.used.add("password of the state")


async def _wrongly(run: _Run) -> None:
    """Each secret in every place where it does not belong."""
    for data in _misplaced(run.secrets):
        run.keep(await run.ask(data))


def _misplaced(secrets: Mapping[str, str]) -> Iterator[bytes]:
    for text in secrets.values():
        quoted = quote(text, safe="")
        yield from (
            request(f"/v2/phone/call_logs/{quoted}"),
            request(f"/v2/accounts/{quoted}/phone/call_logs"),
            request(f"/v2/{quoted}"),
            request(f"/{quoted}"),
            request(f"{TOKEN_PATH}/{quoted}"),
            request(f"{LIST}&next_page_token={quoted}"),
            request(f"{LIST}&key={quoted}&api_key={quoted}"),
            request(f"/v2/phone/call_logs?from={quoted}&to={quoted}&page_size={quoted}"),
            # Not as X-Request-Id: that one is there to be logged.
            request(LIST, ("X-Api-Key", text), ("User-Agent", text), ("X-Forwarded-For", text)),
            request(LIST, (f"X-{text.replace('=', '')}", "1")),
            request(LIST, bearer=f"bearer  {text} {text}"),
            request(LIST, bearer=f"Digest {text}"),
            request(LIST, bearer=_basic(text, text)[1]),
            request(f"{TOKEN_PATH}?client_secret={quoted}&key={quoted}", bearer=None),
            _traded(json.dumps({"client_id": text, "client_secret": text}).encode()),
            _traded(b"", _basic(text, text)),
            _traded(b"", _basic("one", text)),
            request(LIST, ("Content-Length", text)),
            request(LIST, ("Transfer-Encoding", text)),
            f"GET /v2/a HTTP/1.1\r\nHost: x\r\n{text}\r\n\r\n".encode(),
            f"{text} /v2/a HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
            f"GET /v2/a {text}\r\nHost: x\r\n\r\n".encode(),
            request(f"http://{quoted}.example.com/v2/a"),
        )


async def _in_trouble(run: _Run) -> None:
    """The right credentials again, while Zoom refuses, breaks off, redirects, hangs or answers nonsense."""
    plays: Sequence[Play] = (
        Play(status=401, body=b'{"code":124,"message":"Invalid access token."}'),
        Play(status=403, body=b"<html>"),
        Play(status=500, body=b"{"),
        Play(status=302, headers=(("Location", "http://127.0.0.2:9/"),)),
        Play(cut=-5, end="reset"),
        Play(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        Play(body=b"[[["),
        Play(delay=2.0),
    )
    for play in plays:
        run.upstream.heal()
        run.upstream.spoil(lambda _: True, play, times=None)
        keys = [text for name, text in run.secrets.items() if name != "sealing key"]
        asks = [data for text in keys[:4] for data in (request(LIST, bearer=f"Bearer {text}"), _traded(text.encode()))]
        for answer in await asyncio.gather(*map(run.ask, asks)):
            run.keep(answer)


def _traded(body: bytes, *headers: tuple[str, str], query: str = "") -> bytes:
    """A request for a token."""
    return request(f"{TOKEN_PATH}{query}", *headers, FORM, bearer=None, method="POST", body=body)


def _basic(name: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
