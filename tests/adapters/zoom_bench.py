"""A client of Zoom's API on a bench: a scripted upstream before it, everything it says and tells behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.errors import ShimError
from adapters.exchange import CONNECTIONS, api_session
from adapters.ports import Caller, Category, SuccessorCall, SuccessorReply
from adapters.rate_budget import RateBudget
from adapters.zoom_api import ZoomApi
from tests.adapters.raw_upstream import Play, RawUpstream, json_reply

BEARER = "planted-bearer-5a1f"
CALL = SuccessorCall(name="call_history", path="/phone/call_history", category=Category.LIGHT)
GOOD = json_reply(200, {"page_size": 30})
UNAVAILABLE = json_reply(503, {"code": 503, "message": "Service Unavailable"})


@dataclass(frozen=True, slots=True)
class Bench:
    """A client on a session of its own, and what it told about its attempts."""

    zoom: ZoomApi
    attempts: list[tuple[str, int | None, float]]

    async def fetch(self, call=CALL, *, within=12.0, key="a", account=None) -> SuccessorReply:
        """One call with so many seconds to the deadline."""
        deadline = asyncio.get_running_loop().time() + within
        return await self.zoom.fetch(call, Caller(f"Bearer {BEARER}", key, account, deadline))


@asynccontextmanager
async def bench(url: str, *, share=100.0, proxy=None, credential=None, connections=CONNECTIONS) -> AsyncIterator[Bench]:
    """A client of `url` with a generous budget."""
    attempts: list[tuple[str, int | None, float]] = []
    budget = RateBudget("pro", share, clock=asyncio.get_running_loop().time)
    async with api_session(proxy=proxy, connections=connections) as session:
        zoom = ZoomApi(
            session, api_url=url, budget=budget, credential=credential, on_call=lambda *told: attempts.append(told)
        )
        yield Bench(zoom, attempts)


@asynccontextmanager
async def against(*script: bytes | Play, share=100.0, credential=None) -> AsyncIterator[tuple[RawUpstream, Bench]]:
    """An upstream with a script, and a client of it."""
    async with (
        RawUpstream(*script) as upstream,
        bench(f"{upstream.url}/v2", share=share, credential=credential) as client,
    ):
        yield upstream, client


def all_it_says(error: BaseException | None) -> str:
    """Everything an error and the errors behind it could put into a log."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(error.args)]
        texts.append(all_it_says(error.__cause__))
        error = error.__context__
    return "\n".join(texts)


async def failure_of(client: Bench, **how) -> ShimError:
    """The error one call ends with, which never carries the bearer or a foreign exception."""
    with pytest.raises(ShimError) as caught:
        await client.fetch(**how)
    assert BEARER not in all_it_says(caught.value)
    assert caught.value.__cause__ is None
    assert isinstance(caught.value.__context__, ShimError | None)
    return caught.value
