"""A lent credential on its way: what Zoom sees of it, and what happens when Zoom takes it no longer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from adapters.errors import OwnCredentialFailed
from adapters.ports import Caller
from shim.boundary import answer_to
from shim.pass_through import Lent, PassThrough, pass_through_session
from tests.edge.conftest import Serve
from tests.edge.raw import Message, RawUpstream, exchange, reply, request, says, sized

TARGET = b"/v2/users/me"
OWN = b"Authorization: Bearer callers-own"
TAKEN = reply(sized(b""))
REFUSAL = reply(sized(b""), status=b"401 Unauthorized")


@dataclass(slots=True)
class Renewing:
    """A credential that is another one after each time Zoom refused it; `told` of which, if at all renewable."""

    can: bool = True
    told: list[str] = field(default_factory=list)

    async def authorization(self, caller: Caller) -> str:
        """The value of now."""
        return f"Bearer number-{len(self.told)}"

    def renewable(self, authorization: str) -> bool:
        """Whether there is a next one."""
        self.told.append(authorization)
        return self.can


Send = Callable[..., Awaitable[Message]]


async def takes_the_second(seen: Message, writer: asyncio.StreamWriter) -> None:
    """An upstream that accepts the second value of the credential alone."""
    is_good = seen.all(b"authorization") == [b"Bearer number-1"]
    await says({True: TAKEN, False: REFUSAL}[is_good])(seen, writer)


@pytest.fixture
def credential() -> Renewing:
    """What is lent."""
    return Renewing()


@pytest.fixture
async def send(upstream: RawUpstream, credential: Renewing, serve: Serve) -> AsyncIterator[Send]:
    """Sends a request through a server that lends the credential; 503 when it is not taken."""
    upstream.answer = takes_the_second
    session = pass_through_session(proxy=None)
    way = PassThrough(api_url=f"{upstream.url}/v2", oauth_url=f"{upstream.url}/oauth/token", session=session)
    lent = Lent(credential, Caller("", "one", None, float("inf")))

    async def handle(got: web.BaseRequest) -> web.StreamResponse:
        try:
            return await way.forward(got, got.raw_path, lent=lent)
        except OwnCredentialFailed as failure:
            return answer_to(failure)

    server = await serve(handle)

    async def send(*, method: bytes = b"GET", body: bytes = b"") -> Message:
        sent = request(TARGET, OWN, sized(body), method=method, body=body)
        return await exchange(server.addresses[0][1], sent, to_head=method == b"HEAD")

    yield send
    await session.close()


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
async def test_a_read_goes_once_more(send, upstream, credential, method):
    """With the renewed one; the client sees Zoom's answer to that alone."""
    assert 200 == (await send(method=method)).status
    assert [[b"Bearer number-0"], [b"Bearer number-1"]] == [seen.all(b"authorization") for seen in upstream.requests]
    assert ["Bearer number-0"] == credential.told


@pytest.mark.parametrize(("method", "body"), [(b"GET", b"x"), (b"POST", b"x"), (b"POST", b""), (b"DELETE", b"")])
async def test_anything_else_goes_once(send, upstream, credential, method, body):
    """A body is gone, and a write is the client's to repeat; the credential is renewed for the next one."""
    assert [503, 200] == [(await send(method=method, body=body)).status for _ in range(2)]
    assert (2, ["Bearer number-0"]) == (len(upstream.requests), credential.told)


async def test_a_credential_without_a_next_one_fails_at_once(send, upstream, credential):
    """No request is made in vain."""
    credential.can = False
    assert (503, 1) == ((await send()).status, len(upstream.requests))


async def test_a_second_401_is_the_end(send, upstream, credential):
    """One renewal for one request."""
    upstream.answer = says(REFUSAL)
    assert (503, 2, 1) == ((await send()).status, len(upstream.requests), len(credential.told))


async def test_another_refusal_is_zooms_own_answer(send, upstream, credential):
    """A 403 is about the request."""
    upstream.answer = says(reply(sized(b"no"), status=b"403 Forbidden", body=b"no"))
    answer = await send()
    assert (403, b"no", []) == (answer.status, answer.body, credential.told)
