"""A lent credential on its way: what Zoom sees of it, and what happens when Zoom takes it no longer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from adapters.errors import OwnCredentialFailed
from adapters.ports import Caller
from shim.boundary import answer_to
from shim.pass_through import Lent, PassThrough
from shim.pass_through_session import pass_through_session
from tests.edge.conftest import Serve
from tests.edge.raw import Message, RawUpstream, exchange, reply, request, says, says_and_closes, sized

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


@pytest.mark.parametrize(
    "spelt", [b'{"code":124,"message":"Access token is expired."}', b'{"message":"x","code": 124}']
)
async def test_a_400_that_names_the_token_is_a_refusal_too(send, upstream, credential, spelt):
    """Zoom spells an ended token that way as well: a renewed one is tried, and the client hears nothing of it."""
    ended = reply(sized(spelt), status=b"400 Bad Request", body=spelt)

    async def takes_the_second(seen: Message, writer: asyncio.StreamWriter) -> None:
        is_good = seen.all(b"authorization") == [b"Bearer number-1"]
        await says({True: TAKEN, False: ended}[is_good])(seen, writer)

    upstream.answer = takes_the_second
    assert (200, 2) == ((await send()).status, len(upstream.requests))
    upstream.answer = says(ended)
    assert 503 == (await send()).status


@pytest.mark.parametrize(
    "body",
    [b'{"code":300,"message":"Validation Failed."}', b"", b"124", b'{"code":124,"message":"' + b"x" * 1024 + b'"}'],
)
@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_any_other_400_is_handed_on_byte_for_byte(send, upstream, credential, body, framing):
    """However long it is; one whose length is not known before is not looked into."""
    chunked = reply(
        b"Transfer-Encoding: chunked",
        status=b"400 Bad Request",
        body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n",
    )
    upstream.answer = says(
        {"sized": reply(sized(body), status=b"400 Bad Request", body=body), "chunked": chunked}[framing]
    )
    answer = await send()
    assert (400, body, []) == (answer.status, answer.body, credential.told)


async def test_a_400_that_breaks_off_is_a_502(send, upstream):
    """No byte of it has been handed on."""
    upstream.answer = says_and_closes(reply(b"Content-Length: 50", status=b"400 Bad Request", body=b'{"code":'))
    assert 502 == (await send()).status
